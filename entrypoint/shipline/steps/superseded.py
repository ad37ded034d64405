"""A build that a later one has overtaken is not announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.errors import DeploymentFailedError, SupersededError

if TYPE_CHECKING:
    from shipline.services.buildmaster import Build, BuildMaster
    from shipline.steps import Job

_WHY = "announcing an older build would take testers back"
_TODO = "nothing: the later build's own run announces it"


def check_latest(client: BuildMaster, job: Job, stage: str) -> None:
    """Raises SupersededError if a later build of the release has succeeded in this stage."""
    release_id, build_id = job.values.get("buildmaster-release-id"), job.values.get("buildmaster-build-id")
    if not release_id or not build_id:
        return
    later = [d for d in client.stage_deployments(int(release_id), stage) if (d.build_id or 0) > int(build_id)]
    done = next((d for d in later if d.succeeded), None)
    if done is not None:
        raise SupersededError(
            f"superseded: build {done.build_number or done.build_id} of the release has succeeded in {stage} since",
            why=_WHY,
            todo=_TODO,
        )


def rejected(client: BuildMaster, build: Build) -> DeploymentFailedError:
    """The error that a rejected build is: BuildMaster rejects one by itself when a later one passes it."""
    later = [b for b in client.release_builds(build.release_id) if b.id > build.id and b.status != "rejected"]
    if not later:
        return DeploymentFailedError(
            f"build {build.number} (id {build.id}) was rejected",
            todo="create a new build: a rejected one isn't deployed",
        )
    what = f"superseded: build {build.number} (id {build.id}) was rejected, and build {later[-1].number} is later"
    return SupersededError(what, why=_WHY, todo=_TODO)
