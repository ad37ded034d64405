"""The inputs as one tree: every value knows the place it came from, so that every problem can name it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field  # not records: a large config has many of them
from typing import TYPE_CHECKING, Any

from shipline.errors import InvalidInputError, Problem
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

Path = tuple[str | int, ...]
Scalar = str | int | float | bool | None

_SHOWN_LENGTH = 60
MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the config file (1-based), or the name of the flag, variable or input."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @property
    def order(self) -> tuple[bool, int, int, str]:
        return (not self.line, self.line, self.column, self.source)


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a list (tuple of nodes) or a mapping (dict of nodes)."""

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    place: Place
    written: str = ""  # a scalar as it stands in the file: 1.10 is a number, but not the one that was meant
    keys: Mapping[str, Place] = field(default_factory=dict)  # where each key of a mapping stands

    def get(self, path: Path) -> Node | None:
        node = self
        for part in path:
            if isinstance(node.value, dict) and part in node.value:
                node = node.value[str(part)]
            elif isinstance(node.value, tuple) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            else:
                return None
        return node

    def with_value(self, path: Path, new: Node) -> Node:
        """A copy with ``new`` at ``path``; what isn't there yet is made. What is there, and can't hold it, is kept."""
        if not path:
            return new
        first, rest = path[0], path[1:]
        if isinstance(self.value, tuple) and isinstance(first, int):
            items = list(self.value)
            items[first] = items[first].with_value(rest, new)
            return Node(tuple(items), self.place)
        if not isinstance(self.value, dict | None):
            return self
        entries, key = self.value or {}, str(first)
        below = entries.get(key) or Node({}, new.place)
        keys = {key: new.place, **self.keys}
        return Node({**entries, key: below.with_value(rest, new)}, self.place, keys=keys)

    def without(self, path: Path) -> Node:
        """A copy without what is at ``path``."""
        first, rest = path[0], path[1:]
        if isinstance(self.value, tuple) and isinstance(first, int):
            return Node(tuple(n.without(rest) if i == first else n for i, n in enumerate(self.value)), self.place)
        if not isinstance(self.value, dict) or first not in self.value:
            return self
        entries, key = dict(self.value), str(first)
        if rest:
            entries[key] = entries[key].without(rest)
        else:
            del entries[key]
        return Node(entries, self.place, keys=self.keys)

    def pruned(self, drop: Container[Path], path: Path = ()) -> Node:
        """A copy without what is at the paths of ``drop``, made in one pass."""
        if isinstance(self.value, dict):
            kept = {
                key: node.pruned(drop, (*path, key)) for key, node in self.value.items() if (*path, key) not in drop
            }
            return Node(kept, self.place, keys=self.keys)
        if isinstance(self.value, tuple):
            items = ((index, node) for index, node in enumerate(self.value) if (*path, index) not in drop)
            return Node(tuple(node.pruned(drop, (*path, index)) for index, node in items), self.place)
        return self

    def plain(self) -> Any:
        """The value as JSON has it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Node]]:
        """Every node with its path, parents first."""
        left: list[tuple[Path, Node]] = [(path, self)]
        while left:
            path, node = left.pop()
            yield path, node
            if isinstance(node.value, dict):
                left += [((*path, key), below) for key, below in reversed(node.value.items())]
            elif isinstance(node.value, tuple):
                left += [((*path, index), node.value[index]) for index in range(len(node.value) - 1, -1, -1)]


class Problems:
    """Collects what is wrong, and what is only worth a warning."""

    def __init__(self) -> None:
        self._found: dict[Problem, Place] = {}
        self._warnings: dict[Problem, Place] = {}

    def add(self, place: Place, path: Path, what: str) -> None:
        self._found[_problem(place, path, what)] = place

    def warn(self, place: Place, path: Path, what: str) -> None:
        self._warnings[_problem(place, path, what)] = place

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(map(str, _in_order(self._warnings)))

    def raise_any(self) -> None:
        """Raises InvalidInputError if there is a problem."""
        if self._found:
            first, rest = _in_order(self._found)[:MOST_PROBLEMS], len(self._found) - MOST_PROBLEMS
            more = [Problem("", "", f"{rest} more problems, not shown")] if rest > 0 else []
            raise InvalidInputError([*first, *more], warnings=self.warnings)


def _problem(place: Place, path: Path, what: str) -> Problem:
    return Problem(redact(str(place)), redact(dotted(path)), redact(what))


def _in_order(found: Mapping[Problem, Place]) -> list[Problem]:
    return sorted(found, key=lambda problem: found[problem].order)


def dotted(path: Path) -> str:
    """``buildmaster.stages[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in path)
    return text.removeprefix(".")


def printable(text: str) -> str:
    """``text`` on one line, shortened, nothing in it that a terminal would obey."""
    text = redact(text)  # before it is cut: half a secret can't be recognised
    short = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in short)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` may be a misspelling of."""
    import difflib

    short, names = name.lower()[:_SHOWN_LENGTH], [*known]
    within = [other for other in names if other.endswith(f"-{short}")]
    near = within[:1] or difflib.get_close_matches(short, names, n=1, cutoff=0.6)
    return near[0] if near else None


def suggest(name: str, known: Iterable[str]) -> str:
    """``: did you mean release?``, or nothing if no known name is near."""
    near = nearest(name, known)
    return f": did you mean {near}?" if near else ""


def describe(node: Node) -> str:
    """What a node is, in words."""
    match node.value:
        case None:
            return "nothing"
        case bool():
            return node.written or str(node.value).lower()
        case int() | float():
            return f"the number {printable(node.written or str(node.value))}"
        case str():
            return "text"
        case tuple():
            return "a list"
        case _:
            return "a mapping"
