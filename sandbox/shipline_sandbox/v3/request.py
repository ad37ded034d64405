"""The beginning of every v3 request."""

from __future__ import annotations

from shipline_sandbox.answers import Refused
from shipline_sandbox.request_context import RequestContext, bearer, current, is_known


def authorize(*, is_create: bool = False) -> RequestContext:
    """Return the state for a request with a token. Raises Refused (401, or 404 on a server that only creates)."""
    context = current()
    if context.switches["v3"] == "create-only" and not is_create:
        raise Refused(404, "Not found.")
    if not is_known(bearer()):
        raise Refused(401, "The access token is missing, malformed or expired.")
    return context
