"""For a job that only publishes: wait until somebody has deployed the build."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from shipline import values
from shipline.cancellation import Poll
from shipline.errors import TimedOutError, UnavailableError
from shipline.run.results import RunValues
from shipline.run.step import Decision, Job, Step
from shipline.run.steps.poll_deployment import StatusReport, fail_on_warnings, pause, report_warnings
from shipline.run.steps.supersession import OtherBuilds, accepts_rejection, rejected, report_rejection
from shipline.services.buildmaster import Build, BuildMaster, same_deploy, worst

if TYPE_CHECKING:
    from shipline.pipeline.model import BuildMasterSettings


class AwaitDeployment(Step[None]):
    """Step ``await:STAGE`` with the last named stage, or ``await`` any stage."""

    def __init__(self, settings: BuildMasterSettings, client: BuildMaster) -> None:
        self._stage = settings.stages[-1] if settings.stages else ""
        self._shown = self._stage or "any stage"
        self.name = f"await:{self._stage}" if self._stage else "await"
        self._settings = settings
        self._client = client
        self._others = OtherBuilds(client, self._stage)
        self._statuses = ""  # of each stage's last deployments, for people

    def key(self, job: Job) -> str:
        return f"await|{self._settings.url}|{job.values.build_id or ''}|{self._stage}"

    def decide(self, job: Job) -> Decision[None]:
        self._others.note_earlier(job)
        succeeded = self._succeeded(job.values.build_id) if job.values.build_id else None
        if succeeded is None:
            limit = values.human_duration(self._settings.timeout)
            return Decision(wait=f"until the build has succeeded in {self._shown} (timeout {limit})")
        fail_on_warnings(job, self._settings, succeeded)
        reuse = f"deployed to {succeeded.stage} already ({succeeded.deployment_status})"
        return Decision(reuse=reuse, made=succeeded)

    def act(self, job: Job, decision: Decision[None]) -> str:
        made = self._until_succeeded(job, decision.wait) if decision.wait else decision.made
        job.done(self, made)
        report_warnings(job, made)
        return decision.reuse or f"deployed to {made.stage} ({made.deployment_status})"

    def _until_succeeded(self, job: Job, condition: str) -> RunValues:
        """Poll until the build has succeeded in the stage.

        Raises DeploymentFailedError if the build was rejected, and TimedOutError.
        """
        build_id, limit = job.build_id, self._settings.timeout
        poll, report, found = Poll(pause), StatusReport(job.report), None
        job.report.progress(f"waiting {condition}")
        while found is None:
            outage: UnavailableError | None = None
            try:
                if (found := self._succeeded(build_id)) is not None:
                    break
                self._refuse_rejected(build_id)
            except UnavailableError as error:  # what deploys it goes on during an outage
                outage = error
            elapsed = poll.elapsed
            status = outage.what if outage else self._statuses
            seen = status or f"no deployment to {self._shown} yet"
            report.show(status, f"still waiting: {seen}", elapsed=elapsed, limit=limit)
            if elapsed >= limit:
                raise TimedOutError(
                    f"the build has no succeeded deployment in {self._shown} after {values.human_duration(elapsed)}",
                    why=f"{outage.what} ({outage.why})" if outage else "Shipline never announces an undeployed build",
                    todo="deploy it (is an approval missing?) and run again",
                )
            poll.wait()
        fail_on_warnings(job, self._settings, found)
        if (build := self._refuse_rejected(build_id)) is not None:
            report_rejection(job, build)
        job.changes += 1
        return found

    def _refuse_rejected(self, build_id: int) -> Build | None:
        """The build, if it was rejected and that is accepted; else raises DeploymentFailedError if it was rejected."""
        build = self._client.build(build_id)
        if build is None or build.status != "rejected":
            return None
        if not accepts_rejection(self._client, self._settings, build_id):
            raise rejected(self._client, build)
        return build

    def before_announcing(self, job: Job) -> None:
        self._others.check(job)

    def _succeeded(self, build_id: int) -> RunValues | None:
        """The newest deployment to the stage, or of any stage, if everything it started has succeeded."""
        found = sorted(self._client.deployments(build_id, self._stage), key=lambda d: (d.stage, d.id))
        lasts = [same_deploy(list(of_stage)) for _, of_stage in groupby(found, key=lambda d: d.stage)]
        self._statuses = ", ".join(f"{last[-1].stage} {worst(last)}" for last in lasts)
        good = [last for last in lasts if worst(last) in ("succeeded", "warned")]
        if not good:
            return None
        newest = max(good, key=lambda last: last[-1].id)
        child = newest[-1]
        return RunValues(deployment_id=str(child.id), deployment_status=worst(newest), stage=child.stage)
