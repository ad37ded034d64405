"""The console: the log for people, or JSON events for machines. It hides secrets in everything it writes."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

from shipline.display import escape_controls, escape_json, one_line, redact_all, shorten
from shipline.errors import InvalidInputError, Problem, ShiplineError
from shipline.redaction import redact
from shipline.reporting import terminal
from shipline.run.outcome import EVERYTHING, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from shipline.ci.system import System
    from shipline.run.progress import ProgressListener


_LINE_EVERY_S = 60.0


class Console:
    """The log of a command, and the ``Progress`` of its run.

    The form ``text`` is for people. The form ``json`` writes one object a line to standard output, and nothing else;
    the form ``markdown`` writes one page there.
    """

    def __init__(
        self,
        system: System,
        *,
        form: str = "text",
        quiet: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.json, self.text = form == "json", form not in ("json", "markdown")
        self.system = system
        self._quiet = quiet
        self.lock = threading.RLock()  # its holder writes several lines with none of another thread between them
        self._out = out or sys.stdout
        # A container's two streams arrive in any order, so that a log kept by a CI system gets only one.
        self._err = self._out if system.merges_streams and self.text else err or sys.stderr
        for stream in (self._out, self._err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # for terminals that can't show a character
        self.warned = False
        self._incomplete = False  # standard output, by an error that was reported
        self.listeners: list[Callable[[dict[str, Any]], None]] = []  # receive every event, with its secrets
        # One of the two streams may be a file. Some runners give their steps a terminal, but keep a log of it.
        plain, streams = not self.text or system.merges_streams, (self._out, self._err)
        self._terminals = [s for s in streams if not plain and terminal.can_erase(s, system.environ)]
        person = self._out in self._terminals and not quiet
        self._status = terminal.StatusLine(self._out, one_line) if person else None
        self._next_line = 0.0  # of ``ongoing``
        self._foldable: str | None = None  # the step whose progress can be folded
        self._folded = False  # True while a fold is open
        self._colored = [
            s for s in streams if self.text and terminal.has_colors(system.environ, terminal=s in self._terminals)
        ]

    def follow(self) -> None:
        """Show the current step at the foot of a person's terminal."""
        if self._status:
            self.listeners.append(self._status)
            self._status.start()

    def _print(self, stream: TextIO, text: str) -> None:
        with self.lock:
            self._mask()
            shown = self.system.escape_commands(escape_controls(text))
            self._write(stream, terminal.colorize(shown) if stream in self._colored else shown)

    def _write(self, stream: TextIO, line: str) -> None:
        """Write a line. A closed pipe or a full disk must not end a run before it is done."""
        try:
            with self._status.above() if self._status else contextlib.nullcontext():
                print(line, file=stream, flush=True)
        except ValueError:  # the stream is closed
            pass
        except OSError as error:
            if stream is not self._err and not self._incomplete and not isinstance(error, BrokenPipeError):
                self._incomplete = True
                self._print(
                    self._err, f"warning: standard output can't be written ({error.strerror}): it is incomplete"
                )

    def command(self, text: str) -> None:
        """Write a command to the CI system; on standard error if standard output is for machines."""
        if text:
            with self.lock:
                self._mask()
                self._write(self._out if self.text else self._err, text)

    def _mask(self) -> None:
        """Have the CI system hide every new secret, before anything else is written."""
        for mask in self.system.masks(redact.unmasked_forms()):
            self._write(self._out if self.text else self._err, mask)

    def line(self, text: str = "") -> None:
        """Write a line of text, if that is the form."""
        if self.text:
            self._print(self._out, text)

    def page(self, markdown: str) -> None:
        """Write a page of Markdown, if that is the form, and an empty line, which separates it from the next page."""
        if not (self.text or self.json):
            with self.lock:
                self._mask()
                self._write(self._out, self.system.escape_commands(escape_controls(markdown)).rstrip() + "\n")

    def _report(self, line: str, **event: Any) -> None:
        self.event(**event)
        if not self._quiet:
            self.line(line)

    def event(self, source: object = None, **fields: Any) -> None:
        """Send an event to the listeners, with the object that it describes; if the form is JSON, write the fields."""
        self.note(source=source, **fields)
        if self.json:
            shown = {name: redact_all(value) for name, value in fields.items()}
            with self.lock:
                self._mask()
                self._write(self._out, escape_json(json.dumps(shown)))

    def note(self, **fields: Any) -> None:
        """Send an event to the listeners only."""
        for listener in self.listeners:
            listener(fields)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Fold the progress of a step inside the ``with`` block; what matters stays outside of the fold."""
        self.event(event="step", name=name)
        self._foldable = one_line(name)
        try:
            yield
        finally:
            self._unfold()
            self._foldable = None

    def _fold(self) -> None:
        if self._foldable is not None and not self._folded and not self._quiet:
            self.command(self.system.group(self._foldable)[0])
            self._folded = True

    def _unfold(self) -> None:
        if self._foldable is not None and self._folded:
            self.command(self.system.group(self._foldable)[1])  # created now: it may contain the time
            self._folded = False

    def progress(self, text: str) -> None:
        """Write what happens now."""
        self._fold()
        self._report(f"  … {one_line(text)}", event="progress", text=text)

    def ongoing(self, text: str) -> None:
        """Show how far something is: at the foot of a terminal, else in a line a minute. An empty text ends it."""
        if self._status:
            self._status.show(text)
        elif text and self.text and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY_S
            self.progress(text)

    def done(self, name: str, text: str, *, skipped: bool = False) -> None:
        """Write the result of a step."""
        self._unfold()
        self._report(
            f"{name}: {'skipped: ' if skipped else ''}{one_line(text)}",
            event="done",
            step=name,
            text=text,
            skipped=skipped,
        )

    def warning(self, text: str, *, counts: bool = False) -> None:
        """Write a warning; if it ``counts``, the result is ``warned`` instead of ``succeeded``."""
        self.warned = self.warned or counts
        self._unfold()
        self.event(event="warning", text=text)
        self._highlight("warning: ", [one_line(text)], [self.system.warning(one_line(text))])

    def _highlight(self, label: str, texts: Iterable[str], commands: Iterable[str]) -> None:
        """Write the commands that highlight texts, and each text that the log doesn't show with them."""
        highlights = [*filter(None, commands)]
        for text in texts:
            if not (self.json or (highlights and len(text) < self.system.longest_shown)):
                self._print(self._err, label + text)
        for highlight in highlights:
            self.command(highlight)

    def _problems(self, problems: tuple[Problem, ...]) -> None:
        """Write the problems of the input, as annotations if the system has them."""
        for problem in problems:
            self.event(event="problem", place=problem.place, path=problem.path, what=problem.what)
        shown = [Problem(one_line(p.place), one_line(p.path), one_line(p.what)) for p in problems]
        self._highlight("", map(str, shown), self.system.problems(shown))

    def error(self, error: ShiplineError, step: str = "") -> None:
        """Write an error with its reason, advice and section of the docs; ``step`` is the one that it ended."""
        if isinstance(error, InvalidInputError):
            for warning in error.warnings:
                self.warning(warning)
            self._problems(error.problems)
        self.event(
            error,
            event="error",
            step=step,
            exit_code=error.exit_code,
            what=error.what,
            why=error.why,
            todo=error.todo,
            see=error.section,
        )
        details = [f"  {name}: {text}" for name, text in (("why", error.why), ("do", error.todo)) if text]
        text = "\n".join(map(_indented, [error.what, *details, f"  see: {error.section} ({error.title})"]))
        highlight = self.system.error(one_line(step or error.title), text)
        label = f"error: {one_line(step) + ': ' if step else ''}"
        self._highlight(label, [text], [] if isinstance(error, InvalidInputError) else [highlight])
        if error.trace and not self.json:
            self._print(self._err, "\n".join(map(_indented, error.trace.splitlines())))

    def finish(self, outcome: Outcome) -> None:
        """Write the end of the log: the error, the outputs, DONE, NOT DONE and NEXT.

        With ``--format json`` it is the last object.
        """
        if outcome.error is not None:
            self.error(outcome.error, outcome.failed_step)
        self.event(
            outcome,
            event="result",
            result=outcome.result,
            exit_code=outcome.exit_code,
            done=[*outcome.finished.values()],
            not_done=[*outcome.not_done],
            outputs=outcome.outputs,
            next=outcome.next,
            **({"products": [row._asdict() for row in outcome.products]} if outcome.products else {}),
        )
        if outcome.shows_outputs:
            self.outputs(outcome)
        self.line()
        for name, text in outcome.last_lines:
            self.line(f"{name}: {one_line(text)}")

    def outputs(self, outcome: Outcome) -> None:
        """Write each output that has a value, as ``name=value``."""
        lines = [f"{name}={one_line(value)}" for name, value in outcome.outputs.items() if value]
        if lines and outcome.not_done != [EVERYTHING]:  # else the lines belong to the error above
            self.line()
        for line in lines:
            self.line(line)


def show_log(console: ProgressListener, *, requests: bool) -> None:
    """Show in the log each response that differs from its documentation, and with ``requests`` each request.

    A request is shown with method, URL, status and time; never with a header or a body.
    """

    class ToConsole(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            show = console.warning if record.levelno >= logging.WARNING else console.progress
            show(record.getMessage())

    shown = ToConsole()
    for name in ("shipline.answers", *(["shipline.http"] if requests else [])):
        log = logging.getLogger(name)
        log.setLevel(logging.INFO)
        log.addHandler(shown)


def _indented(text: str) -> str:
    return escape_controls(shorten(text)).replace("\n", "\n    ")
