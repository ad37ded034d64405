"""Reading settings from the checked tree: what is wrong has been reported, and reads as unset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline import catalogue, values
from shipline.record import dataclass
from shipline.wording import how_to_set, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from shipline.document import Node, Path, Place, Problems

_LONGEST = 31 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Document:
    root: Node
    unusable: frozenset[Path]
    problems: Problems

    def section(self, *path: str | int) -> Section:
        return Section(self, path)

    def targets(self, kind: str) -> list[Section]:
        """The targets of ``v3``, ``centercode`` or ``notify``: none, one, or those of a list."""
        node = self.root.get((kind,))
        if node is None or (kind,) in self.unusable:
            return []
        if isinstance(node.value, tuple):
            return [s for i in range(len(node.value)) if (s := self.section(kind, i)).path not in self.unusable]
        return [self.section(kind)]


@dataclass(frozen=True, slots=True)
class Section:
    """The settings under a path. Values that are unset or wrong read as None, or as the schema's default."""

    document: Document
    path: Path

    def node(self, *names: str | int) -> Node | None:
        path = (*self.path, *names)
        unusable = self.document.unusable
        if unusable and any(path[:end] in unusable for end in range(1, len(path) + 1)):
            return None
        return self.document.root.get(path)

    def given(self, *names: str | int) -> bool:
        """Whether something stands there, right or wrong."""
        return self.document.root.get((*self.path, *names)) is not None

    def text(self, *names: str | int) -> str | None:
        node = self.node(*names)
        return node.value if node is not None and isinstance(node.value, str) else None

    def value(self, *names: str | int) -> Any:
        """The value, or the schema's default."""
        node = self.node(*names)
        if node is not None:
            return node.plain()
        leaf = catalogue.at((*self.path, *names))
        return leaf.default if leaf is not None else None

    def entries(self, name: str) -> Iterator[tuple[str | int, str]]:
        """The texts of a list or mapping, each with its position or key."""
        node = self.node(name)
        many = node.value if node is not None else None
        keys = list(many) if isinstance(many, dict) else range(len(many)) if isinstance(many, tuple) else ()
        for key in keys:
            text = self.text(name, key)
            if text is not None:
                yield key, text

    def seconds(self, name: str, *, zero: bool = False) -> float:
        """A duration. Only ``zero`` allows one of no length."""
        seconds = values.duration(str(self.value(name)))
        if not 0 < seconds <= _LONGEST and not (zero and seconds == 0):
            self.complain(f"expected a duration of {'0s' if zero else '1s'} to 31 days (744h)", name)
        return seconds

    def instant(self, name: str) -> datetime | None:
        text = self.text(name)
        try:
            return None if text is None else values.instant(text)
        except ValueError as error:
            self.complain(str(error), name)
            return None

    def place(self, *names: str | int) -> Place:
        node = self.document.root.get((*self.path, *names))
        return node.place if node is not None and names else place_of((*self.path, *names), self.document.root)

    def missing(self, why: str, example: str, name: str) -> None:
        """Complain that a setting is missing that is needed here."""
        path = (*self.path, name)
        place, advice = how_to_set(path, self.document.root, example)
        self.document.problems.add(place, path, f"is missing{why}: {advice}")

    def complain(self, what: str, *names: str | int) -> None:
        self.document.problems.add(self.place(*names), (*self.path, *names), what)

    def warn(self, what: str, *names: str | int) -> None:
        self.document.problems.warn(self.place(*names), (*self.path, *names), what)
