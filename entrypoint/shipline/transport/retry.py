"""Retries: how many a run may spend, and how long a server wants to be left alone."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from shipline.values import http_date, iso_time

TOKENS = 20
LONGEST_PAUSE_S = 60.0


class Budget:
    """The retries of a run, shared by all of its sessions.

    A server that fails is waited for once, counted from its first failure in any session. All servers together get
    ``TOKENS`` retries; each success gives one back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tokens = TOKENS
        self._failing_since: dict[str, float] = {}  # by server
        self._lock = threading.Lock()

    def failed(self, server: str) -> None:
        """Note that a request to this server failed."""
        with self._lock:
            self._failing_since.setdefault(server, self._clock())

    def succeeded(self, server: str) -> None:
        """Note that this server has responded."""
        with self._lock:
            self._failing_since.pop(server, None)
            self._tokens = min(self._tokens + 1, TOKENS)

    def allows(self, server: str, pause: float, limit: float) -> bool:
        """Spend a retry after ``pause`` seconds. False if none is left, or the server fails for ``limit`` seconds."""
        with self._lock:
            since = self._failing_since.get(server, self._clock())
            if self._tokens < 1 or self._clock() + pause > since + limit:
                return False
            self._tokens -= 1
            return True


def seconds_to_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds from ``Retry-After`` (a number or a date) or ``X-Rate-Limit-Reset`` (ISO 8601), 0 to 60; None without.

    Dates are compared with the response's own ``Date``, because the server's clock may differ from ours.
    """
    retry_after = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return min(float(retry_after), LONGEST_PAUSE_S)
    moment = http_date(retry_after) or iso_time(headers.get("X-Rate-Limit-Reset", "").strip())
    if moment is None:
        return None
    server_now = http_date(headers.get("Date", "")) or now or datetime.now(UTC)
    return min(max((moment - server_now).total_seconds(), 0.0), LONGEST_PAUSE_S)
