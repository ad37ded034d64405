"""What ends the threads of a process: a signal reaches only the main one."""

from __future__ import annotations

import threading
import time

from shipline.errors import CanceledError

LOOK = 0.5  # seconds; a wait without an end would hold signals back on Windows
_BY_SIGNAL = "the run was canceled"


class Stop:
    """Until it is called nothing is different; from then on no thread sleeps or sends any more."""

    def __init__(self) -> None:
        self._called = threading.Event()
        self._over = False
        self._number, self._what = 0, _BY_SIGNAL

    def note(self, signal_number: int) -> None:
        """A signal came. Takes no lock, which the handler's own thread might hold; whoever sleeps goes on sleeping."""
        self._number, self._what, self._over = signal_number, _BY_SIGNAL, True

    def call(self, signal_number: int, what: str = _BY_SIGNAL) -> None:
        """``what`` happened, in words."""
        self._number, self._what, self._over = signal_number, what, True
        self._called.set()

    def reset(self) -> None:
        self._over = False
        self._called.clear()

    def check(self) -> None:
        """Raises CanceledError once it has been called."""
        if self._over:
            raise canceled(self._number, self._what)

    def sleep(self, seconds: float) -> None:
        """Like time.sleep, which a signal ends in the main thread alone.

        Raises CanceledError once it has been called.
        """
        self.check()
        if threading.current_thread() is threading.main_thread():
            time.sleep(seconds)
        else:
            self._called.wait(seconds)
        self.check()


def canceled(signal_number: int, what: str = _BY_SIGNAL) -> CanceledError:
    """The error that a signal is."""
    todo = "run again: it goes on where this run stopped; what BuildMaster has started goes on by itself"
    return CanceledError(signal_number, what, todo=todo)


stop = Stop()
"""The process's own."""
