"""Threads that each carry out one product. The main one starts them, hears of their ends, and is told of signals."""

from __future__ import annotations

import queue
import signal
import threading
import time
from dataclasses import field
from typing import TYPE_CHECKING, Any

from shipline import signals
from shipline.record import dataclass
from shipline.transport.stopping import LOOK, stop

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping
    from types import FrameType

    from shipline.fleet.log import ProductConsole
    from shipline.fleet.report import Row
    from shipline.resolution.conflicts import Member
    from shipline.steps import Job

_GRACE = 1.0  # seconds that threads get to come to their end after a signal; CI systems kill a process soon
_ANOTHER_FAILED = "stopped before its next request, as another product has failed (--fail-fast)"


@dataclass(slots=True)
class Work:
    """What a thread is at."""

    member: Member
    console: ProductConsole
    job: Job | None = None  # once there is one
    progress: Mapping[str, Any] = field(default_factory=dict)  # of this thread's current request


def run(
    members: deque[Member],
    begin: Callable[[Member], Work],
    carry_out: Callable[[Work], Row],
    give_up: Callable[[Work, int], Row],
    *,
    most: int,
    fail_fast: bool,
) -> tuple[dict[str, Row], int]:
    """A row for each member that was begun, by the product's name, and the number of the signal that came, or 0.

    With ``fail_fast`` the first that fails ends the others before their next request.

    Takes the members out of ``members``, so that nothing keeps what has ended; those that were never begun stay.
    ``carry_out`` runs in a thread and never raises. ``give_up`` gives the row of one that doesn't end after a signal.
    """
    ends: queue.SimpleQueue[int | tuple[str, Row]] = queue.SimpleQueue()
    running: dict[str, Work] = {}
    rows: dict[str, Row] = {}
    stop.reset()
    _hear(ends)
    number = 0
    may_begin = True
    while running or (members and may_begin):
        while members and may_begin and len(running) < most:
            work = begin(members[0])
            thread = threading.Thread(target=_thread, args=(work, carry_out, ends), daemon=True)
            try:
                thread.start()
            except RuntimeError:  # a container may allow few
                if not running:
                    raise
                most = len(running)
                break
            running[members.popleft().product.name] = work
            del work, thread
        ended = _next(ends, LOOK)
        if isinstance(ended, int):
            number = ended
            break
        if ended is not None:
            name, rows[name] = ended
            del running[name]
            if fail_fast and may_begin and not rows[name].good:
                may_begin = False
                stop.call(signal.SIGINT, _ANOTHER_FAILED)  # what is under way may come to its end: nothing is cut
    if number:
        _stop(number)
        rows |= _last(ends, running)
        rows |= {name: give_up(work, number) for name, work in running.items()}
    signals.ignore()
    return rows, number


def _thread(work: Work, carry_out: Callable[[Work], Row], ends: queue.SimpleQueue[int | tuple[str, Row]]) -> None:
    ends.put((work.member.product.name, carry_out(work)))


def _stop(number: int) -> None:
    """No thread sleeps, sends or waits for an answer any more."""
    from shipline.transport import cutting

    stop.call(number)
    cutting.cut_all()


def _last(ends: queue.SimpleQueue[int | tuple[str, Row]], running: dict[str, Work]) -> dict[str, Row]:
    """The rows of those that end in time, taken out of ``running``."""
    rows: dict[str, Row] = {}
    until = time.monotonic() + _GRACE
    while running and (left := until - time.monotonic()) > 0:
        ended = _next(ends, left)
        if isinstance(ended, tuple):
            name, rows[name] = ended
            del running[name]
    return rows


def _next(ends: queue.SimpleQueue[int | tuple[str, Row]], seconds: float) -> int | tuple[str, Row] | None:
    try:
        return ends.get(timeout=seconds)
    except queue.Empty:
        return None


def _hear(ends: queue.SimpleQueue[int | tuple[str, Row]]) -> None:
    """A signal becomes an entry of the queue: raised as an error it could meet the main thread anywhere."""

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        signals.ignore()
        ends.put(number)

    for known in (signal.SIGINT, signal.SIGTERM):
        signal.signal(known, note)
