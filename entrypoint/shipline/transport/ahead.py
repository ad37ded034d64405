"""The first connection, begun while the program still loads what it sends with: a far server is a round trip nearer."""

from __future__ import annotations

import _thread
import contextlib
import os
import socket
import threading
import time
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_LONGEST = 0.2  # seconds that a request waits for it; then it connects itself
_FRESH = 1.0  # seconds; a server may give up one on which nobody speaks


class _Dial:
    """A connection that is being made, and is taken once at most."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place
        self._socket: socket.socket | None = None
        self._made_at = 0.0
        self._ended = threading.Event()
        self._over = False
        self._lock = threading.Lock()

    def connect(self, timeout: float) -> None:
        # A failure is met again by the first request, which tells it and tries again.
        with contextlib.suppress(OSError, ValueError):
            made = socket.create_connection(self._place, timeout)
            with self._lock:
                if self._over:
                    made.close()  # nobody takes it any more, and by the next request the server may have given it up
                else:
                    self._socket, self._made_at = made, time.monotonic()
        self._ended.set()

    def taken(self, place: tuple[str, int]) -> socket.socket | None:
        if place != self._place:
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

    def _end(self) -> socket.socket | None:
        """What has been made and not been taken; from now on nothing is."""
        with self._lock:
            self._over = True
            made, self._socket = self._socket, None
        return made


def _has_spoken(made: socket.socket) -> bool:
    """Whether the server has closed it already, or said why it will: nobody has asked it anything."""
    from urllib3.util import wait_for_read

    return wait_for_read(made, timeout=0)


_dial: _Dial | None = None


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
    _dial = _Dial((parts.hostname, parts.port or _PORTS[parts.scheme]))
    # Not a threading.Thread, which leaves a trace in the log if a signal meets its start. A container may allow few.
    with contextlib.suppress(RuntimeError):
        _thread.start_new_thread(_dial.connect, (timeout,))


def taken(host: str, port: int) -> socket.socket | None:
    """The connection to there, if it was begun and is made; once."""
    return _dial.taken((host, port)) if _dial is not None else None


def drop() -> None:
    """Close what was begun, if nobody has taken it."""
    if _dial is not None:
        _dial.drop()
