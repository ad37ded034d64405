"""Sandboxes that the tests of one process share: each test gets one in its initial state."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Requests:
    """Counts the requests under way. Wraps a WSGI application."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.under_way = 0

    def __call__(self, *arguments: Any) -> Any:
        with self._lock:
            self.under_way += 1
        try:
            return self._app(*arguments)
        finally:
            with self._lock:
                self.under_way -= 1


fresh = False
"""Whether each test gets a sandbox of its own, whose data nothing removes."""

_running: dict[float, tuple[Running, _Requests, ExitStack]] = {}


@contextmanager
def shared(speed: float) -> Iterator[Running]:
    """Reset the process's sandbox of this speed, or start it, and lend it to one test."""
    if fresh:
        with running(speed=speed) as sandbox:
            yield sandbox
        return
    if speed not in _running:
        stack = ExitStack()
        started = stack.enter_context(running(speed=speed))
        app: Any = started._client.application
        app.wsgi_app = requests = _Requests(app.wsgi_app)
        _running[speed] = started, requests, stack
    sandbox, requests, stack = _running[speed]
    sandbox.admin("reset", {})
    yield sandbox
    if requests.under_way:  # it would change what the next test sees
        del _running[speed]
        stack.close()


def close() -> None:
    """End all of them."""
    for _, _, stack in _running.values():
        stack.close()
    _running.clear()
