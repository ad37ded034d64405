"""One exchange of a request and its response, carried out in a thread of its own.

The thread that sends a request may be stuck where nothing reaches it: a DNS request has no timeout. The caller
therefore only waits for the result. If the run is canceled, it abandons the thread, and knows from the progress that
both share how far the request got.
"""

from __future__ import annotations

import contextlib
import math
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from shipline.cancellation import SLICE_S, cancel_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.redaction import Secret
    from shipline.transport.upload import Body


T = TypeVar("T")
_SHIELDED_S = 2.0
MAX_IDLE_S = 60.0  # routers forget idle connections after a few minutes, and servers may not notice
Phase = Literal["not sent", "connecting", "sending", "sent", "answering"]


class Progress:
    """How far a request got. The connection moves it on; the thread that waits for the response reads it.

    ``shielded``: it is sent although the run was canceled, and may take a few seconds. ``send_by``: not sent later than
    at this moment of the monotonic clock. ``body_after``: seconds between the headers and the body: haproxy's retries
    send a request again only if it had all of it before it began to pass it on. ``max_idle``: not sent on a connection
    that was last used longer ago, in seconds. ``tick`` is called while the response is awaited, ``again`` before a
    retry; ``body`` is the file that is sent.
    """

    def __init__(self, *, shielded: bool = False) -> None:
        self._lock = threading.Lock()
        self.shielded = shielded
        self.send_by = math.inf
        self.body_after = 0.0
        self.max_idle = MAX_IDLE_S
        self.body: Body | None = None
        self.tick: Callable[[], None] = lambda: None
        self.again: Callable[[], None] = lambda: None
        self.abandoned = False  # nobody needs the response any longer
        self.begin()

    def begin(self, limit: float = math.inf) -> None:
        """Begin an attempt, whose response may take ``limit`` seconds from the moment the request was sent."""
        self.phase: Phase = "not sent"
        self.status: int | None = None  # of the response
        self.late = False  # the response took longer than the limit, and the connection was shut down
        self._limit, self._deadline = limit, math.inf
        self._socket: Any = None

    @property
    def expired(self) -> bool:
        """True if it is too late to send it."""
        return time.monotonic() > self.send_by

    @property
    def sent(self) -> bool:
        """True once the first byte of the request may have been sent."""
        return self.phase in ("sending", "sent", "answering")

    @property
    def complete(self) -> bool:
        """True once the server may have the full request; what ends within a file can't be applied."""
        return self.sent and not (self.body and self.body.cut_off)

    def start_sending(self, connected: Any) -> None:
        """Note that the request goes out through this socket.

        Raises CanceledError if the run was canceled or stopped, and ConnectionAbortedError if nobody waits any longer.
        """
        if not self.shielded:
            cancel_token.check()
        if self.expired:
            raise ConnectionAbortedError("not sent, as it would have been too late")
        with self._lock:
            if self.abandoned:
                raise ConnectionAbortedError("abandoned before it was sent")
            self._socket, self.phase = connected, "sending"

    def await_response(self) -> None:
        """Note that the request was sent."""
        self.phase, self._deadline = "sent", time.monotonic() + self._limit

    def enforce_deadline(self) -> None:
        """Shut the connection down if the response takes too long: each of its parts may come within its timeout."""
        if time.monotonic() > self._deadline and not self.late:
            self.late = True
            _shut_down(self._socket)

    def abandon(self) -> None:
        """Let the request get no further: what wasn't sent yet never is."""
        with self._lock:
            self.abandoned = True
        _shut_down(self._socket)


def _shut_down(connected: Any) -> None:
    """Shut the TCP socket down in both directions; blocked reads return at once.

    Bypasses ``SSLSocket.shutdown``, which would continue in clear text.
    """
    if connected is not None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(getattr(connected, "socket", connected), socket.SHUT_RDWR)


def _awaited(results: queue.SimpleQueue[T], progress: Progress) -> T:
    while (result := cancel_token.wait(results, SLICE_S)) is None:
        progress.enforce_deadline()
        progress.tick()
    return result


class _Active(threading.local):
    """What the connections of this thread work at."""

    progress = Progress()
    query_key: tuple[str, Secret] | None = None  # goes into the request line


active = _Active()


def perform(task: Callable[[], T], progress: Progress, limit: float = math.inf) -> T:
    """Send a request in a thread of its own (``task``) and return what comes back; its exceptions are raised here.

    ``limit`` is the time in seconds that a response may take from the moment the request was sent.
    Raises CanceledError at once if the run is canceled.
    """
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        active.progress, active.query_key = progress, None
        try:
            results.put((task(), None))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            results.put((None, error))

    progress.begin(limit)
    cancel_token.defer()
    try:
        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:  # a container may allow few threads
            with cancel_token.blocked(progress.abandon):
                work()
        result = results.get(timeout=_SHIELDED_S) if progress.shielded else _awaited(results, progress)
    except queue.Empty:
        progress.abandon()
        raise TimeoutError("there was no time left for its response") from None
    except BaseException:
        progress.abandon()
        raise
    value, error = result
    if error is not None:
        if progress.abandoned:
            cancel_token.check()
        raise error
    return cast("T", value)
