"""Waiting for the deployments that one deploy started: the parent by its id, then its children."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipline import values
from shipline.errors import DeploymentFailedError, TimedOutError
from shipline.record import dataclass
from shipline.services.buildmaster import worst
from shipline.steps.superseded import rejected
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster
    from shipline.steps import Job, Step

HEARTBEAT = 60.0  # seconds
_POLLS_PER_BUILD_CHECK = 10

# Until so many seconds have been waited, so many between polls. BuildMaster looks every five seconds for what to start
# (its service's Execution Dispatcher), so a short deployment ends about as evenly spread over the next five.
_PAUSES = ((0.5, 0.5), (2.5, 2.3), (7.0, 2.1), (36.0, 3.15))
_SLOWEST = 12.0


def pause(elapsed: float) -> float:
    """Seconds until the next poll: long ones cost few, and are noticed a ninth of their time late at most."""
    return next((seconds for until, seconds in _PAUSES if elapsed < until), min(elapsed / 9, _SLOWEST))


def judge_warned(settings: Settings, status: str, stage: str) -> None:
    if status == "warned" and settings.warned == "fail":
        raise DeploymentFailedError(
            f"the deployment to {stage} succeeded with warnings, and buildmaster.warned is fail",
            todo="look at its log in BuildMaster",
        )


@dataclass(slots=True)
class Wait:
    """Polls until the deployments that one deploy started have ended."""

    client: BuildMaster
    settings: Settings
    job: Job
    parents: list[int]
    before: frozenset[int]
    stage: str

    def until_ended(self, step: Step) -> str:
        where = f" to {self.stage}" if self.stage else ""
        started = time.monotonic()
        late = _seconds_until(self.settings.start_time)
        shown, shown_at, polls = "", started, 0
        while True:
            status, ended, stage = self._look()
            elapsed = time.monotonic() - started
            limit, name = self._limit(status)
            self.job.console.note(event="waiting", status=status, limit=limit)
            if status != shown or time.monotonic() - shown_at >= HEARTBEAT:
                self.job.console.progress(f"deployment{where}: {status}, {values.human_duration(elapsed)}")
                shown, shown_at = status, time.monotonic()
                self.job.make({"buildmaster-deployment-status": status})
            if ended:
                return self._ended(step, status, stage or self.stage, elapsed)
            polls += 1
            if polls % _POLLS_PER_BUILD_CHECK == 0:
                self._check_build()
            if elapsed - late >= limit:
                raise _timed_out(status, where, elapsed - late, name)
            stop.sleep(pause(elapsed))

    def _look(self) -> tuple[str, bool, str]:
        """The worst status, whether all have ended, and the stage."""
        above = [d for d in map(self.client.deployment, self.parents) if d is not None]
        if len(above) < len(self.parents) or any(not d.ended for d in above):
            return worst(d for d in above if not d.ended) if any(not d.ended for d in above) else "pending", False, ""
        stage = self.stage or (above[0].stage if above else "")
        children = [
            d
            for d in self.client.deployments(int(self.job.values["buildmaster-build-id"]), stage)
            if d.id not in self.before
        ]
        every = [*above, *children]
        if not every:
            return "pending", False, stage
        open_ones = [d for d in children if not d.ended]
        return worst(open_ones or every), not open_ones, stage

    def _ended(self, step: Step, status: str, stage: str, elapsed: float) -> str:
        made = {"buildmaster-deployment-status": status, "buildmaster-stage": stage}
        if not self.parents:
            newest = self.client.deployments(int(self.job.values["buildmaster-build-id"]), stage)
            made["buildmaster-deployment-id"] = str(newest[-1].id) if newest else ""
        self.job.make(made)
        self.job.changes += 1
        attempt = (self.job.receipt.find(step.key(self.job)) or {}).get("attempt", 1)
        took = values.human_duration(elapsed) + (f", attempt {attempt}" if attempt > 1 else "")
        if status not in ("succeeded", "warned"):
            if status != "failed":
                self._check_build()  # one that was rejected takes its deployments with it
            known = (
                ""
                if status in ("failed", "canceled")
                else " (a status this version doesn't know, so it counts as failed)"
            )
            raise DeploymentFailedError(
                f"the deployment to {stage or 'the first stage'} {_past(status)}{known} after {took}",
                todo="look at its log in BuildMaster; mend the cause and run again: nothing that succeeded is repeated",
            )
        judge_warned(self.settings, status, stage)
        number = self._check_build()
        if status == "warned":
            self.job.console.warning(f"the deployment to {stage} succeeded with warnings", counts=True)
        self.job.done(step, {**made, **number}, seconds=round(elapsed, 1))
        return f"deployed to {stage} ({status}, {took})"

    def _check_build(self) -> dict[str, str]:
        """The build's number, which a plan may change while it deploys.

        Raises DeploymentFailedError if the build was rejected.
        """
        build = self.client.build(int(self.job.values["buildmaster-build-id"]))
        if build is None:
            return {}
        if build.status == "rejected":
            raise rejected(self.client, build)
        return {"buildmaster-build-number": build.number, "build_number": build.number}

    def _limit(self, status: str) -> tuple[float, str]:
        """How long may be waited in this status, in seconds, and the setting that says so."""
        settings = self.settings
        if status == "pending" and settings.pending_timeout < settings.timeout:
            return settings.pending_timeout, "pending-timeout"
        return settings.timeout, "timeout"


def _timed_out(status: str, where: str, elapsed: float, setting: str) -> TimedOutError:
    return TimedOutError(
        f"the deployment{where} is still {status} after {values.human_duration(elapsed)} (buildmaster.{setting})",
        why="BuildMaster goes on with it by itself",
        todo="run again to wait on: it is not deployed a second time"
        + (" (an approval may be missing)" if status == "pending" else ""),
    )


def _past(status: str) -> str:
    return {"failed": "failed", "canceled": "was canceled"}.get(status, f"ended as {status}")


def _seconds_until(moment: str | None) -> float:
    """Seconds until a start time in the future; pending isn't counted before it."""
    if moment is None:
        return 0.0
    return max(0.0, (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds())
