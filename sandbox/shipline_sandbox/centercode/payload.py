"""Validation of a Centercode release: types, dates and sizes, with each fault named as the service names it."""

from __future__ import annotations

import re
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from shipline_sandbox.answers import INVALID_REQUEST, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline_sandbox.request_context import RequestContext

_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,7})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_UNITS = ("Bytes", "KB", "MB", "GB")
_TEXTS = ("title", "subtitle", "releaseValue", "body")
_DATES = ("startDate", "endDate")
_LINK_FLAGS = ("openInNewWindow", "includeInDownloadBlock", "logDownloadAttempts")
_MEMBERS = {*_TEXTS, *_DATES, "isClickThroughNotice", "ftpBucketFiles", "links"}
_LINK_MEMBERS = {"label", "url", "size", "sizeUnit", *_LINK_FLAGS}
KNOWN_MEMBERS = {*_MEMBERS, *_LINK_MEMBERS, "fileName"}


def unknown_members(payload: dict[str, Any]) -> list[str]:
    """Return the paths of members that no release has."""
    found = [name for name in payload if name not in _MEMBERS]
    for name, known in (("links", _LINK_MEMBERS), ("ftpBucketFiles", {"fileName"})):
        entries = payload.get(name)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict):
                found += [f"{name}[{index}].{member}" for member in entry if member not in known]
    return found


def normalize_date(text: str) -> str | None:
    """Return the date as the service repeats it: ``yyyy-MM-ddTHH:mm:ss±hhmm`` with the same offset; None if invalid.

    It accepts ``Z``, ``±hh:mm`` and ``±hhmm``, and drops fractions. Source: API reference, Project Release, request and
    response examples.
    """
    match = _DATE.fullmatch(text)
    if not match:
        return None
    offset = "+0000" if match[2] == "Z" else match[2].replace(":", "")
    try:
        datetime.strptime(match[1] + offset, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return match[1] + offset


def check(payload: dict[str, Any], context: RequestContext, bucket: list[str]) -> dict[str, Any]:
    """Return the release as it is stored: known members, normalized dates. Raises Refused (400) naming every fault."""
    faults = _Faults()
    release: dict[str, Any] = {name: payload[name] for name in _MEMBERS if payload.get(name) is not None}
    required = _TEXTS[:1] if context.switches["required_members"] == "title" else ("title", "releaseValue")
    for name in required:
        if not release.get(name):
            faults.add(name, f"A {name} is required.")
    for name in _TEXTS:
        faults.expect(name, release, lambda v: isinstance(v, str), "must be a string")
    faults.expect(
        "isClickThroughNotice", release, lambda v: isinstance(v, bool), "must be true or false, without quotes"
    )
    _check_dates(release, faults, may_end_first=context.switches["end_before_start"] == "accept")
    _check_files(release, faults, bucket, may_miss=context.switches["missing_bucket_file"] == "processing")
    _check_links(release, faults)
    if faults.found:
        raise Refused(400, INVALID_REQUEST, parameters=faults.found)
    return release


def is_in_bucket(name: str, bucket: list[str]) -> bool:
    """Return whether the bucket has this file; ``*`` in the bucket matches any name."""
    return any(fnmatchcase(name, pattern) for pattern in bucket)


class _Faults:
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, path: str, description: str) -> None:
        """Add a fault; ``links[0].sizeUnit`` is reported as ``Links[0].SizeUnit``."""
        self.found.append((".".join(part[:1].upper() + part[1:] for part in path.split(".")), description))

    def expect(
        self, name: str, holder: dict[str, Any], fits: Callable[[Any], bool], expected: str, prefix: str = ""
    ) -> None:
        if name in holder and not fits(holder[name]):
            self.add(prefix + name, f"{name} {expected}.")


def _check_dates(release: dict[str, Any], faults: _Faults, *, may_end_first: bool) -> None:
    for name in _DATES:
        if name not in release:
            continue
        date = normalize_date(release[name]) if isinstance(release[name], str) else None
        if date is None:
            clock = "on the 24-hour clock and with its zone, not with AM or PM"
            faults.add(name, f"{name} must be a date such as 2026-01-31T12:00:00Z, {clock}.")
            del release[name]
        else:
            release[name] = date
    if len(release.keys() & set(_DATES)) == len(_DATES) and not may_end_first:
        start, end = (datetime.strptime(release[name], "%Y-%m-%dT%H:%M:%S%z") for name in _DATES)
        if end <= start:
            faults.add("endDate", "endDate must be after startDate.")


def _check_files(release: dict[str, Any], faults: _Faults, bucket: list[str], *, may_miss: bool) -> None:
    for path, entry in _entries("ftpBucketFiles", release, faults):
        name = entry.get("fileName")
        if not isinstance(name, str) or not name:
            faults.add(f"{path}.fileName", "A fileName is required.")
        elif not may_miss and not is_in_bucket(name, bucket):
            faults.add(f"{path}.fileName", "No such file.")


def _check_links(release: dict[str, Any], faults: _Faults) -> None:
    for path, link in _entries("links", release, faults):
        prefix = f"{path}."
        if not link.get("url"):
            faults.add(f"{path}.url", "A url is required.")
        for name in ("label", "url"):
            faults.expect(name, link, lambda v: isinstance(v, str), "must be a string", prefix)
        faults.expect("size", link, lambda v: type(v) is int and v >= 0, "must be a whole number", prefix)
        faults.expect("sizeUnit", link, lambda v: v in _UNITS, f"must be one of {', '.join(_UNITS)}", prefix)
        for name in _LINK_FLAGS:
            faults.expect(name, link, lambda v: isinstance(v, bool), "must be true or false, without quotes", prefix)


def _entries(name: str, release: dict[str, Any], faults: _Faults) -> list[tuple[str, dict[str, Any]]]:
    entries = release.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        faults.add(name, f"{name} must be a list of objects.")
        return []
    return [(f"{name}[{index}]", entry) for index, entry in enumerate(entries)]
