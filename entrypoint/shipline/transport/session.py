"""One HTTP session a service: what is retried, what is never sent twice, and what an answer may cost."""

from __future__ import annotations

import functools
import logging
import random
import tempfile
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

import requests

from shipline import __version__
from shipline.errors import ShiplineError, UnavailableError
from shipline.record import dataclass
from shipline.transport import ahead, connection
from shipline.transport.failure import failed
from shipline.transport.pacing import pacer
from shipline.transport.retry_after import seconds_to_wait
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import Network
    from shipline.transport.pacing import Limit
    from shipline.transport.redaction import Secret
    from shipline.transport.upload import Upload

_log = logging.getLogger("shipline.http")
LARGEST_ANSWER = 16 * 1024 * 1024  # bytes, decoded
_HOPELESS = frozenset({501, 505})  # of the 5xx those that say what the server is, not how it is now


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire, without its key. ``form``, ``json`` and ``upload`` exclude each other."""

    method: str
    url: str
    form: Mapping[str, str] | None = None
    json: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None

    @property
    def shown_body(self) -> Any:
        """The body for people and fingerprints: data, or which file is sent."""
        return str(self.upload) if self.upload else self.form if self.form is not None else self.json

    @property
    def safe(self) -> bool:
        return self.method in ("GET", "HEAD")

    @property
    def full_url(self) -> str:
        """The address with its query, for people."""
        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cut_off: bool = False  # a change was accepted (2xx), and the rest of the answer was lost

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def media(self) -> str:
        """The content type without its parameters, such as ``text/csv``."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def html(self) -> bool:
        """Whether it is a web page; some servers call every error one."""
        return self.text.lstrip()[:1] == "<"


@dataclass(frozen=True, slots=True)
class Key:
    """How a service wants its key: in a header (``prefix`` before it) or in the query."""

    secret: Secret
    place: Literal["header", "query"]
    name: str
    prefix: str = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As `auth=` callable: requests would else put ~/.netrc's credentials in place of ours.
        if self.place == "header":
            request.headers[self.name] = self.prefix + self.secret.reveal()
        return request


class _NeverElsewhere(requests.Session):
    """Also without following a redirect, requests reads all of its body and takes apart where it leads."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        del resp
        return None


def _no_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Session:
    """Sends requests to one service. Never follows a redirect; always has time-outs; reads bounded answers."""

    def __init__(self, service: str, network: Network, key: Key | None = None, limit: Limit | None = None) -> None:
        self._service = service
        self._network = network
        self._limit = limit
        self._auth = key or _no_key
        self.key_name = key.secret.name if key else "nowhere"
        self._session = _NeverElsewhere()
        self._session.headers["User-Agent"] = f"shipline/{__version__}"
        adapter = connection.Adapter((key.name, key.secret) if key and key.place == "query" else None)
        self._adapter = adapter
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._verify = ca_bundle(network.ca_bundle)
        self._session.cert = network.client_certificate
        self._last_used = 0.0

    def begin(self, url: str) -> None:
        """Begin the TLS of the first request to ``url``, if its connection was begun; nothing is sent."""
        trust = self._session.merge_environment_settings(url, {}, stream=True, verify=self._verify, cert=None)
        self._adapter.begin(url, self._network.connect_timeout, trust)

    def send(self, request: Request) -> Answer:
        """The answer, whatever its status.

        Safe requests are retried on 429, 5xx and network errors, others only when they provably weren't applied (not
        sent, 429). Raises UnavailableError, UnknownOutcomeError (a request that isn't safe may have been applied) and
        RefusedError (certificate).
        """
        budget, server = self._network.budget, urlsplit(request.url).netloc
        attempt = 0
        while True:
            with pacer.turn(self._limit, request.url):
                outcome = self._once(request)
            if isinstance(outcome, Answer):
                if not _passes(outcome.status, safe=request.safe):
                    budget.succeeded(server)
                    return outcome
                pause = seconds_to_wait(outcome.headers)
            else:
                if not isinstance(outcome, UnavailableError):
                    raise outcome
                pause = None
            wait = pause or _backoff(attempt)  # one that asks for no pause at all would get every retry at once
            connection.progress.begin()  # it provably wasn't applied
            budget.failed(server)
            if not budget.allows(server, wait, self._network.retry_for):
                if isinstance(outcome, Answer):
                    return outcome
                raise outcome
            stop.sleep(wait)
            attempt += 1

    def _once(self, request: Request) -> Answer | ShiplineError:
        if not request.safe:
            ahead.drop()
            if time.monotonic() - self._last_used > 1:
                # An idle connection may be half closed: a POST lost on it could not be told from one that was applied.
                self._adapter.forget_idle()
        stop.check()
        limit = 2 * self._network.read_timeout  # a whole answer's; each part of it has the read time-out
        connection.progress.begin(limit)
        begun = time.monotonic()
        failure: ShiplineError
        said = "no answer"
        body = answer = None
        try:
            body = request.upload.opened() if request.upload else None
            response = self._session.request(
                request.method,
                request.url,
                params=dict(request.query),
                data=request.form if body is None else body,
                json=request.json,
                headers={"Content-Type": body.content_type} if body else None,
                auth=self._auth,
                allow_redirects=False,
                timeout=(self._network.connect_timeout, self._network.read_timeout),
                verify=self._verify,
                stream=True,
            )
            said = str(response.status_code)
            with response:
                answer = self._answer(request, response)
        except (requests.exceptions.RequestException, OSError) as error:
            stop.check()  # which cuts connections
            failure = failed(self._service, request, error)
        else:
            return answer
        finally:
            connection.progress.end()
            if body is not None:
                body.close()
            self._last_used = time.monotonic()
            took = (self._last_used - begun) * 1000
            seen = {"request": request, "answer": answer, "phase": connection.progress.phase}
            _log.info("%s %s: %s in %d ms", request.method, request.full_url, said, took, extra=seen)
        return failure

    def _answer(self, request: Request, response: requests.Response) -> Answer:
        answer = Answer(response.status_code, response.headers, b"")
        try:
            return replace(answer, body=self._read(response))
        except requests.exceptions.RequestException:
            if request.safe or not answer.ok:
                raise
            return replace(answer, cut_off=True)

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        try:
            for chunk in response.iter_content(65536):
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise requests.exceptions.ContentDecodingError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        except requests.exceptions.RequestException:
            raise
        except ValueError as error:  # of a chunk's length, or of a connection that was cut
            raise requests.exceptions.ChunkedEncodingError(str(error)) from error
        if connection.progress.cut:
            raise requests.exceptions.ReadTimeout("the answer took too long to arrive")
        return bytes(body)


def _passes(status: int, *, safe: bool) -> bool:
    """Whether a request that was answered so is sent again."""
    if status == requests.codes.too_many_requests:
        return True
    server_error = status >= 500 and status not in _HOPELESS  # noqa: PLR2004
    return safe and (status == requests.codes.request_timeout or server_error)


def _backoff(attempt: int) -> float:
    return float(random.uniform(0.25, 1) * min(0.5 * 2**attempt, 20))  # noqa: S311 - jitter, not cryptography


@functools.cache
def ca_bundle(bundle: str | None) -> str | bool:
    """What requests' ``verify`` wants, for a path or PEM text."""
    if bundle is None:
        return True
    if "-----BEGIN" not in bundle:
        return bundle
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False, encoding="utf-8") as file:
        file.write(bundle)
    return file.name
