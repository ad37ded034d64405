"""The timeline of one run for the report: the events of its console and the requests of its sessions, as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline.display import one_line
from shipline.errors import ShiplineError
from shipline.reporting import html_body, plan_text, step_view
from shipline.reporting import notes as release_notes
from shipline.run.outcome import Outcome, ProductRow

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from shipline.pipeline.resolve import ResolvedPipeline
    from shipline.reporting.plan_text import StepText
    from shipline.reporting.step_view import StepView
    from shipline.run.step import Job
    from shipline.transport.messages import Request, Response


UNENDED = "not ended"
_MAX_ENTRIES = 3000  # of requests and progress: only these can go on without end
_REPEATED_REQUESTS = 4  # read-only requests that take turns while Shipline waits for something
_REQUEST_TIME = r" in \d+ ms"


@dataclass(eq=False)
class TimelineEvent:
    """Something that happened ``at`` so many seconds after the start. Equal read-only requests in turn are counted."""

    at: float
    kind: str  # request, progress, warning, done, skipped, error
    text: str
    body: str | None = None  # JSON that a request sent, if it changes something
    answer: str | None = None  # the response to such a request, or to one that failed
    refused: bool = False
    summary: str = ""  # ids and states in the response
    count: int = 1
    last: float = 0.0


@dataclass(eq=False)
class StepTimeline:
    """A step and what happened in it; the one without a name holds what came before the first step."""

    name: str
    begun: float
    state: step_view.State | None = None  # None: it has not ended
    ended: float | None = None
    pending: float | None = None  # until when its deployment was pending
    entries: list[TimelineEvent] = field(default_factory=list)


class About(NamedTuple):
    """The input of a run: name with version, the run's page, the notes, and where these and each value come from."""

    name: str = ""
    facts: Sequence[str] = ()  # of the CI run, each in a few words
    run_url: str = ""
    notes_from: str = ""
    notes: Sequence[tuple[str, str]] = ()  # target, rendered release notes
    origins: Sequence[tuple[str, str, str]] = ()  # setting, value, source
    targets: Mapping[str, str] = {}  # what distinguishes the announcements of one kind, by step


class ReleasedFile(NamedTuple):
    """An artifact; ``size`` is for people, and empty if not known."""

    file: str
    size: str
    sha256: str
    url: str
    link: str  # "checked", "unchecked", or why a customer couldn't download the file


class Released(NamedTuple):
    """What a run released: its artifacts, every step with its result, and the path of the receipt."""

    artifacts: Sequence[ReleasedFile] = ()
    steps: Sequence[StepView] = ()
    receipt: str = ""


@dataclass(eq=False)
class RunTimeline:
    """What is known so far. Times are seconds after the start; ``outcome`` is None until the run has ended."""

    parts: list[StepTimeline] = field(default_factory=list)
    about: About = field(default_factory=About)
    released: Released = field(default_factory=Released)
    names: Sequence[str] = ()  # of all steps
    plan: Sequence[StepText] = ()
    findings: list[Mapping[str, Any]] = field(default_factory=list)  # of doctor
    error: ShiplineError | None = None
    failed_step: str = ""
    outcome: Outcome | None = None
    warnings: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def state(self) -> str:
        """The result, or that the run has not ended."""
        return self.outcome.result if self.outcome else UNENDED

    @property
    def products(self) -> Sequence[ProductRow]:
        """The results of a fleet's products, once it has ended."""
        return self.outcome.products if self.outcome else ()

    @property
    def steps(self) -> list[StepTimeline]:
        return [part for part in self.parts if part.name]

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs that have a value."""
        return {name: value for name, value in (self.outcome.outputs if self.outcome else {}).items() if value}

    @property
    def requests(self) -> list[TimelineEvent]:
        return [entry for part in self.parts for entry in part.entries if entry.kind == "request"]

    def add_event(self, event: Mapping[str, Any], now: float) -> None:
        """Add an event of a console, or a note to its listeners."""
        match event:
            case {"event": "waiting", "status": "pending"} if self.parts:
                self.parts[-1].pending = now
            case {"event": "step", "name": name}:
                self.parts.append(StepTimeline(one_line(name), now))
            case {"event": "done", "text": text, "step": step, "skipped": skipped}:
                state: step_view.State = "skipped" if skipped else "done"
                self._add(TimelineEvent(now, state, one_line(text)))
                self._end_step(step, state, now)
            case {"event": "progress", "text": text}:
                self._add(TimelineEvent(now, "progress", one_line(text)))
            case {"event": "warning", "text": text}:
                self._warn(text, now)
            case {"event": "error", "source": ShiplineError() as error, "step": step}:
                self.error, self.failed_step = error, step
                self._add(TimelineEvent(now, "error", one_line(error.what)))
                self._end_step(step, step_view.failed_as(error), now)
            case _:
                self._learn(event)

    def _learn(self, event: Mapping[str, Any]) -> None:
        """Take what an event reports about the run as such."""
        match event:
            case {"event": "steps", "names": names}:
                self.names = [one_line(name) for name in names]
            case {"event": "check"}:
                self.findings.append(event)
            case {"event": "loaded", "loaded": loaded}:
                self.about = _about(loaded)
            case {"event": "plan", "source": steps}:
                self.plan = steps
            case {"event": "made", "job": job}:
                self.released = _released(job, self.outcome)
            case {"event": "result", "source": Outcome() as outcome}:
                self.outcome = outcome
            case {"event": "valid"}:
                self.outcome = Outcome(finished={"input": "checked the input"}, next="shipline plan")
            case _:
                pass

    def add_log(self, record: logging.LogRecord, now: float) -> None:
        """Add a request, or a warning about a response that differs from its documentation."""
        match vars(record):
            case {"request": request, "answer": response, "phase": phase}:
                self._add_request(request, response, phase, record.getMessage(), now)
            case _:
                self._warn(record.getMessage(), now)

    def _add_request(self, request: Request, response: Response | None, phase: str, message: str, now: float) -> None:
        summary = html_body.summarize(response) if response else phase
        text = one_line(f"{message} ({summary})" if summary else message)
        if request.safe and self._is_repeated(text, now):
            return
        event = TimelineEvent(now, "request", text, last=now, summary=one_line(summary))
        if request.shown_body is not None and not request.safe:
            event.body = html_body.show(request.shown_body)
        if response and response.body and not (request.safe and response.ok):
            event.answer, event.refused = html_body.of_response(response), not response.ok
        self._add(event)

    def _warn(self, text: str, now: float) -> None:
        self.warnings.append(one_line(text))
        self._add(TimelineEvent(now, "warning", one_line(text)))

    def _is_repeated(self, text: str, now: float) -> bool:
        """Count a read-only request that is equal to one of the last: a deployment's state that stays the same."""
        for before in reversed(self.parts[-1].entries[-_REPEATED_REQUESTS:] if self.parts else []):
            if before.kind != "request":
                return False
            if re.sub(_REQUEST_TIME, "", before.text, count=1) == re.sub(_REQUEST_TIME, "", text, count=1):
                before.count, before.last = before.count + 1, now
                return True
        return False

    def _add(self, event: TimelineEvent) -> None:
        if not self.parts:
            self.parts.append(StepTimeline("", 0.0))
        if event.kind in ("request", "progress") and sum(len(p.entries) for p in self.parts) >= _MAX_ENTRIES:
            self.left_out += 1
        else:
            self.parts[-1].entries.append(event)

    def _end_step(self, step: str, state: step_view.State, now: float) -> None:
        part = next((part for part in reversed(self.parts) if part.name == one_line(step)), None)
        if part is not None:
            part.state, part.ended = state, now


def _about(loaded: ResolvedPipeline) -> About:
    pipeline = loaded.pipeline
    builder = pipeline.buildmaster
    name = (builder.application if builder else "") or next((t.project for t in pipeline.centercode), "")
    title, facts = f"{name} {pipeline.version.text}".strip(), pipeline.facts
    shown = [("Tag", facts.tag), ("Branch", "" if facts.tag else facts.branch), ("Commit", facts.sha[:7])]
    known = [f"{label} {value}" for label, value in (*shown, ("Started by", facts.actor)) if value]
    run = [f"Run #{facts.run_number}"] if facts.run_number else []
    notes = [*release_notes.rendered(pipeline)]
    return About(
        title, [*run, *known], facts.run_url, pipeline.notes_from, notes, loaded.origins, step_view.targets(pipeline)
    )


def _released(job: Job, outcome: Outcome | None) -> Released:
    files = [ReleasedFile(*artifact) for artifact in plan_text.artifacts(job)]
    steps = step_view.of_run(outcome, job) if outcome else ()
    return Released(files, steps, str(job.receipt.path))
