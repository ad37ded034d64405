"""Staying under the services' limits before they have to say so."""

from __future__ import annotations

import heapq
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline.record import dataclass
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TICK = 0.016  # seconds; as coarse as a server's clock may be
_SOON = 0.02  # seconds until the next look whether one of the requests that are under way has ended


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``requests`` in any ``seconds``: of one ``endpoint`` (host and path), or of a whole ``host``."""

    requests: int
    seconds: float
    per: str

    def key(self, url: str) -> tuple[str, ...]:
        parts = urlsplit(url)
        return (parts.netloc, parts.path) if self.per == "endpoint" else (parts.netloc,)


class Pacer:
    """Shared by the threads of a process; other processes on the machine aren't seen.

    A limit is as many places. A request holds one until its answer is there and ``seconds`` have passed since then: it
    may have arrived long after it was begun, after a handshake or in a queue, but no later than it was answered. So two
    of one place never arrive within that time, and no window of the server's has too many, wherever it begins.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = stop.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._places: dict[tuple[str, ...], list[float]] = {}  # from when on each that isn't held may be taken

    @contextmanager
    def turn(self, limit: Limit | None, url: str) -> Iterator[None]:
        """Sleep until a request to ``url`` keeps within the limit; within it the request is sent and answered."""
        if limit is None:
            yield
            return
        key = limit.key(url)
        free = self._taken(key, limit)
        try:
            pause = free - self._clock()
            if pause > 0:
                self._sleep(pause)
            yield
        finally:
            with self._lock:
                heapq.heappush(self._places[key], self._clock() + limit.seconds + _TICK)

    def _taken(self, key: tuple[str, ...], limit: Limit) -> float:
        """From when on the place may be used that is free first; waits while all are held."""
        while True:
            with self._lock:
                places = self._places.setdefault(key, [float("-inf")] * limit.requests)
                if places:
                    return heapq.heappop(places)
            self._sleep(_SOON)


pacer = Pacer()
"""The process's own."""
