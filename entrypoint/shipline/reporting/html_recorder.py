"""The run report: one HTML file with the input, what happened when, the result and what to do next."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline import workspace
from shipline.errors import InvalidInputError, Problem, advice_on_writing
from shipline.reporting import html_page
from shipline.reporting.html_timeline import RunTimeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.inputs.sources import InputValue
    from shipline.reporting.console import Console


_LOGS = ("shipline.http", "shipline.answers")


class Report(logging.Handler):
    """Records the events of a console and the log records of the sessions, and writes the page.

    The page exists from the start; until the end it shows that the run has not ended.
    """

    def __init__(self, path: Path, command: str) -> None:
        super().__init__()
        self._command = command
        self._path = path
        self._timelines: dict[str, RunTimeline] = {}  # by product; "" is the command itself
        self._started = time.time()
        self._clock_start = time.monotonic()
        self._recording = threading.RLock()
        self._thread = threading.local()  # the product that this thread works at, and the last message it logged

    @classmethod
    def begin(cls, given: InputValue, command: str) -> Report:
        """Write a first page. Raises InvalidInputError if the path can't be written or holds something else."""
        path = Path(given.text)
        report = cls(path, command)
        try:
            if path.exists() and not (path.is_file() and html_page.is_report(path)):
                raise _invalid(given, "expected a new file, or an earlier report: this one is something else")
            report._write()
        except OSError as error:
            raise _invalid(
                given, f"no report can be written there: {error.strerror}; {advice_on_writing(error)}"
            ) from None
        for name in _LOGS:
            log = logging.getLogger(name)
            log.setLevel(logging.INFO)
            log.addHandler(report)
        return report

    def listen(self, console: Console) -> None:
        """Record the events of a console from now on."""
        console.listeners.append(self._receive)

    def end(self, console: Console) -> None:
        """Write the final page. If that fails, it is a warning: it doesn't change how the run ended."""
        for name in _LOGS:
            logging.getLogger(name).removeHandler(self)
        with contextlib.suppress(ValueError):
            console.listeners.remove(self._receive)
        try:
            self._write()
        except Exception as error:  # noqa: BLE001 - a page that can't be rendered doesn't change it either
            console.warning(f"the report could not be written: {error}")

    def emit(self, record: logging.LogRecord) -> None:
        """Record a request of this thread's product."""
        self._thread.logged = record.getMessage()
        with self._recording:
            self._timeline().add_log(record, self._now())

    def _receive(self, event: Mapping[str, Any]) -> None:
        self._thread.product = event.get("product", "")
        if event.get("text") == getattr(self._thread, "logged", ()):
            return  # the console shows the log record that this report has already
        with self._recording:
            self._timeline().add_event(event, self._now())

    def _timeline(self) -> RunTimeline:
        return self._timelines.setdefault(getattr(self._thread, "product", ""), RunTimeline())

    def _now(self) -> float:
        return time.monotonic() - self._clock_start

    def _write(self) -> None:
        workspace.replace(self._path, html_page.page(self._command, self._timelines, self._started, self._now()))


def _invalid(given: InputValue, what: str) -> InvalidInputError:
    return InvalidInputError([Problem(str(given.location), "report", what)])
