"""Deployments that an earlier try may have started: looked for where no receipt and no answer tells of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shipline.services.buildmaster import Deployment, same
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from shipline.services.buildmaster import BuildMaster
    from shipline.steps import Job

# BuildMaster's dispatcher starts what is pending every 5 s, and only then can a list show it.
_DISPATCHER = 8.0
_MOST_IDS, _IDS_BEYOND = 100, 5


class Search:
    """For the deployments of the run's build to one stage (empty: whichever)."""

    def __init__(self, client: BuildMaster, stage: str) -> None:
        self._client = client
        self._stage = stage
        self._waited_at = -1

    def appearing(self, job: Job, before: frozenset[int]) -> list[Deployment]:
        """The listed deployments, once one shows that isn't among ``before``; waits once for the dispatcher."""
        wait = 0.0 if self._waited_at == job.changes else _DISPATCHER
        self._waited_at = job.changes
        end = time.monotonic() + wait
        if wait:
            job.console.progress("looking whether an earlier try has started a deployment")
        while True:
            there = self._client.deployments(int(job.values["buildmaster-build-id"]), self._stage)
            if {d.id for d in there} - before or time.monotonic() >= end:
                return there
            stop.sleep(1)

    def waiting(self, job: Job) -> list[int]:
        """The ids of those that were found not to have ended, though no list shows them. None found proves nothing.

        No list shows a parent, nor a child before it starts. Ids count up, so those of a build's deployments are above
        all that are older than the build; they are asked for one by one, up to a few beyond the newest.
        """
        build = self._client.build(int(job.values["buildmaster-build-id"]))
        if build is None or build.created is None:
            return []
        created = build.created
        listed = self._listed(self._client.application)
        older = [d.id for d in listed if d.created is not None and d.created < created]
        if not older:
            listed = self._listed({})
            older = [d.id for d in listed if d.created is not None and d.created < created]
        known = {d.id for d in listed}
        newest, number = max(known, default=0), max(older, default=0)
        found, asked, missed = [], 0, 0
        while (number < newest or missed < _IDS_BEYOND) and asked < _MOST_IDS:
            number += 1
            if number in known:
                missed = 0
                continue
            asked += 1
            deployment = self._client.deployment(number)
            missed = missed + 1 if deployment is None else 0
            if deployment and deployment.build_id == build.id and not deployment.ended and self._fits(deployment):
                found.append(number)
        return found

    def _listed(self, filters: dict[str, str]) -> list[Deployment]:
        return self._client.listed("get-deployments", filters, Deployment.of)

    def _fits(self, deployment: Deployment) -> bool:
        return not self._stage or same(deployment.stage, self._stage)
