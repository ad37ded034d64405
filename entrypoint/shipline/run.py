"""Carry out a plan: each step decides again if anything has changed, acts once, and is written into the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline import plan as plans
from shipline import signals
from shipline.errors import CanceledError, ShiplineError, UnknownOutcomeError, bug
from shipline.links import Links, dead_link
from shipline.receipt import Receipt, fingerprint
from shipline.report import Outcome
from shipline.services.answer import ConflictError
from shipline.steps import Job
from shipline.transport.redaction import redact
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from shipline.pipeline import Pipeline
    from shipline.plan import Plan, Planned
    from shipline.report import Console
    from shipline.steps import Decision, Step


_LOOKS = (1.0, 2.0, 4.0)  # seconds before each look for what a lost request did


def job_for(pipeline: Pipeline, receipt: Path, console: Console) -> Job:
    """Raises InvalidInputError for a receipt that is damaged or belongs to something else."""
    return Job(
        pipeline=pipeline,
        receipt=Receipt.open(receipt, pipeline),
        console=console,
        links=Links(pipeline.network),
    )


def release(job: Job) -> Outcome:
    """Plan and carry out; the receipt is held by the caller."""
    planned = plans.make(job)
    for link in planned.links:
        if not link.good:
            job.console.warning(f"{link}; it is asked for again before anything is announced")
    return run(planned, job)


def run(plan: Plan, job: Job) -> Outcome:
    """The outcome of the whole run; never raises a ShiplineError. The receipt is complete when this returns."""
    outcome = Outcome()
    if plan.error is not None:
        job.receipt.note(job.pipeline.facts, steps=job.pipeline.steps, whole=job.first)
        _tell_what_is_there(plan, job, outcome)
        outcome.fail(plan.error, plan.failed_step)
    else:
        _carry_out(plan, job, outcome)
    signals.ignore()
    outcome.not_done = [_begun(p.step, job) for p in plan.steps if p.step.name not in outcome.finished]
    for planned in plan.steps:
        outcome.outputs |= {name: value for name, value in planned.step.outputs(job).items() if value}
    if outcome.result == "succeeded" and job.console.warned:
        outcome.result = "warned"
    told = {"result": outcome.result, "failed-step": outcome.failed_step}
    every = {**told, **outcome.outputs, "receipt": str(job.receipt.path)}
    outcome.outputs = {name: redact(value) for name, value in every.items()}
    if plan.error is None:
        try:
            job.receipt.end(outcome.result, outcome.exit_code, outcome.failed_step, outcome.outputs)
        except OSError as error:
            job.console.warning(f"the receipt could not be written: {error}")
    return outcome


def _tell_what_is_there(plan: Plan, job: Job, outcome: Outcome) -> None:
    """Nothing was sent; what is done already is found in what the steps decided, and in the receipt."""
    for planned in plan.steps:
        step, decision = planned.step, planned.decision
        entry = job.receipt.find(step.key(job)) or job.receipt.named(step.name)
        if decision.reuse and not decision.open:
            outcome.finished[step.name] = decision.reuse
        elif not planned.decided and entry and entry["status"] == "done":
            job.make(step.restored(entry))
            outcome.finished[step.name] = f"{step.name} was done before"


def _carry_out(plan: Plan, job: Job, outcome: Outcome) -> None:
    current = ""
    try:
        pipeline = job.pipeline
        job.console.note(event="steps", names=[planned.step.name for planned in plan.steps])
        job.receipt.start(pipeline.facts, steps=pipeline.steps, whole=job.first, artifacts=pipeline.artifacts)
        for planned in plan.steps:
            current = planned.step.name
            if planned.announces and not job.announcing:
                _before_announcing(plan, job)
            _step(planned, job, outcome)
    except ShiplineError as error:
        outcome.fail(error, current)
    except Exception as error:  # noqa: BLE001 - what was done must be told all the same
        outcome.fail(bug(error), current)


def _before_announcing(plan: Plan, job: Job) -> None:
    """Right before the first announcement: is the build still the latest, and can what is announced be had?"""
    job.announcing = True
    checked = job.pipeline.check_links != "skip" and all(link.good and link.size is not None for link in plan.links)
    if checked and not job.changes:
        return  # the plan has just looked at all of it
    for planned in plan.steps:
        planned.step.before_announcing(job)
    required = (p.step for p in plan.steps if p.announces and p.step.required)
    _check_links((url for step in required for url in step.links(job)), job)
    job.changes += 1  # sizes of files that weren't there before


def _check_links(urls: Iterable[str], job: Job) -> None:
    """Raises RefusedError for a dead link, if those are to be stopped at."""
    mode = job.pipeline.check_links
    if mode == "skip":
        return
    links = job.links.checked(urls, job.console.progress)
    dead = dead_link(links)
    if dead is not None and mode == "fail":
        raise dead
    for link in links:
        if not link.good:
            job.console.warning(str(link), counts=True)


def _step(planned: Planned, job: Job, outcome: Outcome) -> None:
    step = planned.step
    with job.console.step(step.name):
        try:
            if planned.changes != job.changes:
                planned = plans.decided(step, job)
            if planned.announces and not step.required:
                _check_links(step.links(job), job)
            done = _act(planned, job)
        except CanceledError:
            raise
        except ShiplineError as error:
            if step.required:
                raise
            why = f": {error.why}" if error.why else ""
            job.console.warning(f"{step.name} failed, and is not required: {error.what}{why}", counts=True)
            outcome.optional.append(f"{step.name} ({error.todo})" if error.todo else step.name)
            return
        job.console.done(step.name, done, skipped=bool(planned.decision.skip))
    outcome.finished[step.name] = f"{step.name} skipped ({done})" if planned.decision.skip else done


def _act(planned: Planned, job: Job) -> str:
    decision = planned.decision
    if decision.error is not None:
        raise decision.error
    for warning in decision.warnings:
        job.console.warning(warning)
    job.make(decision.made)  # in the order of the steps: outputs are those of the last
    if decision.skip:
        return decision.skip
    step = planned.step
    while True:
        try:
            return step.act(job, decision)
        except UnknownOutcomeError as lost:
            if not step.settles:
                raise
            decision = _settled(step, job, lost)
        except ConflictError:
            if not step.adopts:
                raise
            # Somebody made it between the look-up and the request, or an earlier try did: if it is equal, it is ours.
            again = plans.decided(step, job)
            same = [call.operation.id for call in again.decision.calls] == [c.operation.id for c in decision.calls]
            if same or again.decision.error is not None:
                raise
            decision = again.decision


def _settled(step: Step, job: Job, lost: UnknownOutcomeError) -> Decision:
    """The answer to a request was lost: look what came of it, more than once, since it may take effect late.

    What was applied is adopted, and the step goes on. What can't be found may still be under way, behind a gateway that
    has given up on it, so it isn't sent again in this run: raises ``lost``.
    """
    request = step.lost_request(job)
    if request is None:
        raise lost
    job.console.progress(f"{lost.what}: looking whether it was applied")
    patience = min(1.0, job.pipeline.network.retry_for / sum(_LOOKS))
    for pause in _LOOKS:
        stop.sleep(pause * patience)
        try:
            decision = plans.decided(step, job).decision
        except CanceledError:
            raise
        except ShiplineError:
            raise lost from None
        if decision.error is not None:
            raise lost
        if request not in {fingerprint(call.request(job.values)) for call in decision.calls}:
            return decision
    raise lost


def _begun(step: Step, job: Job) -> str:
    """A step that isn't done, and what of it was begun."""
    entry = job.receipt.find(step.key(job)) or {}
    ids = [value for name, value in entry.get("made", {}).items() if name.endswith("-id") and value]
    if entry.get("status") not in ("sent", "unknown") or not ids:
        return step.name
    what = f"deployment {ids[0]} goes on" if step.name.startswith("deploy") else f"id {ids[0]} was begun"
    return f"{step.name} ({what})"
