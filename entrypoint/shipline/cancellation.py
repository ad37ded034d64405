"""The one way to cancel: SIGINT and SIGTERM, and the token that every wait of the program looks at.

Python runs a signal handler between two instructions of the main thread, wherever that is.

- While the process has one thread, the handler raises CanceledError. This ends the reading of standard input, git,
  hashing and validation at once; nothing was sent yet. Locks are no danger: those that an exception may leave taken
  (of imports and of logging) can be taken again by the same thread.
- Before a second thread starts, ``defer`` is called. From then on the handler only notes the signal and wakes the
  threads that wait; ``check``, ``sleep`` and ``wait`` raise CanceledError in the thread that called them. Whatever may
  take long is behind one of them: requests and DNS requests (``transport.exchange``), pauses, products of a fleet.
- Threads that only open a connection ahead (``transport.session``) need no ``defer``: no other thread waits for them
  after a cancel.
- Where no thread can be started, the main thread sends requests itself. Meanwhile the handler raises (``blocked``).

The handler takes no lock: the thread that it interrupts may hold it.
"""

from __future__ import annotations

import contextlib
import math
import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from shipline import early_signals
from shipline.errors import CanceledError
from shipline.values import human_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


T = TypeVar("T")
_SILENT_S, _REFRESH_S = 2.0, 1.0
SLICE_S = 0.5  # On Windows a signal isn't handled before a wait ends: no wait is longer.
_BY_SIGNAL = "the run was canceled"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CancelToken:
    """The cancellation of the run. One per process; every thread may use it."""

    def __init__(self) -> None:
        self._waiting: set[queue.SimpleQueue[Any]] = set()
        self._blocked: set[Callable[[], None]] = set()
        self.reset()

    def reset(self) -> None:
        """Forget what happened, for another run in the same process."""
        self._error: tuple[int, str] | None = None
        self._aborts = False
        self.deferred = False

    @property
    def canceled(self) -> bool:
        """True once the run was canceled or stopped."""
        return self._error is not None

    def defer(self) -> None:
        """Have signals no longer raise in the main thread. Call it before a thread starts."""
        self.deferred = True

    @contextlib.contextmanager
    def deferring(self) -> Iterator[None]:
        """Defer inside the ``with`` block, for threads that end in it. Raises CanceledError at its end if canceled."""
        deferred, self.deferred = self.deferred, True
        try:
            yield
        finally:
            self.deferred = deferred
        self.check()

    @contextlib.contextmanager
    def blocked(self, abandon: Callable[[], None]) -> Iterator[None]:
        """Let a cancel end what this thread itself does inside the ``with`` block, as no other could be started for it.

        In the main thread signals raise again. For another thread, ``end_blocked`` calls ``abandon``.
        """
        in_main, deferred = threading.current_thread() is threading.main_thread(), self.deferred
        self._blocked.add(abandon)
        try:
            if in_main:
                self.deferred = False
            self.check()
            yield
        finally:
            if in_main:
                self.deferred = deferred
            self._blocked.discard(abandon)

    def end_blocked(self) -> None:
        """After a cancel, end what threads do in ``blocked``."""
        for abandon in list(self._blocked):
            abandon()

    def cancel(self, signal_number: int) -> None:
        """Cancel: no thread sleeps, sends or waits from now on. Safe in a signal handler.

        Wakes the readers of queues by an item None, which stays in a queue whose reader was about to leave.
        """
        self._error, self._aborts = (signal_number, _BY_SIGNAL), True
        for results in list(self._waiting):
            results.put(None)

    def stop(self, reason: str) -> None:
        """Let no thread sleep or send from now on, but let it wait for the response to what it has sent."""
        self._error = (signal.SIGINT, reason)

    def check(self) -> None:
        """Raise CanceledError if the run was canceled or stopped."""
        if self._error is not None:
            raise canceled(*self._error)

    def sleep(self, seconds: float) -> None:
        """Sleep. Raises CanceledError as soon as the run is canceled or stopped."""
        end = time.monotonic() + seconds
        self.check()
        while (left := end - time.monotonic()) > 0:
            self.wait(queue.SimpleQueue(), min(left, SLICE_S))
            self.check()

    def wait(self, results: queue.SimpleQueue[T], seconds: float = math.inf) -> T | None:
        """Return the next item, or None if there is none within ``seconds``. Raises CanceledError if canceled."""
        end = time.monotonic() + seconds
        pause = 0.0
        self._waiting.add(results)
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    if (item := results.get(timeout=pause)) is not None:
                        return item
                if self._aborts:
                    self.check()
                pause = min(end - time.monotonic(), SLICE_S)
                if pause <= 0:
                    return None
        finally:
            self._waiting.discard(results)


def canceled(signal_number: int, reason: str = _BY_SIGNAL) -> CanceledError:
    """The error for a signal."""
    todo = "run again: Shipline continues where this run stopped; BuildMaster continues what it has started"
    return CanceledError(signal_number, reason, todo=todo)


cancel_token = CancelToken()
"""The process's token."""


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


class ProgressLine:
    """Shows how far something is, once it takes over two seconds: ``show`` gets the text, and "" at the end.

    ``far`` returns how far it is, given the seconds since it began. Call ``tick`` while it goes on.
    """

    def __init__(self, show: Callable[[str], None], far: Callable[[float], str]) -> None:
        self._show, self._far = show, far
        self._began = time.monotonic()
        self._due = self._began + _SILENT_S
        self._shown = False

    def tick(self) -> None:
        """Show it again, at most once a second."""
        now = time.monotonic()
        if now >= self._due:
            self._due, self._shown = now + _REFRESH_S, True
            elapsed = now - self._began
            self._show(f"{self._far(elapsed)}, {human_duration(elapsed)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        if self._shown:
            self._show("")


def install() -> None:
    """Have SIGINT and SIGTERM cancel the run. Raises CanceledError if one arrived before."""
    cancel_token.reset()
    for number in _SIGNALS:
        signal.signal(number, _handle)
    if (earlier := early_signals.taken()) is not None:
        _handle(earlier, None)


def ignore() -> None:
    """Ignore SIGINT and SIGTERM from now on, while results are written: CI systems soon send a second signal."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _handle(number: int, frame: FrameType | None) -> None:
    del frame
    ignore()
    cancel_token.cancel(number)
    if not cancel_token.deferred:
        cancel_token.check()
