"""SIGINT and SIGTERM that arrive before the program is loaded.

A container's first process ignores both as long as it has no handler. Without this one a job that is canceled while
Python still imports modules would go on, and announce. Those that arrive before this module is loaded are kept, if
what started Python has blocked them (the image's entry point does).
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


_noted: list[int] = []


def note() -> None:
    """Note the signals from now on, until ``taken`` or ``end`` is called. Only the main thread may call it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _note)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


def _note(number: int, frame: FrameType | None) -> None:
    del frame
    _noted.append(number)


def taken() -> int | None:
    """Return the first signal that was noted, once; None if there was none."""
    first = _noted[0] if _noted else None
    _noted.clear()
    return first


def end() -> None:
    """Let signals have their usual effect again. Raises SystemExit for one that was noted."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if (number := taken()) is not None:
        raise SystemExit(128 + number)
