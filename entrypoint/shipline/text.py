"""Text with names in braces, filled in once: at validation what is known then, the rest when the run has made it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LATE_NAMES = frozenset({"application", "release_number", "build_number"})
"""Names that get their value only when the build exists; allowed in what is sent after it."""

# "{{name}}" gives "{name}"; any other brace is literal.
_NAME = re.compile(r"\{\{([a-z0-9_]+)\}\}|\{([a-z0-9_]+)\}")


class UnknownNameError(ValueError):
    """A name in braces that nothing has a value for. ``name`` is the name, ``known`` what could have been meant."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


@dataclass(frozen=True, slots=True)
class Name:
    """A value the run will make, such as ``build_number`` or ``buildmaster-build-id``."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Literal pieces and names, in order."""

    parts: tuple[str | Name, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with each name's value; a name without one is shown as ``<name>``, as in a plan."""
        return "".join(
            p if isinstance(p, str) else values.get(p.name, f"<{p.name.replace('_', '-')}>") for p in self.parts
        )

    @property
    def names(self) -> frozenset[str]:
        return frozenset(p.name for p in self.parts if isinstance(p, Name))

    def could_be(self, value: str, values: Mapping[str, str]) -> bool:
        """Whether ``value`` is what this text can still become, given the values known so far."""
        pieces = [values.get(p.name) if isinstance(p, Name) else p for p in self.parts]
        pattern = "".join(".*" if piece is None else re.escape(piece) for piece in pieces)
        return re.fullmatch(pattern, value, re.DOTALL) is not None

    def __str__(self) -> str:
        return self.fill({})


def literal(text: str) -> Text:
    return Text((text,))


def later(name: str) -> Text:
    """The value that the run will make under this name."""
    return Text((Name(name),))


def interpolate(text: str, values: Mapping[str, str], late: frozenset[str] = frozenset()) -> Text:
    """Fill ``{name}`` from ``values``, once: what a value holds is never read again.

    Names in ``late`` stay open until the run has made them. Raises UnknownNameError.
    """
    return Text(tuple(_merged(_pieces(text, values, late))))


def _pieces(text: str, values: Mapping[str, str], late: frozenset[str]) -> Iterator[str | Name]:
    position = 0
    for match in _NAME.finditer(text):
        yield text[position : match.start()]
        position = match.end()
        escaped, name = match.groups()
        if escaped:
            yield "{" + escaped + "}"
        elif name in values:
            yield values[name]
        elif name in late:
            yield Name(name)
        else:
            raise UnknownNameError(name, tuple(sorted({*values, *late})))
    yield text[position:]


def _merged(pieces: Iterator[str | Name]) -> Iterator[str | Name]:
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        else:
            if text:
                yield text
            text = ""
            yield piece
    if text:
        yield text
