"""Secrets, and the one place that removes them from everything that is written.

Two mechanisms find a secret. A CI system masks literal texts: it gets the forms in which a secret most often appears in
a log (``variants``). What Shipline itself writes is searched as it is, and again with its escapes undone, level by
level (``Redactor``): this finds a secret however each of its characters is escaped, in any mixture, which no list of
texts could. Only in a mixture may a backslash that is part of the secret be taken for the escape of its neighbor.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from shipline.escapes import ESCAPES, character, origin_of

_MIN_LENGTH = 6  # characters; shorter forms and passwords would blank out ordinary words
HIDDEN = "***"


class Secret:
    """A key or token. Its text is reachable only by ``reveal``; printing it shows ``***``."""

    __slots__ = ("_text", "name")

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self.name = name  # of the variable or input that it came from

    def reveal(self) -> str:
        """The secret itself."""
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
        self._secrets: dict[str, str] = {}  # where each comes from
        self._variants: set[str] = set()
        self._unmasked: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._beginnings = re.compile("(?!)")
        self._longest = 0  # characters of a secret of which each is escaped
        self._lock = threading.Lock()  # an older pattern must not replace a newer one

    def register(self, secret: Secret) -> None:
        """Hide this secret from now on."""
        raw = secret.reveal()
        with self._lock:
            if not raw or raw in self._secrets:
                return  # the products of a fleet share their keys
            fresh = {form for form in variants(raw) if form == raw or len(form) >= _MIN_LENGTH} - self._variants
            self._unmasked += sorted(fresh, key=len, reverse=True)
            self._variants |= fresh
            self._secrets[raw] = secret.name
            self._pattern = None

    def unmasked_forms(self) -> list[str]:
        """The forms registered since the last call, longest first, for a CI system that masks literal texts."""
        forms, self._unmasked = self._unmasked, []
        return forms

    def __call__(self, text: str) -> str:
        """Return the text with ``***`` for each secret."""
        if not self._secrets:
            return text
        shown, position = [], 0
        for start, end in self._found(text):
            shown += [text[position:start], HIDDEN]
            position = end
        return "".join((*shown, text[position:])) if shown else text

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Where secrets are in the text: starts and ends, in order, without overlaps."""
        pattern = self._pattern
        if pattern is None:
            with self._lock:
                pattern, self._beginnings, self._longest = self._compiled()
                self._pattern = pattern
        spans = self._spans(pattern, text)
        # What stands before a secret can make an escape of its first characters: the % of "%0000123".
        for start in (match.end() for match in self._beginnings.finditer(text)):
            alone = self._spans(pattern, text[start : start + self._longest])
            spans += [(start, start + end) for begin, end in alone if begin == 0]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            elif start < end:
                merged.append((start, end))
        return merged

    @staticmethod
    def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
        """Where secrets are in the text as it is, and with its escapes undone."""
        spans = [match.span() for match in pattern.finditer(text)]
        backslashes = False
        for escape in ESCAPES:
            if escape is ESCAPES[1] and not backslashes:
                break  # it would find the same
            plain = text
            for level in range(1, _MAX_LEVELS + 1):
                backslashes = backslashes or "\\" in plain
                if not escape.search(plain):
                    break
                plain = escape.sub(character, plain)
                if pattern.search(plain):
                    origin = origin_of(escape, text, level)
                    spans += [(origin[match.start()], origin[match.end()]) for match in pattern.finditer(plain)]
        return spans

    def source_in(self, text: str) -> str:
        """Where a secret that ``text`` contains comes from (a variable or an input); empty: it contains none."""
        if self(text) == text:
            return ""
        return next((name for raw, name in self._secrets.items() if raw in text), "a key or password")

    def _compiled(self) -> tuple[re.Pattern[str], re.Pattern[str], int]:
        """For all secrets that are registered together: what finds them, their beginnings, an escaped one's length."""
        found = {needle for text in self._secrets for needle in needles(text)}
        # Only one with other characters too is ever escaped in part.
        beginnings = {match[1] for text in self._secrets if (match := re.match(r"([0-9A-Za-z]+)[^0-9A-Za-z]", text))}
        return (
            re.compile("|".join(sorted(found, key=len, reverse=True))),
            re.compile(rf"[%\\&][\\0-9A-Za-z#;]{{0,8}}(?=(?:{'|'.join(beginnings) or '(?!)'})(?![0-9A-Za-z]))"),
            _LONGEST_ESCAPE * max(map(len, self._secrets)),
        )


def needles(text: str) -> Iterator[str]:
    """Patterns for a secret without escapes, in base64 and in hexadecimal digits, which a log may break into lines."""
    for plain in _levels(text):
        if re.fullmatch(_HEX_KEY, plain):
            yield from _any_case(plain[0], re.escape(plain[1:]))
        else:
            rest = "".join(map(_needle, plain[1:]))
            yield from (f"{re.escape(first)}{rest}" for first in _forms(plain[0]))
    for form in base64_forms(text):
        if len(form) >= _MIN_LENGTH:
            yield r"\s*".join(map(re.escape, form))
    if len(text) >= _MIN_LENGTH:
        digits = r"[\s:]*".join(f"{byte:02x}" for byte in _bytes(text))
        yield from _any_case(digits[0], digits[1:])


def _any_case(first: str, rest: str) -> Iterator[str]:
    """Patterns in upper and lower case that each begin with a literal: ``re`` skips to those, and to nothing else."""
    yield from (f"{char}(?i:{rest})" for char in {first.lower(), first.upper()})


def _levels(text: str) -> Iterator[str]:
    """The secret, without the blanks around it, and without the escapes that are part of it, level by level."""
    yield text
    if len(text.strip()) >= _MIN_LENGTH:
        yield text.strip()
    for escape in ESCAPES:
        plain = text
        for _ in range(_MAX_LEVELS):
            before = plain
            plain = escape.sub(character, before)
            if plain == before or len(plain) < _MIN_LENGTH:
                break
            yield plain


def _needle(char: str) -> str:
    """A pattern for a character in any of its forms."""
    return re.escape(char) if char.isascii() and char != " " else f"(?:{'|'.join(map(re.escape, _forms(char)))})"


def _forms(char: str) -> set[str]:
    """The character: a space may be a plus, and one beyond ASCII its bytes, as undone percent-escapes leave them."""
    forms = {char, "+"} if char == " " else {char}
    for errors in ("surrogatepass", "surrogateescape") if not char.isascii() else ():
        with contextlib.suppress(UnicodeEncodeError):
            forms.add(char.encode("utf-8", errors).decode("latin-1"))
    return forms


_MAX_LEVELS = 5
_LONGEST_ESCAPE = 24  # characters: of one that was escaped again and again
_HEX_KEY = r"(?=.*[A-Fa-f])[0-9A-Fa-f-]{16,}"
_HTML = {ord(char): entity for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))}
_URL_SAFE = str.maketrans("+/", "-_")


def variants(text: str) -> set[str]:
    """The forms in which ``text`` most often appears in a log."""
    raw = _bytes(text)
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    quoted |= {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), form) for form in quoted}
    forms = {text, text.strip(), *quoted, repr(text)[1:-1]}
    forms |= {quote(form, safe=safe) for form in quoted for safe in ("", "/")}
    forms |= {quote(raw, safe=safe) for safe in ("+", "=", "+/", "+=", "/=", "+/=")}
    forms |= {text.translate({**_HTML, ord("'"): quote_mark}) for quote_mark in ("&#x27;", "&#39;", "&apos;")}
    # As shells write them: 'it'\''s', 'it'"'"'s', it\'s.
    forms |= {text.replace("'", "'\\''"), text.replace("'", "'\"'\"'"), re.sub(r"([^\w@%+=:,./-])", r"\\\1", text)}
    as_json = json.dumps(text)[1:-1]
    forms |= {as_json, as_json.replace("/", "\\/"), json.dumps(text, ensure_ascii=False)[1:-1]}
    forms |= {
        "".join(c if c.isalnum() else form.format(ord(c)) for c in text)
        for form in (r"\u{:04x}", r"\u{:04X}", "&#{};", "&#x{:x};", "&#x{:X};")
    }
    if len(text) >= _MIN_LENGTH:
        forms |= {raw.hex(), raw.hex().upper()}
    if re.fullmatch(_HEX_KEY, text):
        forms |= {text.lower(), text.upper()}
    return (forms | base64_forms(text)) - {""}


def _bytes(text: str) -> bytes:
    """The bytes of a variable, which may not be UTF-8: Python represents those by surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def base64_forms(text: str) -> set[str]:
    """Base64, in both alphabets, of the text at each of three offsets in a longer one.

    Without the characters that its neighbors change.
    """
    raw, forms = _bytes(text), set[str]()
    for offset, start in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()[start : (len(raw) + offset) * 8 // 6]
        forms |= {encoded, encoded.translate(_URL_SAFE)}
    return forms


redact = Redactor()
"""The process's redactor: everything written goes through it."""


_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
_CUTS = r"[#/?\\]"  # where an address ends for its parsers, unless they are escaped


def mask(environ: Mapping[str, str], redactor: Redactor = redact) -> None:
    """Hide the passwords of HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, in upper or lower case, from now on."""
    for name, address in environ.items():
        if name.lower() in _PROXY_VARIABLES:
            for text in _credentials(address):
                redactor.register(Secret(text, name))


def _credentials(address: str) -> Iterator[str]:
    """The parts of a proxy's address to hide, including each part of a password that ends the address early."""
    who, at, _ = re.sub(_SCHEME, "", address.strip(), count=1).rpartition("@")
    user, colon, password = who.partition(":")
    if colon:
        yield who + at  # no ordinary word, however short
    elif re.search(_CUTS, user):
        password = user
    for text in dict.fromkeys((password, unquote(password), *re.split(_CUTS, password))):
        if len(text) >= _MIN_LENGTH:
            yield text
