"""The first connection, begun while the program still loads what it sends with: a far server is a round trip nearer."""

from __future__ import annotations

import _thread
import contextlib
import os
import socket
import threading
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_LONGEST = 0.2  # seconds that a request waits for it; then it connects itself


class _Dial:
    """A connection that is being made, and is taken once at most."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place
        self._socket: socket.socket | None = None
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
                    self._socket = made
        self._ended.set()

    def taken(self, place: tuple[str, int]) -> socket.socket | None:
        if place != self._place:
            return None
        if not self._over:
            self._ended.wait(_LONGEST)
        return self.end()

    def end(self) -> socket.socket | None:
        """What has been made and not been taken; from now on nothing is."""
        with self._lock:
            self._over = True
            made, self._socket = self._socket, None
        return made


_dial: _Dial | None = None


def dial(url: str, timeout: float) -> None:
    """Begin to connect to where ``url`` is, in the background, for at most ``timeout`` seconds; nothing is sent.

    Where proxies are set nothing is begun: which request goes through which, requests decides.
    """
    global _dial  # noqa: PLW0603 - one a process
    proxies = (text for name, text in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "all_proxy"})
    parts = urlsplit(url)
    if any(proxies) or parts.hostname is None:
        return
    if _dial is not None and (unused := _dial.end()) is not None:
        unused.close()
    _dial = _Dial((parts.hostname, parts.port or _PORTS[parts.scheme]))
    # Not a threading.Thread, which leaves a trace in the log if a signal meets its start. A container may allow few.
    with contextlib.suppress(RuntimeError):
        _thread.start_new_thread(_dial.connect, (timeout,))


def taken(host: str, port: int) -> socket.socket | None:
    """The connection to there, if it was begun and is made; once."""
    return _dial.taken((host, port)) if _dial is not None else None
