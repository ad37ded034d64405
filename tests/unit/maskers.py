"""What the CI systems' own maskers hide of a key, ported from their sources, and the forms that a key takes in a log.

The oracles for "what they would miss, we mask", and for the table in docs/security.md.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CANARIES = (
    "sandbox-plain-0123456789",
    "sandbox-aB+c/d==e%F0",
    'sandbox-"quoted"+key/1=',
    "sandbox-it's%2Fa/key=+",
    "sandbox-a<b>&c;d$e^f~g",
    "sandbox-back\\slash/2==",
    "27d6f2a05c5e4b8e9d430d1a9d6f6c11",
)
SHORTEST_LEFT = 6  # characters; fewer of a key are no use to anybody


def github(key: str) -> set[str]:
    """actions/runner, HostContext.cs and ValueEncoders.cs; without the PowerShell encoders, which hide parts."""
    raw = key.encode()
    forms = {base64.b64encode(raw[shift:]).decode() for shift in range(3)}
    forms |= {key.replace('"', '\\"'), key.replace("'", "''"), json.dumps(key, ensure_ascii=False)[1:-1]}
    return forms | {key, quote(key, safe=""), xml(key)}


def gitlab(key: str) -> set[str]:
    """gitlab-runner, buildlogger/internal/masker/masker.go: the value, byte by byte."""
    return {key}


def jenkins(key: str) -> set[str]:
    """credentials-binding, masking/*SecretPatternFactory.java: literal, base64, and as each shell shows it."""
    forms = {key, key.replace("'", "'\\''"), re.sub(r"\\(\\?)", r"\1", key)}
    forms |= {re.sub(r"'+", lambda quotes: f"'\"{quotes[0]}\"'", key), key.replace("$", "$$")}
    forms |= {re.sub(r"\^(\^?)", r"\1", key)}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"a" * shift + key.encode()).decode()[2 * shift :]
            padding = len(whole) - len(whole.rstrip("="))
            forms |= {whole, whole[: -padding - 1] if padding else whole}
    return forms


MASKERS: dict[str, Callable[[str], set[str]]] = {"GitHub": github, "GitLab": gitlab, "Jenkins": jenkins}


def xml(text: str) -> str:
    return html.escape(text).replace("&#x27;", "&apos;")


def _lower(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _each(text: str, form: str) -> str:
    """Everything but letters and digits in ``form``."""
    return "".join(c if c.isalnum() else form.format(ord(c)) for c in text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS: dict[str, Callable[[str], Iterable[str]]] = {
    "as it is": lambda key: [key],
    "percent-encoded: `%2B`, `%2F`": lambda key: [quote(key, safe="")],
    "percent-encoded, `/` kept": lambda key: [quote(key)],
    "percent-encoded, `+` or `=` kept": lambda key: [quote(key, safe=s) for s in ("+", "=", "+/", "+=", "/=", "+/=")],
    "percent-encoded in lower case: `%2b`": lambda key: [_lower(quote(key, safe=safe)) for safe in ("", "/")],
    "percent-encoded twice: `%252B`": lambda key: [
        quote(quote(key, safe=safe), safe=again) for safe in ("", "/") for again in ("", "/")
    ],
    "percent-encoded in lower case, then again: `%252b`": lambda key: [
        quote(_lower(quote(key, safe=safe)), safe=again) for safe in ("", "/") for again in ("", "/")
    ],
    "JSON": lambda key: [json.dumps(key)],
    "JSON with `\\/`": lambda key: [json.dumps(key).replace("/", "\\/")],
    "JSON with `\\u002b`": lambda key: [_each(key, r"\u{:04x}"), _each(key, r"\u{:04X}")],
    "Python's repr": lambda key: [repr(key)],
    "HTML": lambda key: [html.escape(key), html.escape(key).replace("&#x27;", "&#39;")],
    "HTML with `&#43;` or `&#x2b;`": lambda key: [_each(key, form) for form in ("&#{};", "&#x{:x};", "&#x{:X};")],
    "XML": lambda key: [xml(key)],
    "quoted for a shell": lambda key: [
        shlex.quote(key),
        f"'{key.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'",
        re.sub(r"([^\w@%+=:,./-])", r"\\\1", key),
    ],
    "base64": lambda key: [_base64(key)],
    "base64 of `user:key`": lambda key: [_base64(f"{user}:{key}") for user in ("", "u", "us")],
    "base64 of `key:x` and `user:key:x`": lambda key: [_base64(f"{user}{key}:x") for user in ("", ":", "u:", "us:")],
    "hexadecimal digits": lambda key: [key.encode().hex(), key.encode().hex().upper()],
    "a hexadecimal key in the other letter case": lambda key: [key.upper()] if re.fullmatch("[0-9a-f]+", key) else [],
    "base64 for URLs": lambda key: [
        base64.urlsafe_b64encode(f"{user}{key}{more}".encode()).decode()
        for user in ("", ":", "u:")
        for more in ("", ":x")
    ],
}
"""How a key can turn up in a log: the form's name, and the texts."""


def hidden(forms: Iterable[str], text: str) -> bool:
    """Whether no usable part of ``text`` is left when the forms in it have been replaced."""
    pattern = "|".join(re.escape(form) for form in sorted({*forms} - {""}, key=len, reverse=True))
    return not left(re.split(pattern, text))


def left(parts: Iterable[str]) -> list[str]:
    """Of what is around the masks, what is long enough to be used; base64 is padded with ``=``."""
    return [part for part in parts if len(part.rstrip("=")) >= SHORTEST_LEFT]


def verdict(masker: Callable[[str], Iterable[str]], form: Callable[[str], Iterable[str]]) -> str:
    """``yes``, ``no``, or for ``some`` of the keys."""
    found = {hidden(masker(key), text) for key in CANARIES for text in form(key) if text.strip("\"'") != key}
    found = found or {hidden(masker(key), key) for key in CANARIES}
    return "some" if len(found) > 1 else "yes" if True in found else "no"
