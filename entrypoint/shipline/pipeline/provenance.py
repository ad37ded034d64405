"""Where each value came from, for `plan -v` and `validate -v`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline.display import printable
from shipline.inputs import catalogue
from shipline.inputs.document import Document, Path, dotted
from shipline.pipeline.model import CentercodeTarget, Pipeline, V3Target
from shipline.redaction import HIDDEN, redact
from shipline.values import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shipline.inputs.sources import InputValue


_OPTIONAL = frozenset({"buildmaster", "v3", "centercode", "notify"})


def shown(document: Document, given: Mapping[str, InputValue], pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    """(setting, shown value, origin) of what is set, then of what is left to keys, facts and defaults."""
    set_names: set[str] = set()
    for path, value in document.walk():
        names = tuple(part for part in path if isinstance(part, str))
        setting = catalogue.by_path().get(names)
        if setting is not None and not isinstance(path[-1], int):  # what is inside a list is shown with it
            set_names.add(setting.name)
            text = (
                value if isinstance(value, str) else document.written.get(path) or json.dumps(value, ensure_ascii=False)
            )
            yield dotted(path), printable(redact(text)), str(document.locations[path])
    for setting in catalogue.settings():
        section = setting.path[0]
        if setting.name in set_names or (section in _OPTIONAL and not document.has((section,))):
            continue
        if setting.secret and setting.name in given:
            yield setting.dotted, HIDDEN, str(given[setting.name].location)
        elif setting.name == "release-version":
            yield setting.dotted, pipeline.version.text, "the tag"
        elif setting.default is not None and not isinstance(document.get((section,)), list):
            yield setting.dotted, as_text(setting.default), "default"
    for path, text in _derived(document, pipeline):
        if not document.has(path):
            yield dotted(path), printable(redact(text)), "default"


def _derived(document: Document, pipeline: Pipeline) -> Iterator[tuple[Path, str]]:
    """Values that have no fixed default, but are derived from others."""
    if pipeline.buildmaster is not None:
        yield ("buildmaster", "release"), pipeline.buildmaster.release.value
    kinds: Mapping[str, Sequence[V3Target | CentercodeTarget]] = {"v3": pipeline.v3, "centercode": pipeline.centercode}
    for kind, targets in kinds.items():
        many = isinstance(document.get((kind,)), list)
        for index, target in enumerate(targets):
            path: Path = (kind, index) if many else (kind,)
            if isinstance(target, V3Target):
                yield (*path, "version"), target.version
                yield (*path, "channel"), target.channel
            if not document.has(("release", "title")):
                yield (*path, "title"), str(target.title)
