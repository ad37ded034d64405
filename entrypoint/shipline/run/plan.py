"""The ordered list of steps and what each will do: the same for ``shipline plan`` and ``shipline run``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline.errors import (
    CanceledError,
    InvalidInputError,
    Problem,
    ShiplineError,
    SupersededError,
    UnknownOutcomeError,
)
from shipline.run.step import Announcement, Decision, Job, Step
from shipline.run.steps.create_build import CreateBuild
from shipline.run.steps.deploy import Deploy
from shipline.run.steps.ensure_release import EnsureRelease
from shipline.run.steps.supersession import check_newer_recorded
from shipline.services.buildmaster import BuildMaster
from shipline.transport import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shipline.pipeline.model import BuildMasterSettings, Pipeline
    from shipline.run.links import Link


class PlannedStep(NamedTuple):
    """A step and its decision; ``changes`` is how much the run had changed by then (Job.changes)."""

    step: Step[Any]
    decision: Decision[Any]
    changes: int
    decided: bool = True

    @property
    def announces(self) -> bool:
        """True if it will announce to testers or customers."""
        return bool(self.decision.calls) and self.step.name.startswith("publish:")


@dataclass(eq=False, repr=False)
class Plan:
    """The planned steps, or why nothing may be sent."""

    steps: list[PlannedStep] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  # of what will be announced, as their servers respond now
    error: ShiplineError | None = None  # why nothing may be sent
    failed_step: str = ""  # the step that found the error

    @property
    def announces(self) -> bool:
        """True if a step will announce."""
        return any(planned.announces for planned in self.steps)


def make(job: Job, steps: Sequence[Step[Any]] = ()) -> Plan:
    """Run the read-only requests of all steps (default: the pipeline's), before anything is sent.

    A failing request ends the plan: ``error`` is set, and the steps from there on have not decided.
    """
    plan = Plan()
    steps = steps or list(_steps(job.pipeline))
    job.evidence.targets = tuple(step.key(job) for step in steps if step.name.startswith(("publish:", "notify:")))
    _prefetch(steps, job)
    for step in steps:
        try:
            plan.steps.append(decide(step, job))
        except ShiplineError as error:  # a signal too: what exists already must be reported
            plan.error, plan.failed_step = error, step.name
            break
    plan.steps += [PlannedStep(step, Decision(), job.changes, decided=False) for step in steps[len(plan.steps) :]]
    if plan.error is None:
        _check(plan, job)
    return plan


def _prefetch(steps: Sequence[Step[Any]], job: Job) -> None:
    """Send the read-only requests that don't depend on others, to hosts other than the first step's."""
    pipeline = job.pipeline
    new = [step for step in steps if step.target and not ((record := job.record(step)) and record.status == "done")]
    requests = [request for step in new for request in step.prefetched(job)]
    if pipeline.check_links != "skip":
        requests += job.links.prefetched(dict.fromkeys(file for step in new for file in step.links(job)))
    prefetch.begin(requests, busy=first_url(pipeline))


def first_url(pipeline: Pipeline) -> str:
    """The service that the checks begin with; empty if none of them sends a request to a service."""
    first = pipeline.buildmaster or next((target for target in pipeline.v3 if not target.skip), None)
    return first.url if first else ""


def decide(step: Step[Any], job: Job) -> PlannedStep:
    """Run the step's read-only requests.

    Errors of optional steps are stored in ``Decision.error``; those of required steps and CanceledError propagate.
    """
    try:
        decision = step.decide(job)
    except CanceledError:
        raise
    except ShiplineError as error:
        if step.required:
            raise
        decision = Decision(error=error)
    job.remember(decision.made)
    job.decisions[step.name] = decision
    return PlannedStep(step, decision, job.changes)


def _check(plan: Plan, job: Job) -> None:
    """Check the full plan: unknown outcomes, bodies, later builds or versions, links."""
    blocked = next((p for p in plan.steps if p.decision.error and p.step.required), None)
    if blocked is not None:
        plan.error, plan.failed_step = blocked.decision.error, blocked.step.name
        if isinstance(plan.error, UnknownOutcomeError) and blocked.step.name.startswith("publish:"):
            _check_superseded(plan, job)
        return
    problems = [
        Problem("", planned.step.name, f"{call.operation.heading}: {problem}")
        for planned in plan.steps
        for call in planned.decision.calls
        for problem in call.problems(job.placeholders)
    ]
    if problems:
        plan.error = InvalidInputError(problems)
    if not plan.announces:
        return
    before = plan.error
    _check_superseded(plan, job)
    if plan.error is not before:
        return
    if job.pipeline.check_links != "skip":
        files = dict.fromkeys(file for p in plan.steps if p.announces for file in p.step.links(job))
        plan.links = job.links.look_up_all(files)


def _check_superseded(plan: Plan, job: Job) -> None:
    """Set the plan's error if nothing may be announced, whatever was announced before."""
    name = ""
    try:
        check_newer_recorded(job)
        for planned in plan.steps:
            name = planned.step.name
            planned.step.before_announcing(job)
    except ShiplineError as error:
        if plan.error is None or isinstance(error, (SupersededError, CanceledError)):
            plan.error, plan.failed_step = error, name


def continued(pipeline: Pipeline) -> Iterator[Step[Any]]:
    """The steps that deploy and publish what another run has made: no build, release or draft is created."""
    from shipline.run.steps.publish_draft import PublishDraft
    from shipline.services.v3 import V3

    if pipeline.buildmaster is not None:
        yield from _buildmaster_steps(pipeline, pipeline.buildmaster, newest=True)
    if "publish" in pipeline.steps:
        yield from (PublishDraft(target, V3(target, pipeline.network)) for target in pipeline.v3)


def _steps(pipeline: Pipeline) -> Iterator[Step[Any]]:
    """The steps in their order: BuildMaster, announcements to v3 and then Centercode, notifications."""
    network = pipeline.network
    if pipeline.buildmaster is not None:
        yield from _buildmaster_steps(pipeline, pipeline.buildmaster)
    if "publish" not in pipeline.steps:
        return
    version, announcements = pipeline.version.text, list[Announcement[Any]]()
    if pipeline.v3:
        from shipline.run.steps.publish_v3 import PublishV3
        from shipline.services.v3 import V3

        announcements += [PublishV3(target, V3(target, network)) for target in pipeline.v3]
    if pipeline.centercode:
        from shipline.run.steps.publish_centercode import PublishCentercode
        from shipline.services.centercode import Centercode

        announcements += [PublishCentercode(t, Centercode(t, network), version) for t in pipeline.centercode]
    yield from announcements
    if pipeline.notify:
        yield from _notifications(pipeline, version, announcements)


def _notifications(pipeline: Pipeline, version: str, announcements: Sequence[Announcement[Any]]) -> Iterator[Step[Any]]:
    from shipline.run.steps.notify import Notify
    from shipline.services.centercode import Centercode

    for listener in pipeline.notify:
        client = Centercode(listener, pipeline.network)
        for feedback in listener.feedback or ("",):
            yield Notify(listener, feedback, client, version, announcements)


def _buildmaster_steps(
    pipeline: Pipeline, settings: BuildMasterSettings, *, newest: bool = False
) -> Iterator[Step[Any]]:
    client = BuildMaster(settings, pipeline.network)
    may_create = "build" in pipeline.steps
    yield EnsureRelease(settings, client, may_create=may_create)
    yield CreateBuild(settings, client, may_create=may_create, newest=newest)
    if "deploy" in pipeline.steps:
        stages = settings.stages or ("",)
        for stage in stages:
            yield Deploy(settings, client, stage, last=stage == stages[-1])
    elif "publish" in pipeline.steps and (pipeline.v3 or pipeline.centercode):
        from shipline.run.steps.await_deployment import AwaitDeployment

        yield AwaitDeployment(settings, client)
