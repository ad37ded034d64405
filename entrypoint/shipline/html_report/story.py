"""What a run report tells of one product: the events of its console and the requests of its sessions, as text."""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import TYPE_CHECKING, Any

from shipline.errors import UnknownOutcomeError
from shipline.record import dataclass
from shipline.report import hidden, one_line, visible

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from shipline.resolve import Loaded
    from shipline.steps import Job
    from shipline.transport.session import Answer

_MOST_ENTRIES = 3000  # of look-ups and progress, which alone can go on and on
_POLLED = 4  # look-ups that take turns while something is waited for
_TIME = re.compile(r" in \d+ ms")
_LONGEST_BODY = 20_000  # characters
_LARGEST_READ = 65_536  # bytes of an answer that is read for what it tells
# What is shown of an answer: what it made or found, and how that stands.
_TELLING = ("id", "number", "status", "published", "pipelineStageName")
_SIGNALS = 128  # exit codes above it are of a run that a signal ended
_LONGEST_TOLD = 100  # characters
_MOST_ITEMS = 3


@dataclass(slots=True)
class Entry:
    """Something that happened ``at`` so many seconds after the beginning; equal look-ups in turn are one, counted."""

    at: float
    kind: str  # request, progress, warning, done, skipped, error
    text: str
    body: str | None = None  # of a request that changes something, as JSON
    answer: str | None = None  # what such a request was answered, or one that was refused
    count: int = 1
    last: float = 0.0


@dataclass(slots=True)
class Part:
    """A step and what happened in it; without a name: what came before the first."""

    name: str
    begun: float
    state: str = ""  # done, skipped, failed, unknown, canceled; empty: none of them
    ended: float | None = None
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Story:
    """What is known so far. Times are seconds after the beginning; ``result`` is empty until the run has ended."""

    parts: list[Part] = field(default_factory=list)
    about: Mapping[str, Any] = field(default_factory=dict)  # see _about
    made: Mapping[str, Any] = field(default_factory=dict)  # see _made
    plan: Mapping[str, Any] = field(default_factory=dict)  # these four as the console's events have them
    error: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Mapping[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    trace: str = ""
    left_out: int = 0

    def tell(self, event: Mapping[str, Any], now: float) -> None:
        """An event of a console, or a note to its listeners."""
        match event["event"]:
            case "step":
                self.parts.append(Part(one_line(event["name"]), now))
            case "done":
                state = "skipped" if event["skipped"] else "done"
                self._add(Entry(now, state, one_line(event["text"])))
                self._end(event["step"], state, now)
            case "progress":
                self._add(Entry(now, "progress", one_line(event["text"])))
            case "warning":
                self._warn(event["text"], now)
            case "problem":
                self.problems.append(event)
            case "error":
                self.error = event
                self._add(Entry(now, "error", one_line(event["what"])))
                self._end(event["step"], _ended(event["exit_code"]), now)
            case "trace":
                self.trace = visible(event["text"])
            case "loaded":
                self.about = _about(event["loaded"])
            case "made":
                self.made = _made(event["job"])
            case "plan" | "result" as name:
                setattr(self, name, event)
            case "valid":
                self.result = {"result": "succeeded", "exit_code": 0, "done": ["checked the input"], "next": "plan"}
            case _:
                pass

    def log(self, record: logging.LogRecord, now: float) -> None:
        """A request, or an answer that isn't as it was documented."""
        seen, message = vars(record), record.getMessage()
        if "request" not in seen:
            self._warn(message, now)
            return
        told = _told(seen["answer"]) if seen["answer"] else seen["phase"]
        text = one_line(f"{message} ({told})" if told else message)
        request = seen["request"]
        if request.safe and self._counted(text, now):
            return
        sent, answer = request.shown_body, seen["answer"]
        entry = Entry(now, "request", text, last=now)
        if sent is not None and not request.safe:
            entry.body = body(sent)
        if answer and answer.body and not (request.safe and answer.ok):
            entry.answer = _answered(answer)
        self._add(entry)

    def _warn(self, text: str, now: float) -> None:
        self.warnings.append(one_line(text))
        self._add(Entry(now, "warning", one_line(text)))

    def _counted(self, text: str, now: float) -> bool:
        """Whether it says what one of the last look-ups said: such as a deployment's state that stays the same."""
        for before in reversed(self.parts[-1].entries[-_POLLED:] if self.parts else []):
            if before.kind != "request":
                return False
            if _TIME.sub("", before.text, count=1) == _TIME.sub("", text, count=1):
                before.count, before.last = before.count + 1, now
                return True
        return False

    def _add(self, entry: Entry) -> None:
        if not self.parts:
            self.parts.append(Part("", 0.0))
        if entry.kind in ("request", "progress") and sum(len(p.entries) for p in self.parts) >= _MOST_ENTRIES:
            self.left_out += 1
        else:
            self.parts[-1].entries.append(entry)

    def _end(self, step: str, state: str, now: float) -> None:
        part = next((part for part in reversed(self.parts) if part.name == one_line(step)), None)
        if part is not None:
            part.state, part.ended = state, now


def body(data: Any) -> str:
    """A request's body as a plan shows it, of bounded length."""
    if data is None:
        return "(no body)"
    text = visible(data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False))
    return text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]}\n… ({len(text)} characters)"


def _ended(code: int) -> str:
    """What became of the step that an error ended: one that may have happened has not failed."""
    if code == UnknownOutcomeError.exit_code:
        return "unknown"
    return "canceled" if code > _SIGNALS else "failed"


def _answered(answer: Answer) -> str:
    """An answer's body as a person reads it."""
    try:
        return body(hidden(json.loads(answer.body)) if len(answer.body) <= _LARGEST_READ else answer.text)
    except (ValueError, RecursionError):
        return body(answer.text)


def _told(answer: Answer) -> str:
    """What an answer says of ids and states, in a few words."""
    try:
        data = json.loads(answer.body) if len(answer.body) <= _LARGEST_READ else None
    except (ValueError, RecursionError):
        return ""
    items = data if isinstance(data, list) else [data]
    if not items or len(items) > _MOST_ITEMS:
        return f"{len(items)} items"
    return "; ".join(filter(None, map(_ids, items)))


def _ids(item: Any) -> str:
    known = item if isinstance(item, dict) else {}
    values = [(name, known[name]) for name in _TELLING if isinstance(known.get(name), str | int)]
    shown = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in values]
    return ", ".join(f"{name} {text}" for name, text in shown if len(text) <= _LONGEST_TOLD)


def _about(loaded: Loaded) -> dict[str, Any]:
    """What is asked for: name with version, the run's page, where the notes and each value came from, services."""
    pipeline = loaded.pipeline
    builder = pipeline.buildmaster
    name = (builder.application if builder else "") or next((t.project for t in pipeline.centercode), "")
    return {
        "name": f"{name} {pipeline.version.text}".strip(),
        "run": pipeline.facts.run_url,
        "notes": pipeline.notes_from,
        "origins": loaded.origins,
        "services": [
            *([("BuildMaster", builder.url)] if builder else []),
            *((f"v3, {target.channel}", target.url) for target in pipeline.v3),
            *((f"Centercode, {target.project}", target.url) for target in pipeline.centercode),
        ],
    }


def _made(job: Job) -> dict[str, Any]:
    """What is released: artifacts as (file, bytes or None, SHA-256, link), and the pages of its releases."""
    return {
        "artifacts": [
            (a.filename, job.links.known_size(a, job.values), a.sha256 or "", a.url.fill(job.values) if a.url else "")
            for a in job.pipeline.artifacts
        ],
        "pages": [(e["name"], e["made"]["release-url"]) for e in job.receipt.steps if e["made"].get("release-url")],
    }
