"""The run report: one HTML file that tells what was asked for, what happened when, how it ended and what to do."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline import workspace
from shipline.errors import InvalidInputError, Problem
from shipline.html_report import page as html_page
from shipline.html_report.story import Story

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.inputs import Given
    from shipline.report import Console

_LOGS = ("shipline.http", "shipline.answers")


class Report:
    """Hears what a console tells and what the sessions log.

    The page is there from the beginning, and says until the end that the run hasn't ended.
    """

    def __init__(self, path: Path, command: str) -> None:
        self.command = command
        self._path = path
        self._stories: dict[str, Story] = {}  # by product; "": the only one, or all together
        self._started = time.time()
        self._begun = time.monotonic()
        self._hearing = threading.RLock()
        self._thread = threading.local()  # the product that this thread works at, and the last message it logged
        self._handler = _ToReport(self)

    @classmethod
    def begin(cls, given: Given, command: str) -> Report:
        """Raises InvalidInputError for a path where nothing can be written, or where there is something else."""
        report = cls(Path(given.text), command)
        try:
            if report._path.exists() and not (report._path.is_file() and html_page.is_one(report._path)):
                raise _wrong(given, "expected a new file, or an earlier report: this one is something else")
            report._write()
        except OSError as error:
            raise _wrong(given, f"no report can be written there: {error.strerror}") from None
        for name in _LOGS:
            log = logging.getLogger(name)
            log.setLevel(logging.INFO)
            log.addHandler(report._handler)
        return report

    def listen(self, console: Console) -> None:
        console.listeners.append(self._heard)

    def end(self, console: Console) -> None:
        """Write what was heard. A report that can't be written doesn't change how the run ended."""
        for name in _LOGS:
            logging.getLogger(name).removeHandler(self._handler)
        with contextlib.suppress(ValueError):
            console.listeners.remove(self._heard)
        try:
            self._write()
        except Exception as error:  # noqa: BLE001 - nor does one that can't be made
            console.warning(f"the report could not be written: {error}")

    def logged(self, record: logging.LogRecord) -> None:
        self._thread.logged = record.getMessage()
        with self._hearing:
            self._story().log(record, self._now())

    def _heard(self, event: Mapping[str, Any]) -> None:
        self._thread.product = event.get("product", "")
        if event["event"] in ("progress", "warning") and event["text"] == getattr(self._thread, "logged", None):
            return  # the console shows the log
        with self._hearing:
            self._story().tell(event, self._now())

    def _story(self) -> Story:
        return self._stories.setdefault(getattr(self._thread, "product", ""), Story())

    def _now(self) -> float:
        return time.monotonic() - self._begun

    def _write(self) -> None:
        workspace.replace(self._path, html_page.page(self.command, self._stories, self._started, self._now()))


class _ToReport(logging.Handler):
    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        self._report.logged(record)


def _wrong(given: Given, what: str) -> InvalidInputError:
    return InvalidInputError([Problem(str(given.place), "report", what)])
