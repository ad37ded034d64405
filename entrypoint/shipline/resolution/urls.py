"""The services' own URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from shipline import values
from shipline.record import dataclass
from shipline.resolution import keys
from shipline.transport.redaction import Secret

if TYPE_CHECKING:
    from shipline.resolution.section import Section

_VARIABLE = "the variable SHIPLINE_CENTERCODE_API_KEY"
_ENDPOINT = re.compile(r"(?P<base>.*)/api/v1/projects/(?P<project>[^/]+)/releaseTypes/(?P<release_type>[^/]+)/?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Centercode's "API endpoint URL", taken apart. ``url`` is without /api/v1."""

    url: str
    project: str
    release_type: str
    key: Secret | None


def service_url(section: Section, name: str, *, suffix: str = "", may_be_http: bool | None = None) -> str:
    """A base URL without a slash or ``suffix`` at its end; empty, and a problem, if it isn't one.

    Plain HTTP leads only to this machine, unless ``may_be_http`` is true; None: the section has no such setting.
    """
    text = section.text(name)
    if text is None or not _is_base(section, name, text):
        return ""
    if values.in_the_clear(text):
        if may_be_http:
            section.warn("plain HTTP: everyone on the way can read the key and what is sent", name)
        else:
            what = "plain HTTP would show the key to everyone on the way: expected https://"
            section.complain(what if may_be_http is None else f"{what}, or allow-http: true", name)
    return text.rstrip("/").removesuffix(suffix).rstrip("/")


def endpoint(section: Section) -> Endpoint | None:
    """``endpoint-url`` taken apart, the key in its query taken out; None, and a problem, if it can't be.

    Source: Centercode release automation guide, "API Endpoint URL".
    """
    name = "endpoint-url"
    text = section.text(name)
    if text is None:
        return None
    bare, _, query = text.partition("?")
    match = _ENDPOINT.fullmatch(bare)
    expected = "expected a URL such as https://company.centercode.com/api/v1/projects/WidgetPro/releaseTypes/Firmware"
    if not match or "#" in text:
        section.complain(f"isn't the URL of a release type: {expected}", name)
        return None
    if not _is_base(section, name, bare):
        return None
    if values.in_the_clear(bare):
        section.complain("plain HTTP would show the key to everyone on the way: expected https://", name)
    if any(key.lower() != "apikey" for key, _ in parse_qsl(query, keep_blank_values=True)):
        section.complain(f"has more than a key after its question mark: {expected}", name)
    place = section.place(name)
    found = [Secret(key, str(place)) for key in keys.within(text)]
    if found and (place.line or place.source.startswith("--")):
        own = "a variable that key-env names" if isinstance(section.path[-1], int) else _VARIABLE
        seen = "which is masked" if place.line else "which other programs of this machine can read in a flag"
        section.warn(f"holds a key, {seen}: move it to {own}", name)
    project, release_type = (unquote(match[part]) for part in ("project", "release_type"))
    return Endpoint(match["base"], project, release_type, found[0] if found else None)


def _is_base(section: Section, name: str, text: str) -> bool:
    try:
        values.base_url(text)
    except ValueError as error:
        section.complain(str(error), name)
        return False
    return True
