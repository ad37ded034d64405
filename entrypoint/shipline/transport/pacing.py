"""Staying under the services' limits before they have to say so."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Callable

_SLACK = 1.02  # requests that leave evenly may arrive closer together


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
    """Shared by the threads of a process; other processes on the machine aren't seen."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = stop.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._turns: defaultdict[tuple[str, ...], deque[float]] = defaultdict(deque)

    def wait(self, limit: Limit | None, url: str) -> float:
        """Sleep until a request to ``url`` keeps within the limit; the seconds slept."""
        if limit is None:
            return 0.0
        with self._lock:
            turns = self._turns[limit.key(url)]
            now = self._clock()
            turn = now if len(turns) < limit.requests else max(now, turns[0] + limit.seconds * _SLACK)
            turns.append(turn)
            if len(turns) > limit.requests:
                turns.popleft()
        pause = turn - now
        if pause > 0:
            self._sleep(pause)
        return pause


pacer = Pacer()
"""The process's own."""
