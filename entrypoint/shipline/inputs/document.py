"""A config file's settings as plain data, with the location of each value, so that every problem can name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from shipline.display import printable
from shipline.errors import InvalidInputError, Problem
from shipline.redaction import redact

Path = tuple[str | int, ...]
_MOST_PROBLEMS = 200
_ABSENT = object()


class SourceLocation(NamedTuple):
    """A position in the config file (1-based), or the name of the flag, variable or input."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @property
    def order(self) -> tuple[bool, str, int, int]:
        """The sort key of problems: those of files by position, then the others by name."""
        return (not self.line, self.source, self.line, self.column)


class Problems:
    """All problems and warnings of the input, each once."""

    def __init__(self) -> None:
        self._found: dict[Problem, SourceLocation] = {}
        self._warnings: dict[Problem, SourceLocation] = {}
        self.paths: set[Path] = set()  # of the settings that have a problem
        self.misnamed: set[Path] = set()  # of those that are given by another name, which is a problem

    def add(self, location: SourceLocation, path: Path, what: str) -> None:
        """Record a problem; secrets in it are hidden."""
        self.paths.add(path)
        self._found[_problem(location, path, what)] = location

    def warn(self, location: SourceLocation, path: Path, what: str) -> None:
        """Record what is only worth a warning."""
        self._warnings[_problem(location, path, what)] = location

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings in order of location."""
        return tuple(map(str, _in_order(self._warnings)))

    def raise_any(self, matters: Callable[[Problem], bool] = lambda _: True) -> None:
        """Raise InvalidInputError if there is a problem that matters."""
        if found := [problem for problem in _in_order(self._found) if matters(problem)]:
            raise InvalidInputError(first_of(found), warnings=self.warnings)


class Document:
    """Settings as YAML gives them (dict, list, text, number, bool, None), and tables by path of what describes them.

    ``locations`` has the location of each value, ``keys`` that of each key; both keep those of removed values.
    ``written`` has the text of values that aren't text: 1.10 is a number, but not the one that was meant.
    ``unusable`` are the paths of values that have a problem; it is filled by ``validation.check``.
    """

    def __init__(self, location: SourceLocation, problems: Problems) -> None:
        self.data: Any = {}
        self.problems = problems
        self.locations: dict[Path, SourceLocation] = {(): location}
        self.keys: dict[Path, SourceLocation] = {}
        self.written: dict[Path, str] = {}
        self.unusable: set[Path] = set()
        self.extended: set[str] = set()  # the files whose settings it has too, by their names

    def get(self, path: Path, default: Any = None) -> Any:
        """The value at ``path``, which may be None; ``default`` if there is none."""
        value = self.data
        for part in path:
            if isinstance(value, dict):
                if part not in value:
                    return default
            elif not (isinstance(value, list) and isinstance(part, int) and part < len(value)):
                return default
            value = value[part]
        return value

    def has(self, path: Path) -> bool:
        """True if the document has a value at ``path``, even None."""
        return self.get(path, _ABSENT) is not _ABSENT

    def walk(self) -> Iterator[tuple[Path, Any]]:
        """Every value with its path, in document order, mappings and lists before what is in them."""
        return walk(self.data, ())

    def named(self, names: Sequence[str]) -> Iterator[tuple[Path, Any]]:
        """Every value whose path has these names and any positions in lists."""
        return _named(self.data, names, ())

    def put(self, path: Path, value: Any, location: SourceLocation, written: str = "") -> None:
        """Set a value that comes from elsewhere. Missing mappings are created; a scalar in the way stays as it is."""
        parent: Any = self.data
        for end, part in enumerate(path[:-1], start=1):
            inner = self.get(path[:end])
            if inner is None:
                if isinstance(part, str) and not isinstance(parent, dict):
                    return
                if not self.has(path[:end]):
                    self.locations[path[:end]] = location
                    self.keys.setdefault(path[:end], location)
                inner = {}
                parent[part] = inner
            if not isinstance(inner, dict | list):
                return
            parent = inner
        if isinstance(parent, dict):
            key = self.keys.get(path, location)  # a key that the file has too stays there
            parent[path[-1]] = value
            self.written[path] = "" if isinstance(value, str | dict | list) else written
            for inner_path, _ in walk(value, path):
                self.locations[inner_path] = self.keys[inner_path] = location
            self.keys[path] = key

    def nest(self, path: Path, settings: dict[str, str]) -> None:
        """Replace the text at ``path``, which isn't the document itself, by the settings that it means."""
        self.get(path[:-1])[path[-1]] = settings
        for name in settings:
            self.locations[*path, name] = self.keys[*path, name] = self.locations[path]

    def remove(self, path: Path) -> None:
        """Remove the setting at ``path``, if it exists. Entries of lists can't be removed."""
        parent = self.get(path[:-1])
        if isinstance(parent, dict):
            parent.pop(path[-1], None)

    def location(self, path: Path, *, key: bool = False) -> SourceLocation:
        """The location of a value, or of its ``key``; if there is no value, that of its key or of what is around it."""
        return self.key_location(path) if key or not self.has(path) else self.locations[path]

    def key_location(self, path: Path) -> SourceLocation:
        """The location of a setting's key, or of an entry of a list; if there is none, that of what is around it."""
        while path:
            if path in self.keys and isinstance(self.get(path[:-1]), dict):
                return self.keys[path]
            if self.has(path):
                return self.locations[path]
            path = path[:-1]
        return self.locations[()]

    def describe(self, path: Path) -> str:
        """What the value at ``path`` is, in words."""
        value = self.get(path)
        match value:
            case None:
                return "nothing"
            case bool():
                return self.written.get(path) or str(value).lower()
            case int() | float():
                return f"the number {printable(self.written.get(path) or str(value))}"
            case str():
                return "text"
            case list():
                return "a list"
            case _:
                return "a mapping"


def walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """A value at ``path`` and everything in it, mappings and lists before what is in them."""
    left = [(path, value)]
    while left:
        path, value = left.pop()
        yield path, value
        if isinstance(value, dict):
            left += [((*path, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            left += [((*path, index), value[index]) for index in range(len(value) - 1, -1, -1)]


def _named(value: Any, names: Sequence[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if not names:
        yield path, value
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named(item, names, (*path, index))
    elif names and isinstance(value, dict) and names[0] in value:
        yield from _named(value[names[0]], names[1:], (*path, names[0]))


def first_of(problems: Sequence[Problem]) -> list[Problem]:
    """The first 200 problems, and how many are left."""
    rest = len(problems) - _MOST_PROBLEMS
    more = [Problem("", "", f"{rest} more problems, not shown")] if rest > 0 else []
    return [*problems[:_MOST_PROBLEMS], *more]


def _problem(location: SourceLocation, path: Path, what: str) -> Problem:
    return Problem(redact(str(location)), redact(dotted(path)), redact(what))


def _in_order(found: Mapping[Problem, SourceLocation]) -> list[Problem]:
    return sorted(found, key=lambda problem: found[problem].order)


def dotted(path: Path) -> str:
    """The path as messages show it: ``buildmaster.stages[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in path)
    return text.removeprefix(".")
