"""The URLs of services in the config."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote

from shipline import values
from shipline.pipeline import secrets
from shipline.redaction import Secret

if TYPE_CHECKING:
    from shipline.pipeline.section import Section


_VARIABLE = "the variable SHIPLINE_CENTERCODE_API_KEY"
_ENDPOINT = re.compile(r"(?P<base>.*)/api/v1/projects/(?P<project>[^/]+)/releaseTypes/(?P<release_type>[^/]+)/?")


class Endpoint(NamedTuple):
    """The parts of Centercode's "API endpoint URL". ``url`` is without /api/v1."""

    url: str
    project: str
    release_type: str
    key: Secret | None


def service_url(section: Section, name: str, *, suffix: str = "", may_be_http: bool | None = None) -> str:
    """The base URL of a service without ``suffix``, as ``values.service_url`` checks it; empty if it has a problem."""
    text = section.text(name)
    if text is None:
        return ""
    checked = values.service_url(text, suffix=suffix, allow_http=may_be_http)
    if checked.problem:
        section.complain(checked.problem, name)
    if checked.warning:
        section.warn(checked.warning, name)
    return checked.base


def endpoint(section: Section) -> Endpoint | None:
    """The parts of ``endpoint-url``; None, and a problem, if it isn't one.

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
    checked = values.service_url(bare)
    if checked.problem:
        section.complain(checked.problem, name)
    if not checked.base:
        return None
    if any(key.lower() != "apikey" for key, _ in parse_qsl(query, keep_blank_values=True)):
        section.complain(f"has more than a key after its question mark: {expected}", name)
    location = section.document.location((*section.path, name))
    found = [Secret(key, str(location)) for key in secrets.keys_in_query(text)]
    if found and (location.line or location.source.startswith("--")):
        own = "a variable that key-env names" if isinstance(section.path[-1], int) else _VARIABLE
        seen = "which is masked" if location.line else "which other programs of this machine can read in a flag"
        section.warn(f"holds a key, {seen}: move it to {own}", name)
    project, release_type = (unquote(match[part]) for part in ("project", "release_type"))
    return Endpoint(match["base"], project, release_type, found[0] if found else None)
