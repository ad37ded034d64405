"""SIGINT and SIGTERM: the first ends the run, wherever it is."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from shipline.transport.stopping import canceled, stop

if TYPE_CHECKING:
    from types import FrameType

_BOTH = (signal.SIGINT, signal.SIGTERM)
_OF_LOCKS = frozenset({"threading", "queue", "weakref", "_weakrefset"})
_MOMENT = 0.005  # seconds
_MOST_TRIES = 100


class _Cancel:
    """Raises CanceledError where the main thread is, but not where that would be lost or leave a lock taken."""

    def __init__(self) -> None:
        self._tries = 0
        self._number = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        stop.note(number)  # should what is raised be lost all the same, nothing more is sent
        self._tries += 1
        if _holds_a_lock(frame) and self._tries < _MOST_TRIES and hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self.again)
            signal.setitimer(signal.ITIMER_REAL, _MOMENT)
            return
        ignore()
        raise canceled(number)

    def again(self, number: int, frame: FrameType | None) -> None:
        del number
        self(self._number, frame)


def install() -> None:
    """From now on a signal ends what runs, by CanceledError in the main thread."""
    stop.reset()
    cancel = _Cancel()
    for number in _BOTH:
        signal.signal(number, cancel)


def ignore() -> None:
    """What follows tells what was done, and must not be cut short: CI systems soon send a second signal."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _BOTH:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "SIGALRM") and isinstance(getattr(signal.getsignal(signal.SIGALRM), "__self__", None), _Cancel):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)


def _holds_a_lock(frame: FrameType | None) -> bool:
    """Whether it may be taking or leaving a lock of Python's own, or be in a callback that swallows errors."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module in _OF_LOCKS:
            return True
        if module.startswith("shipline."):
            return False
        frame = frame.f_back
    return False
