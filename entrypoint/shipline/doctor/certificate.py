"""Check a server's certificate on a connection that the transport makes as for a request, but that carries none."""

from __future__ import annotations

import os
import ssl
from http.client import HTTPException
from time import time
from typing import TYPE_CHECKING, Any

from shipline.doctor.connection import unreachable_advice
from shipline.doctor.finding import Finding, problem, unchecked, warning
from shipline.errors import RefusedError, UnavailableError
from shipline.transport.failures import HUNG_UP, is_tls_eof
from shipline.values import human_duration

if TYPE_CHECKING:
    from shipline.doctor.connection import Proxy
    from shipline.transport.settings import Network


_WARN_BEFORE_S = 21 * 24 * 3600.0
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# OpenSSL's X509_V_ERR_…
_NOT_YET, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_UNKNOWN_ISSUER = (18, 19, 20, 21)  # self-signed, alone or in the chain; issuer not known


def check(about: str, url: str, network: Network, proxy: Proxy | None) -> Finding:
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
    return _valid(about, certificate, trusted_by)


def _trust_setting(network: Network) -> str:
    """Return the setting or variable with the trusted authorities, as messages name it."""
    if network.ca_bundle is not None:
        return "network.ca-bundle"
    return next((name for name in _BUNDLE_VARIABLES if os.environ.get(name)), "the public authorities")


def _untrusted(url: str, network: Network, trusted_by: str, error: ssl.SSLCertVerificationError) -> RefusedError:
    code = error.verify_code
    if code == _EXPIRED:
        todo = "have it renewed on the server; if it is new, this machine's clock is wrong"
    elif code == _NOT_YET:
        todo = "correct this machine's clock, or wait until the certificate is valid"
    elif code in (_OTHER_HOST, _OTHER_ADDRESS):
        todo = "write the host in the url as the certificate names it"
    elif code in _UNKNOWN_ISSUER and network.ca_bundle is None:
        todo = "if it is of your own authority, set network.ca-bundle to that authority's certificate (PEM)"
        if os.environ.get("SSL_CERT_FILE"):
            todo += "; SSL_CERT_FILE isn't read"
    else:
        todo = f"{trusted_by} doesn't hold the authority that signed it: add that, and any between"
    return RefusedError(f"{url}: the certificate can't be verified", why=error.verify_message, todo=todo)


def _valid(about: str, certificate: dict[str, Any], trusted_by: str) -> Finding:
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "an authority without a name"
    what = f"the certificate is valid until {certificate['notAfter']}, signed by {by} (trusted by {trusted_by})"
    left = end - time()
    if left < _WARN_BEFORE_S:
        return warning(about, f"{what}: {human_duration(left)} left", "have it renewed on the server")
    return Finding(about, what)
