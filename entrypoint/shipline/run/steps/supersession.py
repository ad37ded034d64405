"""Builds and versions that are rejected, or that a later one has replaced: neither is announced."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from shipline import version as versions
from shipline.errors import CanceledError, DeploymentFailedError, ShiplineError, SupersededError
from shipline.interpolation import placeholder
from shipline.run.results import RunValues
from shipline.run.step import Decision, Job, Step
from shipline.services.buildmaster import Build, BuildMaster, Deployment, Release, same_deploy, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.pipeline.model import BuildMasterSettings, V3Target
    from shipline.services.client import Call
    from shipline.services.v3 import Release as V3Release
    from shipline.version import Version


_WHY = "announcing an older build would take testers back"
_RECENT_S = 300.0
_TODO = "nothing: the later build's own run announces it"


class RejectedError(DeploymentFailedError):
    """BuildMaster has rejected the run's build."""


class OtherBuilds:
    """The release's other builds in the run's last named stage: the plan requests them once."""

    def __init__(self, client: BuildMaster, stage: str) -> None:
        self._client = client
        self._stage = stage
        self._found: list[Deployment] | None = None
        self._compared = False

    def note_earlier(self, job: Job) -> None:
        """Note if an earlier build of a release that bears this version has succeeded in the stage.

        Only for announcements that can't be looked up, and unless this receipt made that build.
        """
        version, number = job.pipeline.version, job.values.release_number
        other = versions.from_tag(number or "", "")
        bears_version = number == version.text or (other is not None and other.order == version.order)
        announces = job.pipeline.centercode and "publish" in job.pipeline.steps
        if self._compared or not (self._stage and bears_version and announces and job.values.release_id):
            return
        self._compared = True
        if self._found is None:
            self._found = self._client.stage_deployments(job.values.release_id, self._stage)
        record = job.receipt.named("build")
        made = record.values.build_id if record and record.requests else None
        for d in self._found:
            own = (made is not None and d.build_id == made) or (d.build_id or 0) >= (job.values.build_id or math.inf)
            if d.succeeded and not own:
                what = f"build {d.build_number or d.build_id} of release {number} has succeeded in {self._stage}"
                job.evidence.note_release(what)

    def check(self, job: Job) -> None:
        """Note an earlier build again. Raises SupersededError if a later one has succeeded in this stage."""
        release_id, build_id = job.values.release_id, job.values.build_id
        if not self._stage or release_id is None or build_id is None:
            return
        if self._found is None or job.changes:  # what the plan found may be out of date
            self._found, self._compared = self._client.stage_deployments(release_id, self._stage), False
            self.note_earlier(job)
        found, self._found = self._found, None
        done = next((d for d in found if d.succeeded and (d.build_id or 0) > build_id), None)
        if done is not None:
            number = done.build_number or done.build_id
            raise SupersededError(
                f"superseded: build {number} of the release has succeeded in {self._stage} since", why=_WHY, todo=_TODO
            )


class Comparison:
    """The time of the next comparison with newer versions: in the plan, and before announcing if that is long ago."""

    def __init__(self) -> None:
        self._due = -math.inf

    def due(self, job: Job) -> bool:
        """True unless older versions are announced too, or the last comparison was in the last five minutes."""
        if job.pipeline.if_older == "announce" or time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + _RECENT_S
        return True


def check_newer_releases(job: Job, number: str, releases: Iterable[Release]) -> None:
    """Raises SupersededError if BuildMaster has deployed a release of the application with a newer version.

    Only if ``number``, the run's release, is named after its version. BuildMaster has no channels, so a pre-release
    counts only for pre-releases with the same word.
    """
    version, own = job.pipeline.version, versions.from_tag(number, "")
    if own is None or version.numbers[: len(own.numbers)] != own.numbers:
        return
    deployed = ((versions.from_tag(r.number, ""), r) for r in releases if r.status == "deployed")
    comparable = [
        (other, f"BuildMaster has deployed release {r.number}")
        for other, r in deployed
        if other is not None and _comparable(other, version)
    ]
    _check_newer(version, comparable)


def _comparable(other: Version, version: Version) -> bool:
    same_channel = not other.prerelease or other.word == version.word
    return same_channel and (len(other.numbers) == 1) == (len(version.numbers) == 1)


def check_newer_recorded(job: Job) -> None:
    """Raises SupersededError if the shared journal has a newer version that was announced.

    Taking the journal has listed the versions, so this reads the newest alone; an older one only if a run of that has
    announced nothing.
    """
    version = job.pipeline.version
    if job.pipeline.if_older == "announce":
        return
    others = ((versions.from_tag(name, ""), name) for name in job.receipt.other_versions)
    newer = [(other, name) for other, name in others if other is not None and other.order > version.order]
    for other, name in sorted(newer, key=lambda entry: entry[0].order)[::-1]:
        if _comparable(other, version) and job.receipt.announced(name):
            _check_newer(version, [(other, "the journal has recorded it")])


def check_newer_published(target: V3Target, published: Iterable[V3Release]) -> None:
    """Raises SupersededError if v3 has published a newer version for the target's channel and platforms."""
    own = versions.from_tag(target.version, "")
    if own is None:
        return
    found = ((versions.from_tag(r.version, ""), r) for r in published)
    where = f"v3 has published it in channel {target.channel}"
    _check_newer(own, [(other, f"{where} (id {r.id})") for other, r in found if other is not None])


def _check_newer(version: Version, known: list[tuple[Version, str]]) -> None:
    """Compare with the versions that are known to be announced, and where."""
    newest, where = max(known, key=lambda entry: entry[0].order, default=(version, ""))
    if newest.order > version.order:
        raise SupersededError(
            f"superseded: {newest.text} is newer than {version.text}, and already announced: {where}",
            why=f"announcing {version.text} now would take testers and customers back",
            todo="nothing, if they should keep the newer version; to announce this one all the same, as on a "
            "maintenance branch, set release.if-older to announce",
        )


def rejected(client: BuildMaster, build: Build) -> DeploymentFailedError:
    """The error for a rejected build; SupersededError if a later build exists: BuildMaster rejects those it passed."""
    later = [b for b in client.release_builds(build.release_id) if b.id > build.id and b.status != "rejected"]
    if not later:
        return RejectedError(
            f"build {build.number} (id {build.id}) was rejected",
            todo="create a new build: a rejected one isn't deployed; if an event rejects each build at its end, set "
            "buildmaster.rejected to accept",
        )
    what = f"superseded: build {build.number} (id {build.id}) was rejected, and build {later[-1].number} is later"
    return SupersededError(what, why=_WHY, todo=_TODO)


def accepts_rejection(client: BuildMaster, settings: BuildMasterSettings, build_id: int) -> bool:
    """True if a rejected build may be announced: ``rejected`` is ``accept``, and its last stage has succeeded."""
    if settings.rejected != "accept":
        return False
    found = client.deployments(build_id, settings.stages[-1] if settings.stages else "")
    return bool(found) and worst(same_deploy(found)) in ("succeeded", "warned")


def report_rejection(job: Job, build: Build) -> None:
    """Report that a rejected build is announced, which makes the run's result ``warned``."""
    what = f"build {build.number} (id {build.id}) was rejected after its last stage had succeeded"
    job.report.warning(f"{what}; Shipline announces it, because buildmaster.rejected is accept", counts=True)


def reject_call(client: BuildMaster) -> Call:
    """The call that rejects the run's build."""
    return client.call("reject-build", body={"buildId": placeholder("buildmaster-build-id")})


class RejectBuild(Step[None]):
    """Step ``reject``: BuildMaster deploys a rejected build no further."""

    name = "reject"
    can_reconcile = True
    lost_response_advice = "run again: Shipline looks the build up, and rejects it if it isn't rejected yet"

    def __init__(self, client: BuildMaster) -> None:
        self._client = client

    def key(self, job: Job) -> str:
        return f"reject {job.values.build_id}"

    def decide(self, job: Job) -> Decision[None]:
        build = self._client.build(job.build_id)
        if build is not None and build.status == "rejected":
            return Decision(reuse=f"build {build.number} (id {build.id}) is rejected already")
        return Decision((reject_call(self._client),))

    def act(self, job: Job, decision: Decision[None]) -> str:
        for call in decision.calls:
            job.post(self, call, lambda _: RunValues())
        job.done(self)
        return decision.reuse or f"rejected build {job.values.build_number} (id {job.build_id})"


def reject(client: BuildMaster, job: Job, failure: ShiplineError) -> ShiplineError:
    """Reject the run's build because of ``failure``, and record it. Returns the failure to raise, with the result.

    A refusal is only a warning.
    """
    step = RejectBuild(client)
    try:
        step.act(job, Decision((reject_call(client),)))
    except CanceledError:
        raise
    except ShiplineError as error:
        job.report.warning(f"the build could not be rejected: {error.what}")
        return failure
    return failure.with_context(todo="fix the cause and release a new build")
