"""What a request without a usable response means: nothing was applied, or that isn't known."""

from __future__ import annotations

import re
from ssl import SSLEOFError, SSLZeroReturnError
from typing import TYPE_CHECKING

import requests
import urllib3

from shipline.errors import RefusedError, ShiplineError, UnavailableError, UnknownOutcomeError, advice_on_machine

if TYPE_CHECKING:
    from shipline.transport.exchange import Progress
    from shipline.transport.messages import Request


HUNG_UP = "the connection was closed while TLS was being set up"
_HOST = "write the host in the url as the certificate names it"
CERTIFICATE_ADVICE = {  # by OpenSSL's X509_V_ERR_…
    9: "correct this machine's clock, or wait until the certificate is valid",
    10: "have the certificate renewed on the server; if it is new, this machine's clock is wrong",
    62: _HOST,
    64: _HOST,
}


def failed(service: str, request: Request, error: Exception) -> ShiplineError:
    """Return (not raise) the error for a request that ended in an exception of requests or the system."""
    why = cause(request.progress, error)
    if not request.progress.complete or request.safe:
        body = request.progress.body if request.progress.sent else None
        check = "Check the URL"
        if isinstance(error, requests.exceptions.ProxyError):
            why, check = f"proxy: {why}", "Check the proxy (HTTPS_PROXY, HTTP_PROXY), or have NO_PROXY name this host"
        return _refused(service, request, error, why) or UnavailableError(
            f"{service}: {request.method} {request.url} {f'ended after {body}' if body else 'got no response'}",
            why=why,
            todo="run again: nothing was applied. " + ("The upload starts again" if body else check),
        )
    return UnknownOutcomeError(
        f"{service}: {request.method} {request.url} was sent, but the response was lost",
        why=why,
        todo=request.check,
    )


def _refused(service: str, request: Request, error: Exception, why: str) -> RefusedError | None:
    """Return the error if a retry can't help; None if it may. Nothing was applied."""
    sent, openssl = request.progress.sent, _openssl_reason(error)
    if _is_proxy_malformed(error):
        return malformed_proxy(service)
    advice = "" if sent else advice_on_machine(_innermost(error).__cause__)
    if advice or _is_local(error, sent=sent):
        return RefusedError(
            f"{service}: {request.method} {request.url} can't be sent",
            why=why,
            todo=advice or "fix that in the settings or the environment (HTTPS_PROXY, ALL_PROXY, REQUESTS_CA_BUNDLE)",
        )
    if "CERTIFICATE_REQUIRED" in openssl:  # with TLS 1.3 it arrives after the request was sent
        return RefusedError(
            f"{service}: {request.url} wants a client certificate",
            why=why,
            todo="set network.client-certificate to one that this server knows, with its key",
        )
    if "WRONG_VERSION_NUMBER" in openssl and not sent:
        return RefusedError(
            f"{service}: {request.url} doesn't speak TLS",
            why="the server on this port isn't an https server",
            todo="check the port, or whether the url begins with http",
        )
    if isinstance(error, requests.exceptions.SSLError) and not is_tls_eof(error) and not sent:
        return RefusedError(
            f"{service}: no secure connection to {request.url}",
            why=why,
            todo=CERTIFICATE_ADVICE.get(
                getattr(_innermost(error), "verify_code", 0),
                "for a private certificate authority set network.ca-bundle to its certificate",
            ),
        )
    return None


def malformed_proxy(where: str) -> RefusedError:
    """Return the error for a proxy's address that can't be parsed, without the address: it may hold a password."""
    return RefusedError(
        f"{where}: the proxy's address is malformed",
        why="expected http://host:port or http://user:password@host:port in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
        todo="in the user and the password write # as %23, / as %2F, ? as %3F and @ as %40",
    )


def _is_proxy_malformed(error: Exception) -> bool:
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return True
    return isinstance(error, requests.exceptions.InvalidURL) and any(
        isinstance(cause, urllib3.exceptions.LocationValueError) for cause in error.args
    )


def _is_local(error: Exception, *, sent: bool) -> bool:
    """True for a cause on this machine, such as an unreadable file. Network errors are exceptions of requests."""
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidJSONError):
        return True
    return not isinstance(error, requests.exceptions.RequestException) and not sent


def cause(progress: Progress, error: BaseException) -> str:
    """The innermost reason, without the URL that outer layers quote (it may hold a key)."""
    if progress.late:
        return "the response took too long"
    if is_tls_eof(error) and not progress.sent:
        return HUNG_UP
    reason = _innermost(error)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "host not found"
    text = str(reason).split("(Caused by")[0].rpartition("): ")[2]
    text = text.removeprefix("Failed to establish a new connection: ")
    return re.sub(r"^\[(?:Errno|WinError) \d+\] ", "", text) or type(reason).__name__


def is_tls_eof(error: BaseException) -> bool:
    """True if the peer ended TLS, as a load balancer or a server that restarts does: a retry may help."""
    if isinstance(_innermost(error), (SSLEOFError, SSLZeroReturnError)):
        return True
    return "INTERNAL_ERROR" in _openssl_reason(error)


def _openssl_reason(error: BaseException) -> str:
    """OpenSSL's name of the error, such as ``TLSV13_ALERT_CERTIFICATE_REQUIRED``."""
    return str(getattr(_innermost(error), "reason", ""))


def _innermost(error: BaseException) -> BaseException:
    while True:
        inner = getattr(error, "reason", None) or (error.args[-1] if error.args else None)
        if not isinstance(inner, BaseException):
            return error
        error = inner
