"""The request log: what was requested, without keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import g, request

from shipline_sandbox import clock, received
from shipline_sandbox.request_context import is_known

if TYPE_CHECKING:
    from shipline_sandbox.answers import Refused
    from shipline_sandbox.store import Doc, Session

KEY_PARAMETERS = frozenset({"apikey", "key", "api_key", "token"})
_SHORTEST_KEY = 8


def write(session: Session, service: str, status: int, fault: str | None) -> None:
    """Add the current request, without any key."""
    size = _size(service)
    entry: Doc = {
        "time": clock.milliseconds(clock.now(session)),
        "service": service,
        "operation": operation(),
        "method": request.method,
        "path": request.path,
        "query": _without_keys(request.args.to_dict(flat=False)),
        "body": _body() if size is None else {"bytes": size},
        "status": status,
        "unknown_members": g.unknown_members,
        "nearest_members": g.nearest,
        "content_type": request.mimetype or None,
        "key": _key(),
        "refusal": _refusal() if fault is None else None,
        "fault": fault,
    }
    session.add("request", _scrubbed(entry))


def operation() -> str | None:
    """Return the operation's name: the vendor's heading in kebab-case."""
    return request.endpoint.rpartition(".")[2] if request.endpoint else None


def _key() -> str | None:
    """Return whether the keys of the request were ``sandbox`` keys or ``other``; None without a key."""
    if not g.presented_keys:
        return None
    return "sandbox" if all(is_known(key) for key in g.presented_keys) else "other"


def _refusal() -> Doc | None:
    refused: Refused | None = g.refusal
    if refused is None:
        return None
    parameters = [{"name": name, "description": text} for name, text in refused.parameters]
    return {"message": refused.message, "parameters": parameters, "allow": refused.allow}


def _without_keys(values: dict[str, list[str]]) -> Doc:
    kept = {name: value for name, value in values.items() if name.lower() not in KEY_PARAMETERS}
    return {name: value[0] if len(value) == 1 else value for name, value in kept.items()}


def _size(service: str) -> int | None:
    """Return the size of a body that is a file; None for other bodies."""
    if received.is_streamed():
        return g.received.size if g.received else 0
    return len(request.get_data()) if service == "files" else None


def _body() -> Any:
    if request.mimetype == "application/x-www-form-urlencoded" and request.form:
        return _without_keys(request.form.to_dict(flat=False))
    raw = request.get_data()
    if not raw:
        return None
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        return {"bytes": len(raw)}
    if isinstance(parsed, dict):
        return {name: value for name, value in parsed.items() if name.lower() not in KEY_PARAMETERS}
    return parsed


def _scrubbed(entry: Doc) -> Doc:
    text = json.dumps(entry)
    given = request.headers.get(
        "Authorization", ""
    )  # also a key without its scheme, or for a service that expects none
    for key in sorted({*g.presented_keys, given, given.partition(" ")[2]}, key=len, reverse=True):
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(json.dumps(key)[1:-1], "(key)")
    scrubbed: Doc = json.loads(text)
    return scrubbed
