"""Other runs that work on the same build: a run that finds one doesn't announce on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.run.evidence import Origin
from shipline.services.buildmaster import worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shipline.run.step import Job
    from shipline.run.steps.find_deployment import DeploymentSearch
    from shipline.services.buildmaster import Deployment


_NEAR = 5  # ids between the parents of two deploys that were sent at once


def note(job: Job, deployments: Sequence[int], stage: str) -> None:
    """Note that another run has started these deployments, if there are any."""
    if deployments:
        who = f"another run has started deployment {deployments[-1]} to {stage}, and may have"
        job.evidence.came_by(Origin("adopted", who=who))


def compare(
    search: DeploymentSearch, job: Job, found: list[Deployment], last: list[Deployment], own: Sequence[int]
) -> None:
    """Note if another run works on this build: the stage's newest deployments aren't ``own``.

    BuildMaster may promote a build by itself, and a person may deploy it, which is no other run. Without evidence that
    this run or its earlier attempts made the build, whatever runs may be another run's.
    """
    if any(d.id in own for d in last) or worst(last) in ("failed", "canceled"):
        return
    if job.evidence.created_build or job.receipt.vouches_for():
        older = max((d.id for d in found if d not in last), default=0)
        note(job, search.by_another_run(job, last, own, older), last[-1].stage)
    else:
        note(job, [d.id for d in last if not d.ended], last[-1].stage)


def check_own(search: DeploymentSearch, job: Job) -> None:
    """Note if another run was as fast as this one, which found the build and has started its last deployment."""
    own = job.evidence.origin.deployments
    if own and not job.receipt.vouches_for():
        note(job, search.by_another_run(job, [], own, max(own) - _NEAR), "the same stage")
