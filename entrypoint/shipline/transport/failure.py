"""What a request that got no usable answer means: nothing was applied, or that isn't known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from shipline.errors import RefusedError, ShiplineError, UnavailableError, UnknownOutcomeError
from shipline.transport import connection

if TYPE_CHECKING:
    from shipline.transport.session import Request


def failed(service: str, request: Request, error: Exception) -> ShiplineError:
    """The error that a request without a usable answer is; raised by nobody yet."""
    if "WRONG_VERSION_NUMBER" in str(error) and not connection.progress.sent:
        return RefusedError(
            f"{service}: {request.url} doesn't speak TLS",
            why="what answers on this port is not an https server",
            todo="check the port, or whether the url begins with http",
        )
    if isinstance(error, requests.exceptions.SSLError) and not connection.progress.sent:
        return RefusedError(
            f"{service}: no secure connection to {request.url}",
            why=_cause(error),
            todo="for a private certificate authority set network.ca-bundle to its certificate",
        )
    if request.safe or not connection.progress.sent:
        return UnavailableError(
            f"{service}: {request.method} {request.url} got no answer",
            why=_cause(error),
            todo="run again: nothing was applied; is the url right?",
        )
    return UnknownOutcomeError(
        f"{service}: {request.method} {request.url} was sent, but its answer was lost",
        why=_cause(error),
        todo="look at the service before running again",
    )


def _cause(error: BaseException) -> str:
    """The innermost reason, without the URL that outer layers quote (it may hold a key)."""
    if connection.progress.cut:
        return "the answer took too long to arrive"
    reason: object = error
    while isinstance(reason, BaseException):
        inner = getattr(reason, "reason", None) or (reason.args[-1] if reason.args else None)
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = str(reason).split("(Caused by")[0].rpartition("): ")[2]
    return text.removeprefix("Failed to establish a new connection: ") or type(reason).__name__
