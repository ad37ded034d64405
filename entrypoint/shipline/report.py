"""What people and machines read: the log, the plan, the outcome. Everything written goes through the redactor."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import threading
import unicodedata
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from shipline import terminal
from shipline.errors import InvalidInputError, Problem, ShiplineError
from shipline.record import dataclass
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from shipline.ci import System
    from shipline.terminal import Live

_LINE_BREAKERS = "\u2028\u2029"
_LONGEST_LINE = 8000  # characters


def visible(text: str) -> str:
    """``text`` as it may be printed: secrets hidden, and no control or bidi character that could hide what follows."""
    return "".join(
        c if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cf") and c not in _LINE_BREAKERS) else repr(c)[1:-1]
        for c in redact(text)
    )


def one_line(text: str) -> str:
    """``text`` on one line, visible and of bounded length: whoever wrote it doesn't decide how long a log gets."""
    return " ".join(visible(_short(text)).split())


def _short(text: str) -> str:
    text = redact(text)  # before it is cut: half a secret can't be recognised
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} … ({len(text)} characters)"


@dataclass(slots=True)
class Outcome:
    """How a run ended (design: results and exit codes)."""

    result: str = "succeeded"
    exit_code: int = 0
    failed_step: str = ""
    error: ShiplineError | None = None
    finished: dict[str, str] = field(default_factory=dict)  # step: what was done
    not_done: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)  # what to do about each optional step that failed
    outputs: dict[str, str] = field(default_factory=dict)

    def fail(self, error: ShiplineError, step: str) -> None:
        self.error, self.result, self.exit_code, self.failed_step = error, error.result, error.exit_code, step

    @property
    def next(self) -> str:
        if self.error is None and self.optional:
            return f"mend the cause and run again, which only does what is not done: {'; '.join(self.optional)}"
        if self.error is None:
            draft = self.outputs.get("v3-release-state") == "draft"
            return "publish the v3 draft when customers may see it" if draft else "nothing"
        return self.error.todo or "mend the cause and run again: what is done is not repeated"


class Console:
    """The log. ``text`` is for people; ``json`` is one object a line on standard output, and nothing else there."""

    def __init__(
        self,
        system: System,
        *,
        form: str = "text",
        quiet: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.json = form == "json"
        self._system = system
        self._quiet = quiet
        self.lock = threading.RLock()  # of the streams: whoever holds it writes without a line between
        self._out = out or sys.stdout
        # Two streams of a container arrive in any order: where a CI system keeps the log, it is one.
        self._err = self._out if system.one_log and not self.json else err or sys.stderr
        for stream in (self._out, self._err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal that can't show a character
        self.warned = False
        self.listeners: list[Callable[[dict[str, Any]], None]] = []  # get every event, with secrets in it
        self._live: Live | None = None
        # Each by itself: of two streams one may be a file. Some runners give their steps a terminal; the log that they
        # keep of it is none.
        plain, streams = self.json or system.one_log, (self._out, self._err)
        self._terminals = [s for s in streams if not plain and terminal.can_erase(s, os.environ)]
        self._colours = [
            s for s in streams if not self.json and terminal.has_colours(os.environ, terminal=s in self._terminals)
        ]

    def follow(self) -> None:
        """On a person's terminal, say at its foot what the run is at."""
        if self._out in self._terminals and not self._quiet:
            self._live = terminal.Live(self._out, one_line)
            self.listeners.append(self._live)

    def _print(self, stream: TextIO, text: str) -> None:
        with self.lock:
            self._mask()
            shown = self._system.neutral(visible(text))
            self._write(stream, terminal.coloured(shown) if stream in self._colours else shown)

    def _write(self, stream: TextIO, line: str) -> None:
        """A reader that went away, such as ``head``, or a full disk must not end a run in its middle."""
        with contextlib.suppress(OSError, ValueError), self._live.above() if self._live else contextlib.nullcontext():
            print(line, file=stream, flush=True)

    def _command(self, text: str) -> None:
        """A line for the CI system; on standard error where standard output holds JSON."""
        if text:
            with self.lock:
                self._mask()
                self._write(self._err if self.json else self._out, text)

    def _mask(self) -> None:
        """Have the CI system hide every secret that is new, before anything else is written."""
        for mask in self._system.masks(redact.news()):
            self._write(self._err if self.json else self._out, mask)

    def line(self, text: str = "") -> None:
        if not self.json:
            self._print(self._out, text)

    def _tell(self, line: str, **event: Any) -> None:
        self.event(**event)
        if not self._quiet:
            self.line(line)

    def event(self, **fields: Any) -> None:
        self.note(**fields)
        if self.json:
            self._print(self._out, json.dumps(hidden(fields), ensure_ascii=True))

    def note(self, **fields: Any) -> None:
        """Something for the listeners only."""
        for listener in self.listeners:
            listener(fields)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.event(event="step", name=name)
        title = one_line(name)
        self._command(self._system.group(title)[0])
        try:
            yield
        finally:
            self._command(self._system.group(title)[1])  # now: it may tell the time

    def progress(self, text: str) -> None:
        self._tell(f"  … {one_line(text)}", event="progress", text=text)

    def done(self, name: str, text: str, *, skipped: bool = False) -> None:
        self._tell(
            f"{name}: {'skipped: ' if skipped else ''}{one_line(text)}",
            event="done",
            step=name,
            text=text,
            skipped=skipped,
        )

    def warning(self, text: str, *, counts: bool = False) -> None:
        """``counts``: it makes the result ``warned`` instead of ``succeeded``."""
        self.warned = self.warned or counts
        self.event(event="warning", text=text)
        if not self.json:
            self._print(self._err, f"warning: {one_line(text)}")
        self._command(self._system.warning(one_line(text)))

    def problems(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            self.event(event="problem", place=problem.place, path=problem.path, what=problem.what)
            if not self.json:
                self._print(self._err, one_line(str(problem)))
        shown = [Problem(one_line(p.place), one_line(p.path), one_line(p.what)) for p in problems]
        for annotation in self._system.problems(shown):
            self._command(annotation)

    def error(self, error: ShiplineError, step: str = "") -> None:
        if isinstance(error, InvalidInputError):
            for warning in error.warnings:
                self.warning(warning)
            self.problems(error.problems)
        else:
            text = "\n".join(one_line(part) for part in (error.what, error.why, error.todo) if part)
            self._command(self._system.error(one_line(step or error.title), text))
        self.event(
            event="error",
            step=step,
            exit_code=error.exit_code,
            what=error.what,
            why=error.why,
            todo=error.todo,
            see=error.section,
        )
        if error.trace:
            self.note(event="trace", text=error.trace)
        if self.json:
            return
        lines = [f"error: {step + ': ' if step else ''}{error.what}"]
        lines += [f"  {name}: {text}" for name, text in (("why", error.why), ("do", error.todo)) if text]
        lines.append(f"  see: {error.section} ({error.title})")
        lines += error.trace.splitlines()
        self._print(self._err, "\n".join(map(_indented, lines)))

    def outcome(self, outcome: Outcome) -> None:
        """The end of the log: outputs, then DONE, NOT DONE and NEXT."""
        if outcome.error is not None:
            self.error(outcome.error, outcome.failed_step)
        self.result(
            outcome.result,
            outcome.exit_code,
            done=outcome.finished.values(),
            not_done=outcome.not_done,
            outputs=outcome.outputs,
            next=outcome.next,
        )
        self.outputs(outcome.outputs)
        self.last_lines(
            "; ".join(outcome.finished.values()) or "nothing", ", ".join(outcome.not_done) or "nothing", outcome.next
        )

    def outputs(self, outputs: Mapping[str, str]) -> None:
        self.line()
        for name, value in outputs.items():
            if value:
                self.line(f"{name}={one_line(value)}")

    def result(self, result: str, code: int, *, done: Iterable[str], not_done: Iterable[str], **rest: Any) -> None:
        """The last object of a machine's log, whatever happened; ``rest``: outputs and next."""
        self.event(event="result", result=result, exit_code=code, done=[*done], not_done=[*not_done], **rest)

    def last_lines(self, done: str, not_done: str, following: str) -> None:
        self.line()
        self.line(f"DONE: {one_line(done)}")
        self.line(f"NOT DONE: {one_line(not_done)}")
        self.line(f"NEXT: {one_line(following)}")


class Told(Protocol):
    """What can be told something in between."""

    def progress(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...


def show_log(console: Told, *, requests: bool) -> None:
    """Have the console show answers that aren't as documented, and with ``requests`` each request (method, address,
    status and time; never a header or a body)."""

    class ToConsole(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            show = console.warning if record.levelno >= logging.WARNING else console.progress
            show(record.getMessage())

    shown = ToConsole()
    for name in ("shipline.answers", *(["shipline.http"] if requests else [])):
        log = logging.getLogger(name)
        log.setLevel(logging.INFO)
        log.addHandler(shown)


def hidden(value: Any) -> Any:
    """``value`` without secrets: JSON would escape once more what may be escaped already."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(key)): hidden(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(item) for item in value]
    return value


def _indented(text: str) -> str:
    return visible(_short(text)).replace("\n", "\n    ")
