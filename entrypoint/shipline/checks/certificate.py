"""The server's certificate, verified as the transport verifies it, on a connection that carries no request."""

from __future__ import annotations

import os
import ssl
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shipline.checks import Finding, problem, warning
from shipline.checks.way import unreached
from shipline.errors import RefusedError, UnavailableError
from shipline.transport.failure import HUNG_UP, hung_up
from shipline.values import human_duration

if TYPE_CHECKING:
    from shipline.checks.way import Proxy
    from shipline.pipeline import Network

_SOON = 21 * 24 * 3600.0  # seconds
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PRIVATE = (18, 19, 20, 21)  # OpenSSL's X509_V_ERR_…: self-signed, alone or in the chain; issuer not known
_NOT_YET, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64


def look(about: str, url: str, network: Network, proxy: Proxy | None) -> Finding:
    """Until when it is valid and who says so, or why it can't be trusted (exit code 4) or had (7)."""
    if proxy is not None and proxy.parts.scheme != "http":
        return Finding(about, f"the certificate isn't looked at through the proxy {proxy.shown}, but is verified")
    trust, where = _trust(network)
    try:
        certificate = _certificate(url, network, proxy, trust)
    except ssl.SSLCertVerificationError as error:
        return problem(about, _untrusted(url, network, where, error))
    except ssl.SSLError as error:
        if hung_up(error):
            closed = UnavailableError(
                f"{url}: no connection",
                why=HUNG_UP,
                todo="try again; if it stays so: does this port speak TLS 1.2 or newer, and may this machine go there?",
            )
            return problem(about, closed)
        refused = RefusedError(
            f"{url}: no secure connection",
            why=error.reason or str(error),
            todo="is this an https server, and does it speak TLS 1.2 or newer?",
        )
        return problem(about, refused)
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error)
        todo = unreached(url, why if proxy is None else f"proxy: {why}")  # it is what was connected to
        return problem(about, UnavailableError(f"{url}: no connection", why=why, todo=todo))
    return _valid(about, certificate, where)


def _certificate(url: str, network: Network, proxy: Proxy | None, trust: str) -> dict[str, Any]:
    parts = urlsplit(url)
    context = _context(network, trust)
    port = parts.port or 443
    connection = HTTPSConnection(parts.hostname or "", port, timeout=network.connect_timeout, context=context)
    if proxy is not None:
        from requests.utils import get_auth_from_url
        from urllib3.util import make_headers

        through = proxy.parts
        who = ":".join(get_auth_from_url(through.geturl()))
        headers = make_headers(proxy_basic_auth=who) if who != ":" else {}
        connection = HTTPSConnection(
            through.hostname or "", through.port or 80, timeout=network.connect_timeout, context=context
        )
        connection.set_tunnel(parts.hostname or "", port, headers)
    try:
        connection.connect()
        found: dict[str, Any] = connection.sock.getpeercert() or {}
        return found
    finally:
        connection.close()


def _context(network: Network, trust: str) -> ssl.SSLContext:
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    folder = Path(trust).is_dir()
    context.load_verify_locations(cafile=None if folder else trust, capath=trust if folder else None)
    if network.client_certificate:
        context.load_cert_chain(network.client_certificate)
    return context


def _trust(network: Network) -> tuple[str, str]:
    """The certificates to trust, and where that is set, for people."""
    from certifi import where

    from shipline.transport.session import ca_bundle

    given = ca_bundle(network.ca_bundle)
    if isinstance(given, str):
        return given, "network.ca-bundle"
    variable = next((name for name in _BUNDLES if os.environ.get(name)), "")
    return (os.environ[variable], variable) if variable else (where(), "the public authorities")


def _untrusted(url: str, network: Network, where: str, error: ssl.SSLCertVerificationError) -> RefusedError:
    code = error.verify_code
    if code == _EXPIRED:
        todo = "have it renewed on the server; if it is new, this machine's clock is wrong"
    elif code == _NOT_YET:
        todo = "this machine's clock is behind, or the certificate was made for later"
    elif code in (_OTHER_HOST, _OTHER_ADDRESS):
        todo = "write the host in the url as the certificate names it"
    elif code in _PRIVATE and network.ca_bundle is None:
        todo = "if it is of your own authority, set network.ca-bundle to that authority's certificate (PEM)"
        if os.environ.get("SSL_CERT_FILE"):
            todo += "; SSL_CERT_FILE isn't read"
    else:
        todo = f"{where} doesn't hold the authority that signed it: add that, and any between"
    return RefusedError(f"{url}: the certificate can't be verified", why=error.verify_message, todo=todo)


def _valid(about: str, certificate: dict[str, Any], where: str) -> Finding:
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "an authority without a name"
    what = f"the certificate is valid until {certificate['notAfter']}, signed by {by} (trusted by {where})"
    left = end - time()
    if left < _SOON:
        return warning(about, f"{what}: {human_duration(left)} left", "have it renewed on the server")
    return Finding(about, what)
