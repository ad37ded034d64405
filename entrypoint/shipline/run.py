"""Carry out a plan: each step decides again if anything has changed, acts once, and is written into the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline import plan as plans
from shipline.errors import CanceledError, ShiplineError, bug
from shipline.links import dead_link
from shipline.report import Outcome
from shipline.services.answer import ConflictError

if TYPE_CHECKING:
    from shipline.plan import Plan, Planned
    from shipline.steps import Job

WARNED = "warned"


def run(plan: Plan, job: Job) -> Outcome:
    """The outcome of the whole run; never raises a ShiplineError. The receipt is complete when this returns."""
    job.receipt.start(job.pipeline.facts, whole=job.first)
    job.receipt.data["artifacts"] = [
        {"file": a.filename, "size": a.size, "sha256": a.sha256, "url": str(a.url) if a.url else None}
        for a in job.pipeline.artifacts
    ]
    outcome = Outcome()
    current = ""
    try:
        if plan.blocked:
            there = (p for p in plan.steps if not (p.decision.calls or p.decision.wait or p.decision.error))
            outcome.finished = {p.step.name: p.decision.reuse or f"{p.step.name} skipped" for p in there}
        checked = False
        for planned in plan.blocked or plan.steps:
            current = planned.step.name
            checked = checked or _check_links_before(planned, job)
            _step(planned, job, outcome)
    except ShiplineError as error:
        outcome.fail(error, current)
    except Exception as error:  # noqa: BLE001 - what was done must be told all the same
        outcome.fail(bug(error), current)
    outcome.not_done = [p.step.name for p in plan.steps if p.step.name not in outcome.finished]
    for planned in plan.steps:
        outcome.outputs |= {name: value for name, value in planned.step.outputs(job).items() if value}
    if outcome.result == "succeeded" and job.console.warned:
        outcome.result = WARNED
    outcome.outputs = {
        "result": outcome.result,
        "failed-step": outcome.failed_step,
        **outcome.outputs,
        "receipt": str(job.receipt.path),
    }
    job.receipt.end(outcome.result, outcome.exit_code, outcome.failed_step, outcome.outputs)
    return outcome


def _step(planned: Planned, job: Job, outcome: Outcome) -> None:
    step = planned.step
    with job.console.step(step.name):
        try:
            if planned.changes != job.changes:
                planned = plans.decided(step, job)
            done = _act(planned, job)
        except CanceledError:
            raise
        except ShiplineError as error:
            if step.required:
                raise
            job.console.warning(f"{step.name} failed, and is not required: {error.what}", counts=True)
            return
        job.console.done(step.name, done, skipped=bool(planned.decision.skip))
    outcome.finished[step.name] = f"{step.name} skipped ({done})" if planned.decision.skip else done


def _act(planned: Planned, job: Job) -> str:
    decision = planned.decision
    if decision.error is not None:
        raise decision.error
    for warning in decision.warnings:
        job.console.warning(warning)
    if decision.skip:
        return decision.skip
    try:
        return planned.step.act(job, decision)
    except ConflictError:
        # Somebody made it between the look-up and the request, or an earlier try did: if it is equal, it is ours.
        again = plans.decided(planned.step, job).decision
        if [call.operation.id for call in again.calls] == [call.operation.id for call in decision.calls]:
            raise
        return planned.step.act(job, again)


def _check_links_before(planned: Planned, job: Job) -> bool:
    """Right before the first announcement, see that what is announced can be had. True when that was done."""
    if not planned.step.name.startswith("publish:") or not planned.decision.calls:
        return False
    mode = job.pipeline.check_links
    if mode == "skip":
        return True
    links = job.links.checked(plans.linked(job))
    dead = dead_link(links)
    if dead is not None and mode == "fail":
        raise dead
    for link in links:
        if not link.good:
            job.console.warning(str(link), counts=True)
    return True
