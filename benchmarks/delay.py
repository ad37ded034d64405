"""A proxy that makes loopback a distant network: each byte arrives half a round trip after it was sent."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16


@contextmanager
def delayed(port: int, round_trip: float, host: str = "127.0.0.1") -> Iterator[int]:
    """The port of a proxy on ``host`` to ``port``, ``round_trip`` seconds away.

    The first bytes of a connection wait one round trip more, as they do for TCP's handshake, which on loopback takes
    none.
    """
    with socket.create_server((host, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port, round_trip), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, round_trip: float) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            opened = time.monotonic() + round_trip
            for source, target in ((near, far), (far, near)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _carry(source, target, opened, round_trip / 2)


def _carry(source: socket.socket, target: socket.socket, opened: float, delay: float) -> None:
    """Two threads: one takes bytes as they come, the other hands them over when it is time."""
    under_way: queue.Queue[tuple[float, bytes]] = queue.Queue()

    def take() -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(_CHUNK)
            except OSError:
                data = b""
            under_way.put((max(time.monotonic(), opened) + delay, data))

    def hand_over() -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = under_way.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)

    for work in (take, hand_over):
        threading.Thread(target=work, daemon=True).start()
