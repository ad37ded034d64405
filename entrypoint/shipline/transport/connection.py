"""Connections that remember how far a request got, so that "not sent" and "maybe applied" can be told apart."""

from __future__ import annotations

import _thread
import contextlib
import functools
import queue
import ssl
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.parse import quote

import requests.adapters
import urllib3
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from shipline.transport import ahead
from shipline.transport.cutting import Watch, sockets, watchman
from shipline.transport.stopping import LOOK, stop

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from shipline.transport.redaction import Secret

T = TypeVar("T")
Phase = Literal["not sent", "connecting", "sending", "sent", "answering"]


class _Progress(threading.local):
    """How far this thread's current request got."""

    phase: Phase = "not sent"
    limit: float = 0.0  # seconds that an answer may take, from the moment the request has been sent
    watch: Watch | None = None
    query_key: tuple[str, Secret] | None = None  # goes into the request line
    late = False  # the answer took longer than that, and the connection was cut

    @property
    def cut(self) -> bool:
        """Whether the answer took too long, and the connection was cut."""
        return self.late or (self.watch is not None and self.watch.late)

    @property
    def sent(self) -> bool:
        """Whether the first byte may have left this machine."""
        return self.phase in ("sending", "sent", "answering")

    def begin(self, limit: float = 0.0) -> None:
        self.end()
        self.phase, self.limit, self.late = "not sent", limit, False

    def end(self) -> None:
        """The answer has arrived or is given up."""
        if self.watch is not None:
            self.late = watchman.end(self.watch)
            self.watch = None


progress = _Progress()


def _within_reach_of_signals(do: Callable[[], T]) -> T:
    """Do it in another thread: a signal's handler waits for the call it meets, and the look-up of a name can take half
    a minute. Not a threading.Thread, which leaves a trace in the log if a signal meets its start."""
    if threading.current_thread() is not threading.main_thread():
        return do()
    ended: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def work() -> None:
        try:
            ended.put((True, do()))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            ended.put((False, error))

    try:
        _thread.start_new_thread(work, ())
    except RuntimeError:  # a container may allow few
        return do()
    while True:
        try:
            good, made = ended.get(timeout=LOOK)
        except queue.Empty:
            stop.check()
            continue
        if good:
            return cast("T", made)
        raise made


class _Phases(HTTPConnection):
    """Notes each phase as it begins. ``begun``: connected already, without TLS."""

    begun: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        ready = self.begun or ahead.take_tcp(self._dns_host, self.port)
        if ready is None:
            return _within_reach_of_signals(super()._new_conn)
        ready.settimeout(self.timeout)
        for option in self.socket_options or ():
            ready.setsockopt(*option)
        return ready

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        if progress.query_key is not None:
            name, secret = progress.query_key
            url = f"{url}{'&' if '?' in url else '?'}{name}={quote(secret.reveal(), safe='')}"
        super().putrequest(method, url, *args, **kwargs)

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            progress.phase = "connecting"
            self.connect()  # here, so that a failed connect still counts as not sent
        sockets.add(self.sock)
        stop.check()  # after it has become one that is cut: from here on nothing else holds a request back
        progress.phase = "sending"
        super().endheaders(*args, **kwargs)

    def getresponse(self) -> Any:
        progress.phase = "sent"
        if progress.limit and self.sock is not None:
            progress.watch = Watch(self.sock, progress.limit)
            watchman.begin(progress.watch)
        response = super().getresponse()
        progress.phase = "answering"
        return response


class _Http(_Phases):
    """Plain HTTP."""


class _Https(_Phases, HTTPSConnection):
    """TLS. ``given`` is what it was made with: to whom it connects, and whom it trusts."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.given = (args, given)

    def connect(self) -> None:
        ready = ahead.take_tls(self.given)
        if ready is None:
            self._connect()
        else:
            self.sock, self.is_verified = ready.sock, ready.is_verified

    def secure(self, begun: socket.socket) -> _Https:
        """Put TLS on a connection that was begun."""
        self.begun = begun
        self._connect()
        return self

    def _connect(self) -> None:
        plain = self.proxy is None and self.cert_file is None and self.ssl_context is None
        if plain and self.cert_reqs == "CERT_REQUIRED" and (self.ca_certs or self.ca_cert_dir):
            self.ssl_context = _trusting(self.ca_certs, self.ca_cert_dir)
            self.ca_certs = self.ca_cert_dir = None  # they would be read into it once more
        super().connect()


@functools.cache
def _trusting(ca_certs: str | None, ca_cert_dir: str | None) -> ssl.SSLContext:
    """As urllib3 makes one for each connection. Reading the authorities takes longer than most requests do."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    try:
        context.load_verify_locations(ca_certs, ca_cert_dir)
    except OSError as error:
        raise urllib3.exceptions.SSLError(error) from error
    return context


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = cast("Any", _Http)


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = cast("Any", _Https)


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Adapter(requests.adapters.HTTPAdapter):
    """Has ``query_key`` put into the request line below the level at which exceptions and logs quote the URL."""

    def __init__(self, query_key: tuple[str, Secret] | None = None) -> None:
        self._query_key = query_key
        super().__init__(max_retries=urllib3.Retry(0, read=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The same connections by way of a proxy. Raises InvalidSchema for SOCKS, whose connections are others."""
        if proxy.lower().startswith("socks"):
            raise requests.exceptions.InvalidSchema("a SOCKS proxy can't be used")
        manager = cast("Any", super()).proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def forget_idle(self) -> None:
        """The next request goes over a new connection."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            manager.clear()

    def begin(self, url: str, timeout: float, trust: Mapping[str, Any]) -> None:
        """Begin the TLS of the first request to there (``ahead``); ``trust`` is what requests has for its session.

        What is wrong with it is told by the request itself.
        """
        if select_proxy(url, trust["proxies"]):
            return
        with contextlib.suppress(OSError, ValueError, requests.RequestException):
            request = requests.Request("GET", url).prepare()
            pool: Any = self.get_connection_with_tls_context(request, trust["verify"], cert=trust["cert"])
            cast("Any", self).cert_verify(pool, url, trust["verify"], trust["cert"])
            connection = pool._new_conn()  # noqa: SLF001 - made as the request's own will be
            if isinstance(connection, _Https):
                connection.timeout = timeout
                ahead.begin_tls(connection.given, connection.secure)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        progress.query_key = self._query_key
        return super().send(request, *args, **kwargs)
