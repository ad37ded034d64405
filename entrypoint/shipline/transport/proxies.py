"""The passwords in the addresses of proxies, which only the environment holds: kept out of everything written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from shipline.transport.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CUTS = re.compile(r"[#/?\\]")  # where an address ends for its readers, unless they are escaped
_SHORTEST = 6  # characters; shorter ones would blank out ordinary words


def mask(environ: Mapping[str, str]) -> None:
    """Hide the passwords of HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, in upper or lower case, from now on."""
    for name, address in environ.items():
        if name.lower() in _VARIABLES:
            for text in _credentials(address):
                redact.register(Secret(text, name))


def _credentials(address: str) -> Iterator[str]:
    """What must not be shown of it, such as each part of a password that cuts the address off."""
    who, at, _ = _SCHEME.sub("", address.strip(), count=1).rpartition("@")
    user, colon, password = who.partition(":")
    if colon:
        yield who + at  # no ordinary word, however short
    elif _CUTS.search(user):
        password = user
    for text in dict.fromkeys((password, unquote(password), *_CUTS.split(password))):
        if len(text) >= _SHORTEST:
            yield text
