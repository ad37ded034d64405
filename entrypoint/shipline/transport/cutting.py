"""What ends a connection from outside: an answer that takes too long, or the end of the run."""

from __future__ import annotations

import _thread
import contextlib
import socket
import threading
import time
from typing import Any


def _end(sock: Any) -> None:
    """Whoever reads from it is told at once that there is no more.

    Not by a TLS socket's own method, which would have what is still being written go out in the clear.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)


class Watch:
    """Cuts a connection when the answer takes too long: a read time-out alone lets a server drip for ever."""

    def __init__(self, sock: Any, limit: float) -> None:
        self._sock = sock
        self.deadline = time.monotonic() + limit
        self.late = False

    def cut(self) -> None:
        self.late = True
        _end(self._sock)


class _Watchman:
    """One thread for all watches, of which few are needed at a time."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._awake = False

    def begin(self, watch: Watch) -> None:
        with self._changed:
            self._watches.add(watch)
            if not self._awake:
                # Not a threading.Thread, whose start is not whole where a signal meets it. A container may allow few.
                with contextlib.suppress(RuntimeError):
                    _thread.start_new_thread(self._look_on, ())
                    self._awake = True
            self._changed.notify()

    def end(self, watch: Watch) -> bool:
        """Whether it has cut the connection; it won't any more, and the connection may be another request's."""
        with self._changed:
            self._watches.discard(watch)
            return watch.late

    def _look_on(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for watch in [w for w in self._watches if w.deadline <= now]:
                    self._watches.discard(watch)
                    watch.cut()
                self._changed.wait(min((w.deadline - now for w in self._watches), default=None))


watchman = _Watchman()


class _Sockets:
    """Those of every connection, for as long as it is open.

    Not by weak references: what is raised in a signal's handler while one of them is being cleared would be lost.
    """

    def __init__(self) -> None:
        self._known: set[Any] = set()
        self._lock = threading.Lock()

    def add(self, sock: Any) -> None:
        with self._lock:
            self._known = {known for known in self._known if known.fileno() != -1} | {sock}

    def cut(self) -> None:
        with self._lock:
            every = list(self._known)
        for sock in every:
            _end(sock)


sockets = _Sockets()


def cut_all() -> None:
    """Cut every connection of this process: whoever waits for an answer is told at once that there will be none."""
    sockets.cut()
