"""Protection against other sites: a page open in the same browser must not change anything here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import request

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from flask import Response

_SAFE = {"GET", "HEAD"}
_FOREIGN = {"cross-site", "same-site"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def refuse_other_sites() -> None:
    """Check each request. Raises Refused (403) for a foreign host, and for a change that another site's page sends.

    Browsers send the page's origin in ``Origin``, and its relation to this server in ``Sec-Fetch-Site``; scripts send
    neither. A page whose name was made to resolve to this machine sends that name in ``Host``.
    """
    host = urlsplit(f"//{request.host}").hostname or ""
    if host not in _LOOPBACK and not host.endswith(".localhost"):
        raise Refused(403, "The sandbox is reached by this machine's own address: 127.0.0.1 or localhost.")
    if request.method in _SAFE:
        return
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site") in _FOREIGN or (origin is not None and not _is_own(origin)):
        raise Refused(403, "The sandbox takes no changes from another site's page.")


def refuse_others() -> None:
    """Check a form. Raises Refused (403) unless the request changes nothing or comes from this sandbox's own page."""
    if request.method in _SAFE:
        return
    if not _is_own(request.headers.get("Origin", "")):
        raise Refused(403, "Only the sandbox's own page may send this form; scripts use /_sandbox/.")


def harden(response: Response) -> Response:
    """Allow nothing from other hosts, only the page's own script, and no frame around the page."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"  # no-referrer would remove Origin too
    return response


def _is_own(origin: str) -> bool:
    return origin == request.host_url.rstrip("/") and urlsplit(origin).hostname in _LOOPBACK
