"""Where each value came from, for `plan -v` and `validate -v`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline import catalogue
from shipline.document import dotted, printable
from shipline.pipeline import V3Target
from shipline.transport.redaction import HIDDEN, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shipline.document import Node, Path
    from shipline.inputs import Given
    from shipline.pipeline import CentercodeTarget, Pipeline

_OPTIONAL = frozenset({"buildmaster", "v3", "centercode", "notify"})


def shown(root: Node, given: Mapping[str, Given], pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    """(setting, shown value, origin) of what is set, then of what is left to keys, facts and defaults."""
    there: set[str] = set()
    for path, node in root.walk():
        leaf = catalogue.at(path)
        # What is inside a list or mapping is shown with it.
        if (
            leaf is not None
            and not isinstance(path[-1], int)
            and tuple(p for p in path if isinstance(p, str)) == leaf.path
        ):
            there.add(leaf.name)
            yield dotted(path), printable(redact(_text(node))), str(node.place)
    for leaf in catalogue.settings():
        section = root.get((leaf.path[0],))
        if leaf.name in there or (section is None and leaf.path[0] in _OPTIONAL):
            continue
        if leaf.secret and leaf.name in given:
            yield leaf.dotted, HIDDEN, str(given[leaf.name].place)
        elif leaf.name == "release-version":
            yield leaf.dotted, pipeline.version.text, "the tag"
        elif leaf.default is not None and not (section is not None and isinstance(section.value, tuple)):
            yield leaf.dotted, str(leaf.default).lower() if leaf.kind == "boolean" else str(leaf.default), "default"
    for path, value in _made(root, pipeline):
        if root.get(path) is None:
            yield dotted(path), printable(redact(value)), "default"


def _made(root: Node, pipeline: Pipeline) -> Iterator[tuple[Path, str]]:
    """Values that have no fixed default, but are made of others."""
    if pipeline.buildmaster is not None:
        yield ("buildmaster", "release"), pipeline.buildmaster.release.value
    kinds: Mapping[str, Sequence[V3Target | CentercodeTarget]] = {"v3": pipeline.v3, "centercode": pipeline.centercode}
    for kind, targets in kinds.items():
        section = root.get((kind,))
        for index, target in enumerate(targets):
            path: Path = (kind, index) if section is not None and isinstance(section.value, tuple) else (kind,)
            if isinstance(target, V3Target):
                yield (*path, "version"), target.version
                yield (*path, "channel"), target.channel
            if root.get(("release", "title")) is None:
                yield (*path, "title"), str(target.title)


def _text(node: Node) -> str:
    if isinstance(node.value, str):
        return node.value
    return node.written or json.dumps(node.plain(), ensure_ascii=False)
