"""For a job that only publishes: wait until somebody has deployed the build."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING

from shipline import values
from shipline.errors import TimedOutError
from shipline.services.buildmaster import Deployment, together, worst
from shipline.steps import Decision, Job, Step
from shipline.steps.superseded import check_latest, rejected
from shipline.steps.wait import HEARTBEAT, judge_warned, pause
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster

_OUTPUTS = ("buildmaster-stage", "buildmaster-deployment-id", "buildmaster-deployment-status")


class AwaitDeployment(Step):
    def __init__(self, settings: Settings, client: BuildMaster) -> None:
        self._stage = settings.stages[-1] if settings.stages else ""
        self._shown = self._stage or "any stage"
        self.name = f"await:{self._stage}" if self._stage else "await"
        self._settings = settings
        self._client = client
        self._seen = ""  # how the deployments of each stage stand

    def key(self, job: Job) -> str:
        return f"await|{self._settings.url}|{job.values.get('buildmaster-build-id', '')}|{self._stage}"

    def decide(self, job: Job) -> Decision:
        build_id = job.values.get("buildmaster-build-id")
        succeeded = self._succeeded(int(build_id)) if build_id else None
        if succeeded is None:
            limit = values.human_duration(self._settings.timeout)
            return Decision(wait=f"until the build has succeeded in {self._shown}, at most {limit}")
        stage, status = succeeded["buildmaster-stage"], succeeded["buildmaster-deployment-status"]
        judge_warned(self._settings, status, stage)
        return Decision(reuse=f"deployed to {stage} already ({status})", made=succeeded)

    def act(self, job: Job, decision: Decision) -> str:
        made = decision.made or self._wait(job, decision.wait)
        job.done(self, made)
        stage, status = made["buildmaster-stage"], made["buildmaster-deployment-status"]
        if status == "warned":
            job.console.warning(f"the deployment to {stage} succeeded with warnings", counts=True)
        return decision.reuse or f"deployed to {stage} ({status})"

    def _wait(self, job: Job, told: str) -> Mapping[str, str]:
        started, build_id = time.monotonic(), int(job.values["buildmaster-build-id"])
        job.console.progress(f"waiting {told}")
        shown, shown_at = "", started
        while (found := self._succeeded(build_id)) is None:
            elapsed = time.monotonic() - started
            job.console.note(event="waiting", status=self._seen or "waiting", limit=self._settings.timeout)
            if self._seen != shown or time.monotonic() - shown_at >= HEARTBEAT:
                seen = self._seen or f"no deployment to {self._shown} yet"
                job.console.progress(f"still waiting: {seen}, {values.human_duration(elapsed)}")
                shown, shown_at = self._seen, time.monotonic()
            build = self._client.build(build_id)
            if build is not None and build.status == "rejected":
                raise rejected(self._client, build)
            if elapsed >= self._settings.timeout:
                raise TimedOutError(
                    f"the build has no succeeded deployment in {self._shown} after {values.human_duration(elapsed)}",
                    why="a build that isn't deployed is never announced",
                    todo="deploy it (is an approval missing?) and run again",
                )
            stop.sleep(pause(elapsed))
        judge_warned(self._settings, found["buildmaster-deployment-status"], found["buildmaster-stage"])
        job.changes += 1
        return found

    def outputs(self, job: Job) -> Mapping[str, str]:
        return {name: job.values.get(name, "") for name in _OUTPUTS}

    def before_announcing(self, job: Job) -> None:
        if self._stage:
            check_latest(self._client, job, self._stage)

    def _succeeded(self, build_id: int) -> dict[str, str] | None:
        """The newest deployment to the stage, or of any stage, if everything it started has succeeded."""
        there = sorted(self._client.deployments(build_id, self._stage), key=lambda d: (d.stage, d.id))
        lasts = [together(list(of_stage)) for _, of_stage in groupby(there, key=lambda d: d.stage)]
        self._seen = ", ".join(f"{last[-1].stage} {worst(last)}" for last in lasts)
        good = [last for last in lasts if worst(last) in ("succeeded", "warned")]
        return _made(max(good, key=lambda last: last[-1].id)) if good else None


def _made(last: list[Deployment]) -> dict[str, str]:
    return {
        "buildmaster-deployment-id": str(last[-1].id),
        "buildmaster-deployment-status": worst(last),
        "buildmaster-stage": last[-1].stage,
    }
