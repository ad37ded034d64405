"""Connections that note how far a request got, so that "not sent" differs from "may have been applied"."""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from shipline.transport import addresses
from shipline.transport.exchange import active

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_IDLE = 100  # connections to one server that are kept
_MAX_OPENING_S = 1.0  # that a request waits for a connection which is being opened, before it opens its own


class _Response(http.client.HTTPResponse):
    """A response without the interim ones before it (RFC 9110, section 15.2); the base class only skips 100."""

    def _read_status(self) -> Any:
        while True:
            line = cast("Any", super())._read_status()  # noqa: SLF001 - there is no public place to skip them
            if not 102 <= line[1] < 200:  # noqa: PLR2004 - 101 changes the protocol: nothing comes after it
                return line
            http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    """Plain HTTP; notes each phase of a request as it begins."""

    response_class = _Response
    used = 0.0  # when a response last arrived, of the monotonic clock

    @property
    def is_connected(self) -> bool:
        """False once the server has closed the connection, or if the request wants one that has been used since."""
        return time.monotonic() - self.used <= active.progress.max_idle and self._is_open()

    def _is_open(self) -> bool:
        return super().is_connected

    def connect(self) -> None:
        super().connect()
        self.used = time.monotonic()

    def _new_conn(self) -> socket.socket:
        host = self._dns_host.strip("[]")
        try:
            return addresses.connect(host, self.port, self.timeout, self.socket_options or ())
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            what = f"Connection to {self.host} timed out. (connect timeout={self.timeout})"
            raise urllib3.exceptions.ConnectTimeoutError(self, what) from error
        except OSError as error:
            what = f"Failed to establish a new connection: {error}"
            raise urllib3.exceptions.NewConnectionError(self, what) from error

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        if active.query_key is not None:
            name, secret = active.query_key
            url = f"{url}{'&' if '?' in url else '?'}{name}={quote(secret.reveal(), safe='')}"
        super().putrequest(method, url, *args, **kwargs)

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            active.progress.phase = "connecting"
            self.connect()  # here, so that a failed connect still counts as not sent
        active.progress.start_sending(self.sock)
        super().endheaders(*args, **kwargs)
        if active.progress.body_after:
            time.sleep(active.progress.body_after)

    def getresponse(self) -> Any:
        active.progress.await_response()
        response = super().getresponse()
        self.used = time.monotonic()
        active.progress.phase, active.progress.status = "answering", response.status
        return response


class _TlsConnection(_Connection, HTTPSConnection):
    """TLS."""

    def connect(self) -> None:
        plain = self.proxy is None and self.cert_file is None and self.ssl_context is None
        if plain and self.cert_reqs == "CERT_REQUIRED" and (self.ca_certs or self.ca_cert_dir):
            self.ssl_context = _trusting(self.ca_certs, self.ca_cert_dir)
            self.ca_certs = self.ca_cert_dir = None  # urllib3 would read them into the context again
        super().connect()

    def _is_open(self) -> bool:
        """False once the server has closed the connection, or has sent something that nobody requested.

        Session tickets, which follow the handshake of TLS 1.3, don't count.
        """
        if super()._is_open() or self.sock is None:
            return self.sock is not None
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            pass
        return False


@functools.cache
def _trusting(ca_certs: str | None, ca_cert_dir: str | None) -> ssl.SSLContext:
    """The TLS context that urllib3 would make for each connection. Reading the authorities takes longer than most
    requests.

    Raises urllib3's SSLError if the authorities can't be read.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    try:
        context.load_verify_locations(ca_certs, ca_cert_dir)
    except OSError as error:
        raise urllib3.exceptions.SSLError(error) from error
    return context


class _Pool(HTTPConnectionPool):
    ConnectionCls = cast("Any", _Connection)


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = cast("Any", _TlsConnection)


_POOLS = {"http": _Pool, "https": _TlsPool}


class Adapter(requests.adapters.HTTPAdapter):
    """Requests' adapter with these connections, also through proxies. Sessions may share it: it holds no keys."""

    def __init__(self) -> None:
        super().__init__(max_retries=urllib3.Retry(0, read=False), pool_maxsize=_MOST_IDLE)
        self._opening: dict[str, threading.Thread] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The connections through a proxy. Raises InvalidSchema for SOCKS, whose connections are others."""
        if proxy.lower().startswith("socks"):
            raise requests.exceptions.InvalidSchema("a SOCKS proxy can't be used")
        manager = cast("Any", super()).proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def certificate(self, url: str, timeout: float, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Connect as a request to ``url`` does, send nothing, and return the server's verified certificate.

        ``settings`` are those of the session for this URL. Raises what the connection raises.
        """
        _, connection = self._connected(url, timeout, settings)
        try:
            found: dict[str, Any] = connection.sock.getpeercert()
            return found
        finally:
            connection.close()

    def connect(self, url: str, timeout: float, settings: Mapping[str, Any]) -> None:
        """Open a connection for the next request to the server of ``url``, unless there is one."""
        pool, connection = self._connected(url, timeout, settings)
        pool._put_conn(connection)  # noqa: SLF001 - as after a request

    def _connected(self, url: str, timeout: float, settings: Mapping[str, Any]) -> tuple[Any, Any]:
        """The pool of connections to the server of ``url``, and one of them. Raises what the connection raises."""
        request = requests.Request("GET", url).prepare()
        verify, proxies, cert = (settings[name] for name in ("verify", "proxies", "cert"))
        pool: Any = self.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        cast("Any", self).cert_verify(pool, url, verify, cert)
        connection = pool._get_conn()  # noqa: SLF001 - made as a request's own is
        try:
            connection.timeout = timeout
            if pool.proxy is not None and connection.is_closed:
                pool._prepare_proxy(connection)  # noqa: SLF001 - likewise
            elif connection.is_closed:
                connection.connect()
        except BaseException:
            connection.close()
            raise
        return pool, connection

    def open_ahead(self, url: str, connect: Callable[[], None]) -> None:
        """Have a thread open a connection by ``connect``. The next request to the server of ``url`` waits for it."""
        thread = threading.Thread(target=connect, daemon=True)
        with contextlib.suppress(RuntimeError):  # a container may allow few threads
            thread.start()
            self._opening[urlsplit(url).netloc] = thread

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        opening = self._opening.pop(urlsplit(request.url or "").netloc, None)
        if opening is not None:
            opening.join(_MAX_OPENING_S)
        return super().send(request, *args, **kwargs)
