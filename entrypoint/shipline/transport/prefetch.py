"""Read-only requests that are sent before their results are needed, while the program waits for another host.

Each host has one thread, which sends its requests one after the other; pauses, retries and rate limits are the same
as without it. The caller takes the results in its own order, so what it decides, reports and logs doesn't depend on
the threads.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

from shipline.cancellation import SLICE_S, cancel_token

T = TypeVar("T")
_MOST_HOSTS = 4


class _Result(NamedTuple):
    value: Any
    error: BaseException | None
    ended: float  # of the monotonic clock
    log: list[logging.LogRecord]


_NONE = _Result(None, None, -math.inf, [])


class Prefetched(Generic[T]):
    """A read-only request: ``send`` sends it to the host of ``url`` and returns what the caller needs.

    A result that is older than ``fresh_for`` seconds is requested again: a decision may depend on it.
    """

    def __init__(self, url: str, send: Callable[[], T], fresh_for: float = 5.0) -> None:
        self.host = urlsplit(url).hostname or ""
        self._send = send
        self._fresh_for = fresh_for
        self._results: queue.SimpleQueue[_Result] | None = None

    @property
    def begun(self) -> bool:
        """True if a thread fetches a result, and nobody has taken it."""
        return self._results is not None

    def take(self, tick: Callable[[], None] = lambda: None) -> T:
        """Return the result that a thread has fetched, at most once. Without one, send the request now.

        ``tick`` is called while the thread is waited for. Raises what ``send`` raises, and CanceledError.
        """
        results, self._results = self._results, None
        if results is None:
            return self._send()
        while (found := cancel_token.wait(results, SLICE_S)) is None:
            tick()
        for record in found.log:
            logging.getLogger(record.name).handle(record)
        if time.monotonic() - found.ended > self._fresh_for:
            return self._send()
        if found.error is not None:
            raise found.error
        value: T = found.value
        return value

    def expect(self) -> queue.SimpleQueue[_Result]:
        """Have ``take`` wait for what is put into the returned queue."""
        self._results = queue.SimpleQueue()
        return self._results

    def forget(self) -> None:
        """Have ``take`` send the request."""
        self._results = None

    def fetch(self) -> _Result:
        """Send the request in this thread, and keep what it logs."""
        value, error = None, None
        _thread.log = log = list[logging.LogRecord]()
        try:
            value = self._send()
        except BaseException as raised:  # noqa: BLE001 - raised where the result is taken
            error = raised
        finally:
            _thread.log = None
        return _Result(value, error, time.monotonic(), log)


def begin(requests: Iterable[Prefetched[Any]], busy: str = "") -> None:
    """Fetch the results in threads, one for each host; not from the host of the URL ``busy``, which the caller uses."""
    by_host: dict[str, list[Prefetched[Any]]] = {}
    for request in requests:
        by_host.setdefault(request.host, []).append(request)
    by_host.pop(urlsplit(busy).hostname or "", None)
    for same_host in islice(by_host.values(), _MOST_HOSTS):
        cancel_token.defer()
        expected = [(request, request.expect()) for request in same_host]
        try:
            threading.Thread(target=_fetch, args=(expected,), daemon=True).start()
        except RuntimeError:  # a container may allow few threads
            for request in same_host:
                request.forget()


def _fetch(expected: Sequence[tuple[Prefetched[Any], queue.SimpleQueue[_Result]]]) -> None:
    """Fetch one result after the other. After a failure, leave the rest to ``take``: nobody may need it then."""
    failed = False
    for request, results in expected:
        result = _NONE if failed else request.fetch()
        failed = failed or result.error is not None
        results.put(result)


class _Thread(threading.local):
    log: list[logging.LogRecord] | None = None  # of a request whose result nobody has taken yet


_thread = _Thread()


def keep(record: logging.LogRecord) -> bool:
    """Filter of a logger: keep what a thread logs while it fetches a result, for the moment it is taken."""
    if _thread.log is None:
        return True
    _thread.log.append(record)
    return False
