"""Check the connection to a server: plain HTTP or TLS, proxy, certificate, response and the server's clock."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from shipline import values
from shipline.doctor.finding import Finding, problem, unchecked, warning
from shipline.errors import RefusedError, ShiplineError, UnavailableError
from shipline.transport.failures import CERTIFICATE_ADVICE, HUNG_UP, is_tls_eof, malformed_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.transport.settings import Network


_MAX_SKEW_S = 60.0
_WARN_BEFORE_S = 21 * 24 * 3600.0
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# OpenSSL's X509_V_ERR_…
_UNKNOWN_ISSUER = (18, 19, 20, 21)  # self-signed, alone or in the chain; issuer not known
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
            return problem(about, malformed_proxy(proxy.setting))
        return Finding(about, f"goes through the proxy {proxy.shown} ({proxy.setting})")
    variable = _proxy_variable(url)
    if not variable:
        return None
    return Finding(about, f"goes straight: NO_PROXY names {urlsplit(url).hostname}, and {variable} isn't used")


def check_certificate(about: str, url: str, network: Network, proxy: Proxy | None) -> Finding:
    """Return until when it is valid and who signed it, or a problem: exit code 4 if untrusted, 7 without connection."""
    from urllib3.exceptions import HTTPError

    from shipline.transport.session import Session

    if proxy is not None and proxy.parts.scheme != "http":
        what = f"the certificate's dates, because of the proxy {proxy.shown}; each connection verifies the certificate"
        return unchecked(about, what)
    trusted_by = _trust_setting(network)
    try:
        certificate = Session(about, network).certificate(url)
    except ssl.SSLCertVerificationError as error:
        return problem(about, _untrusted(url, network, trusted_by, error))
    except ssl.SSLError as error:
        if is_tls_eof(error):
            todo = (
                "run doctor again; if it fails again, check that this port speaks TLS 1.2 or newer, and that no "
                "firewall blocks it"
            )
            return problem(about, UnavailableError(f"{url}: no connection", why=HUNG_UP, todo=todo))
        why, todo = error.reason or str(error), "check that this is an https server that speaks TLS 1.2 or newer"
        return problem(about, RefusedError(f"{url}: no secure connection", why=why, todo=todo))
    except (OSError, HTTPException, HTTPError) as error:
        cause = error.__cause__ or error
        why = getattr(cause, "strerror", None) or str(cause)
        todo = unreachable_advice(url, why if proxy is None else f"proxy: {why}")
        return problem(about, UnavailableError(f"{url}: no connection", why=why, todo=todo))
    return _validity(about, certificate, trusted_by)


def _trust_setting(network: Network) -> str:
    """Return the setting or variable with the trusted authorities, as messages name it."""
    if network.ca_bundle is not None:
        return "network.ca-bundle"
    return next((name for name in _BUNDLE_VARIABLES if os.environ.get(name)), "the public authorities")


def _untrusted(url: str, network: Network, trusted_by: str, error: ssl.SSLCertVerificationError) -> RefusedError:
    code = error.verify_code
    if code in CERTIFICATE_ADVICE:
        todo = CERTIFICATE_ADVICE[code]
    elif code in _UNKNOWN_ISSUER and network.ca_bundle is None:
        todo = "if it is of your own authority, set network.ca-bundle to that authority's certificate (PEM)"
        if os.environ.get("SSL_CERT_FILE"):
            todo += "; SSL_CERT_FILE isn't read"
    else:
        todo = f"{trusted_by} doesn't hold the authority that signed it: add that, and any between"
    return RefusedError(f"{url}: the certificate can't be verified", why=error.verify_message, todo=todo)


def _validity(about: str, certificate: dict[str, Any], trusted_by: str) -> Finding:
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "an authority without a name"
    what = f"the certificate is valid until {certificate['notAfter']}, signed by {by} (trusted by {trusted_by})"
    left = end - time()
    if left < _WARN_BEFORE_S:
        return warning(about, f"{what}: {values.human_duration(left)} left", "have it renewed on the server")
    return Finding(about, what)


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
