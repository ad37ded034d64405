"""What a request that got no usable answer means: nothing was applied, or that isn't known."""

from __future__ import annotations

from ssl import SSLEOFError, SSLZeroReturnError
from typing import TYPE_CHECKING

import requests
import urllib3

from shipline.errors import RefusedError, ShiplineError, UnavailableError, UnknownOutcomeError
from shipline.transport import connection

if TYPE_CHECKING:
    from shipline.transport.session import Request

HUNG_UP = "the connection was closed while TLS was being set up"


def failed(service: str, request: Request, error: Exception) -> ShiplineError:
    """The error that a request without a usable answer is; raised by nobody yet."""
    if not connection.progress.sent or request.safe:
        return _refused(service, request, error) or UnavailableError(
            f"{service}: {request.method} {request.url} got no answer",
            why=_cause(error),
            todo="run again: nothing was applied; is the url right?",
        )
    return UnknownOutcomeError(
        f"{service}: {request.method} {request.url} was sent, but its answer was lost",
        why=_cause(error),
        todo="look at the service before running again",
    )


def _refused(service: str, request: Request, error: Exception) -> RefusedError | None:
    """What won't pass by itself, of a request by which nothing was applied."""
    if _of_the_proxy(error):
        return malformed_proxy(service)
    if _can_not_be_sent(error):
        return RefusedError(
            f"{service}: {request.method} {request.url} can't be sent",
            why=_cause(error),
            todo="mend that, in the settings or the environment (HTTPS_PROXY, ALL_PROXY, REQUESTS_CA_BUNDLE)",
        )
    return _insecure(service, request, error)


def _insecure(service: str, request: Request, error: Exception) -> RefusedError | None:
    tls = _of_openssl(error)
    if "CERTIFICATE_REQUIRED" in tls:  # in TLS 1.3 it comes when the request is under way already
        return RefusedError(
            f"{service}: {request.url} wants a client certificate",
            why=_cause(error),
            todo="set network.client-certificate to one that this server knows, with its key",
        )
    if connection.progress.sent:
        return None
    if "WRONG_VERSION_NUMBER" in tls:
        return RefusedError(
            f"{service}: {request.url} doesn't speak TLS",
            why="what answers on this port is not an https server",
            todo="check the port, or whether the url begins with http",
        )
    if isinstance(error, requests.exceptions.SSLError) and not hung_up(error):
        return RefusedError(
            f"{service}: no secure connection to {request.url}",
            why=_cause(error),
            todo="for a private certificate authority set network.ca-bundle to its certificate",
        )
    return None


def malformed_proxy(where: str) -> RefusedError:
    """The error that a proxy's address is which can't be read; never says the address, since it may hold a password."""
    return RefusedError(
        f"{where}: the proxy's address is malformed",
        why="expected http://host:port or http://user:password@host:port in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
        todo="in the user and the password write # as %23, / as %2F, ? as %3F and @ as %40",
    )


def _of_the_proxy(error: Exception) -> bool:
    """Whether it is the proxy's address that can't be read; for a request's own the error holds no other one."""
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return True
    return isinstance(error, requests.exceptions.InvalidURL) and any(
        isinstance(cause, urllib3.exceptions.LocationValueError) for cause in error.args
    )


def _can_not_be_sent(error: Exception) -> bool:
    """Whether it is wrong on this machine: a file that can't be read, a proxy of another kind. What the network does to
    a request is always an exception of requests."""
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidJSONError):
        return True
    return not isinstance(error, requests.exceptions.RequestException) and not connection.progress.sent


def _cause(error: BaseException) -> str:
    """The innermost reason, without the URL that outer layers quote (it may hold a key)."""
    if connection.progress.cut:
        return "the answer took too long to arrive"
    if hung_up(error) and not connection.progress.sent:
        return HUNG_UP
    reason = _innermost(error)
    text = str(reason).split("(Caused by")[0].rpartition("): ")[2]
    return text.removeprefix("Failed to establish a new connection: ") or type(reason).__name__


def hung_up(error: BaseException) -> bool:
    """Whether TLS just ended, as of a balancer or a server that restarts: that passes."""
    return isinstance(_innermost(error), (SSLEOFError, SSLZeroReturnError)) or "INTERNAL_ERROR" in _of_openssl(error)


def _of_openssl(error: BaseException) -> str:
    """What OpenSSL calls it, such as ``TLSV13_ALERT_CERTIFICATE_REQUIRED``."""
    return str(getattr(_innermost(error), "reason", ""))


def _innermost(error: BaseException) -> BaseException:
    while True:
        inner = getattr(error, "reason", None) or (error.args[-1] if error.args else None)
        if not isinstance(inner, BaseException):
            return error
        error = inner
