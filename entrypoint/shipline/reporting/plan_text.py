"""A plan as people and machines read it: each request in order, what exists already, and the rendered notes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline.display import one_line
from shipline.errors import UnknownOutcomeError
from shipline.reporting import notes
from shipline.run.outcome import Outcome
from shipline.values import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shipline.reporting.console import Console
    from shipline.run.plan import Plan
    from shipline.run.step import Job
    from shipline.services.client import Call


NOTHING_LEFT = "nothing to do"


class RequestText(NamedTuple):
    """A request of a plan; ``body`` is JSON or text without secrets."""

    method: str
    url: str
    body: Any


class StepText(NamedTuple):
    """A step of a plan: what it reuses, or why it is skipped, what is unknown, and its requests."""

    name: str
    skip: str
    reuse: str
    unknown: str
    note: str
    requests: list[RequestText]
    otherwise: list[RequestText]  # sent only if the step fails
    wait: str
    warnings: list[str]

    def as_data(self) -> dict[str, Any]:
        """Return the step's entry in the object of ``--format json``."""
        requests, otherwise = ([request._asdict() for request in some] for some in (self.requests, self.otherwise))
        return {**self._asdict(), "requests": requests, "otherwise": otherwise}


def outcome(plan: Plan) -> Outcome:
    """Return the result of a plan: what exists already is done, and the steps that are left are not.

    An error that would end the run ends the plan too, with its exit code.
    """
    open_steps = [p.step.name for p in plan.steps if p.decision.open or not p.decided]
    ended = Outcome("planned")
    if plan.error is not None:
        ended.fail(plan.error, plan.failed_step)
    ended.finished = {p.step.name: p.decision.reuse for p in plan.steps if not p.decision.open and p.decision.reuse}
    ended.not_done = open_steps
    ended.next = _next(plan, open_steps)
    ended.unknown = _unknown(plan)
    ended.outputs = {"result": ended.result}
    return ended


def show(plan: Plan, job: Job, console: Console) -> None:
    """Write the plan, and the links that can't be had."""
    described, rendered = list(steps(plan, job)), dict(notes.rendered(job.pipeline))
    if console.json or console.listeners:
        version, data = job.pipeline.version.text, [step.as_data() for step in described]
        console.event(described, event="plan", result=outcome(plan).result, version=version, steps=data, notes=rendered)
    if console.text:
        console.line(f"Plan for version {job.pipeline.version.text}: nothing is sent now\n")
        for step in described:
            _show_step(step, console)
        for name, text in rendered.items():
            console.line(f"\nRelease notes for {name}, from {job.pipeline.notes_from} ({len(text)} characters):")
            console.line(_indent(notes.as_text(text) if notes.is_html(name) else text, "  | "))
    for link in plan.links:
        if not link.good:
            console.warning(str(link))


def steps(plan: Plan, job: Job) -> Iterator[StepText]:
    """Yield each step as data."""
    for planned in plan.steps:
        decision = planned.decision
        failed = planned.step.name == plan.failed_step
        error = decision.error or (plan.error if failed and _reports_unknown(plan) else None)
        undecided = not planned.decided and not failed
        yield StepText(
            name=planned.step.name,
            skip=decision.skip,
            reuse=decision.reuse,
            unknown=f"{error.what}; {error.todo}" if error else "",
            note=f"unchecked: {plan.failed_step} comes first" if undecided else decision.note,
            requests=[_request(call, job) for call in decision.calls],
            otherwise=[_request(call, job) for call in decision.otherwise],
            wait=decision.wait,
            warnings=list(decision.warnings),
        )


def _reports_unknown(plan: Plan) -> bool:
    """Return True if a step's outcome isn't known."""
    return isinstance(plan.error, UnknownOutcomeError)


def _next(plan: Plan, open_steps: Sequence[str]) -> str:
    if plan.error is not None:
        return plan.error.todo or plan.error.what
    return "shipline run sends the requests above" if open_steps else NOTHING_LEFT


def _unknown(plan: Plan) -> str:
    if _reports_unknown(plan):
        return plan.failed_step
    return next((p.step.name for p in plan.steps if isinstance(p.decision.error, UnknownOutcomeError)), "")


def _show_step(step: StepText, console: Console) -> None:
    console.line(step.name)
    labels = {"skip": step.skip, "reuse": step.reuse, "unknown": step.unknown, "note": step.note}
    for label, text in labels.items():
        if text:
            console.line(f"  {label}: {one_line(text)}")
    for method, url, body in step.requests:
        console.line(f"  {method} {one_line(url)}")
        shown = json.dumps(body, indent=2, ensure_ascii=False) if body is not None else "(no body)"
        console.line(_indent(shown, "    "))
    for method, url, body in step.otherwise:
        console.line(f"  if that fails: {method} {one_line(url)} {json.dumps(body)}")
    if step.wait:
        console.line(f"  wait: {one_line(step.wait)}")
    for warning in step.warnings:
        console.warning(warning)


def _request(call: Call, job: Job) -> RequestText:
    request = call.request(job.placeholders)
    return RequestText(request.method, request.full_url, request.shown_body)


def artifacts(job: Job) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield name, size, SHA-256, URL and the link's state of each artifact as text; empty where a value isn't known.

    The state is ``checked``, ``unchecked``, or why a customer couldn't download the file.
    """
    for artifact in job.pipeline.artifacts:
        link = job.links.known(artifact, job.placeholders)
        size = job.links.known_size(artifact, job.placeholders)
        url = artifact.url.fill(job.placeholders) if artifact.url else ""
        state = (link.problem or "checked") if link else "unchecked"
        yield artifact.filename, human_size(size) if size is not None else "", artifact.sha256 or "", url, state


def _indent(text: str, prefix: str) -> str:
    return "\n".join(prefix + line for line in text.splitlines())
