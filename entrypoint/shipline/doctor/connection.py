"""Check the connection to a server: plain HTTP or TLS, the proxy, the response and the server's clock."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from shipline import values
from shipline.doctor.finding import Finding, problem, warning
from shipline.errors import ShiplineError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

    from shipline.transport.settings import Network


_MAX_SKEW_S = 60.0
_HTTP_SERVER_ERROR = 500
_NAME_ERRORS = ("resolve", "name or service", "nodename", "no address", "getaddrinfo", "name resolution")


class Proxy(NamedTuple):
    """An HTTP proxy. ``url`` may hold a password, ``shown`` doesn't. ``setting`` is the variable that sets it."""

    url: str
    setting: str

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url if "://" in self.url else f"http://{self.url}")

    @property
    def shown(self) -> str:
        """Its scheme, host and port. Raises ValueError if it is malformed."""
        host, port = self.parts.hostname or "", self.parts.port
        host = f"[{host}]" if ":" in host else host
        return f"{self.parts.scheme}://{host}" + (f":{port}" if port is not None else "")

    @property
    def malformed(self) -> bool:
        """True if the transport can't read it, or would read it only up to a character of its password."""
        from requests.utils import prepend_scheme_if_needed
        from urllib3.util import parse_url

        with suppress(ValueError, TypeError):  # requests itself raises TypeError for a URL without a host
            parsed = parse_url(prepend_scheme_if_needed(self.url, "http"))  # type: ignore[no-untyped-call]
            cut = "@" in f"{parsed.path}{parsed.query}{parsed.fragment}"
            return cut or not (parsed.host or "").encode("idna") or not self.shown
        return True


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy for requests to ``url``, selected as the transport does; None for a direct connection."""
    from requests.utils import get_environ_proxies, select_proxy

    selected = select_proxy(url, get_environ_proxies(url))
    return Proxy(selected, _proxy_variable(url) or "the system's settings") if selected else None


def plain_http(about: str, url: str) -> Finding | None:
    """Return what plain HTTP means for this URL; None for HTTPS."""
    if urlsplit(url).scheme != "http":
        return None
    if values.in_the_clear(url):
        what = f"{url} is plain http: everyone on the way can read the key and what is sent"
        return warning(about, what, "use https:// if the server can")
    return Finding(about, f"{url} is plain http, and doesn't leave this machine")


def check_proxy(about: str, url: str, proxy: Proxy | None) -> Finding | None:
    """Return which proxy is used, a problem if it is malformed, or why it isn't used; None if none is configured."""
    if proxy is not None:
        if proxy.malformed:
            from shipline.transport.failures import malformed_proxy

            return problem(about, malformed_proxy(proxy.setting))
        return Finding(about, f"goes through the proxy {proxy.shown} ({proxy.setting})")
    variable = _proxy_variable(url)
    if not variable:
        return None
    return Finding(about, f"goes straight: NO_PROXY names {urlsplit(url).hostname}, and {variable} isn't used")


def check_response(about: str, url: str, network: Network) -> Iterator[Finding]:
    """Request the headers of ``url`` without a key. Any response is in order; redirects aren't followed.

    Yield a problem only if the server didn't respond, and a warning if the clocks differ.
    """
    from shipline.transport import intermediaries
    from shipline.transport.messages import Request
    from shipline.transport.session import Session

    begun = datetime.now(UTC)
    try:
        response = Session(about, network).send(Request("HEAD", f"{url}/"))
    except ShiplineError as error:
        yield problem(about, error, unreachable_advice(url, error.why) if isinstance(error, UnavailableError) else "")
        return
    skew = _skew(response.headers.get("Date", ""), begun)
    agreed = ", and the clocks agree" if skew is not None and abs(skew) <= _MAX_SKEW_S else ""
    if skew is not None and not agreed:
        way = "ahead of" if skew > 0 else "behind"
        what = f"this machine's clock is {values.human_duration(abs(skew))} {way} the server's"
        yield warning(about, what, "set it by NTP: dates, start times and certificates are judged by it")
    if named := intermediaries.signs(response.headers):
        yield Finding(about, f"a program is between this machine and {url} ({named})")
    if response.status >= _HTTP_SERVER_ERROR:
        yield warning(about, f"{url} responds {response.status}", "check the server, and any proxy before it")
    else:
        yield Finding(about, f"{url} responds{agreed}")


def _proxy_variable(url: str) -> str:
    """Return the variable that sets the proxy. A lower-case one has priority, as in most programs."""
    scheme = urlsplit(url).scheme
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((name for name in names if os.environ.get(name)), "")


def _skew(date: str, begun: datetime) -> float | None:
    """Return the seconds by which this machine's clock is ahead, less the duration of the request; None if unknown."""
    server, now = values.http_date(date), datetime.now(UTC)
    if server is None:
        return None
    ahead, behind = (begun - server).total_seconds(), (server - now).total_seconds()
    return max(ahead, 0.0) if ahead >= 0 else -max(behind, 0.0)


def unreachable_advice(url: str, why: str) -> str:
    """Return what to do about a connection that failed for the reason ``why``."""
    host, why = urlsplit(url).hostname, why.lower()
    if "proxy" in why or "tunnel" in why:
        return "check the proxy's address, or have NO_PROXY name this host"
    if any(words in why for words in _NAME_ERRORS):
        return f"check the host in the URL, or this machine's DNS: {host} isn't known here"
    if "refused" in why:
        return f"check the port: {host} is there, and nothing listens"
    if "timed out" in why or "too long" in why:
        return "is this machine allowed there, or is a proxy needed (HTTPS_PROXY)? A firewall may drop the connection"
    return "check the url, and whether this machine may go there"
