"""The first connection, begun while the program still loads what it sends with: a far server is round trips nearer.

TCP is begun as soon as the server is known, TLS once the libraries for it are there. Nothing is sent on it.
"""

from __future__ import annotations

import _thread
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from shipline.transport.stopping import LOOK

if TYPE_CHECKING:
    from collections.abc import Callable

_PORTS = {"http": 80, "https": 443}
_LONGEST = 0.2  # seconds that a request waits for TCP; then it connects itself
_FRESH = 1.0  # seconds; a server may give up one on which nobody speaks


class Secured(Protocol):
    """A connection with TLS."""

    sock: socket.socket
    is_verified: bool

    def close(self) -> None: ...


T = TypeVar("T", socket.socket, Secured)


class _Begun(Generic[T]):
    """A connection that is being made for ``wanted``, and is taken once at most."""

    def __init__(self, wanted: object, make: Callable[[], T | None]) -> None:
        self.wanted = wanted
        self.failure: Exception | None = None
        self._make: Callable[[], T | None] = make
        self._made: T | None = None
        self._made_at = 0.0
        self._ended = threading.Event()
        self._over = False
        self._lock = threading.Lock()
        try:
            # Not a threading.Thread, which leaves a trace in the log if a signal meets its start.
            _thread.start_new_thread(self._connect, ())
        except RuntimeError:  # a container may allow few
            self._ended.set()

    def _connect(self) -> None:
        try:
            made = self._make()
        except Exception as error:  # noqa: BLE001 - the request that wants it tells it
            self.failure = error
        else:
            with self._lock:
                if made is not None and self._over:
                    made.close()  # nobody takes it any more, and by the next request the server may have given it up
                else:
                    self._made, self._made_at = made, time.monotonic()
        self._ended.set()

    def ended(self, seconds: float) -> bool:
        """Whether it is made, or has failed, within so many seconds."""
        return self._over or self._ended.wait(seconds)

    def wait(self) -> None:
        """Until it is made or has failed, which its own time-out sees to."""
        while not self.ended(LOOK):
            pass

    def take(self) -> T | None:
        """What has been made and is still good; from now on nothing is."""
        made = self._end()
        if made is not None and (time.monotonic() - self._made_at > _FRESH or _has_spoken(made)):
            made.close()
            return None
        return made

    def drop(self) -> None:
        if (made := self._end()) is not None:
            made.close()

    def _end(self) -> T | None:
        with self._lock:
            self._over = True
            made, self._made = self._made, None
        return made


def _has_spoken(made: socket.socket | Secured) -> bool:
    """Whether the server has closed it already, or said why it will: nobody has asked it anything.

    What TLS says by itself, such as the tickets for later connections, doesn't count.
    """
    from ssl import SSLWantReadError

    sock = made if isinstance(made, socket.socket) else made.sock
    try:
        sock.settimeout(0)
        sock.recv(1)
    except (BlockingIOError, SSLWantReadError):
        return False
    except OSError:
        return True
    return True


_tcp: _Begun[socket.socket] | None = None
_tls: _Begun[Secured] | None = None


def begin_tcp(url: str, timeout: float) -> None:
    """Begin to connect to where ``url`` is, in the background, for at most ``timeout`` seconds.

    Where proxies are set nothing is begun, since requests decides which request goes through which; nor for a name
    beyond ASCII, which it encodes in another way.
    """
    global _tcp  # noqa: PLW0603 - one a process
    drop()
    proxies = (text for name, text in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "all_proxy"})
    parts = urlsplit(url)
    if any(proxies) or parts.hostname is None or not parts.hostname.isascii():
        return
    place = (parts.hostname, parts.port or _PORTS[parts.scheme])
    _tcp = _Begun(place, lambda: socket.create_connection(place, timeout))


def begin_tls(wanted: object, secure: Callable[[socket.socket], Secured]) -> None:
    """Have ``secure`` put TLS on the connection that was begun, if one was, for who wants just that (``wanted``)."""
    global _tls  # noqa: PLW0603 - one a process
    tcp = _tcp
    if tcp is None:
        return

    def make() -> Secured | None:
        tcp.wait()
        begun = tcp.take()
        return secure(begun) if begun is not None else None

    _tls = _Begun(wanted, make)


def take_tcp(host: str, port: int) -> socket.socket | None:
    """The connection to there, if it was begun and is made; once."""
    tcp, tls = _tcp, _tls
    if tcp is None or tcp.wanted != (host, port):
        return None
    if tls is not None:
        tls.drop()  # it is there, and isn't what is wanted: the server may have only one connection to give
    tcp.ended(_LONGEST)
    return tcp.take()


def take_tls(wanted: object) -> Secured | None:
    """The connection with TLS, if it was begun for this; once. Raises what has stopped its TLS."""
    tcp, tls = _tcp, _tls
    if tcp is None or tls is None or tls.wanted != wanted:
        return None
    if not tcp.ended(_LONGEST):
        drop()
        return None
    tls.wait()
    if tls.failure is not None:
        failure, tls.failure = tls.failure, None
        raise failure
    return tls.take()


def drop() -> None:
    """Close what was begun, if nobody has taken it."""
    global _tcp, _tls
    tcp, tls, _tcp, _tls = _tcp, _tls, None, None
    if tcp is not None:
        tcp.drop()
    if tls is not None:
        tls.drop()
