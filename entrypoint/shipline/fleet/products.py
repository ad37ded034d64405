"""The products that a command is for: which config files, what they are called, and which of them this run takes."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from shipline import config, inputs, resolve
from shipline.document import Node, Problems
from shipline.errors import InvalidInputError, Problem
from shipline.record import dataclass
from shipline.resolution import tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Product:
    """``name``: the config file's, without its folder where no other has it. ``config``: its path, with ``/``."""

    name: str
    config: str
    tag_prefix: str


@dataclass(frozen=True, slots=True)
class Selected:
    """``left_out``: for people, why the others aren't taken. ``elsewhere``: the tag's that other shards take."""

    products: tuple[Product, ...]
    left_out: tuple[str, ...]
    elsewhere: tuple[Product, ...] = ()


def asked_for(options: Mapping[str, str]) -> bool:
    """Whether these options may stand for another number of products than one."""
    given = options.get("config")
    return are_many(given) or ("shard" in options and _lines(given) != ["-"])


def are_many(given: str | None) -> bool:
    """Whether the option ``config`` says several paths, or a glob: a fleet, of however many products."""
    lines = _lines(given)
    return len(lines) > 1 or any(_is_glob(line) for line in lines)


def select(sources: resolve.Sources, *, shard: str, ci_shard: str = "") -> Selected:
    """The products of ``sources.config`` that fit the tag, and of these the ones of the shard.

    ``shard`` is ``i/n``, or empty; ``ci_shard`` holds in its place where ``config`` says several paths or a glob.
    Raises InvalidInputError.
    """
    many = are_many(sources.config)
    place = "shard" if shard else "CI_NODE_INDEX/CI_NODE_TOTAL"
    shard = shard or (ci_shard if many else "")
    part = _part(shard, place)
    products = _products(sources)
    told = []
    elsewhere: tuple[Product, ...] = ()
    if many:
        products, others = _for_tag(products, sources.facts.tag)
        if others:
            told.append(f"left out, as the tag {sources.facts.tag} isn't theirs: {_names(others)}")
    if part is not None:
        number, count = part
        mine = tuple(product for product in products if of_shard(product.config, count) == number)
        elsewhere = _without(products, mine)
        if elsewhere:
            told.append(f"left to other shards than {shard}: {_names(elsewhere)}")
        products = mine
    return Selected(products, tuple(told), elsewhere)


def of_shard(path: str, count: int) -> int:
    """Which of ``count`` shards, from 1 on, a config file is in: the same wherever and whenever it is asked."""
    return int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()) % count + 1


def _part(shard: str, place: str) -> tuple[int, int] | None:
    if not shard:
        return None
    match = _SHARD.fullmatch(shard)
    if match is None or int(match[1]) > int(match[2]):
        what = f"expected a shard and their number, such as 1/4 to 4/4, found {shard}"
        raise InvalidInputError([Problem(place, "", what)])
    return int(match[1]), int(match[2])


def _products(sources: resolve.Sources) -> tuple[Product, ...]:
    flat = inputs.settings(sources.flags, sources.environ, Problems()).get("tag-prefix")
    paths = _paths(sources)
    wrong = [path for path in paths if not path.isprintable()]  # a product is called after it, in logs and job names
    if wrong:
        what = "expected printable UTF-8, without line breaks, in a config file's name: rename"
        raise InvalidInputError([Problem("config", "", f"{what} {path!r}") for path in wrong])
    prefixes = (flat.text if flat else _prefix(path, sources.workspace) for path in paths)
    return tuple(Product(*entry) for entry in zip(_named(paths), paths, prefixes, strict=True))


def _paths(sources: resolve.Sources) -> list[str]:
    """The config files, each once, in order. Raises InvalidInputError for a glob that matches nothing."""
    given = _lines(sources.config)
    if not given:
        return [resolve.default_config(sources.workspace) or resolve.DEFAULT_CONFIGS[0]]
    if not are_many(sources.config):
        return [_plain(given[0], sources.workspace)]
    found: set[str] = set()
    wrong: list[Problem] = []
    for line in given:
        if line == "-":
            wrong.append(Problem("config", "", "- (standard input) can't be one of several: expected paths or globs"))
        elif not _is_glob(line) or (sources.workspace / line).is_file():
            found.add(_plain(line, sources.workspace))
        else:
            try:
                found.update(_matching(line, sources.workspace))
            except ValueError as error:
                wrong.append(Problem("config", "", str(error)))
    if wrong:
        raise InvalidInputError(wrong)
    return sorted(found)


def _matching(pattern: str, workspace: Path) -> list[str]:
    from shipline import artifacts

    return [path.relative_to(workspace).as_posix() for path in artifacts.find(pattern, workspace)]


def _plain(path: str, workspace: Path) -> str:
    """One spelling for each file: relative to the workspace if it is in it."""
    if path == "-":
        return path
    whole = Path(os.path.normpath(workspace / path))
    return (whole.relative_to(workspace) if whole.is_relative_to(workspace) else whole).as_posix()


def _lines(given: str | None) -> list[str]:
    return [line.strip() for line in (given or "").splitlines() if line.strip()]


def _is_glob(path: str) -> bool:
    return any(char in path for char in "*?[")


def _prefix(path: str, workspace: Path) -> str:
    """The file's ``tag-prefix``; a file that can't be read has none, and is reported when it is loaded."""
    root = config.read(workspace / path, path, Problems()) if path != "-" else None
    node = root.get(("tag-prefix",)) if root is not None else None
    return node.value if isinstance(node, Node) and isinstance(node.value, str) else ""


def _named(paths: Sequence[str]) -> list[str]:
    """For each path as many of its last parts as tell it from the others: mostly the file's name without its ending.

    A file called ``shipline.yml`` in a folder is named after the folder.
    """
    parts = [_parts(PurePosixPath(path)) for path in paths]
    if len(set(parts)) < len(parts):  # router.yml and router.yaml
        parts = [PurePosixPath(path).parts for path in paths]
    names = dict.fromkeys(range(len(parts)), 1)
    while True:
        shown = ["/".join(p[-names[at] :]) for at, p in enumerate(parts)]
        counts = Counter(shown)
        unclear = [at for at, p in enumerate(parts) if counts[shown[at]] > 1 and names[at] < len(p)]
        if not unclear:
            return shown
        for at in unclear:
            names[at] += 1


def _parts(path: PurePosixPath) -> tuple[str, ...]:
    folder = path.parent.parts
    return folder if folder and path.name in resolve.DEFAULT_CONFIGS else (*folder, path.stem)


def _for_tag(products: Iterable[Product], tag: str) -> tuple[tuple[Product, ...], tuple[Product, ...]]:
    """Those that the tag releases, and the others: those with the longest prefix that fits, else those without one."""
    every = tuple(products)
    if not tag:
        return every, ()
    fitting = (p.tag_prefix for p in every if p.tag_prefix and tags.version(tag, p.tag_prefix) is not None)
    longest = max(fitting, key=len, default="")
    taken = tuple(p for p in every if p.tag_prefix == longest)
    return taken, _without(every, taken)


def _without(products: Iterable[Product], taken: Iterable[Product]) -> tuple[Product, ...]:
    these = set(taken)
    return tuple(product for product in products if product not in these)


def _names(products: Iterable[Product]) -> str:
    return ", ".join(product.name for product in products)
