"""Secrets, and the one place that keeps them out of everything written."""

from __future__ import annotations

import base64
import functools
import json
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

# Shorter ones would blank out ordinary words.
_SHORTEST_FORM = 6
HIDDEN = "***"


class Secret:
    """A key or token. Its text is reachable only by ``reveal``; printing it shows ``***``."""

    __slots__ = ("_text", "name")

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self.name = name  # where it came from: the variable's or input's name

    def reveal(self) -> str:
        return self._text

    @property
    def malformed(self) -> str:
        """Why it can't be a key; empty if it can."""
        if all("!" <= char <= "~" for char in self._text):
            return ""
        return "has a space, a line break or another character that no key has: copy the key again"

    def __repr__(self) -> str:
        return f"Secret({self.name}: {HIDDEN})"

    __str__ = __repr__


class Redactor:
    """Replaces every registered secret, in each form that requests, shells and JSON can give it."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._variants: set[str] = set()
        self._encoded: set[str] = set()  # base64, which a URL or JSON may escape once more
        self._news: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()  # a pattern of before must not come after a secret of now

    def register(self, secret: Secret) -> None:
        with self._lock:
            self._register(secret.reveal())

    def _register(self, raw: str) -> None:
        if raw in self._secrets:
            return  # a fleet has the same keys for each of its products
        fresh = {form for form in variants(raw) if form == raw or len(form) >= _SHORTEST_FORM} - self._variants - {""}
        self._news += sorted(fresh, key=len, reverse=True)
        self._variants |= fresh
        self._secrets |= {raw} - {""}
        self._encoded |= {form for form in base64_forms(raw) if len(form) >= _SHORTEST_FORM}
        self._pattern = None

    def news(self) -> list[str]:
        """The forms registered since the last call: for a CI system that hides what it is told to."""
        news, self._news = self._news, []
        return news

    def __call__(self, text: str) -> str:
        if not self._secrets:
            return text
        pattern = self._pattern
        if pattern is None:
            with self._lock:
                pattern = self._pattern = self._compiled()
        return pattern.sub(HIDDEN, text)

    def _compiled(self) -> re.Pattern[str]:
        """Once for all that are registered together: it costs more than everything else here."""
        patterns = [any_form(secret) for secret in sorted(self._secrets, key=len, reverse=True)]
        patterns += (
            any_form(form) if form in self._encoded else re.escape(form)
            for form in sorted(self._variants | self._encoded, key=len, reverse=True)
        )
        return re.compile("|".join(patterns))


def any_form(text: str) -> str:
    """A pattern for ``text``, however each of its characters is escaped.

    For URLs (once or more, in upper or lower case), JSON, Python, HTML or a shell, all alike or each in another way.
    Repetitions are bounded: no text makes it slow.
    """
    return "".join(char if char.isascii() and char.isalnum() else _any_form_of(char) for char in text)


@functools.cache
def _any_form_of(char: str) -> str:
    return f"(?:{'|'.join(_forms(char))})"


def _forms(char: str) -> Iterator[str]:
    """What stands for a character."""
    encoded = char.encode("utf-8", "surrogatepass")
    yield "".join(f"%(?:25){{0,4}}{_hex(f'{byte:02x}')}" for byte in encoded)
    yield rf"\\{{1,9}}u{_hex(f'{ord(char):04x}')}"
    if ord(char) <= _LAST_BYTE:
        yield rf"\\{{1,9}}x{_hex(f'{ord(char):02x}')}"
    names = _NAMED[char] if char in _NAMED else _html_names().get(char, [])
    number = rf"#0{{0,9}}{ord(char)};|#[xX]0{{0,9}}{_hex(f'{ord(char):x}')};"
    yield f"&(?:amp;){{0,4}}(?:{'|'.join([number, *names])})"
    yield from _SHORT.get(char, ())
    yield rf"\\{{0,9}}{re.escape(char)}"  # last: % and & also begin the others


@functools.cache
def _html_names() -> dict[str, list[str]]:
    """HTML's names of each character."""
    from html.entities import html5

    names: dict[str, list[str]] = {}
    for name, value in html5.items():
        if name.endswith(";"):
            names.setdefault(value, []).append(name)
    return names


def _hex(digits: str) -> str:
    """These digits in upper or lower case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)


_HTML = {ord(char): entity for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))}
# Of what most keys have beside letters and digits: HTML's two thousand names aren't loaded for it.
_NAMED: dict[str, list[str]] = {
    "-": [],
    ".": ["period;"],
    "_": ["lowbar;", "UnderBar;"],
    "+": ["plus;"],
    "/": ["sol;"],
    "=": ["equals;"],
}
_LAST_BYTE = 0xFF
# As forms write a space, JSON a line break, and shells a quote within quotes.
_SHORT = {
    " ": [r"\+"],
    "\n": [r"\\{1,9}n"],
    "\r": [r"\\{1,9}r"],
    "\t": [r"\\{1,9}t"],
    "'": [r"'\\''", "'\"'\"'"],
}


def variants(text: str) -> set[str]:
    """The forms in which ``text`` most often turns up in a log: for those that can only be told texts to hide."""
    raw = _bytes(text)
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    quoted |= {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), form) for form in quoted}
    forms = {text, text.strip(), *quoted, repr(text)[1:-1]}
    forms |= {quote(form, safe=safe) for form in quoted for safe in ("", "/")}
    forms |= {text.translate({**_HTML, ord("'"): quote_mark}) for quote_mark in ("&#x27;", "&#39;", "&apos;")}
    # As shells write them: 'it'\''s', 'it'"'"'s', it\'s.
    forms |= {text.replace("'", "'\\''"), text.replace("'", "'\"'\"'"), re.sub(r"([^\w@%+=:,./-])", r"\\\1", text)}
    forms |= {
        json.dumps(text)[1:-1],
        json.dumps(text)[1:-1].replace("/", "\\/"),
        json.dumps(text, ensure_ascii=False)[1:-1],
    }
    forms |= {quote(raw, safe=safe) for safe in ("+", "=", "+/", "+=", "/=", "+/=")}
    forms |= {_escaped(text, form) for form in (r"\u{:04x}", r"\u{:04X}", "&#{};", "&#x{:x};", "&#x{:X};")}
    return forms | base64_forms(text)


def _bytes(text: str) -> bytes:
    """Variables may hold bytes that aren't UTF-8, for which Python puts surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


_URL_SAFE = str.maketrans("+/", "-_")


def _escaped(text: str, form: str) -> str:
    """Everything but letters and digits as other servers escape it in JSON and HTML."""
    return "".join(c if c.isalnum() else form.format(ord(c)) for c in text)


def base64_forms(text: str) -> set[str]:
    """Base64, in both alphabets, of the text at each of three offsets in a longer one.

    Without the characters that neighbours change.
    """
    raw, forms = _bytes(text), set[str]()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        start = (0, 2, 3)[offset]
        whole = (len(raw) + offset) * 8 // 6
        forms |= {encoded[start:whole], encoded[start:whole].translate(_URL_SAFE)}
    return forms


redact = Redactor()
"""The process's redactor: everything written goes through it."""
