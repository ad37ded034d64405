"""One stage's deployment: done already, taken up where it runs, or started once and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline import values
from shipline.errors import DeploymentFailedError, ShiplineError, TimedOutError, UnknownOutcomeError
from shipline.services.buildmaster import Deployment, worst
from shipline.steps import Decision, Job, Step
from shipline.steps.wait import Wait, judge_warned
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster


class Deploy(Step):
    def __init__(self, settings: Settings, client: BuildMaster, stage: str, *, last: bool) -> None:
        self.name = f"deploy:{stage}" if stage else "deploy"
        self._settings = settings
        self._client = client
        self._stage = stage
        self._wait = settings.wait or not last  # the next stage can't start before this one has ended

    def key(self, job: Job) -> str:
        return f"deploy|{self._settings.url}|{job.values.get('buildmaster-build-id', '')}|{self._stage}"

    def decide(self, job: Job) -> Decision:
        build_id = job.values.get("buildmaster-build-id")
        if build_id is None:
            job.moving = True
            return self._start([], self._stage, "")
        entry = job.receipt.find(self.key(job))
        if entry and entry["status"] in ("done", "sent"):
            return self._journaled(job, entry)
        there = self._client.deployments(int(build_id), self._stage)
        stage = self._stage or (there[0].stage if there else "")
        there = [d for d in there if d.stage == stage] if not self._stage else there
        if entry and entry["status"] in ("sending", "unknown") and not {d.id for d in there} - set(entry["before"]):
            raise self._lost(stage)
        return self._given(job, there, stage)

    def _journaled(self, job: Job, entry: Mapping[str, Any]) -> Decision:
        """What the receipt knows of: finished, or started and to be waited for."""
        made = entry["made"]
        if entry["status"] == "done":
            warned = made["buildmaster-deployment-status"] == "warned"
            reuse = f"deployed to {made['buildmaster-stage']} already ({made['buildmaster-deployment-status']})"
            return Decision(reuse=reuse, made=made, details={"warned": warned})
        job.moving = True
        parents = made["buildmaster-deployment-id"].split(",")
        details = {"parents": parents, "before": entry["before"]}
        return Decision(reuse=f"deployment {parents[0]} was started before", wait=self._limits(), details=details)

    def _lost(self, stage: str) -> UnknownOutcomeError:
        where = stage or "the first stage"
        return UnknownOutcomeError(
            f"whether a deployment to {where} was started is not known",
            why="the answer to an earlier try was lost, and BuildMaster lists no new deployment",
            todo=f"look at the build in BuildMaster: once a deployment to {where} runs, run again and it is taken up; "
            "if there is none, deploy it there",
        )

    def _given(self, job: Job, there: list[Deployment], stage: str) -> Decision:
        """What to do about a stage in which these deployments of the build exist."""
        running = [d for d in there if not d.ended]
        if running:
            job.moving = True
            before = [d.id for d in there if d.ended]
            reuse = f"deployment {running[-1].id} to {stage} is {running[-1].status} already"
            return Decision(reuse=reuse, wait=self._limits(), details={"parents": [], "before": before})
        if not there:
            job.moving = True
            return self._start([], stage, "")
        last = _together(there)
        status = worst(last)
        made = {
            "buildmaster-deployment-id": str(last[-1].id),
            "buildmaster-deployment-status": status,
            "buildmaster-stage": stage,
        }
        if status in ("succeeded", "warned"):
            judge_warned(self._settings, status, stage)
            return Decision(
                reuse=f"deployed to {stage} already ({status})", made=made, details={"warned": status == "warned"}
            )
        if self._settings.redeploy == "never":
            job.make(made)
            raise DeploymentFailedError(
                f"the deployment to {stage} has {status} before (id {last[-1].id})",
                todo="set buildmaster.redeploy to failed, or deploy it in BuildMaster",
            )
        job.moving = True
        return self._start(
            [d.id for d in there], stage, f"deployment {last[-1].id} to {stage} has {status}: deployed again"
        )

    def _start(self, before: list[int], stage: str, why: str) -> Decision:
        s = self._settings
        body: dict[str, Any] = {"buildId": later("buildmaster-build-id")}
        if stage:
            body["toStage"] = stage
        if s.force:
            body["force"] = True
        if s.start_time:
            body["startTime"] = s.start_time
        body |= {f"${name}": value for name, value in s.deploy_variables.items()}
        calls = (self._client.call("deploy-build", body=body),)
        otherwise = (self._reject(),) if s.on_failure == "reject" else ()
        return Decision(
            calls, reuse=why, wait=self._limits(), otherwise=otherwise, details={"before": before, "stage": stage}
        )

    def _reject(self) -> Any:
        return self._client.call("reject-build", body={"buildId": later("buildmaster-build-id")})

    def _limits(self) -> str:
        if not self._wait:
            return ""
        timeout, pending = map(values.human_duration, (self._settings.timeout, self._settings.pending_timeout))
        return f"at most {timeout}, of that {pending} pending"

    def act(self, job: Job, decision: Decision) -> str:
        stage = decision.details.get("stage", self._stage)
        if decision.made:
            job.done(self, decision.made)
            if decision.details["warned"]:
                job.console.warning(
                    f"the deployment to {stage or 'the first stage'} succeeded with warnings", counts=True
                )
            return decision.reuse
        before = list(decision.details["before"])
        parents = [int(p) for p in decision.details.get("parents", ())]
        if decision.calls:
            parents = self._post(job, decision.calls[0], before, stage)
        if not self._wait:
            return f"started a deployment to {stage or 'the first stage'}, not waited for"
        try:
            return Wait(self._client, self._settings, job, parents, frozenset(before), stage).until_ended(self)
        except (DeploymentFailedError, TimedOutError) as error:
            if isinstance(error, DeploymentFailedError):
                job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "failed")
            if self._settings.on_failure == "reject":
                self._reject_build(job, error)
            raise

    def _reject_build(self, job: Job, error: ShiplineError) -> None:
        try:
            self._reject().send(job.values)
        except ShiplineError as refused:
            job.console.warning(f"the build could not be rejected: {refused.what}")
        else:
            error.todo = f"{error.todo}; the build was rejected, so a new one is needed"

    def _post(self, job: Job, call: Any, before: list[int], stage: str) -> list[int]:
        attempt = (job.receipt.find(self.key(job)) or {}).get("attempt", 0) + 1
        answer = job.post(self, call, before=before, attempt=attempt, made={})
        started = [Deployment.of(item) for item in (answer if isinstance(answer, list) else [answer] if answer else [])]
        if not started:
            job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "refused")
            raise DeploymentFailedError(
                f"BuildMaster started no deployment{f' to {stage}' if stage else ''}: its answer is empty",
                why="the release has no pipeline, the pipeline has no such stage, or the stage has no plan",
                todo="check the pipeline in BuildMaster and the names in buildmaster.stages",
            )
        made = {
            "buildmaster-deployment-id": ",".join(str(d.id) for d in started),
            "buildmaster-stage": stage or started[0].stage,
        }
        made["buildmaster-deployment-status"] = worst(started)
        job.make(made)
        job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "sent", made=made)
        return [d.id for d in started]

    def outputs(self, job: Job) -> Mapping[str, str]:
        made = {
            f"buildmaster-{name}": job.values.get(f"buildmaster-{name}", "")
            for name in ("stage", "deployment-id", "deployment-status")
        }
        return {**made, "buildmaster-build-number": job.values.get("buildmaster-build-number", "")}


def _together(there: list[Deployment]) -> list[Deployment]:
    """The newest deployment and the others that one deploy started with it: a stage may have several targets."""
    newest = there[-1]
    return [
        d
        for d in there
        if d.id == newest.id or (d.created and newest.created and abs((newest.created - d.created).total_seconds()) < 1)
    ]
