"""Carry out a plan: each step decides again if anything changed, acts once, and is recorded in the receipt."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Any

from shipline import cancellation
from shipline.cancellation import cancel_token
from shipline.display import hide_in_value
from shipline.errors import CanceledError, RefusedError, ShiplineError, UnknownOutcomeError, bug
from shipline.run import plan as plans
from shipline.run.links import File, LinkChecker, refusal
from shipline.run.outcome import Outcome
from shipline.run.receipt import Receipt, fingerprint
from shipline.run.step import Announcement, Decision, Job, Step
from shipline.services.response import ConflictError, LimitedError
from shipline.transport import prefetch
from shipline.transport.session import backoff

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from shipline.pipeline.model import Pipeline
    from shipline.run.plan import Plan, PlannedStep
    from shipline.run.progress import Progress
    from shipline.run.shared_journal import Shared
    from shipline.transport.prefetch import Prefetched


_PAUSES = (1.0, 2.0, 4.0)  # seconds before each look-up of what a lost request did


def job_for(pipeline: Pipeline, receipt: Path, report: Progress, shared: Shared) -> Job:
    """A job with its receipt. Raises InvalidInputError for a receipt that is damaged or belongs to something else."""
    opened = Receipt.open(receipt, pipeline, shared.journal, shared.receipt)
    return Job(pipeline, opened, report, LinkChecker(pipeline.network, report.ongoing))


def release(job: Job, steps: Sequence[Step[Any]] = ()) -> Outcome:
    """Plan and carry out these steps (default: the pipeline's); the caller holds the receipt's lock."""
    plan = plans.make(job, steps)
    for link in plan.links:
        if not link.good:
            job.report.warning(f"{link}. Shipline checks the link again before publishing")
    return run(plan, job)


def run(plan: Plan, job: Job) -> Outcome:
    """The outcome of the run; never raises a ShiplineError. The receipt is complete when this returns."""
    outcome = Outcome(steps=dict.fromkeys(planned.step.name for planned in plan.steps))
    job.report.note(event="steps", names=[*outcome.steps])
    if plan.error is not None:
        with contextlib.suppress(RefusedError):  # nothing was sent, and this error is the one to show
            job.receipt.note(whole=job.evidence.complete, targets=job.evidence.targets)
        _collect_finished(plan, job, outcome)
        outcome.fail(plan.error, plan.failed_step)
    else:
        _carry_out(plan, job, outcome)
    cancellation.ignore()
    outcome.not_done = [_unfinished(p.step, job) for p in plan.steps if p.step.name not in outcome.finished]
    if outcome.result == "succeeded" and job.report.warned:
        outcome.result = "warned"
    if outcome.error is None:
        outcome.next = _next(outcome, job)
    outputs = {"result": outcome.result, "failed-step": outcome.failed_step, **job.values.outputs(job.pipeline)}
    outputs |= {"receipt": str(job.receipt.path)}
    outcome.outputs = {name: hide_in_value(value) for name, value in outputs.items()}
    outcome.links = {label: hide_in_value(url) for label, url in job.values.links(job.pipeline).items()}
    if plan.error is None:
        try:
            job.receipt.end(outcome.result, outcome.exit_code, outcome.failed_step, outcome.outputs)
        except RefusedError as error:
            job.report.warning(f"{error.what}: {error.why}")
    return outcome


def _next(outcome: Outcome, job: Job) -> str:
    """What to do after a run that no error ended."""
    if outcome.failed_optional:
        return f"fix the cause and run again to complete it: {'; '.join(outcome.failed_optional)}"
    draft = job.values.target("v3").release_state == "draft"
    publish = f"publish the v3 draft when customers may see it: shipline publish {job.pipeline.version.text}"
    return publish if draft else "nothing"


def _collect_finished(plan: Plan, job: Job, outcome: Outcome) -> None:
    """Nothing was sent; the steps' decisions and the receipt show what is done already.

    A release that its service reports otherwise than the receipt, and that this run refuses, isn't done. Neither is
    one that was taken back.
    """
    refused = plan.failed_step if isinstance(plan.error, RefusedError) else ""
    for planned in plan.steps:
        step, decision = planned.step, planned.decision
        if step.name == refused and step.target and step.can_adopt:
            continue
        if isinstance(step, Announcement) and job.receipt.named(f"retract:{step.target}"):
            continue
        record = job.record(step) or job.receipt.named(step.name)
        if decision.reuse and not decision.open:
            outcome.finished[step.name] = decision.reuse
        elif not planned.decided and record and record.status == "done":
            job.remember(step.restored(record))
            outcome.finished[step.name] = f"{step.name} was done before"


def _carry_out(plan: Plan, job: Job, outcome: Outcome) -> None:
    current = ""
    try:
        job.receipt.check_readable({planned.step.name: planned.step.key(job) for planned in plan.steps})
        job.receipt.start(whole=job.evidence.complete, targets=job.evidence.targets)
        for planned in plan.steps:
            current = planned.step.name
            if planned.announces and not job.announcing:
                _before_announcing(plan, job)
            _step(planned, plan, job, outcome)
            _check_doubts(plan, job, outcome)
    except ShiplineError as error:
        outcome.fail(error, current)
    except Exception as error:  # noqa: BLE001 - what was done must be reported all the same
        outcome.fail(bug(error), current)


def _check_doubts(plan: Plan, job: Job, outcome: Outcome) -> None:
    """End the run as soon as it knows that another run may announce, so that it doesn't deploy beside that one."""
    if job.evidence.origin.kind != "adopted" or job.announcing:
        return
    for planned in plan.steps:
        step = planned.step
        if isinstance(step, Announcement) and step.required and step.name not in outcome.finished:
            doubt = step.doubt(job)
            if doubt is not None:
                raise doubt


def _before_announcing(plan: Plan, job: Job) -> None:
    """Right before the first announcement, check that the build is still the latest and that the links work."""
    job.announcing = True
    checked = job.pipeline.check_links != "skip" and all(link.good and link.size is not None for link in plan.links)
    if checked and not job.changes:
        return  # the plan has just checked all of it
    announcing = [p.step for p in plan.steps if p.announces]
    files = dict.fromkeys(file for step in announcing if step.required for file in step.links(job))
    requests: list[Prefetched[Any]] = [step.first for step in announcing if isinstance(step, Announcement)]
    if job.pipeline.check_links != "skip":
        requests += job.links.prefetched(files)
    prefetch.begin(requests, busy=plans.first_url(job.pipeline))
    for planned in plan.steps:
        planned.step.before_announcing(job)
    _check_links(files, plan, job)
    job.changes += 1  # sizes of files that didn't exist before


def _check_links(files: Iterable[File], plan: Plan, job: Job) -> None:
    """Raises RefusedError for a bad link, if ``check-links`` is ``fail``; what was reported isn't reported again."""
    mode = job.pipeline.check_links
    if mode == "skip":
        return
    links = job.links.checked(files, job.report.progress, patient=mode == "fail")
    refused = refusal(links)
    if refused is not None and mode == "fail":
        raise refused
    for link in links:
        if not link.good and link not in plan.links:
            job.report.warning(str(link), counts=True)
    job.report.warned = job.report.warned or refused is not None
    plan.links += links


def _step(planned: PlannedStep, plan: Plan, job: Job, outcome: Outcome) -> None:
    step, begun = planned.step, time.monotonic()
    with job.report.step(step.name):
        try:
            if planned.changes != job.changes:
                planned = plans.decide(step, job)
            if planned.announces and not step.required:
                _check_links(step.links(job), plan, job)
            done = _act(planned, job)
        except CanceledError:
            raise
        except ShiplineError as error:
            if step.required:
                raise
            why = f": {error.why}" if error.why else ""
            job.report.warning(f"{step.name} failed, and is not required: {error.what}{why}", counts=True)
            outcome.failed_optional.append(f"{step.name} ({error.todo})" if error.todo else step.name)
            return
        finally:
            outcome.steps[step.name] = time.monotonic() - begun
        job.report.done(step.name, done, skipped=bool(planned.decision.skip))
    outcome.finished[step.name] = f"{step.name} skipped ({done})" if planned.decision.skip else done


def _act(planned: PlannedStep, job: Job) -> str:
    """Act on the decision, and on those that follow from conflicts and lost responses. Returns what was done."""
    decision = planned.decision
    if decision.error is not None:
        raise decision.error
    for warning in decision.warnings:
        job.report.warning(warning)
    job.remember(decision.made)  # in the order of the steps: outputs are those of the last
    if decision.skip:
        return decision.skip
    step, limits = planned.step, _Limits(job.pipeline.network.retry_for)
    while True:
        try:
            return step.act(job, decision)
        except UnknownOutcomeError as lost:
            if not step.can_reconcile:
                raise
            decision = _reconciled(step, job, lost)
        except LimitedError as limited:
            decision = _after_limit(step, job, limits, limited)
        except ConflictError:
            if not step.can_adopt:
                raise
            # Another run created it since the look-up, or an earlier try did: if it is equal, adopt it.
            again = plans.decide(step, job).decision
            same = [call.operation.id for call in again.calls] == [call.operation.id for call in decision.calls]
            if same or again.error is not None:
                raise
            decision = again


class _Limits:
    """The waits after changes that a rate limit refused: in a row, at most ``limit`` seconds."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._begun = self._last = -math.inf
        self._count = 0

    def wait(self, limited: LimitedError) -> None:
        """Sleep until the change may be sent again. Raises ``limited`` if that is too late."""
        now = time.monotonic()
        if now - self._last > self._limit:
            self._begun, self._count = now, 0
        pause = limited.pause or backoff(self._count)
        self._last, self._count = now + pause, self._count + 1
        if self._last > self._begun + self._limit:
            raise limited
        cancel_token.sleep(pause)


def _after_limit(step: Step[Any], job: Job, limits: _Limits, limited: LimitedError) -> Decision[Any]:
    """Wait, and decide again by what the service shows: the change may have been applied all the same.

    Raises ``limited`` if the step can't look it up, or if it is too late.
    """
    if not step.can_reconcile:
        raise limited
    limits.wait(limited)
    decision = plans.decide(step, job).decision
    if decision.error is not None:
        raise decision.error from limited
    return decision


def _reconciled(step: Step[Any], job: Job, lost: UnknownOutcomeError) -> Decision[Any]:
    """The response to a request was lost: look up what it did, more than once, since it may take effect late.

    What was applied is adopted, and the step continues. What can't be found may still take effect, behind a gateway
    that has given up on it, so it isn't sent again in this run: raises ``lost``.
    """
    request = step.lost_request(job)
    if request is None:
        raise lost
    job.report.progress(f"{lost.what}: checking whether it was applied")
    patience = min(1.0, job.pipeline.network.retry_for / sum(_PAUSES))
    for pause in _PAUSES:
        cancel_token.sleep(pause * patience)
        try:
            decision = plans.decide(step, job).decision
        except CanceledError:
            raise
        except ShiplineError:
            raise lost from None
        if decision.error is not None:
            raise lost
        if request not in {fingerprint(call.request(job.placeholders)) for call in decision.calls}:
            return decision
    raise lost


def _unfinished(step: Step[Any], job: Job) -> str:
    """The name of a step that isn't done, and what it has begun."""
    record = job.record(step)
    ids = [value for name, value in record.made.items() if name.endswith("-id") and value] if record else []
    if record is None or record.status not in ("sent", "unknown") or not ids:
        return step.name
    what = f"deployment {ids[0]} continues" if step.name.startswith("deploy") else f"id {ids[0]} started"
    return f"{step.name} ({what})"
