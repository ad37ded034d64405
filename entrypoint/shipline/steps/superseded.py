"""A build that a later one has overtaken in its last stage is not announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.errors import SupersededError

if TYPE_CHECKING:
    from shipline.services.buildmaster import BuildMaster
    from shipline.steps import Job


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
            why="announcing an older build would take testers back",
            todo="nothing: the later build's own run announces it",
        )
