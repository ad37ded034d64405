"""For a job that only publishes: wait until somebody has deployed the build."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shipline import values
from shipline.errors import DeploymentFailedError, TimedOutError
from shipline.steps import Decision, Job, Step
from shipline.steps.wait import judge_warned, pause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster, Deployment


class AwaitDeployment(Step):
    def __init__(self, settings: Settings, client: BuildMaster) -> None:
        self._stage = settings.stages[-1] if settings.stages else ""
        self.name = f"await:{self._stage}" if self._stage else "await"
        self._settings = settings
        self._client = client

    def key(self, job: Job) -> str:
        return f"await|{self._settings.url}|{job.values.get('buildmaster-build-id', '')}|{self._stage}"

    def decide(self, job: Job) -> Decision:
        build_id = job.values.get("buildmaster-build-id")
        succeeded = self._succeeded(int(build_id)) if build_id else None
        if succeeded is None:
            where = f"in {self._stage}" if self._stage else "in any stage"
            return Decision(
                wait=f"until the build has succeeded {where}, at most {values.human_duration(self._settings.timeout)}"
            )
        return Decision(reuse=f"deployed to {succeeded.stage} already ({succeeded.status})", made=_made(succeeded))

    def act(self, job: Job, decision: Decision) -> str:
        if decision.made:
            job.done(self, decision.made)
            return decision.reuse
        started, build_id = time.monotonic(), int(job.values["buildmaster-build-id"])
        job.console.progress(decision.wait)
        while (found := self._succeeded(build_id)) is None:
            elapsed = time.monotonic() - started
            build = self._client.build(build_id)
            if build is not None and build.status == "rejected":
                raise DeploymentFailedError(f"build {build.number} was rejected", todo="create a new build")
            if elapsed >= self._settings.timeout:
                raise TimedOutError(
                    f"the build has no succeeded deployment{f' in {self._stage}' if self._stage else ''} "
                    f"after {values.human_duration(elapsed)}",
                    why="a build that isn't deployed is never announced",
                    todo="deploy it (is an approval missing?) and run again",
                )
            time.sleep(pause(elapsed))
        judge_warned(self._settings, found.status, found.stage)
        job.changes += 1
        job.done(self, _made(found))
        return f"deployed to {found.stage} ({found.status})"

    def outputs(self, job: Job) -> Mapping[str, str]:
        return {
            f"buildmaster-{name}": job.values.get(f"buildmaster-{name}", "")
            for name in ("stage", "deployment-id", "deployment-status")
        }

    def _succeeded(self, build_id: int) -> Deployment | None:
        there = self._client.deployments(build_id, self._stage)
        return next((d for d in reversed(there) if d.succeeded), None)


def _made(deployment: Deployment) -> dict[str, str]:
    return {
        "buildmaster-deployment-id": str(deployment.id),
        "buildmaster-deployment-status": deployment.status,
        "buildmaster-stage": deployment.stage,
    }
