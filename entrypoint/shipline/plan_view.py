"""A plan as people and machines read it: each request in order, what is there already, the rendered notes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shipline.errors import UnknownOutcomeError
from shipline.record import dataclass
from shipline.report import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shipline.plan import Plan
    from shipline.report import Console
    from shipline.services.operation import Call
    from shipline.steps import Job


NOTHING_LEFT = "nothing is left to do"


@dataclass(frozen=True, slots=True)
class End:
    """What a plan comes to. ``done`` says what is there already, ``not_done`` names the steps that are left."""

    done: tuple[str, ...]
    not_done: tuple[str, ...]
    next: str
    unknown: str  # the step that may have been applied


def end(plan: Plan) -> End:
    open_steps = tuple(p.step.name for p in plan.steps if p.decision.open or not p.decided)
    there = tuple(p.decision.reuse for p in plan.steps if not p.decision.open and p.decision.reuse)
    return End(there, open_steps, _next(plan, open_steps), _unknown(plan))


def show(plan: Plan, job: Job, console: Console) -> None:
    """Print it; its error, if it has one; and the last lines."""
    if console.json or console.listeners:
        _as_event(plan, job, console)
    if not console.json:
        _as_text(plan, job, console)
    if plan.error is not None:
        console.error(plan.error, plan.failed_step)
    for link in plan.links:
        if not link.good:
            console.warning(str(link))
    console.line(f"\nresult={result(plan)}")
    ended = end(plan)
    code = plan.error.exit_code if plan.error is not None and result(plan) != "planned" else 0
    outputs = {"result": result(plan)}
    console.result(result(plan), code, done=ended.done, not_done=ended.not_done, outputs=outputs, next=ended.next)
    console.last_lines("; ".join(ended.done) or "nothing", ", ".join(ended.not_done) or "nothing", ended.next)


def result(plan: Plan) -> str:
    """An outcome that isn't known is something a plan tells, not a failure of the plan."""
    return "planned" if plan.error is None or isinstance(plan.error, UnknownOutcomeError) else plan.error.result


def _next(plan: Plan, open_steps: Sequence[str]) -> str:
    if plan.error is not None:
        return f"nothing can be sent yet: {plan.error.todo or plan.error.what}"
    return "shipline run sends what stands above" if open_steps else NOTHING_LEFT


def _unknown(plan: Plan) -> str:
    if isinstance(plan.error, UnknownOutcomeError):
        return plan.failed_step
    return next((p.step.name for p in plan.steps if isinstance(p.decision.error, UnknownOutcomeError)), "")


def steps(plan: Plan, job: Job) -> Iterator[dict[str, Any]]:
    """Each step as data: its name, what it reuses or why it is skipped, and its requests ({method, url, body})."""
    for planned in plan.steps:
        decision = planned.decision
        here = planned.step.name == plan.failed_step
        error = decision.error or (plan.error if here and isinstance(plan.error, UnknownOutcomeError) else None)
        unseen = not planned.decided and not here
        yield {
            "name": planned.step.name,
            "skip": decision.skip,
            "reuse": decision.reuse,
            "unknown": f"{error.what}; {error.todo}" if error else "",
            "note": f"not looked at: {plan.failed_step} comes first" if unseen else decision.note,
            "requests": [_request(call, job) for call in decision.calls],
            "otherwise": [_request(call, job) for call in decision.otherwise],
            "wait": decision.wait,
            "warnings": list(decision.warnings),
        }


def _as_event(plan: Plan, job: Job, console: Console) -> None:
    version = job.pipeline.version.text
    console.event(
        event="plan", result=result(plan), version=version, steps=[*steps(plan, job)], notes=dict(_notes(job))
    )


def _as_text(plan: Plan, job: Job, console: Console) -> None:
    console.line(f"Plan for version {job.pipeline.version.text}: nothing is sent now\n")
    for step in steps(plan, job):
        _step(step, console)
    for name, text in _notes(job):
        console.line(f"\nRelease notes for {name}, from {job.pipeline.notes_from} ({len(text)} characters):")
        console.line(_indent(text, "  | "))


def _step(step: dict[str, Any], console: Console) -> None:
    console.line(step["name"])
    for label in ("skip", "reuse", "unknown", "note"):
        if step[label]:
            console.line(f"  {label}: {one_line(step[label])}")
    for request in step["requests"]:
        console.line(f"  {request['method']} {one_line(request['url'])}")
        console.line(_indent(_body(request["body"]), "    "))
    for request in step["otherwise"]:
        console.line(f"  if that fails: {request['method']} {one_line(request['url'])} {json.dumps(request['body'])}")
    if step["wait"]:
        console.line(f"  waits {one_line(step['wait'])}")
    for warning in step["warnings"]:
        console.warning(warning)


def _request(call: Call, job: Job) -> dict[str, Any]:
    request = call.request(job.values)
    return {"method": request.method, "url": request.full_url, "body": request.shown_body}


def _notes(job: Job) -> Iterator[tuple[str, str]]:
    yield from ((v3.name, v3.notes) for v3 in job.pipeline.v3)
    yield from ((centercode.name, centercode.body) for centercode in job.pipeline.centercode)


def _body(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) if body is not None else "(no body)"


def _indent(text: str, prefix: str) -> str:
    return "\n".join(prefix + line for line in text.splitlines())
