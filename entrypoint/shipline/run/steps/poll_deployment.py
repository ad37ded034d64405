"""Wait for the deployments that one deploy started: the parent by its id, then its children."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shipline import values
from shipline.cancellation import Poll
from shipline.errors import DeploymentFailedError, TimedOutError, UnavailableError
from shipline.run.results import RunValues
from shipline.run.steps.supersession import accepts_rejection, rejected, report_rejection
from shipline.services.buildmaster import BuildMaster, Deployment, worst

if TYPE_CHECKING:
    from shipline.pipeline.model import BuildMasterSettings
    from shipline.run.progress import Progress
    from shipline.run.step import Job, Step


_HEARTBEAT_S = 60.0
_POLLS_PER_BUILD_CHECK = 10

# (until so many seconds have passed, seconds between polls). BuildMaster starts what is pending every five seconds (its
# service's Execution Dispatcher), so a short deployment ends about as evenly spread over the next five.
_PAUSES = ((0.5, 0.5), (2.5, 2.3), (7.0, 2.1), (36.0, 3.15))
_MAX_PAUSE_S = 12.0
LONGEST_POLL_S = _MAX_PAUSE_S + 3.0
"""The longest time from a deployment's end until a run that waits for it goes on."""


def pause(elapsed: float) -> float:
    """Seconds until the next poll: a long deployment costs few polls, and its end is noticed a ninth late at most."""
    return next((seconds for until, seconds in _PAUSES if elapsed < until), min(elapsed / 9, _MAX_PAUSE_S))


def check_log(job: Job) -> str:
    """Advice to read the deployment's log, with the address of the build's page, which links it."""
    page = job.values.build_page(job.pipeline)
    return f"check its log in BuildMaster ({page})" if page else "check its log in BuildMaster"


def fail_on_warnings(job: Job, settings: BuildMasterSettings, made: RunValues) -> None:
    """Raises DeploymentFailedError for a deployment with warnings, if ``buildmaster.warned`` is ``fail``."""
    if made.deployment_status == "warned" and settings.warned == "fail":
        raise DeploymentFailedError(
            f"the deployment to {made.stage} succeeded with warnings, and buildmaster.warned is fail",
            todo=check_log(job),
        )


def report_warnings(job: Job, made: RunValues) -> None:
    """Report a deployment with warnings, which make the run's result ``warned``."""
    if made.deployment_status == "warned":
        job.report.warning(f"the deployment to {made.stage} succeeded with warnings", counts=True)


class StatusReport:
    """Reports a wait: each new status, and once a minute that it continues."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._shown, self._shown_at = "", 0.0

    def show(self, status: str, text: str, *, elapsed: float, limit: float) -> None:
        """``text`` describes the status; ``limit`` is the longest wait in seconds."""
        self._report.note(event="waiting", status=status or "waiting", limit=limit)
        if status != self._shown or elapsed - self._shown_at >= _HEARTBEAT_S:
            self._report.progress(f"{text}, {values.human_duration(elapsed)}")
            self._shown, self._shown_at = status, elapsed


@dataclass(eq=False, repr=False)
class DeploymentPoll:
    """Polls until all deployments that one deploy started have ended.

    Without ``parents``, those are the stage's deployments that are not among ``before``.
    """

    client: BuildMaster
    settings: BuildMasterSettings
    job: Job
    parents: tuple[int, ...]
    before: tuple[int, ...]
    stage: str
    last: bool  # no other stage follows: what comes next is the announcement

    def run(self, step: Step[Any]) -> str:
        """Returns what was done. Raises DeploymentFailedError, SupersededError or TimedOutError.

        The deployment goes on during an outage of BuildMaster, so this waits on too.
        """
        where = f" to {self.stage}" if self.stage else ""
        late = _seconds_until(self.settings.start_time)
        poll, report, polls, status = Poll(pause), StatusReport(self.job.report), 0, "pending"
        while True:
            outage: UnavailableError | None = None
            try:
                status, ended, stage = self._look()
                shown, elapsed = status, poll.elapsed
                if ended:
                    report.show(status, f"deployment{where}: {status}", elapsed=elapsed, limit=self._limit(status)[0])
                    return self._ended(step, status, stage or self.stage, elapsed)
                self.job.remember(RunValues(deployment_status=status))
                polls += 1
                if polls % _POLLS_PER_BUILD_CHECK == 0:
                    self._check_build()
            except UnavailableError as error:
                outage, shown, elapsed = error, f"{status} at the last check, as {error.what}", poll.elapsed
            limit, setting = self._limit(status)
            report.show(shown, f"deployment{where}: {shown}", elapsed=elapsed, limit=limit)
            if elapsed - late >= limit:
                timed_out = _timed_out(status, where, elapsed - late, setting)
                raise timed_out if outage is None else timed_out.with_context(why=f"{outage.what} ({outage.why})")
            poll.wait()

    def _look(self) -> tuple[str, bool, str]:
        """The worst status, whether all have ended, and the stage."""
        above = [d for d in map(self.client.deployment, self.parents) if d is not None]
        if len(above) < len(self.parents) or any(not d.ended for d in above):
            return worst(d for d in above if not d.ended) if any(not d.ended for d in above) else "pending", False, ""
        stage = self.stage or (above[0].stage if above else "")
        children = [d for d in self._deployments(stage) if d.id not in self.before]
        every = [*above, *children]
        if not every:
            return "pending", False, stage
        running = [d for d in children if not d.ended]
        return worst(running or every), not running, stage

    def _deployments(self, stage: str) -> list[Deployment]:
        return self.client.deployments(self.job.build_id, stage)

    def _ended(self, step: Step[Any], status: str, stage: str, elapsed: float) -> str:
        made = RunValues(deployment_status=status, stage=stage)
        if not self.parents:
            newest = self._deployments(stage)
            made = made._replace(deployment_id=str(newest[-1].id) if newest else "")
        self.job.remember(made)
        self.job.changes += 1
        record = self.job.record(step)
        attempt = record.attempt if record and record.attempt else 1
        took = values.human_duration(elapsed) + (f", attempt {attempt}" if attempt > 1 else "")
        if status not in ("succeeded", "warned"):
            raise self._failed(status, stage, took)
        fail_on_warnings(self.job, self.settings, made)
        number = self._check_build(ended=True)
        report_warnings(self.job, made)
        self.job.done(step, made._replace(build_number=number), seconds=round(elapsed, 1))
        return f"deployed to {stage} ({status}, {took})"

    def _failed(self, status: str, stage: str, took: str) -> DeploymentFailedError:
        past = {"failed": "failed", "canceled": "was canceled"}.get(
            status, f"ended as {status} (a status this version doesn't know, so it counts as failed)"
        )
        what = f"the deployment to {stage or 'the first stage'} {past} after {took}"
        build = self.client.build(self.job.build_id)
        if build is not None and build.status == "rejected":  # which takes its deployments with it
            failure = rejected(self.client, build)
            return failure.with_context(what=f"{failure.what}; {what}")
        return DeploymentFailedError(
            what,
            why=f'BuildMaster responded "status": "{status}"; only its log has the reason',
            todo=f"{check_log(self.job)}; fix the cause and run again: Shipline doesn't repeat what succeeded",
        )

    def _check_build(self, *, ended: bool = False) -> str | None:
        """The build's number, which a plan may change while it deploys; None if the build was purged.

        Raises DeploymentFailedError if the build was rejected, unless that is accepted: once the last stage has
        ``ended`` well, it is reported; before, it can only have ended since.
        """
        build = self.client.build(self.job.build_id)
        if build is None:
            return None
        if build.status == "rejected":
            if not (self.last and accepts_rejection(self.client, self.settings, build.id)):
                raise rejected(self.client, build)
            if ended:
                report_rejection(self.job, build)
        return build.number

    def _limit(self, status: str) -> tuple[float, str]:
        """The longest wait in this status, in seconds, and the setting that it comes from."""
        settings = self.settings
        if status == "pending" and settings.pending_timeout < settings.timeout:
            return settings.pending_timeout, "pending-timeout"
        return settings.timeout, "timeout"


def _timed_out(status: str, where: str, elapsed: float, setting: str) -> TimedOutError:
    return TimedOutError(
        f"the deployment{where} is still {status} after {values.human_duration(elapsed)} (buildmaster.{setting})",
        why="BuildMaster continues it",
        todo="run again to continue waiting: Shipline doesn't deploy it twice"
        + (" (an approval may be missing)" if status == "pending" else ""),
    )


def _seconds_until(moment: str | None) -> float:
    """Seconds until a start time in the future; pending isn't counted before it."""
    if moment is None:
        return 0.0
    return max(0.0, (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds())
