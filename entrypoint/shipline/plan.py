"""The ordered list of steps, and what each will do: the same for ``shipline plan`` and ``shipline run``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shipline.errors import InvalidInputError, Problem, ShiplineError
from shipline.steps import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.links import Link
    from shipline.pipeline import Pipeline
    from shipline.steps import Job, Step


@dataclass(slots=True)
class Planned:
    """A step and what it decided; ``changes`` is how much the run had changed when it did."""

    step: Step
    decision: Decision
    changes: int


@dataclass(slots=True)
class Plan:
    steps: list[Planned] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  # of the artifacts that will be announced, as they answer now

    @property
    def announces(self) -> bool:
        """Whether anything will be sent to testers or customers."""
        return any(p.decision.calls for p in self.steps if p.step.name.startswith("publish:"))

    @property
    def blocked(self) -> list[Planned]:
        """The required steps that can't go on: with one of them, nothing is sent at all."""
        return [p for p in self.steps if p.decision.error and p.step.required]


def make(job: Job) -> Plan:
    """Look up everything that can be looked up before anything is sent. Raises what the look-ups raise."""
    plan = Plan()
    for step in _steps(job.pipeline):
        plan.steps.append(decided(step, job))
    _check_bodies(plan, job)
    if plan.announces and job.pipeline.check_links != "skip":
        plan.links = [job.links.look(url) for url in linked(job)]
    return plan


def decided(step: Step, job: Job) -> Planned:
    """Have a step decide. What stops an optional step is kept in its decision, as is an outcome that isn't known."""
    try:
        decision = step.decide(job)
    except ShiplineError as error:
        if step.required:
            raise
        decision = Decision(error=error)
    job.make(decision.made)
    return Planned(step, decision, job.changes)


def linked(job: Job) -> list[str]:
    """The links of every artifact that a target announces, as far as they are known."""
    pipeline = job.pipeline
    v3 = (a for t in pipeline.v3 if t.attach == "link" and not t.skip for a in t.artifacts)
    artifacts = [*v3, *(a for t in pipeline.centercode if not t.skip for a in t.artifacts)]
    urls = (a.url.fill(job.values) for a in artifacts if a.url is not None and not a.url.names - job.values.keys())
    return list(dict.fromkeys(urls))


def _steps(pipeline: Pipeline) -> Iterator[Step]:
    # Imported here: each brings a service, and validating needs none.
    if pipeline.buildmaster is not None:
        yield from _buildmaster_steps(pipeline)
    if "publish" not in pipeline.steps:
        return
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


def _check_bodies(plan: Plan, job: Job) -> None:
    """Every body against its operation's schema, before the first request is sent."""
    problems = [
        Problem("", planned.step.name, f"{call.operation.heading}: {problem}")
        for planned in plan.steps
        for call in planned.decision.calls
        for problem in call.problems(job.values)
    ]
    if problems:
        raise InvalidInputError(problems)
