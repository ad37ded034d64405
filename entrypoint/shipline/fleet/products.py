"""Selection of products: which config files a command is for, their names, and which of them this run releases."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from shipline import local_files, version
from shipline.errors import InvalidInputError, Problem, invalid_input
from shipline.inputs.document import Problems
from shipline.inputs.parsing import config_paths, is_fleet
from shipline.pipeline import resolve

_SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


class Product(NamedTuple):
    """One entry of a fleet. ``name``: unique, mostly the config file's without its folder. ``config``: its path."""

    name: str
    config: str
    tag_prefix: str


class Selected(NamedTuple):
    """The products of this run.

    ``left_out``: the reasons why the others are left out, for people. ``elsewhere``: products of other shards.
    """

    products: tuple[Product, ...]
    left_out: tuple[str, ...]
    elsewhere: tuple[Product, ...]


def select(sources: resolve.Sources, *, shard: str, ci_shard: str = "") -> Selected:
    """Return the products of ``sources.config`` that fit the tag and belong to the shard.

    ``shard`` is ``i/n``, or empty. A fleet without one uses ``ci_shard``. Raises InvalidInputError.
    """
    fleet = is_fleet(sources.config)
    place = "shard" if shard else "CI_NODE_INDEX/CI_NODE_TOTAL"
    shard = shard or (ci_shard if fleet else "") or "1/1"
    number, count = _parse_shard(shard, place)
    every, bases = _products(sources)
    fitting = _with_longest_prefix(every, sources.facts.tag) if fleet else every
    own = tuple(product for product in fitting if shard_of(product.config, count) == number)
    elsewhere = tuple(product for product in fitting if product not in own)
    left_out = [f"left out, as other config files extend them: {', '.join(bases)}"] if bases else []
    if others := [product.name for product in every if product not in fitting]:
        left_out.append(f"left out, as the tag {sources.facts.tag} isn't theirs: {', '.join(others)}")
    if elsewhere:
        left_out.append(f"left to other shards than {shard}: {', '.join(product.name for product in elsewhere)}")
    return Selected(own, tuple(left_out), elsewhere)


def shard_of(path: str, count: int) -> int:
    """Return the shard of a config file, from 1 to ``count``: the same on every machine and in every release."""
    return int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()) % count + 1


def _parse_shard(shard: str, place: str) -> tuple[int, int]:
    match = _SHARD.fullmatch(shard)
    if match is None or int(match[1]) > int(match[2]):
        what = f"expected a shard and their number, such as 1/4 to 4/4, found {shard}"
        raise invalid_input(place, what)
    return int(match[1]), int(match[2])


def _products(sources: resolve.Sources) -> tuple[tuple[Product, ...], list[str]]:
    """Return a product for each config file, in order of their paths, and the files that are none.

    A file that others extend, and that only a glob names, is none. Raises InvalidInputError.
    """
    flat = sources.inputs.get("tag-prefix")
    paths = _paths(sources)
    wrong = [path for path in paths if not path.isprintable()]  # logs and job names show it
    if wrong:
        what = "expected printable UTF-8, without line breaks, in a config file's name: rename"
        raise InvalidInputError([Problem("config", "", f"{what} {path!r}") for path in wrong])
    # A file that can't be read has no prefix; loading it reports that.
    documents = {path: resolve.read_config(replace(sources, config=path), Problems())[0] for path in paths}
    named = {_normalized(line, sources.workspace) for line in config_paths(sources.config)}
    extended = set[str]().union(*(document.extended for document in documents.values() if document)) - named
    bases = [path for path in paths if path in extended]
    paths = [path for path in paths if path not in extended]
    given = (document.get(("tag-prefix",)) if (document := documents[path]) else "" for path in paths)
    prefixes = (flat.text if flat else prefix if isinstance(prefix, str) else "" for prefix in given)
    return tuple(Product(*entry) for entry in zip(_names(paths), paths, prefixes, strict=True)), bases


def _paths(sources: resolve.Sources) -> list[str]:
    """Return each config file once, in order. Raises InvalidInputError for a glob that matches nothing."""
    given = config_paths(sources.config)
    if not given:
        return [resolve.default_config(sources.workspace) or resolve.DEFAULT_CONFIGS[0]]
    if not is_fleet(sources.config):
        return [_normalized(given[0], sources.workspace)]
    found: set[str] = set()
    wrong: list[Problem] = []
    for line in given:
        if line == "-":
            wrong.append(Problem("config", "", "- (standard input) can't be one of several: expected paths or globs"))
        elif not local_files.is_glob(line) or (sources.workspace / line).is_file():
            found.add(_normalized(line, sources.workspace))
        else:
            try:
                files = local_files.find(line, sources.workspace)
                found.update(path.relative_to(sources.workspace).as_posix() for path in files)
            except ValueError as error:
                wrong.append(Problem("config", "", str(error)))
    if wrong:
        raise InvalidInputError(wrong)
    return sorted(found)


def _normalized(path: str, workspace: Path) -> str:
    """Return one spelling for each file: with ``/``, and relative to the workspace for a file in it."""
    if path == "-":
        return path
    full = Path(os.path.normpath(workspace / path))
    return (full.relative_to(workspace) if full.is_relative_to(workspace) else full).as_posix()


def _names(paths: Sequence[str]) -> list[str]:
    """Return for each path as many of its last parts as no other path has: mostly the file's name without its suffix.

    A file called ``shipline.yml`` in a folder is named after the folder.
    """
    parts = [_name_parts(PurePosixPath(path)) for path in paths]
    if len(set(parts)) < len(parts):  # router.yml and router.yaml
        parts = [PurePosixPath(path).parts for path in paths]
    lengths = [1] * len(parts)
    while True:
        names = ["/".join(part[-length:]) for part, length in zip(parts, lengths, strict=True)]
        counts = Counter(names)
        ambiguous = [i for i, part in enumerate(parts) if counts[names[i]] > 1 and lengths[i] < len(part)]
        if not ambiguous:
            return names
        for i in ambiguous:
            lengths[i] += 1


def _name_parts(path: PurePosixPath) -> tuple[str, ...]:
    folder = path.parent.parts
    return folder if folder and path.name in resolve.DEFAULT_CONFIGS else (*folder, path.stem)


def _with_longest_prefix(products: tuple[Product, ...], tag: str) -> tuple[Product, ...]:
    """Return the products with the longest ``tag-prefix`` that fits the tag, else those without one."""
    if not tag:
        return products
    fitting = (p.tag_prefix for p in products if p.tag_prefix and version.from_tag(tag, p.tag_prefix) is not None)
    longest = max(fitting, key=len, default="")
    return tuple(product for product in products if product.tag_prefix == longest)
