"""The services' rate limits, kept before a service has to refuse a request."""

from __future__ import annotations

import heapq
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from shipline.cancellation import cancel_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shipline.transport.messages import Response


_CLOCK_TICK_S = 0.016  # as coarse as a server's clock may be
_POLL_S = 0.02  # until the next look whether a request that holds a slot has ended


class Limit(NamedTuple):
    """At most ``requests`` in any ``seconds``: of one ``endpoint`` (host and path), or of one ``host``.

    ``refusal``: the members of the service's own 429, which no program in between sends. Only such a response proves
    that a change wasn't applied; none: the change is looked up instead.
    """

    requests: int
    seconds: float
    per: str
    refusal: tuple[str, ...] = ()

    def key(self, url: str) -> tuple[str, ...]:
        """What of a URL has a count of its own."""
        parts = urlsplit(url)
        return (parts.netloc, parts.path) if self.per == "endpoint" else (parts.netloc,)


def is_own_refusal(limit: Limit | None, response: Response) -> bool:
    """True if a 429 is the service's own. A proxy that has sent a change twice may pass on another one."""
    try:
        data = json.loads(response.body)
    except (ValueError, RecursionError):
        return False
    members = limit.refusal if limit else ()
    return bool(members) and isinstance(data, dict) and data.keys() >= {*members}


class Pacer:
    """Rate limiter of a process with ``limit.requests`` slots for each key.

    A request holds a slot until its response has arrived and ``limit.seconds`` have passed since then. It may have
    reached the server late, after a handshake or in a queue, but not after the response. So no window of the server,
    wherever it starts, receives more requests.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = cancel_token.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._slots: dict[tuple[str, ...], list[float]] = {}  # free slots, by the moment from which they may be used

    @contextmanager
    def turn(self, limit: Limit | None, url: str) -> Iterator[None]:
        """Sleep until a request to ``url`` keeps the limit, and hold its slot within the context."""
        if limit is None:
            yield
            return
        key = limit.key(url)
        usable = self._take(key, limit)
        try:
            pause = usable - self._clock()
            if pause > 0:
                self._sleep(pause)
            yield
        finally:
            with self._lock:
                heapq.heappush(self._slots[key], self._clock() + limit.seconds + _CLOCK_TICK_S)

    def _take(self, key: tuple[str, ...], limit: Limit) -> float:
        """Take the slot that is usable first, and return that moment; waits while all are held."""
        while True:
            with self._lock:
                slots = self._slots.setdefault(key, [float("-inf")] * limit.requests)
                if slots:
                    return heapq.heappop(slots)
            self._sleep(_POLL_S)


pacer = Pacer()
"""The process's rate limiter."""
