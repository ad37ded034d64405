"""Against other sites: a page from elsewhere that is open in the same browser must not change anything here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import request

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from flask import Response

_SAFE = {"GET", "HEAD"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def refuse_others() -> None:
    """For forms. Raises Refused (403) unless the request changes nothing or comes from this sandbox's own page.

    A browser names the page that sends a form in ``Origin``. That the host is this machine's own keeps out a name that
    somebody else lets point to it.
    """
    if request.method in _SAFE:
        return
    if not _is_own(request.headers.get("Origin", "")):
        raise Refused(403, "This form is taken from the sandbox's own page only; for scripts there is /_sandbox/.")


def refuse_browsers_of_others() -> None:
    """For what scripts use: as ``refuse_others``, but no browser, no ``Origin``."""
    if "Origin" in request.headers:
        refuse_others()


def harden(response: Response) -> Response:
    """Nothing from another host, no script but the page's own, in nobody's frame."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"  # none at all would empty Origin as well
    return response


def _is_own(origin: str) -> bool:
    return origin == request.host_url.rstrip("/") and urlsplit(origin).hostname in _LOOPBACK
