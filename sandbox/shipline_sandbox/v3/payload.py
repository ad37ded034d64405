"""Validation of a v3 release, release file or webhook."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import request

from shipline_sandbox.answers import Refused
from shipline_sandbox.request_context import json_body, note_unknown

if TYPE_CHECKING:
    from collections.abc import Callable

_VERSION = re.compile(r"[0-9]+(\.[0-9]+){1,3}")
_MAX_NAME, _MAX_NOTES, _MAX_URL = 256, 4096, 2048

RELEASE_REQUIRED = ("name", "version", "channel", "productId")
FILE_REQUIRED = ("name", "url", "size", "secured", "releaseId")
CATALOG_REQUIRED = ("name", "displayName")
WEBHOOK_REQUIRED = ("name", "url", "events")


def read(checks: dict[str, Callable[[Any], str | None]], required: tuple[str, ...]) -> dict[str, Any]:
    """Return the known members of the JSON body. Raises Refused: 415 (another type), 400 (missing or invalid)."""
    if request.mimetype != "application/json":
        raise Refused(415, "The content type must be application/json.")
    try:
        body = json_body()
    except ValueError:
        raise Refused(400, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    note_unknown([name for name in body if name not in checks], checks)
    for name in required:
        if body.get(name) is None:
            raise Refused(400, f"{name} is required.")
    given = {name: value for name, value in body.items() if name in checks}
    for name, value in given.items():
        if problem := checks[name](value):
            code = "INVALID_RELEASE_VERSION_FORMAT" if name == "version" else ""
            raise Refused(400, f"{name} {problem}.", code=code)
    return given


def _text(most: int, least: int = 1) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, str) and least <= len(value) <= most
        return None if fits else f"must be a string of {least} to {most} characters"

    return check


def _version(value: Any) -> str | None:
    fits = isinstance(value, str) and _VERSION.fullmatch(value)
    return None if fits else "must be of the form x.x, x.x.x or x.x.x.x"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _names(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    return None if fits else "must be a list of strings"


def _notes(value: Any) -> str | None:
    return None if value is None else _text(_MAX_NOTES, 0)(value)


def _date(value: Any) -> str | None:
    try:
        fits = datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        fits = False
    return None if fits else "must be a date-time with an offset"


def _url(value: Any) -> str | None:
    fits = isinstance(value, str) and re.match(r"https?://[^/\s]", value) and len(value) <= _MAX_URL
    return None if fits else f"must be an absolute URL of at most {_MAX_URL} characters"


def _size(value: Any) -> str | None:
    return None if type(value) is int and 0 <= value < 2**63 else "must be a whole number"


def _checksum(value: Any) -> str | None:
    return None if value is None else _text(_MAX_NAME, 0)(value)


RELEASE: dict[str, Callable[[Any], str | None]] = {
    "name": _text(_MAX_NAME),
    "version": _version,
    "channel": _text(_MAX_NAME),
    "platforms": _names,
    "private": _flag,
    "notes": _notes,
    "productId": _text(_MAX_NAME),
    "createdAt": _date,
}
FILE: dict[str, Callable[[Any], str | None]] = {
    "name": _text(_MAX_NAME),
    "url": _url,
    "size": _size,
    "checksum": _checksum,
    "secured": _flag,
    "releaseId": _text(_MAX_NAME),
}
CATALOG: dict[str, Callable[[Any], str | None]] = {
    "name": _text(_MAX_NAME),
    "displayName": _text(_MAX_NAME),
    "description": _text(_MAX_NAME, 0),
    "productIds": _names,
}
WEBHOOK: dict[str, Callable[[Any], str | None]] = {
    "name": _text(_MAX_NAME),
    "url": _url,
    "token": _text(_MAX_NAME, 0),
    "active": _flag,
    "events": _names,
}
