"""Take a release back as far as possible: delete its v3 draft, reject its build, deploy the last good build again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError
from shipline.run.results import RunValues
from shipline.run.step import Decision, Job, Step
from shipline.run.steps.create_build import CreateBuild
from shipline.run.steps.deploy import Deploy, StageDetails
from shipline.run.steps.ensure_release import EnsureRelease
from shipline.run.steps.supersession import RejectBuild
from shipline.services.buildmaster import Build, BuildMaster, Deployment, same, same_deploy, worst
from shipline.services.v3 import V3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shipline.pipeline.model import BuildMasterSettings, Pipeline, V3Target
    from shipline.transport.settings import Network

_GOOD = ("succeeded", "warned")


def steps(pipeline: Pipeline, stages: Sequence[str]) -> Iterator[Step[Any]]:
    """The steps in their order; ``stages`` get the last good build again."""
    settings, network = pipeline.buildmaster, pipeline.network
    client = BuildMaster(settings, network) if settings else None
    if settings and client:
        yield EnsureRelease(settings, client, may_create=False)
        yield CreateBuild(settings, client, may_create=False, newest=True, rejected_too=True)
    for target in pipeline.v3:
        yield DeleteDraft(target, V3(target, network), alone=client is None)
    if settings and client:
        yield RejectBuild(client)
        for stage in stages:
            yield Redeploy(settings, network, stage)


def left_to_do(job: Job, stages: Sequence[str]) -> list[str]:
    """For people: what Shipline can't take back, and what to do by hand."""
    found: list[str] = []
    settings = job.pipeline.buildmaster
    if settings is not None:
        client = BuildMaster(settings, job.pipeline.network)
        every = sorted(client.listed("get-deployments", client.application, Deployment.of), key=lambda d: d.id)
        newest = {d.stage: d.build_id for d in every if d.succeeded}
        there = [
            s for s, build in newest.items() if build == job.build_id and not any(same(s, name) for name in stages)
        ]
        if there:
            what = f"version {job.pipeline.version.text} stays in {', '.join(there)} until another build is deployed"
            found.append(f"{what} there: add --redeploy STAGE, or deploy one in BuildMaster")
    for target in job.pipeline.centercode:
        record = job.receipt.named(f"publish:{target.name}")
        page = (record.result.release_url if record else "") or f"{target.url}, project {target.project}"
        found.append(
            f"Centercode's API can't change or remove a release: if testers have it, archive it by hand ({page}); "
            "they keep the mail that they received"
        )
    return found


class DeleteDraft(Step[None]):
    """Step ``retract:v3`` (``retract:v3:2`` …). ``alone``: nothing else shows whether there is such a version."""

    can_reconcile = True
    lost_response_advice = "run again: Shipline looks the draft up, and deletes it if it still exists"

    def __init__(self, target: V3Target, client: V3, *, alone: bool) -> None:
        self.name = f"retract:{target.name}"
        self.target = target.name
        self._target = target
        self._client = client
        self._alone = alone
        self._shown = f"version {target.version} in channel {target.channel}"

    def key(self, job: Job) -> str:
        t = self._target
        return f"retract-v3|{t.url}|{t.product_id}|{t.version}|{t.channel}|{','.join(sorted(t.platforms))}"

    def decide(self, job: Job) -> Decision[None]:
        found = self._client.releases(self._target)
        final = next((release for release in found if release.published or release.archived), None)
        if final is not None:
            raise RefusedError(
                f"{self._shown} is {final.state} in v3 (id {final.id}): Shipline can't take it back",
                why="customers may have it already",
                todo="publish a newer version, which v3 then offers to customers. To reject the build all the same: "
                "shipline buildmaster reject-build",
            )
        if not found:
            if self._alone and not job.record(self):
                raise RefusedError(f"v3 has no release: {self._shown}", todo="check the version and v3.channel")
            return Decision(reuse=f"v3 has no draft of {self._shown}")
        return Decision(tuple(self._client.call("delete-release", path={"id": draft.id}) for draft in found))

    def act(self, job: Job, decision: Decision[None]) -> str:
        for call in decision.calls:
            job.post(self, call, lambda _: RunValues())
        job.done(self)
        return f"deleted the draft of {self._shown}" if decision.calls else decision.reuse


class _Since(BuildMaster):
    """BuildMaster, of whose deployments only those after ``since`` count."""

    since = 0

    def deployments(self, build_id: int, stage: str = "") -> list[Deployment]:
        return [d for d in super().deployments(build_id, stage) if d.id > self.since]


class Redeploy(Deploy):
    """Step ``redeploy:STAGE``: the build that had succeeded there before, if the stage still has the one taken back."""

    def __init__(self, settings: BuildMasterSettings, network: Network, stage: str) -> None:
        settings = settings._replace(
            stages=(stage,), force=True, start_time=None, deploy_variables={}, wait=True, on_failure="leave"
        )
        self._since = _Since(settings, network)
        super().__init__(settings, self._since, stage, last=False)
        self.name = f"redeploy:{stage}"
        self._good: Build | None = None
        self._shown_build = ""

    def key(self, job: Job) -> str:
        return super().key(self._job_of_good_build(job))

    def decide(self, job: Job) -> Decision[StageDetails]:
        kept = self._find_good(job)
        if self._good is None:
            return Decision(reuse=kept, details=StageDetails(deployed=True))
        return super().decide(self._job_of_good_build(job))

    def act(self, job: Job, decision: Decision[StageDetails]) -> str:
        if self._good is None:
            return decision.reuse
        return f"{self._shown_build}: {super().act(self._job_of_good_build(job), decision)}"

    def _start(self, details: StageDetails, note: str = "") -> Decision[StageDetails]:
        decision = super()._start(details, note)
        (call,), good = decision.calls, self._good
        body = {**(call.body or {}), "buildId": good.id if good else 0}
        return decision._replace(calls=(self._since.call("deploy-build", body=body),))

    def _job_of_good_build(self, job: Job) -> Job:
        """The job as if it were about the good build."""
        if self._good is None:
            return job
        values = RunValues(build_id=self._good.id, build_number=self._good.number)
        inner = replace(job, values=job.values.merged(values))
        inner.evidence = job.evidence
        return inner

    def _find_good(self, job: Job) -> str:
        """Find the build to deploy, which is None if the stage doesn't have this one: returns why, for people.

        Raises RefusedError for a stage that BuildMaster doesn't show, and if no earlier build has succeeded there.
        """
        self._good, own = None, job.build_id
        numbers: dict[int | None, str] = {release.id: release.number for release in self._since.releases()}
        every = self._since.listed("get-deployments", self._since.application, Deployment.of)
        every = sorted((d for d in every if d.release_id is None or d.release_id in numbers), key=lambda d: d.id)
        found = [d for d in every if same(d.stage, self._stage)]
        if not found:
            stages = ", ".join(dict.fromkeys(d.stage for d in every)) or "none"
            raise RefusedError(
                f"BuildMaster shows no deployment to {self._stage}",
                todo=f"check --redeploy; stages with deployments: {stages}",
            )
        last = max((d.id for d in found if d.build_id == own), default=0)
        if not last:
            return f"build {job.values.build_number} was never deployed to {self._stage}"
        before = [d for d in found if d.id < last and d.build_id not in (None, own)]
        self._good = next(filter(None, map(self._if_good, _by_build(before))), None)
        kept = [own, self._good.id if self._good else None]
        later = next((d for d in reversed(found) if d.id > last and d.succeeded and d.build_id not in kept), None)
        if later is not None:
            self._good = None
            return f"{self._stage} has {_named(later.build_number, numbers.get(later.release_id))} already"
        if self._good is not None:
            self._since.since = last
            self._shown_build = _named(self._good.number, numbers.get(self._good.release_id))
            return ""
        raise RefusedError(
            f"no other build has succeeded in {self._stage}: there is none to deploy again",
            todo=f"leave --redeploy {self._stage} out, or deploy a build there by hand",
        )

    def _if_good(self, deployments: list[Deployment]) -> Build | None:
        """The build of these deployments, if the last deploy of it has succeeded and nobody has rejected it."""
        if worst(same_deploy(deployments)) not in _GOOD:
            return None
        build = self._client.build(deployments[-1].build_id or 0)
        return None if build is None or build.status == "rejected" else build


def _named(build: str, release: str | None) -> str:
    return f"build {build} of release {release}" if release else f"build {build}"


def _by_build(deployments: Sequence[Deployment]) -> Iterator[list[Deployment]]:
    """The deployments of each build; the build that was deployed last comes first."""
    for build_id in dict.fromkeys(d.build_id for d in reversed(deployments)):
        yield [d for d in deployments if d.build_id == build_id]
