"""Where each value comes from: flag, the wrapper's input, variable; and beneath them the config file.

Takes mappings and reads no environment of its own; what a CI system says about a run arrives as facts.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from shipline import catalogue, flat
from shipline.document import Node, Path, Place, Problems, nearest, printable, suggest
from shipline.record import dataclass
from shipline.transport.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.catalogue import Leaf

_SECTIONS = frozenset({"release", "artifacts", "buildmaster", "v3", "centercode", "notify", "network"})
# What GitHub itself gives a step that runs an image: neither inputs of ours nor misspelt ones.
_RUNNER_INPUTS = frozenset({"args", "entrypoint"})
_COUNT = re.compile(r"[1-9][0-9]{0,2}")


class Rank(IntEnum):
    """The lowest wins."""

    FLAG = 0
    INPUT = 1
    VARIABLE = 2


@dataclass(frozen=True, slots=True)
class Given:
    """One value as it was given."""

    name: str
    text: str
    place: Place
    rank: Rank
    bare: bool = False  # INPUT_… without SHIPLINE_ before it: other programs own such names too


def mask(flags: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Hide every key that is given from now on: what is shown next may be cut, and half a key can't be recognised."""
    known = catalogue.by_name()
    for given in _all_given(flags, environ):
        if given.name in known and known[given.name].secret:
            redact.register(Secret(given.text, given.place.source))


def options(flags: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The program's own options, defaults filled in; one that is unset and has no default isn't there.

    Booleans are ``true`` or ``false``. Raises InvalidInputError.
    """
    problems, chosen = Problems(), _chosen(flags, environ)
    values: dict[str, str] = {}
    for leaf in catalogue.options():
        given = chosen.get(leaf.name)
        if given is not None:
            values[leaf.name] = given.text
            if what := _wrong_option(leaf, given.text):
                problems.add(given.place, (leaf.name,), what)
        elif leaf.default is not None:
            values[leaf.name] = leaf.default if isinstance(leaf.default, str) else str(leaf.default).lower()
    problems.raise_any()
    return values


def option(name: str, flags: Mapping[str, str], environ: Mapping[str, str]) -> Given | None:
    """One of the options as it was given, whatever the others are; None if it is unset or can't be used."""
    given = _chosen(flags, environ).get(name)
    return given if given is not None and not _wrong_option(catalogue.by_name()[name], given.text) else None


def settings(
    flags: Mapping[str, str], environ: Mapping[str, str], problems: Problems, own: frozenset[str] = frozenset()
) -> dict[str, Given]:
    """What is given outside the config file, secrets too, by input name.

    ``own`` holds variables that a ``key-env`` names. Unknown names are problems, unknown variables warnings.
    """
    known, chosen = catalogue.by_name(), _chosen(flags, environ)
    mask(flags, environ)
    ci = chosen.get("ci")
    on_github = ci is not None and ci.text == "github"
    for given in _all_given(flags, environ):
        if given.name not in known and given.text and given.place.source not in own:
            _report_unknown(given, problems, on_github=on_github)
    for leaf in catalogue.settings():
        if leaf.secret and flags.get(leaf.name):
            what = f"a secret can't be a flag, where others can read it: put it into the variable {leaf.variable}"
            problems.add(Place(f"--{leaf.name}"), leaf.path, what)
            chosen.pop(leaf.name, None)
    return {leaf.name: chosen[leaf.name] for leaf in catalogue.settings() if leaf.name in chosen}


def merge(root: Node, given: Mapping[str, Given], problems: Problems) -> Node:
    """The file's tree with the flat values over it; secrets are left out."""
    for leaf in catalogue.settings():
        value = given.get(leaf.name)
        if value is None or leaf.secret or _outranked(leaf, value, given):
            continue
        try:
            node = flat.node(leaf, value.text, value.place)
        except ValueError as error:
            problems.add(value.place, leaf.path, str(error))
            continue
        paths = _targets_of(leaf, root)
        if not paths:
            what = f"the config file has a list of {leaf.target} targets: set it there, in the target it is for"
            problems.add(value.place, leaf.path, what)
        for path in paths:
            root = _without_excluded(root, leaf, path, value.rank, given).with_value(path, node)
    return root


def _targets_of(leaf: Leaf, root: Node) -> list[Path]:
    """Where a flat value goes: one place, or each target of a list, or nowhere."""
    section = root.get((leaf.path[0],)) if leaf.target else None
    if section is None or not isinstance(section.value, tuple):
        return [leaf.path]
    if leaf.name not in catalogue.FOR_EVERY_TARGET:
        return []
    return [(leaf.path[0], index, *leaf.path[1:]) for index in range(len(section.value))]


def _outranked(leaf: Leaf, value: Given, given: Mapping[str, Given]) -> bool:
    return any(other.rank < value.rank for other in _excluded(leaf, given).values() if other)


def _without_excluded(root: Node, leaf: Leaf, path: Path, rank: Rank, given: Mapping[str, Given]) -> Node:
    """A flat value replaces what the file says in its stead: ``release-notes-text`` the file's ``notes: {file: …}``."""
    for sibling, other in _excluded(leaf, given).items():
        if other is None or other.rank > rank:
            root = root.without((*path[:-1], sibling))
    return root


def _excluded(leaf: Leaf, given: Mapping[str, Given]) -> dict[str, Given | None]:
    return {name: given.get("-".join((*leaf.path[:-1], name))) for name in leaf.excludes}


def _wrong_option(leaf: Leaf, text: str) -> str:
    allowed = ("true", "false") if leaf.kind == "boolean" else tuple(map(str, leaf.enum))
    if allowed and text not in allowed:
        return f"expected {' or '.join(allowed)}, found {printable(text)}{suggest(text, allowed)}"
    if leaf.kind == "integer" and not _COUNT.fullmatch(text):
        return f"expected a whole number from 1 to 999, found {printable(text)}"
    shown = text.replace("\n", "").replace("\r", "") if leaf.multiline else text
    return "" if shown.isprintable() else "has a control character, expected text on one line"


def _chosen(flags: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, Given]:
    """For each name the value that wins. An empty string is unset: CI passes unset inputs so."""
    chosen: dict[str, Given] = {}
    for given in sorted(_all_given(flags, environ), key=lambda given: given.rank):
        if given.text:
            chosen.setdefault(given.name, given)
    return chosen


def _all_given(flags: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[Given]:
    for name, text in flags.items():
        yield Given(name, text, Place(f"--{name}"), Rank.FLAG)
    for variable, text in environ.items():
        if variable.startswith("SHIPLINE_OUT_"):  # a job before this one handed its outputs on
            continue
        for prefix, rank, bare in (
            ("INPUT_", Rank.INPUT, True),
            ("SHIPLINE_INPUT_", Rank.INPUT, False),
            ("SHIPLINE_", Rank.VARIABLE, False),
        ):
            if variable.startswith(prefix):
                name = variable.removeprefix(prefix).replace("_", "-").lower()
                place = Place(variable if rank is Rank.VARIABLE else name)
                # No shell sets a variable with a hyphen: one that has it is an input that GitHub gives an image.
                yield Given(name, text, place, rank, bare and "-" not in variable)
                break


def _report_unknown(given: Given, problems: Problems, *, on_github: bool) -> None:
    near = nearest(given.name, catalogue.by_name())
    if given.rank is Rank.VARIABLE:
        hint = f": did you mean {catalogue.by_name()[near].variable}?" if near else ""
        problems.warn(given.place, (), f"unknown variable, ignored{hint}")
        return
    ours = given.name.split("-")[0] in _SECTIONS
    if given.bare and not ours and (not on_github or given.name in _RUNNER_INPUTS):
        return
    what = "flag" if given.rank is Rank.FLAG else "input"
    problems.add(given.place, (), f"unknown {what}{f': did you mean {near}?' if near else ''}")
