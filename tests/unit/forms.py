"""The forms in which a key may turn up, made without the program's own redaction."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "percent-encoded": lambda key: quote(key, safe=""),
    "with the slash": quote,
    "in lower case": lambda key: _lower(quote(key, safe="")),
    "with the slash, in lower case": lambda key: _lower(quote(key)),
    "as JavaScript does": lambda key: quote(key, safe="!'()*"),
    "plus-encoded": quote_plus,
    "twice": lambda key: quote(quote(key, safe=""), safe=""),
    "twice, in lower case": lambda key: quote(_lower(quote(key, safe="")), safe=""),
    "three times": lambda key: quote(quote(quote(key, safe=""))),
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, slashes escaped": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)[1:-1])[1:-1],
    "JSON, percent-encoded": lambda key: json.dumps(quote(key))[1:-1],
    "JSON, all escaped": lambda key: "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in key),
    "repr": lambda key: repr(key)[1:-1],
    "repr of bytes": lambda key: repr(key.encode())[2:-1],
    "HTML": html.escape,
    "HTML, quotes kept": lambda key: html.escape(key, quote=False),
    "HTML twice": lambda key: html.escape(html.escape(key)),
    "HTML, all escaped": lambda key: "".join(c if c.isalnum() else f"&#x{ord(c):02X};" for c in key),
    "a shell's": shlex.quote,
    "a shell's, by backslashes": lambda key: re.sub(r"([^A-Za-z0-9])", r"\\\1", key),
    "base64": lambda key: _base64(key, 0),
    "base64, one after": lambda key: _base64("u" + key, 2),
    "base64, two after": lambda key: _base64("u:" + key, 3),
    "base64 of user:key": lambda key: _base64(f"user:{key}", 7),
    "base64 for URLs": lambda key: _base64(key, 0).translate(str.maketrans("+/", "-_")),
}


def _lower(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), text)


def _base64(text: str, start: int) -> str:
    """The characters that the key alone decides."""
    return base64.b64encode(text.encode()).decode()[start : len(text.encode()) * 8 // 6]
