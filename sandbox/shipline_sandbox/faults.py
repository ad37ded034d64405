"""Fault injection: rules that make the next matching request fail, before or after it takes effect."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shipline_sandbox.store import Doc, Session

_KINDS = ("status", "html", "empty", "delay")
_MEMBERS = {"service", "operation", "times", "when", "kind", "status", "headers", "body", "seconds"}
_HTML = "<!DOCTYPE html><html><head><title>Please wait</title></head><body><h1>The wrong page</h1></body></html>"


def add(session: Session, rules: Iterable[Mapping[str, Any]]) -> None:
    """Add rules ``{service?, operation?, times: 1, when: before|after_apply, kind: status|html|empty|delay, …}``.

    ``times: null`` means always. Raises ValueError for a rule that can't have an effect.
    """
    for rule in rules:
        session.add("fault", _checked(rule))


def _checked(given: Mapping[str, Any]) -> Doc:
    if unknown := set(given) - _MEMBERS:
        raise ValueError(f"fault: unknown member {', '.join(sorted(unknown))}; there are {', '.join(sorted(_MEMBERS))}")
    rule: Doc = {"times": 1, "when": "before", "kind": "status", "status": 503, "headers": {}, "body": "", "seconds": 1}
    rule |= given
    if rule["kind"] not in _KINDS:
        raise ValueError(f"fault: kind {rule['kind']!r} is not one of {', '.join(_KINDS)}")
    if rule["when"] not in {"before", "after_apply"}:
        raise ValueError(f"fault: when {rule['when']!r} is not before or after_apply")
    if rule["times"] is not None and (type(rule["times"]) is not int or rule["times"] < 1):
        raise ValueError("fault: times is a number from 1, or null for always")
    if type(rule["status"]) is not int or not 200 <= rule["status"] <= 599:  # noqa: PLR2004 - HTTP's range
        raise ValueError("fault: status is a number from 200 to 599")
    return rule


def take(session: Session, service: str, operation: str | None, when: str) -> Doc | None:
    """Return the first rule that matches this request, and count it down."""
    for rule in session.all("fault"):
        fits = rule["when"] == when and rule.get("service") in {None, service}
        if not fits or rule.get("operation") not in {None, operation}:
            continue
        if rule["times"] is not None:
            rule["times"] -= 1
            session.save("fault", rule) if rule["times"] else session.drop("fault", rule["id"])
        return rule
    return None


def apply(rule: Doc) -> Response | None:
    """Return the response that replaces the real one; None if the real one is only late."""
    match rule["kind"]:
        case "delay":
            time.sleep(rule["seconds"])
            return None
        case "html":
            return Response(_HTML, 200, content_type="text/html; charset=utf-8")
        case "empty":
            return Response(b"", 200)
        case _:
            return Response(rule["body"], rule["status"], headers=rule["headers"])
