"""One stage's deployment: done already, taken up where it runs, or started once and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline import values
from shipline.errors import (
    DeploymentFailedError,
    RefusedError,
    SupersededError,
    TimedOutError,
    UnknownOutcomeError,
)
from shipline.services.buildmaster import Deployment, times_deployed, together, worst
from shipline.steps import Decision, Job, Step, rejection
from shipline.steps.lost_deployment import Search, under_way
from shipline.steps.superseded import check_latest, rejected
from shipline.steps.wait import Wait, judge_warned
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster
    from shipline.services.operation import Call

_OUTPUTS = ("buildmaster-stage", "buildmaster-deployment-id", "buildmaster-deployment-status")


class Deploy(Step):
    settles = True

    def __init__(self, settings: Settings, client: BuildMaster, stage: str, *, last: bool) -> None:
        self.name = f"deploy:{stage}" if stage else "deploy"
        self._settings = settings
        self._client = client
        self._stage = stage
        self._search = Search(client, stage)
        self._shown = stage or "the first stage"
        self._last = last
        self._posted = False
        self._wait = settings.wait or not last  # the next stage can't start before this one has ended
        self._by_hand = (
            f"look at the build in BuildMaster: once a deployment to {self._shown} runs, run again "
            "and it is taken up; if none is new, deploy it there"
        )
        self.lost = self._by_hand
        if stage and not settings.start_time:
            self.lost = f"run again: a deployment to {stage} that was started is taken up, and if there is none it is"

    def key(self, job: Job) -> str:
        return f"deploy|{self._settings.url}|{job.values.get('buildmaster-build-id', '')}|{self._stage}"

    def decide(self, job: Job) -> Decision:
        decision = self._decide(job)
        if self._last and decision.open and "buildmaster-build-id" in job.values:
            job.moves()  # of a build that isn't known, nobody knows where it is
        return decision

    def _decide(self, job: Job) -> Decision:
        build_id = job.values.get("buildmaster-build-id")
        if build_id is None:
            return self._start([], self._stage, "")
        entry = job.receipt.find(self.key(job)) or {}
        made = entry.get("made", {})
        if entry.get("status") in ("done", "sent") and made.get("buildmaster-deployment-id"):
            return self._journaled(entry)
        there = self._client.deployments(int(build_id), self._stage)
        stage = self._stage or (there[0].stage if there else "")
        there = [d for d in there if d.stage == stage] if not self._stage else there
        if entry.get("status") in ("sending", "sent", "unknown"):
            before = entry.get("before", [])
            if not {d.id for d in there} - set(before):
                there = self._search.appearing(job, frozenset(before), 0 if self._posted else under_way(entry))
            return self._settled(job, there, stage or self._stage, entry)
        return self._found(job, there, stage, entry)

    def _journaled(self, entry: Mapping[str, Any]) -> Decision:
        """What the receipt knows of: finished, or started and to be waited for."""
        made = entry["made"]
        status = made.get("buildmaster-deployment-status", "")
        if entry["status"] == "done":
            reuse = f"deployed to {made.get('buildmaster-stage', self._shown)} already ({status})"
            return Decision(
                reuse=reuse,
                made=made,
                details={"done": True, "warned": status == "warned", "stage": made.get("buildmaster-stage", "")},
            )
        parents = made["buildmaster-deployment-id"].split(",")
        details = {"parents": parents, "before": entry.get("before", [])}
        reuse = f"deployment {parents[0]} to {self._shown} was started before"
        return Decision(reuse=reuse, wait=self._limits(), made=made, details=details)

    def _settled(self, job: Job, there: list[Deployment], stage: str, entry: Mapping[str, Any]) -> Decision:
        """An earlier try sent the deploy, and its answer was lost: only a deployment that is new can be its work.

        If there is none by name or by id, a later run sends it again. It never does without a stage (it could be the
        following one's), nor before a start time (nothing need show until then), nor what BuildMaster has accepted.
        """
        before = entry.get("before", [])
        new = [d.id for d in there if d.id not in before]
        waiting = [] if new else self._search.waiting(job)
        if new or waiting:
            return self._taken_up(waiting, stage, before, shown=[*new, *waiting][-1])
        accepted = any(line.get("accepted") for line in entry["requests"][-1:])
        if self._stage and self._search.complete and not (self._posted or self._settings.start_time or accepted):
            return self._start(before, stage, "an earlier try's request has started no deployment: sent again")
        raise UnknownOutcomeError(
            f"whether a deployment to {self._shown} was started is not known",
            why=f"an earlier try may have started one, and BuildMaster shows none{_but(before)}",
            todo=self._by_hand,
        )

    def _taken_up(self, parents: list[int], stage: str, before: list[int], shown: int) -> Decision:
        reuse = f"deployment {shown} to {stage or self._shown} was started before"
        details = {"parents": parents, "before": before, "stage": stage}
        return Decision(reuse=reuse, wait=self._limits(), details=details)

    def _found(self, job: Job, there: list[Deployment], stage: str, entry: Mapping[str, Any]) -> Decision:
        """What to do about a stage in which these deployments of the build exist."""
        if not there:
            known = (job.receipt.existed and job.knows_before) or self._created(job)
            doubtful = not known or entry.get("status") == "failed" or self._begun_otherwise(job)
            return self._start([], stage, "", doubtful=doubtful)
        last = together(there)
        if any(not d.ended for d in last):
            before = [d.id for d in there if d not in last]
            reuse = f"deployment {last[-1].id} to {stage} is {last[-1].status} already"
            return Decision(reuse=reuse, wait=self._limits(), details={"parents": [], "before": before, "stage": stage})
        status = worst(last)
        made = {
            "buildmaster-deployment-id": str(last[-1].id),
            "buildmaster-deployment-status": status,
            "buildmaster-stage": stage,
        }
        if status in ("succeeded", "warned"):
            judge_warned(self._settings, status, stage)
            details = {"done": True, "warned": status == "warned", "stage": stage}
            return Decision(reuse=f"deployed to {stage} already ({status})", made=made, details=details)
        return self._again(job, there, made)

    def _again(self, job: Job, there: list[Deployment], made: Mapping[str, str]) -> Decision:
        stage, status, last = made["buildmaster-stage"], made["buildmaster-deployment-status"], there[-1].id
        if self._settings.redeploy == "never":
            job.make(made)
            raise DeploymentFailedError(
                f"the deployment to {stage} has {status} before (id {last}), and buildmaster.redeploy is never",
                todo="set buildmaster.redeploy to failed, or deploy it in BuildMaster",
            )
        if not self._stage and not self._created(job):
            raise RefusedError(
                f"the deployment to {stage} has {status} before (id {last}), and no stage is named",
                why="without a named stage, only what this receipt created or what was never deployed is deployed",
                todo="name the stages in buildmaster.stages",
            )
        attempt = times_deployed(there) + 1
        why = f"deployment {last} to {stage} has {status}: deployed again, attempt {attempt}"
        return self._start([d.id for d in there], stage, why, attempt=attempt)

    def _begun_otherwise(self, job: Job) -> bool:
        """Whether a deployment of the build was begun when other stages were named, or none: it may be to this one."""
        ours = self.key(job)
        of_build = ours.removesuffix(self._stage)
        return any(
            entry["key"] != ours
            and entry["key"].startswith(of_build)
            and entry["status"] in ("sending", "sent", "unknown")
            for entry in job.receipt.steps
        )

    def _created(self, job: Job) -> bool:
        """Whether this receipt created the build."""
        entry = job.receipt.named("build")
        return bool(entry and entry["requests"])

    def _start(self, before: list[int], stage: str, why: str, *, doubtful: bool = False, attempt: int = 1) -> Decision:
        s = self._settings
        body: dict[str, Any] = {"buildId": later("buildmaster-build-id")}
        if stage:
            body["toStage"] = stage
        if s.force:
            body["force"] = True
        if s.start_time:
            body["startTime"] = s.start_time
        body |= {f"${name}": value for name, value in s.deploy_variables.items()}
        return Decision(
            (self._client.call("deploy-build", body=body),),
            note=why,
            wait=self._limits(),
            otherwise=(rejection.call(self._client),) if s.on_failure == "reject" else (),
            details={"before": before, "stage": stage, "doubtful": doubtful, "attempt": attempt},
        )

    def _limits(self) -> str:
        if not self._wait:
            return ""
        timeout, pending = map(values.human_duration, (self._settings.timeout, self._settings.pending_timeout))
        return f"at most {timeout}, of that {pending} pending"

    def act(self, job: Job, decision: Decision) -> str:
        stage = decision.details.get("stage") or self._stage
        if decision.details.get("done"):
            job.done(self, decision.made)
            if decision.details["warned"]:
                job.console.warning(f"the deployment to {stage or self._shown} succeeded with warnings", counts=True)
            return decision.reuse
        if decision.details.get("doubtful"):
            if self._search.appearing(job, frozenset()):
                return self.act(job, self._decide(job))
            waiting = self._search.waiting(job)
            if waiting:
                return self.act(job, self._taken_up(waiting, stage, decision.details["before"], waiting[-1]))
            if self._settings.start_time and not self._created(job):
                raise UnknownOutcomeError(
                    f"whether an earlier attempt has started a deployment to {self._shown} is not known",
                    why="its receipt is gone, and BuildMaster lists no deployment before its start time",
                    todo=self._by_hand,
                )
        before = list(decision.details["before"])
        parents = [int(p) for p in decision.details.get("parents", ())]
        if decision.calls:
            parents = self._post(job, decision.calls[0], before, stage, decision.details["attempt"])
        if not self._wait:
            begun = f"started a deployment to {stage or self._shown}" if decision.calls else decision.reuse
            return f"{begun}, not waited for"
        try:
            return Wait(self._client, self._settings, job, parents, frozenset(before), stage).until_ended(self)
        except (DeploymentFailedError, TimedOutError) as error:
            if isinstance(error, DeploymentFailedError):
                job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "failed")
            if self._settings.on_failure == "reject" and not isinstance(error, SupersededError):
                rejection.reject(self._client, job, error)
            raise

    def _post(self, job: Job, call: Call, before: list[int], stage: str, attempt: int) -> list[int]:
        attempt = max(attempt, (job.receipt.find(self.key(job)) or {}).get("attempt", 0) + 1)
        self._posted = True
        try:
            made = job.post(self, call, lambda data: _started(data, stage), before=before, attempt=attempt, made={})
        except RefusedError:
            build = self._client.build(int(job.values["buildmaster-build-id"]))
            if build is not None and build.status == "rejected":
                raise rejected(self._client, build) from None  # since it was last looked at
            raise
        if not made:
            job.receipt.settle(job.receipt.begin(self.name, self.key(job)), "failed")
            raise DeploymentFailedError(
                f"BuildMaster started no deployment{f' to {stage}' if stage else ''}: its answer is empty",
                why="the release has no pipeline, the pipeline has no such stage, or the stage has no plan",
                todo="check the pipeline in BuildMaster and the names in buildmaster.stages",
            )
        job.make(made)
        return [int(i) for i in made["buildmaster-deployment-id"].split(",")]

    def outputs(self, job: Job) -> Mapping[str, str]:
        made = {name: job.values.get(name, "") for name in _OUTPUTS}
        return {**made, "buildmaster-build-number": job.values.get("buildmaster-build-number", "")}

    def before_announcing(self, job: Job) -> None:
        if self._last and self._stage:
            check_latest(self._client, job, self._stage)


def _but(before: list[int]) -> str:
    return f" but what was there before it (id {', '.join(map(str, before))})" if before else ""


def _started(data: Any, stage: str) -> dict[str, str]:
    """The deployments in an answer to Deploy Build: an array, an object, or nothing."""
    started = [Deployment.of(item) for item in (data if isinstance(data, list) else [data] if data else [])]
    if not started:
        return {}
    return {
        "buildmaster-deployment-id": ",".join(str(d.id) for d in started),
        "buildmaster-stage": stage or started[0].stage,
        "buildmaster-deployment-status": worst(started),
    }
