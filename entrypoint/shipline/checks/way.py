"""The way to a server: in the clear or not, through which proxy, whether it answers, and how its clock goes."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline import values
from shipline.checks import Finding, problem, warning
from shipline.errors import ShiplineError, UnavailableError
from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from urllib.parse import SplitResult

    from shipline.pipeline import Network

_MOST_SKEW = 60.0  # seconds
_HTTP_SERVER_ERROR = 500
_NO_NAME = ("resolve", "name or service", "nodename", "no address", "getaddrinfo", "name resolution")


@dataclass(frozen=True, slots=True)
class Proxy:
    """``url`` may hold a password; ``shown`` doesn't. ``setting`` is where it is set, for people."""

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
        """Whether the transport can't read it, or would read it only up to a character of its password."""
        from requests.utils import prepend_scheme_if_needed
        from urllib3.util import parse_url

        with suppress(ValueError, TypeError):  # requests itself raises the second where there is no host
            read = parse_url(prepend_scheme_if_needed(self.url, "http"))  # type: ignore[no-untyped-call]
            cut = "@" in f"{read.path}{read.query}{read.fragment}"
            return cut or not (read.host or "").encode("idna") or not self.shown
        return True


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy that a request to ``url`` goes through, found as the transport finds it; None: it goes straight."""
    from requests.utils import get_environ_proxies, select_proxy

    chosen = select_proxy(url, get_environ_proxies(url))
    if not chosen:
        return None
    return Proxy(chosen, _setting(url, environ) or "the system's settings")


def clear(about: str, url: str) -> Finding | None:
    """What plain HTTP means there; None: it isn't plain."""
    if urlsplit(url).scheme != "http":
        return None
    if values.in_the_clear(url):
        what = f"{url} is plain http: everyone on the way can read the key and what is sent"
        return warning(about, what, "use https:// if the server can")
    return Finding(about, f"{url} is plain http, and doesn't leave this machine")


def proxied(about: str, url: str, proxy: Proxy | None) -> Finding | None:
    """Which proxy is used (a malformed one is a problem), or why none is although one is set; None: none is set."""
    if proxy is not None:
        if proxy.malformed:
            from shipline.transport.failure import malformed_proxy

            return problem(about, malformed_proxy(proxy.setting))
        return Finding(about, f"goes through the proxy {proxy.shown} ({proxy.setting})")
    setting = _setting(url, os.environ)
    if not setting:
        return None
    return Finding(about, f"goes straight: NO_PROXY names {urlsplit(url).hostname}, and {setting} isn't used")


def answering(about: str, url: str, network: Network) -> Iterator[Finding]:
    """Ask for the headers of ``url``, without a key. Any answer will do; a redirect isn't followed.

    The last finding is a problem only if there was no answer.
    """
    from shipline.transport.session import Request, Session

    begun = datetime.now(UTC)
    try:
        answer = Session(about, network).send(Request("HEAD", f"{url}/"))
    except ShiplineError as error:
        if isinstance(error, UnavailableError):
            error.todo = unreached(url, error.why)
        yield problem(about, error)
        return
    skew = _skew(answer.headers.get("Date", ""), begun)
    agreed = ", and the clocks agree" if skew is not None and abs(skew) <= _MOST_SKEW else ""
    if skew is not None and abs(skew) > _MOST_SKEW:
        way = "ahead of" if skew > 0 else "behind"
        what = f"this machine's clock is {values.human_duration(abs(skew))} {way} the server's"
        yield warning(about, what, "set it by NTP: dates, start times and certificates are judged by it")
    if answer.status >= _HTTP_SERVER_ERROR:
        yield warning(about, f"{url} answers {answer.status}", "look at the server, or at the proxy before it")
    else:
        yield Finding(about, f"{url} answers{agreed}")


def _setting(url: str, environ: Mapping[str, str]) -> str:
    """The variable that names the proxy; the lower-case one wins, as with most programs."""
    scheme = urlsplit(url).scheme
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((name for name in names if environ.get(name)), "")


def _skew(date: str, begun: datetime) -> float | None:
    """Seconds that this machine's clock is ahead, beyond what the answer's own time explains; None: not told."""
    try:
        theirs = parsedate_to_datetime(date)
    except (ValueError, IndexError, OverflowError):
        return None
    ours = datetime.now(UTC)
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    ahead, behind = (begun - theirs).total_seconds(), (theirs - ours).total_seconds()
    return max(ahead, 0.0) if ahead >= 0 else -max(behind, 0.0)


def unreached(url: str, why: str) -> str:
    """What to do about a connection that failed, by what the machine says of it."""
    host, why = urlsplit(url).hostname, why.lower()
    if "proxy" in why or "tunnel" in why:
        return "check the proxy's address, or have NO_PROXY name this host"
    if any(words in why for words in _NO_NAME):
        return f"check the host in the url, or this machine's DNS: {host} isn't known here"
    if "refused" in why:
        return f"check the port: {host} is there, and nothing listens"
    if "timed out" in why or "too long" in why:
        return "is this machine allowed there, or is a proxy needed (HTTPS_PROXY)? A firewall may drop the connection"
    return "check the url, and whether this machine may go there"
