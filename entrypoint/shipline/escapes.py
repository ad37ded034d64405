"""Escaped characters in URLs, JSON, Python, C, HTML and shells, undone level by level."""

from __future__ import annotations

import re
import sys
from array import array

_CHARACTER = (
    r"%(?P<percent>[0-9A-Fa-f]{2})"
    r"|\\(?:u(?P<u>[0-9A-Fa-f]{4})|x(?P<x>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2})|(?P<letter>[nrt]))"
    r"|&(?:#0*(?P<decimal>[0-9]{1,7})|#[xX]0*(?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}));"
    r"|'(?P<quote>\\''|\"'\"')"  # each alternative begins with a literal: `re` skips to those
)
"""One escaped character: of URLs, JSON, Python, C, HTML and shells."""

ESCAPES = (re.compile(rf"{_CHARACTER}|\\(?P<as_is>[^0-9A-Za-z])"), re.compile(_CHARACTER))
"""A backslash may escape the character after it, or be itself."""

_BASES = {"percent": 16, "u": 16, "x": 16, "octal": 8, "decimal": 10, "hex": 16}


def origin_of(escape: re.Pattern[str], text: str, levels: int) -> array[int]:
    """Where each character of the text, and its end, comes from once so many levels of escapes are undone."""
    origin = array("q", range(len(text) + 1))
    for _ in range(levels):
        parts: list[str] = []
        places: array[int] = array("q")
        position = 0
        for match in escape.finditer(text):
            start, end = match.span()
            char = character(match)
            parts += [text[position:start], char]
            places.extend(origin[position:start])
            places.extend(origin[start:end] if char == match[0] else [origin[start]] * len(char))
            position = end
        text = "".join((*parts, text[position:]))
        origin = places + origin[position:]
    return origin


def character(match: re.Match[str]) -> str:
    """The character that an escape means, or the text itself if it isn't one."""
    kind, text = match.lastgroup or "", match[match.lastgroup or 0]
    if kind in _BASES:
        number = int(text, _BASES[kind])
        return chr(number) if number <= sys.maxunicode else match[0]
    if kind == "name":
        from html.entities import html5

        return html5.get(f"{text};", match[0])
    return {"n": "\n", "r": "\r", "t": "\t"}[text] if kind == "letter" else "'" if kind == "quote" else text
