"""The first connection, begun while the program still loads what it sends with: a far server is round trips nearer."""

from __future__ import annotations

import _thread
import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_PORTS = {"http": 80, "https": 443}
_LONGEST = 1.0  # seconds that is waited for it; then the request connects itself
_FRESH = 1.0  # seconds; a server may give up one on which nobody speaks


class Secured(Protocol):
    """A connection with TLS."""

    sock: socket.socket
    is_verified: bool

    def close(self) -> None: ...


T = TypeVar("T", socket.socket, Secured)


class _Dial(Generic[T]):
    """A connection that is being made for ``wanted``, and is taken once at most."""

    def __init__(self, wanted: object, make: Callable[[], T]) -> None:
        self._wanted = wanted
        self._make: Callable[[], T] = make
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
        # A failure is met again by the first request, which tells it and tries again.
        with contextlib.suppress(Exception):
            made = self._make()
            with self._lock:
                if self._over:
                    made.close()  # nobody takes it any more, and by the next request the server may have given it up
                else:
                    self._made, self._made_at = made, time.monotonic()
        self._ended.set()

    def taken(self, wanted: object) -> T | None:
        if wanted != self._wanted:
            return None
        if not self._over:
            self._ended.wait(_LONGEST)
        made = self._end()
        if made is not None and (time.monotonic() - self._made_at > _FRESH or _has_spoken(made)):
            made.close()
            return None
        return made

    def drop(self) -> None:
        if (made := self._end()) is not None:
            made.close()

    def _end(self) -> T | None:
        """What has been made and not been taken; from now on nothing is."""
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


_dial: _Dial[socket.socket] | None = None
_secured: _Dial[Secured] | None = None


def dial(url: str, timeout: float) -> None:
    """Begin to connect to where ``url`` is, in the background, for at most ``timeout`` seconds; nothing is sent.

    Where proxies are set nothing is begun, since requests decides which request goes through which; nor for a name
    beyond ASCII, which it encodes in another way.
    """
    global _dial  # noqa: PLW0603 - one a process
    drop()
    proxies = (text for name, text in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "all_proxy"})
    parts = urlsplit(url)
    if any(proxies) or parts.hostname is None or not parts.hostname.isascii():
        return
    place = (parts.hostname, parts.port or _PORTS[parts.scheme])
    _dial = _Dial(place, lambda: socket.create_connection(place, timeout))


def secure(wanted: object, make: Callable[[], Secured]) -> None:
    """If a connection was begun, go on to TLS in the background: ``make`` takes it, for whoever wants ``wanted``."""
    global _secured  # noqa: PLW0603 - one a process
    if _dial is not None:
        _secured = _Dial(wanted, make)


def taken(host: str, port: int) -> socket.socket | None:
    """The connection to there, if it was begun and is made; once."""
    return _dial.taken((host, port)) if _dial is not None else None


def secured(wanted: object) -> Secured | None:
    """The connection with TLS that was begun for this; once."""
    return _secured.taken(wanted) if _secured is not None else None


def drop() -> None:
    """Close what was begun, if nobody has taken it."""
    global _dial, _secured  # noqa: PLW0603 - one a process
    for begun in (_secured, _dial):
        if begun is not None:
            begun.drop()
    _dial = _secured = None
