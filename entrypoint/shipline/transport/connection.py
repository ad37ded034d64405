"""Connections that remember how far a request got, so that "not sent" and "maybe applied" can be told apart."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from shipline.transport.redaction import Secret

Phase = Literal["not sent", "connecting", "sending", "sent", "answering"]


class _Progress(threading.local):
    """How far this thread's current request got."""

    phase: Phase = "not sent"
    limit: float = 0.0  # seconds that an answer may take, from the moment the request has been sent
    watch: threading.Timer | None = None
    late = False  # the answer took longer than that, and the connection was cut

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
            self.watch.cancel()
            self.watch = None


progress = _Progress()


def _watch(connection: HTTPConnection) -> None:
    """Cut the connection when the answer takes too long: a read time-out alone lets a server drip for ever."""
    ours, sock = progress.__dict__, connection.sock
    if not progress.limit or sock is None:
        return

    def cut() -> None:
        ours["late"] = True
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    progress.watch = threading.Timer(progress.limit, cut)
    progress.watch.daemon = True
    progress.watch.start()


class _Phases(HTTPConnection):
    """Notes each phase as it begins."""

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            progress.phase = "connecting"
            self.connect()  # here, so that a failed connect still counts as not sent
        progress.phase = "sending"
        super().endheaders(*args, **kwargs)

    def getresponse(self) -> Any:
        progress.phase = "sent"
        _watch(self)
        response = super().getresponse()
        progress.phase = "answering"
        return response


class _Http(_Phases):
    """Plain HTTP."""


class _Https(_Phases, HTTPSConnection):
    """TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = cast("Any", _Http)


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = cast("Any", _Https)


class Adapter(requests.adapters.HTTPAdapter):
    """Puts ``query_key`` into the request line below the level at which exceptions quote the URL."""

    def __init__(self, query_key: tuple[str, Secret] | None = None) -> None:
        self._query_key = query_key
        super().__init__(max_retries=urllib3.Retry(0, read=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        url = super().request_url(request, proxies)
        if self._query_key is None:
            return url
        name, secret = self._query_key
        return f"{url}{'&' if '?' in url else '?'}{name}={quote(secret.reveal(), safe='')}"
