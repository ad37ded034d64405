"""``extends``: settings that config files share, merged into one document in which each value keeps its location."""

from __future__ import annotations

import os
from copy import deepcopy
from typing import TYPE_CHECKING

from shipline.display import bad_character, printable
from shipline.inputs import catalogue, config_file, validation
from shipline.inputs.document import Document, Path, SourceLocation, walk

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator, Mapping


_SETTING: Path = ("extends",)
_MOST_LEVELS = 20


def merged(document: Document, workspace: pathlib.Path) -> Document | None:
    """The settings of a document over those of the files that it extends; of these, the later ones win.

    None, and a problem at the entry of ``extends``, if Shipline can't read one of the files, or it extends itself.
    """
    name = document.locations[()].source
    return _merged(document, workspace, {os.path.realpath(workspace / name): name}, {})


def _merged(
    own: Document, workspace: pathlib.Path, chain: Mapping[str, str], known: dict[str, Document | None]
) -> Document | None:
    """``chain``: the files that lead here, by their real paths; ``known``: those that this has read before."""
    bases: list[Document | None] = []
    for path, location, entry in _entries(own):
        folder = os.path.dirname(location.source) if location.line else ""  # noqa: PTH120 - may be relative
        name = os.path.normpath(os.path.join(folder, entry)).replace(os.sep, "/")  # noqa: PTH118
        real = "" if bad_character(name) else os.path.realpath(workspace / name)
        if what := bad_character(name) or _refusal(name, real, chain):
            own.problems.add(location, path, what)
            bases.append(None)
            continue
        if real not in known:
            base = config_file.read(workspace / name, name, own.problems)
            known[real] = base and _merged(base, workspace, {**chain, real: name}, known)
        bases.append(known[real])
    if None in bases:
        return None
    whole = Document(own.locations[()], own.problems)
    for part in (*filter(None, bases), own):
        validation.expand_shorthands(part)
        whole.extended |= part.extended | ({part.locations[()].source} - {own.locations[()].source})
        whole.unusable |= part.unusable
        _put_over(whole, part, ())
    return whole


def _refusal(name: str, real: str, chain: Mapping[str, str]) -> str:
    """What is wrong with extending a file; empty if nothing is."""
    if real in chain:
        cycle = [*chain.values()][[*chain].index(real) :]
        return f"{printable(name)} extends itself ({' → '.join(map(printable, [*cycle, name]))}): remove this entry"
    if len(chain) > _MOST_LEVELS:
        return f"expected at most {_MOST_LEVELS} files, each of which extends the next"
    if not os.path.isfile(real):  # noqa: PTH113 - raises nothing, such as for a long name
        return (
            f"there is no file {printable(name)}: expected the path of a config file, relative to the one that names it"
        )
    return ""


def _entries(document: Document) -> Iterator[tuple[Path, SourceLocation, str]]:
    """The files that a document extends, with the path and the location of each; wrong values are problems."""
    given = document.get(_SETTING, [])
    for path, value in walk(given, _SETTING):
        if isinstance(value, str) and value.strip():
            yield path, document.locations[path], value.strip()
        elif value is not given or not isinstance(given, list | str):
            what = "expected the path of a config file, or a list of them"
            document.problems.add(document.locations[path], path, f"{what}, found {document.describe(path)}")
    document.remove(_SETTING)


def _put_over(under: Document, own: Document, path: Path) -> None:
    """Set the value of ``own`` at ``path``: mappings are merged, and anything else is replaced."""
    value, existing = own.get(path), under.get(path)
    if isinstance(value, dict) and isinstance(existing, dict):
        _copy_place(under, own, path)
        for key in value:
            _put_over(under, own, (*path, key))
        return
    setting = catalogue.at(path)
    for name in setting.excludes if setting and setting.path == path else ():
        if not own.has((*path[:-1], name)):
            under.remove((*path[:-1], name))  # a product's `notes: {text: …}` replaces the `notes: {file: …}` of a base
    under.get(path[:-1])[path[-1]] = deepcopy(value)
    for inner, _ in walk(value, path):
        _copy_place(under, own, inner)


def _copy_place(under: Document, own: Document, path: Path) -> None:
    under.locations[path] = own.locations[path]
    if path in own.keys:
        under.keys[path] = own.keys[path]
    under.written[path] = own.written.get(path, "")
