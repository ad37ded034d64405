"""The ordered list of steps, and what each will do: the same for ``shipline plan`` and ``shipline run``."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from shipline.errors import CanceledError, InvalidInputError, Problem, ShiplineError
from shipline.record import dataclass
from shipline.steps import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shipline.links import Link
    from shipline.pipeline import Pipeline
    from shipline.steps import Job, Step
    from shipline.steps.announcement import Announcement


@dataclass(slots=True)
class Planned:
    """A step and what it decided; ``changes`` is how much the run had changed when it did."""

    step: Step
    decision: Decision
    changes: int
    decided: bool = True

    @property
    def announces(self) -> bool:
        """Whether it will tell testers or customers."""
        return bool(self.decision.calls) and self.step.name.startswith("publish:")


@dataclass(slots=True)
class Plan:
    steps: list[Planned] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  # of what will be announced, as they answer now
    error: ShiplineError | None = None  # why nothing may be sent, found by a look-up
    failed_step: str = ""  # whose look-up that was

    @property
    def announces(self) -> bool:
        return any(planned.announces for planned in self.steps)


def make(job: Job) -> Plan:
    """Look up everything that can be looked up before anything is sent.

    A look-up that fails ends the plan: ``error`` says why, and the steps from there on have not decided.
    """
    plan = Plan()
    steps = list(_steps(job.pipeline))
    for step in steps:
        try:
            plan.steps.append(decided(step, job))
        except ShiplineError as error:  # a signal too: what is there already must be told
            plan.error, plan.failed_step = error, step.name
            break
    plan.steps += [Planned(step, Decision(), job.changes, decided=False) for step in steps[len(plan.steps) :]]
    if plan.error is None:
        _check(plan, job)
    return plan


def decided(step: Step, job: Job) -> Planned:
    """Have a step decide. What stops an optional step is kept in its decision. Raises what stops a required one."""
    try:
        decision = step.decide(job)
    except CanceledError:
        raise
    except ShiplineError as error:
        if step.required:
            raise
        decision = Decision(error=error)
    job.make(decision.made)
    job.decisions[step.name] = decision
    return Planned(step, decision, job.changes)


def _check(plan: Plan, job: Job) -> None:
    """What concerns the plan as a whole: unknown outcomes, bodies, what has overtaken it, links."""
    blocked = next((p for p in plan.steps if p.decision.error and p.step.required), None)
    if blocked is not None:
        plan.error, plan.failed_step = blocked.decision.error, blocked.step.name
        return
    problems = [
        Problem("", planned.step.name, f"{call.operation.heading}: {problem}")
        for planned in plan.steps
        for call in planned.decision.calls
        for problem in call.problems(job.values)
    ]
    if problems:
        plan.error = InvalidInputError(problems)
    if not plan.announces:
        return
    try:
        for planned in plan.steps:
            plan.failed_step = planned.step.name
            planned.step.before_announcing(job)
        plan.failed_step = ""
    except ShiplineError as error:
        plan.error = error
        return
    if job.pipeline.check_links != "skip":
        urls = dict.fromkeys(url for p in plan.steps if p.announces for url in p.step.links(job))
        plan.links = [job.links.look(url) for url in urls]


def _steps(pipeline: Pipeline) -> Iterator[Step]:
    # Imported here: each brings a service, and validating needs none.
    if pipeline.buildmaster is not None:
        yield from _buildmaster_steps(pipeline)
    if "publish" in pipeline.steps:
        announcing = list(_announcements(pipeline))
        yield from announcing
        yield from _notifications(pipeline, announcing)


def _announcements(pipeline: Pipeline) -> Iterator[Announcement]:
    if pipeline.v3:
        from shipline.services.v3 import V3
        from shipline.steps.publish_v3 import PublishV3

        for v3 in pipeline.v3:
            yield PublishV3(v3, V3(v3, pipeline.network))
    if pipeline.centercode:
        from shipline.services.centercode import Centercode
        from shipline.steps.publish_centercode import PublishCentercode

        for centercode in pipeline.centercode:
            yield PublishCentercode(centercode, Centercode(centercode, pipeline.network), pipeline.version.text)


def _notifications(pipeline: Pipeline, announcing: Sequence[Announcement]) -> Iterator[Step]:
    if not pipeline.notify:
        return
    from shipline.services.centercode import Centercode
    from shipline.steps.notify import Notify

    for listener in pipeline.notify:
        client = Centercode(listener, pipeline.network)
        for feedback in listener.feedback or ("",):
            yield Notify(listener, feedback, client, pipeline.version.text, announcing)


def _buildmaster_steps(pipeline: Pipeline) -> Iterator[Step]:
    from shipline.services.buildmaster import BuildMaster
    from shipline.steps.await_deployment import AwaitDeployment
    from shipline.steps.create_build import CreateBuild
    from shipline.steps.deploy import Deploy
    from shipline.steps.ensure_release import EnsureRelease

    settings = pipeline.buildmaster
    assert settings is not None  # noqa: S101
    client = BuildMaster(settings, pipeline.network)
    may_create = "build" in pipeline.steps
    yield EnsureRelease(settings, client, may_create=may_create)
    yield CreateBuild(settings, client, may_create=may_create)
    if "deploy" in pipeline.steps:
        stages = settings.stages or ("",)
        for stage in stages:
            yield Deploy(settings, client, stage, last=stage == stages[-1])
    elif "publish" in pipeline.steps and (pipeline.v3 or pipeline.centercode):
        yield AwaitDeployment(settings, client)
