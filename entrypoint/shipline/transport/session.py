"""One HTTP session per service: what is retried, what is never sent twice, and how large a response may be."""

from __future__ import annotations

import contextlib
import functools
import logging
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests

from shipline import __version__
from shipline.cancellation import cancel_token
from shipline.errors import RefusedError, ShiplineError, UnavailableError
from shipline.transport import intermediaries, prefetch
from shipline.transport.exchange import Progress, active, perform
from shipline.transport.failures import failed
from shipline.transport.messages import Credential, Request, Response
from shipline.transport.rate_limit import Limit, is_own_refusal, pacer
from shipline.transport.retry import seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from shipline.transport.settings import Network


T = TypeVar("T")
_log = logging.getLogger("shipline.http")
_log.addFilter(prefetch.keep)
LARGEST_RESPONSE = 16 * 1024 * 1024  # bytes, decoded
_MAX_IDLE_FOR_CHANGE_S = 1.0  # a change lost on a half-closed connection would look like one that was applied
_NOT_RETRYABLE = frozenset({501, 505})  # of the 5xx those that describe the server, not its state
_CHUNK = 65536  # bytes


class CachedError(RefusedError):
    """A cache between this machine and the server has responded: what it shows may be out of date."""


class _NoRedirectSession(requests.Session):
    """A session that ignores where a redirect leads: requests would read its body and parse the address."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def _no_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Session:
    """Sends requests to one service. It follows no redirect, has timeouts, and reads bounded responses."""

    def __init__(
        self, service: str, network: Network, key: Credential | None = None, limit: Limit | None = None
    ) -> None:
        self._service = service
        self._network = network
        self._limit = limit
        self._auth = key or _no_key
        self.key_name = key.secret.name if key else "nowhere"
        self._session = _NoRedirectSession()
        self._session.headers["User-Agent"] = f"shipline/{__version__}"
        self._query_key = (key.name, key.secret) if key and key.place == "query" else None
        self._session.mount("https://", network.adapter)
        self._session.mount("http://", network.adapter)
        self._session.cert = network.client_certificate

    def certificate(self, url: str) -> dict[str, Any]:
        """Return the server's certificate, verified as for a request, which isn't sent.

        Raises what ssl, urllib3, requests or the proxy's response raise, and CanceledError.
        """
        return perform(functools.partial(self._connecting, self._network.adapter.certificate, url), Progress())

    def connect(self, url: str) -> None:
        """Open the connection for the next request, unless one is open. If that fails, the request reports it."""
        with contextlib.suppress(Exception):
            self._connecting(self._network.adapter.connect, url)

    def _connecting(self, connect: Callable[[str, float, Mapping[str, Any]], T], url: str) -> T:
        settings = self._session.merge_environment_settings(
            url, {}, stream=True, verify=self._network.verify, cert=self._network.client_certificate
        )
        return connect(url, self._network.connect_timeout, settings)

    def send(self, request: Request) -> Response:
        """Send a request and return the response, whatever its status.

        Read-only requests are retried on 429, 5xx and network errors, others only if they provably weren't applied
        (not sent, or a 429 of the service's own form). A cache's copy is requested again from the server. A HEAD
        carries no key: it shows whether the server is up, whatever it responds. Raises UnavailableError,
        UnknownOutcomeError (a change may have been applied), RefusedError (such as a certificate that can't be
        verified), CachedError, and CanceledError.
        """
        budget, server = self._network.budget, urlsplit(request.url).netloc
        attempt, cached = 0, False
        while True:
            with pacer.turn(self._limit, request.url):
                outcome = self._attempt(request)
            if isinstance(outcome, Response):
                mark = intermediaries.cache_mark(outcome.headers) if request.safe and request.method != "HEAD" else ""
                if mark:
                    if cached:
                        raise _from_cache(self._service, request, outcome, mark)
                    cached = True
                    request.progress.max_idle = 0  # a new connection may lead past it
                    continue
                if not self._is_retryable(outcome, request):
                    budget.succeeded(server)
                    return outcome
                pause = seconds_to_wait(outcome.headers)
            else:
                if not isinstance(outcome, UnavailableError):
                    raise outcome
                pause = None
            wait = pause or backoff(attempt)  # a server that requires no pause would get every retry at once
            request.progress.begin()  # it provably wasn't applied
            budget.failed(server)
            if (
                request.progress.shielded
                or request.progress.expired
                or not budget.allows(server, wait, self._network.retry_for)
            ):
                if isinstance(outcome, Response):
                    return outcome
                raise outcome
            request.progress.again()
            cancel_token.sleep(wait)
            attempt += 1

    def _is_retryable(self, response: Response, request: Request) -> bool:
        """True if a request with this response is sent again."""
        status = response.status
        if request.method == "HEAD":
            return status in intermediaries.DOWN
        if status == requests.codes.too_many_requests:
            return request.safe or is_own_refusal(self._limit, response)
        server_error = status >= 500 and status not in _NOT_RETRYABLE  # noqa: PLR2004
        return request.safe and (status == requests.codes.request_timeout or server_error)

    def _attempt(self, request: Request) -> Response | ShiplineError:
        if not request.safe:
            request.progress.max_idle = _MAX_IDLE_FOR_CHANGE_S
        if not request.progress.shielded:
            cancel_token.check()
        begun = time.monotonic()
        response = None
        try:
            response = perform(lambda: self._exchange(request), request.progress, 2 * self._network.read_timeout)
        except (requests.exceptions.RequestException, OSError) as error:
            return failed(self._service, request, error)
        else:
            return response
        finally:
            took = (time.monotonic() - begun) * 1000
            seen = {"request": request, "answer": response, "phase": request.progress.phase}
            status = request.progress.status or "no answer"
            _log.info("%s: %s in %d ms", request.shown, status, took, extra=seen)

    def _exchange(self, request: Request) -> Response:
        """Send the request once, and read the response. Raises what requests raises."""
        active.query_key = None if request.method == "HEAD" else self._query_key
        with request.upload.opened() if request.upload else contextlib.nullcontext() as body:
            request.progress.body = body
            response = self._session.request(
                request.method,
                request.url,
                params=dict(request.query),
                data=body if body is not None else request.content or request.form,
                json=request.json,
                headers={
                    **({"Cache-Control": "no-cache"} if request.safe else {}),
                    **request.headers,
                    **({"Content-Type": body.content_type} if body else {}),
                },
                auth=self._auth,
                allow_redirects=False,
                timeout=(self._network.connect_timeout, self._network.read_timeout),
                verify=self._network.verify,
                stream=True,
            )
            with response:
                return _received(request, response)


def _from_cache(service: str, request: Request, response: Response, mark: str) -> CachedError:
    return CachedError(
        f"{service}: a cache responded to {request.method} {request.url}, and not the server ({mark})",
        why=f"its copy may be out of date ({intermediaries.signs(response.headers) or 'no header names the program'})",
        todo="have that program pass these requests on to the server, or set the url to the server's own address",
    )


def _received(request: Request, response: requests.Response) -> Response:
    received = Response(response.status_code, response.headers, b"")
    try:
        return received._replace(body=_read(request, response))
    except requests.exceptions.RequestException:
        if request.safe or not received.ok:
            raise
        return received._replace(cut_off=True)


def _read(request: Request, response: requests.Response) -> bytes:
    body = bytearray()
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > LARGEST_RESPONSE:
                raise requests.exceptions.ContentDecodingError(f"the response is larger than {LARGEST_RESPONSE} bytes")
    except requests.exceptions.RequestException:
        raise
    except ValueError as error:  # of a chunk's length, or of a connection that was shut down
        raise requests.exceptions.ChunkedEncodingError(str(error)) from error
    if request.progress.late:
        raise requests.exceptions.ReadTimeout("the response took too long")
    return bytes(body)


def backoff(attempt: int) -> float:
    """Seconds before a retry: exponential, at most 20, with jitter."""
    return float(random.uniform(0.25, 1) * min(0.5 * 2**attempt, 20))  # noqa: S311 - jitter, not cryptography


def connect_ahead(network: Network, urls: Iterable[str]) -> None:
    """Open a connection to each server, in threads that end by themselves; a cancel needn't wait for them."""
    session = Session("", network)
    for url in urls:
        network.adapter.open_ahead(url, functools.partial(session.connect, url))
