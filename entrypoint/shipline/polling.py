"""The loop that looks until something has ended, and pauses in between."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shipline.cancellation import cancel_token

if TYPE_CHECKING:
    from collections.abc import Callable


class Poll:
    """The timer of a ``while True`` loop: look, end the loop or raise, else ``wait`` for the next look.

    ``pause`` returns the seconds until the next look, given the seconds since the first.
    """

    def __init__(self, pause: Callable[[float], float]) -> None:
        self._pause = pause
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the loop began."""
        return time.monotonic() - self._started

    def exceeds(self, limit: float) -> bool:
        """True if the next look would be later than ``limit`` seconds after the first."""
        return self.elapsed + self._pause(self.elapsed) > limit

    def wait(self) -> None:
        """Sleep until the next look. Raises CanceledError if the run is canceled."""
        cancel_token.sleep(self._pause(self.elapsed))
