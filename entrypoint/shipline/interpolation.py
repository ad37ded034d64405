"""Templates: text with names in braces, filled in once. Names that the run gives a value stay open until then."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

LATE_NAMES = frozenset({"application", "release_number", "build_number"})
"""Names that get their value when the build exists; valid in what is sent after that."""

# "{{name}}" gives "{name}"; any other brace is literal.
_NAME = re.compile(r"\{\{([a-z0-9_]+)\}\}|\{([a-z0-9_]+)\}")


class UnknownNameError(ValueError):
    """``name``, in braces, has no value; ``known`` are the names that have one."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


class Placeholder(NamedTuple):
    """A value that the run will have, such as ``build_number`` or ``buildmaster-build-id``."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """Literal pieces and placeholders, in order. Not a tuple: requests treat those as lists."""

    parts: tuple[str | Placeholder, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with each name's value; a name without one is shown as ``<name>``, as in a plan."""
        return "".join(
            p if isinstance(p, str) else values.get(p.name, f"<{p.name.replace('_', '-')}>") for p in self.parts
        )

    @property
    def names(self) -> frozenset[str]:
        return frozenset(p.name for p in self.parts if isinstance(p, Placeholder))

    def matches(self, value: str, values: Mapping[str, str]) -> bool:
        """True if ``value`` is a text that this can still become, given the values known so far."""
        pieces = [values.get(p.name) if isinstance(p, Placeholder) else p for p in self.parts]
        pattern = "".join(".*" if piece is None else re.escape(piece) for piece in pieces)
        return re.fullmatch(pattern, value, re.DOTALL) is not None

    def __str__(self) -> str:
        return self.fill({})


def literal(text: str) -> Template:
    """A template without placeholders."""
    return Template((text,))


def placeholder(name: str) -> Template:
    """The value that the run will have under this name."""
    return Template((Placeholder(name),))


def interpolate(
    text: str,
    values: Mapping[str, str],
    late: frozenset[str] = frozenset(),
    encode: Callable[[str, str], str] | None = None,
) -> Template:
    """Fill ``{name}`` from ``values``, once: braces in a value stay as they are.

    Names in ``late`` stay open. ``encode`` returns what a name and its value are filled in as. Raises UnknownNameError.
    """
    if text and "{" not in text:
        return literal(text)
    parts: list[str | Placeholder] = []
    for parsed in _parsed(text):
        piece = parsed
        if isinstance(parsed, Placeholder):
            if parsed.name in values:
                value = values[parsed.name]
                piece = encode(parsed.name, value) if encode else value
            elif parsed.name not in late:
                raise UnknownNameError(parsed.name, tuple(sorted({*values, *late})))
        if isinstance(piece, str) and parts and isinstance(parts[-1], str):
            parts[-1] += piece
        elif piece:
            parts.append(piece)
    return Template(tuple(parts))


@lru_cache
def _parsed(text: str) -> tuple[str | Placeholder, ...]:
    """The pieces of a text: its names, and what is between them."""
    pieces: list[str | Placeholder] = []
    position = 0
    for match in _NAME.finditer(text):
        escaped, name = match.groups()
        pieces += text[position : match.start()], "{" + escaped + "}" if escaped else Placeholder(name)
        position = match.end()
    return (*pieces, text[position:])
