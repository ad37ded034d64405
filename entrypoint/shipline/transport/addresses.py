"""Connecting to a host that has several addresses: a dead one must not cost its time limit on every connection.

Source: RFC 8305 ("Happy Eyeballs"), sections 4 and 5. What worked is tried first for the rest of the run.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple, Self

_ATTEMPT_DELAY_S = 0.25
_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK))


class Address(NamedTuple):
    """One address of a host, as ``socket.getaddrinfo`` returns it."""

    family: int
    kind: int
    protocol: int
    name: str
    address: Any


_worked: dict[tuple[str, int], Address] = {}
_begun: dict[tuple[str, int], tuple[threading.Thread, list[socket.socket]]] = {}


def begin(host: str, port: int, timeout: float) -> None:
    """Begin to connect in a thread, for the next ``connect`` to this address. If that fails, it tries again."""
    found: list[socket.socket] = []

    def work() -> None:
        with contextlib.suppress(OSError, ValueError):
            found.append(_connect(host, port, timeout, ()))

    thread = threading.Thread(target=work, daemon=True)
    with contextlib.suppress(RuntimeError):  # a container may allow few threads
        thread.start()
        _begun[host, port] = thread, found


def connect(host: str, port: int, timeout: float | None, options: Iterable[Sequence[Any]]) -> socket.socket:
    """Return a connected socket; ``timeout`` (seconds) is for all addresses together, and stays the socket's.

    Starts the next address when one has failed or hasn't responded for 0.25 s. Raises socket.gaierror, TimeoutError,
    or the first address's OSError.
    """
    thread, found = _begun.pop((host, port), (None, []))
    if thread is not None:
        thread.join(timeout)
    for begun in found:
        for option in options:
            begun.setsockopt(*option)
        begun.settimeout(timeout)
        return begun
    return _connect(host, port, timeout, options)


def _connect(host: str, port: int, timeout: float | None, options: Iterable[Sequence[Any]]) -> socket.socket:
    addresses = _in_order(host, port)
    attempts = _Attempts(options)
    deadline = None if timeout is None else time.monotonic() + timeout
    with attempts:
        while True:
            if addresses:
                attempts.start(addresses.pop(0))
            elif not attempts.pending:
                raise attempts.error or OSError("the name has no address")
            left = None if deadline is None else deadline - time.monotonic()
            pause = _ATTEMPT_DELAY_S if addresses else left
            connected = attempts.wait(pause if left is None or pause is None else min(pause, left))
            if connected is not None:
                found, address = connected
                found.settimeout(timeout)
                _worked[host, port] = address
                return found
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError("timed out")


def _in_order(host: str, port: int) -> list[Address]:
    """The host's addresses: what worked before, then the two families in turn, beginning with the system's choice."""
    found = [Address(*info) for info in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)]
    families = list(dict.fromkeys(address.family for address in found))
    rows = zip_longest(*([address for address in found if address.family == family] for family in families))
    ordered = [address for address in chain.from_iterable(rows) if address is not None]
    first = _worked.get((host, port))
    return sorted(ordered, key=lambda address: address != first)


class _Attempts:
    """Connections that are being made."""

    def __init__(self, options: Iterable[Sequence[Any]]) -> None:
        self._options = tuple(options)
        self._selector = selectors.DefaultSelector()
        self.error: OSError | None = None  # of the first address that failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        for key in list(self._selector.get_map().values()):
            self._close(key.fileobj)
        self._selector.close()

    @property
    def pending(self) -> bool:
        """True while the result of an attempt isn't known."""
        return bool(self._selector.get_map())

    def start(self, address: Address) -> None:
        """Begin to connect."""
        try:
            attempt = socket.socket(address.family, address.kind, address.protocol)
        except OSError as error:  # a family that this machine doesn't have
            self.error = self.error or error
            return
        try:
            for option in self._options:
                attempt.setsockopt(*option)
            attempt.settimeout(0)
            code = attempt.connect_ex(address.address)
        except OSError as error:
            code = error.errno or errno.EIO
        if code in (0, *_PENDING):
            self._selector.register(attempt, selectors.EVENT_WRITE, address)
        else:
            attempt.close()
            self.error = self.error or OSError(code, os.strerror(code))

    def wait(self, seconds: float | None) -> tuple[socket.socket, Address] | None:
        """Return the first connection that is made within this time; None also if one has failed."""
        if not self.pending:
            return None
        for key, _ in self._selector.select(seconds):
            attempt: Any = key.fileobj
            code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                self._selector.unregister(attempt)
                return attempt, key.data
            self._close(attempt)
            self.error = self.error or OSError(code, os.strerror(code))
        return None

    def _close(self, attempt: Any) -> None:
        self._selector.unregister(attempt)
        attempt.close()
