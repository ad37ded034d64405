"""How much a run may spend on sending requests again."""

from __future__ import annotations

import threading
import time
from dataclasses import field
from typing import TYPE_CHECKING

from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

TOKENS = 20


@dataclass(slots=True)
class Budget:
    """One for all sessions of a run.

    A server that stays away is waited for once, from its first failure on, whoever asks it; and all servers together
    get ``TOKENS`` retries, of which each success gives one back.
    """

    clock: Callable[[], float] = time.monotonic
    _tokens: int = TOKENS
    _failing: dict[str, float] = field(default_factory=dict)  # since when, by server
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failed(self, server: str) -> None:
        with self._lock:
            self._failing.setdefault(server, self.clock())

    def succeeded(self, server: str) -> None:
        with self._lock:
            self._failing.pop(server, None)
            self._tokens = min(self._tokens + 1, TOKENS)

    def allows(self, server: str, pause: float, limit: float) -> bool:
        """Whether a request may be sent again after ``pause`` seconds, within ``limit`` seconds of the first failure.

        Counts it as sent if so.
        """
        with self._lock:
            since = self._failing.get(server, self.clock())
            if self._tokens < 1 or self.clock() + pause > since + limit:
                return False
            self._tokens -= 1
            return True
