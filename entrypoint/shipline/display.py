"""Foreign text made harmless to display: in logs, on a terminal, in Markdown and in messages.

Each function that shortens or escapes hides secrets first: half a secret, or an escaped one, can't be recognized.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shipline.redaction import HIDDEN, Redactor, redact

_MAX_VALUE_LENGTH = 60  # characters
_MAX_NAMES = 10
_MAX_EXCERPT_LENGTH = 500  # characters
_MAX_LINE_LENGTH = 8000  # characters
# Bidi controls change the order of the text around them (Unicode Standard Annex 9, sections 2.1, 2.2, 2.4 and 2.5).
_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
# GitHub links www.example.com, and reads more punctuation than CommonMark: mentions, references, emoji.
_GITHUB_MARKUP = r"[\\`*_{}\[\]<>()#+!|~@:&-]|(?<=[wW]{3})\."
_COMMON_MARKUP = r"[\\`*\[\]<>~|@]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=\b[wW]{3})\."
_BLOCK_START = r"^([0-9]*)(?=[#+=.)-])"


def printable(text: str) -> str:
    """Return ``text`` as a message quotes it: on one line, at most 60 characters, others than printable escaped."""
    text = redact(text)
    short = text if len(text) <= _MAX_VALUE_LENGTH else text[: _MAX_VALUE_LENGTH - 1] + "…"
    return short if short.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in short)


def escape_controls(text: str) -> str:
    """Return ``text`` for a log: control and formatting characters escaped, except for line feeds and tabs."""
    text = redact(text)
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"} else repr(c)[1:-1] for c in text
    )


def one_line(text: str) -> str:
    """Return ``text`` on one line of a log, of at most about 8000 characters, with control characters escaped."""
    return " ".join(escape_controls(shorten(text)).split())


def shorten(text: str) -> str:
    """Cut ``text`` after 8000 characters: the writer of a text doesn't decide how long a log gets."""
    text = redact(text)
    return text if len(text) <= _MAX_LINE_LENGTH else f"{text[:_MAX_LINE_LENGTH]} … ({len(text)} characters)"


def excerpt(text: str, most: int = _MAX_EXCERPT_LENGTH) -> str:
    """Return the beginning of a text on one line, without secrets: at most ``most`` characters."""
    text = " ".join(redact(text).split())
    return text if len(text) <= most else f"{text[: most - 2]} …"


def blank_controls(text: str) -> str:
    """Return ``text`` on one line, with one space for each run of blanks, control and bidi characters."""
    return " ".join(re.sub(_CONTROL, " ", text).split())


def escape_markdown(text: str, *, sparingly: bool = False) -> str:
    """Escape one line for Markdown, so that it is shown as it is.

    ``sparingly``: only what CommonMark, tables, strikethrough and usual autolinks could read as markup, so that prose
    stays readable in the source; the text must begin a line or a list item. Otherwise all that GitHub could read so.
    """
    if sparingly:
        return re.sub(_BLOCK_START, r"\1\\", re.sub(_COMMON_MARKUP, r"\\\g<0>", text))
    return re.sub(_GITHUB_MARKUP, r"\\\g<0>", text).replace("\\<", "&lt;").replace("\\>", "&gt;")


def hide_in_value(text: str, redactor: Redactor = redact) -> str:
    """Hide secrets in a text of a JSON value: in a sentence only them, else all of it. Half an id would be another."""
    shown = redactor(text)
    return HIDDEN if shown != text and " " not in text else shown


def redact_all(value: Any) -> Any:
    """Hide secrets in every text and name of a JSON value, before JSON escapes them.

    A name of lower-case letters is Shipline's own, and stays: no reader would find it if it were masked.
    """
    if isinstance(value, str):
        return hide_in_value(value)
    if isinstance(value, dict):
        return {
            name if re.fullmatch("[a-z_]+", name) else redact(name): redact_all(item)
            for name, item in ((str(key), item) for key, item in value.items())
        }
    if isinstance(value, list | tuple):
        return [redact_all(item) for item in value]
    return value


def escape_json(text: str) -> str:
    """Escape in JSON text what the runners of a CI system obey; the data stay the same."""
    return re.sub(r"#(?=#(?:\[|vso\[|teamcity\[))", r"\\u0023", text, flags=re.IGNORECASE)


def bad_character(text: str, *, multiline: bool = False) -> str:
    """Describe the first character that an input must not have, with its position; empty if all are allowed."""
    if text.isprintable():
        return ""
    for index, char in enumerate(text, start=1):
        if char.isprintable() or (multiline and char in "\n\t\r"):
            continue
        if char == "\n":
            return f"has a line break (character {index}), expected one line"
        if re.match(_CONTROL, char):
            return f"has the control character U+{ord(char):04X} (character {index}): remove it"
        if unicodedata.category(char) == "Cs":
            return f"isn't UTF-8 (character {index})"
    return ""


def counted(count: int, noun: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(names: Sequence[str], most: int) -> str:
    """Return ``a, b and 3 more``: the first names, at most ``most``, and how many are left."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def columns(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a line for each row, with aligned columns; each cell on one line, as ``one_line`` makes it."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that ``name`` may be a misspelling of; None if none is near."""
    import difflib

    short, names = name.lower()[:_MAX_VALUE_LENGTH], [*known]
    ends = next((other for other in names if other.endswith(f"-{short}")), None)
    return ends or next(iter(difflib.get_close_matches(short, names, n=1, cutoff=0.6)), None)


def nearest_first(name: str, known: Iterable[str]) -> str:
    """List known names for a message, at most ten, those first that are most like ``name``."""
    import difflib

    def difference(other: str) -> float:
        return -difflib.SequenceMatcher(None, short, other.casefold()[:_MAX_VALUE_LENGTH]).ratio()

    short = name.casefold()[:_MAX_VALUE_LENGTH]
    return ", ".join(printable(other) for other in sorted(sorted(known), key=difference)[:_MAX_NAMES])


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``: did you mean release?``, or nothing if no known name is near."""
    near = nearest(name, known)
    return f": did you mean {near}?" if near else ""
