"""What every Centercode endpoint does first: key, the endpoint's own key, content type, body, ``find``.

Source: Centercode API reference, "Access" and "Errors".
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import request

from shipline_sandbox.answers import INVALID_REQUEST, Refused
from shipline_sandbox.centercode import queue
from shipline_sandbox.world import World, current, is_known, json_body, present_key

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

ENDPOINT = "centercode_endpoint"
_BASE = "/api/v1/"


def enter(path: str | None = None) -> tuple[World, Doc | None]:
    """The world, and how the endpoint at this path below ``/api/v1/`` is configured; None if it isn't.

    Without a path the request's own. Raises Refused: 401 for a key that isn't known, 403 for another endpoint's.
    """
    world = current()
    found = world.session.find(ENDPOINT, own_path() if path is None else path)
    authorise(world, found)
    queue.settle(world)
    return world, found


def own_path() -> str:
    """The request's path below ``/api/v1/``, which names the endpoint."""
    return request.path.removeprefix(_BASE)


def authorise(world: World, endpoint: Doc | None) -> None:
    """Raises Refused: 401 without a key the sandbox takes, 403 if the endpoint is bound to another one."""
    keys = request.args.getlist("apiKey")
    key = present_key(keys[0] if keys else None)
    if len(keys) > 1 or key is None or not is_known(key):
        raise Refused(401, "Unauthorized")
    bound_to = endpoint["bound_to"] if endpoint else None
    if bound_to is not None and digest(key) != bound_to:
        raise Refused(403, "Forbidden")
    if world.switches["enhanced_integrations"] == "off":
        raise Refused(403, "Forbidden")


def digest(key: str) -> str:
    """What is kept of the key that an endpoint is bound to."""
    return hashlib.sha256(key.encode()).hexdigest()


def known(endpoint: Doc | None) -> Doc:
    """Raises Refused (404) for an endpoint, project or record that isn't there."""
    if endpoint is None:
        raise Refused(404, "Not Found")
    return endpoint


def invalid(*parameters: tuple[str, str]) -> Refused:
    """400 with the invalid parameters as (name, description)."""
    return Refused(400, INVALID_REQUEST, parameters=list(parameters))


def find_query() -> str:
    """What to look for. Raises Refused (400) as documented if it is missing. Source: "Invalid Parameter Error"."""
    query = request.args.get("find", "").strip()
    if not query:
        raise invalid(("Find", "A lookup query is required."))
    return query


def any_json(world: World) -> Any:
    """The body. Raises Refused: 415 for another content type unless lenient, 400 for what isn't JSON."""
    _check_type(world)
    try:
        return json_body()
    except ValueError:
        raise Refused(400, INVALID_REQUEST) from None


def json_object(world: World) -> dict[str, Any]:
    """The body as an object. Raises Refused as ``any_json``, and 400 for other JSON."""
    body = any_json(world)
    if not isinstance(body, dict):
        raise Refused(400, INVALID_REQUEST)
    return body


def _check_type(world: World) -> None:
    if world.switches["content_type"] == "strict" and request.mimetype != "application/json":
        raise Refused(415, "Unsupported Media Type")
