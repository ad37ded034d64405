"""Checks of every Centercode endpoint: the key, the endpoint's own key, content type, body, ``find``.

Source: Centercode API reference, "Access" and "Errors".
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import request

from shipline_sandbox.answers import INVALID_REQUEST, Refused
from shipline_sandbox.centercode import queue
from shipline_sandbox.request_context import RequestContext, current, is_known, json_body, present_key

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

ENDPOINT = "centercode_endpoint"
_BASE = "/api/v1/"


def open_endpoint(path: str | None = None) -> tuple[RequestContext, Doc | None]:
    """Return the state and the configuration of the endpoint at this path below ``/api/v1/``; None if unknown.

    The default path is the request's own. Raises Refused: 401 for an unknown key, 403 for another endpoint's.
    """
    context = current()
    found = context.session.find(ENDPOINT, own_path() if path is None else path)
    authorize(context, found)
    queue.settle(context)
    return context, found


def own_path() -> str:
    """Return the request's path below ``/api/v1/``, which identifies the endpoint."""
    return request.path.removeprefix(_BASE)


def authorize(context: RequestContext, endpoint: Doc | None) -> None:
    """Check the key. Raises Refused: 401 without a sandbox key, 403 if the endpoint is bound to another key."""
    keys = request.args.getlist("apiKey")
    key = present_key(keys[0] if keys else None)
    if len(keys) > 1 or key is None or not is_known(key):
        raise Refused(401, "Unauthorized")
    bound_to = endpoint["bound_to"] if endpoint else None
    if bound_to is not None and digest(key) != bound_to:
        raise Refused(403, "Forbidden")
    if context.switches["enhanced_integrations"] == "off":
        raise Refused(403, "Forbidden")


def digest(key: str) -> str:
    """Return the hash by which an endpoint remembers the key that it is bound to."""
    return hashlib.sha256(key.encode()).hexdigest()


def known(endpoint: Doc | None) -> Doc:
    """Return the document. Raises Refused (404) for an unknown endpoint, project or record (None)."""
    if endpoint is None:
        raise Refused(404, "Not Found")
    return endpoint


def invalid(*parameters: tuple[str, str]) -> Refused:
    """Return a 400 with the invalid parameters as (name, description)."""
    return Refused(400, INVALID_REQUEST, parameters=list(parameters))


def find_query() -> str:
    """Return the parameter ``find``. Raises Refused (400) if it is missing. Source: "Invalid Parameter Error"."""
    query = request.args.get("find", "").strip()
    if not query:
        raise invalid(("Find", "A lookup query is required."))
    return query


def any_json(context: RequestContext) -> Any:
    """Return the body. Raises Refused: 415 for another content type unless lenient, 400 for invalid JSON."""
    _check_type(context)
    try:
        return json_body()
    except ValueError:
        raise Refused(400, INVALID_REQUEST) from None


def json_object(context: RequestContext) -> dict[str, Any]:
    """Return the body as an object. Raises Refused as ``any_json``, and 400 for other JSON."""
    body = any_json(context)
    if not isinstance(body, dict):
        raise Refused(400, INVALID_REQUEST)
    return body


def _check_type(context: RequestContext) -> None:
    if context.switches["content_type"] == "strict" and request.mimetype != "application/json":
        raise Refused(415, "Unsupported Media Type")
