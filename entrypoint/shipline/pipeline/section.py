"""Reading settings from the checked document: a value that has a problem is reported already, and reads as unset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import values
from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from shipline.inputs.document import Document, Path


_MAX_DURATION_S = 31 * 24 * 3600.0
_ABSENT = object()


class Section(NamedTuple):
    """The settings under a path. Values that are unset or wrong read as None, or as the schema's default."""

    document: Document
    path: Path

    @property
    def target_name(self) -> str:
        """The name of a target in steps and outputs: ``v3``; ``v3:2`` for the second of a list."""
        kind, position = str(self.path[0]), self.path[-1]
        return f"{kind}:{position + 1}" if isinstance(position, int) and position else kind

    def section(self, *names: str | int) -> Section:
        """The settings below this section."""
        return Section(self.document, (*self.path, *names))

    def given(self, *names: str | int) -> bool:
        """True if there is a value, right or wrong."""
        return self.document.has((*self.path, *names))

    def usable(self, *names: str | int) -> bool:
        """True if there is a value, and neither it nor what it is in has a problem."""
        return self._find((*self.path, *names), _ABSENT) is not _ABSENT

    def value(self, *names: str | int) -> Any:
        """The value, or the schema's default."""
        path = (*self.path, *names)
        if (value := self._find(path, _ABSENT)) is not _ABSENT:
            return value
        setting = catalogue.at(path)
        return setting.default if setting is not None else None

    def _find(self, path: Path, default: Any = None) -> Any:
        """The value at a path of the document; the default if it is unset, or it or what it is in has a problem."""
        unusable = self.document.unusable
        if unusable and any(path[:end] in unusable for end in range(1, len(path) + 1)):
            return default
        return self.document.get(path, default)

    def fields(self, *names: str) -> dict[str, Any]:
        """The values of these settings, by the names of the model's fields: ``if-exists`` is ``if_exists``."""
        return {name.replace("-", "_"): self.value(name) for name in names}

    def text(self, *names: str | int) -> str | None:
        """The value if it is text."""
        value = self._find((*self.path, *names))
        return value if isinstance(value, str) else None

    def entries(self, name: str) -> Iterator[tuple[str | int, str]]:
        """The texts of a list or mapping, each with its position or key."""
        many = self._find((*self.path, name))
        keys = list(many) if isinstance(many, dict) else range(len(many)) if isinstance(many, list) else ()
        texts = ((key, self.text(name, key)) for key in keys)
        yield from ((key, text) for key, text in texts if text is not None)

    def seconds(self, name: str, *, zero: bool = False) -> float:
        """A duration in seconds. Only ``zero`` allows 0."""
        seconds = values.duration(str(self.value(name)))
        if not 0 < seconds <= _MAX_DURATION_S and not (zero and seconds == 0):
            self.complain(f"expected a duration of {'0s' if zero else '1s'} to 31 days (744h)", name)
        return seconds

    def instant(self, name: str) -> datetime | None:
        """A moment with its offset from UTC."""
        text = self.text(name)
        try:
            return None if text is None else values.instant(text)
        except ValueError as error:
            self.complain(str(error), name)
            return None

    def missing(self, why: str, example: str, name: str, ways: str = "") -> None:
        """Report that a setting is missing that is needed here; ``ways``: what to do instead of setting it."""
        from shipline.inputs.violations import how_to_set

        path = (*self.path, name)
        location, advice = how_to_set(path, self.document, example)
        if path not in self.document.problems.misnamed:
            self.document.problems.add(location, path, f"is missing{why}: {ways}{advice}")

    def complain(self, what: str, *names: str | int) -> None:
        """Report a problem of a value, or without ``names`` of the section."""
        path = (*self.path, *names)
        self.document.problems.add(self.document.location(path, key=not names), path, what)

    def warn(self, what: str, *names: str | int) -> None:
        """Report what is only worth a warning."""
        path = (*self.path, *names)
        self.document.problems.warn(self.document.location(path, key=not names), path, what)


def targets(document: Document, kind: str) -> list[Section]:
    """The targets of ``v3``, ``centercode`` or ``notify``: none, one, or those of a list that have no problem."""
    section = Section(document, (kind,))
    if not section.usable():
        return []
    many = document.get((kind,))
    if not isinstance(many, list):
        return [section]
    return [target for index in range(len(many)) if (target := section.section(index)).path not in document.unusable]
