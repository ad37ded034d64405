"""Bodies of requests and responses as the report shows them: readable, without secrets, of bounded length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shipline.display import escape_controls, redact_all

if TYPE_CHECKING:
    from shipline.transport.messages import Response


_MAX_LENGTH = 20_000  # characters
_MAX_PARSED = 65_536  # bytes
# What a summary shows of a response: what it made or found, and how that stands.
_SHOWN_MEMBERS = ("id", "number", "status", "published", "pipelineStageName")
_MAX_MEMBER_LENGTH = 100  # characters
_MAX_ITEMS = 3


def show(data: Any) -> str:
    """Return a body as a plan shows it: text as it is, anything else as JSON."""
    if data is None:
        return "(no body)"
    text = escape_controls(data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False))
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}\n… ({len(text)} characters)"


def of_response(response: Response) -> str:
    """Return a response's body as a person reads it; JSON is indented, unless it is large."""
    try:
        return show(redact_all(_parse(response)))
    except (ValueError, RecursionError):
        return show(response.text)


def summarize(response: Response) -> str:
    """Return the ids and states in a response in a few words; empty if it isn't JSON, or is large."""
    try:
        data = _parse(response)
    except (ValueError, RecursionError):
        return ""
    items = data if isinstance(data, list) else [data]
    if not items or len(items) > _MAX_ITEMS:
        return f"{len(items)} items"
    return "; ".join(filter(None, map(_summarize_item, items)))


def _parse(response: Response) -> Any:
    """Parse a body as JSON. Raises ValueError if it isn't JSON or too large, and RecursionError if it is too deep."""
    if len(response.body) > _MAX_PARSED:
        raise ValueError("too large")
    return json.loads(response.body)


def _summarize_item(item: Any) -> str:
    known = item if isinstance(item, dict) else {}
    values = [(name, known[name]) for name in _SHOWN_MEMBERS if isinstance(known.get(name), str | int)]
    shown = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in values]
    return ", ".join(f"{name} {text}" for name, text in shown if len(text) <= _MAX_MEMBER_LENGTH)
