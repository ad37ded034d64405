"""Deployments that an earlier try may have started: looked for where no receipt and no answer tells of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shipline.services.buildmaster import Deployment, same
from shipline.transport.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.services.buildmaster import BuildMaster
    from shipline.steps import Job

# BuildMaster's dispatcher starts what is pending every 5 s, and only then can a list show it.
_DISPATCHER = 8.0
_MOST_IDS, _IDS_BEYOND = 100, 5
_UNDER_WAY = 20.0  # seconds; later nothing on the way to BuildMaster holds a request whose connection has ended


def under_way(entry: Mapping[str, Any]) -> float:
    """The seconds in which the last request of another run's entry may still arrive."""
    try:
        sent = datetime.fromisoformat(entry["requests"][-1]["at"])
        age = (datetime.now(UTC) - sent).total_seconds()
    except (IndexError, ValueError, TypeError):
        return _UNDER_WAY
    return min(_UNDER_WAY, max(0.0, _UNDER_WAY - age))


class Search:
    """For the deployments of the run's build to one stage (empty: whichever)."""

    def __init__(self, client: BuildMaster, stage: str) -> None:
        self._client = client
        self._stage = stage
        self._waited_at = -1
        self.complete = False
        """Whether the last search by ids left none out that the build's deployments can have."""

    def appearing(self, job: Job, before: frozenset[int], at_least: float = 0.0) -> list[Deployment]:
        """The listed deployments, once one shows that isn't among ``before``; waits once for the dispatcher, and
        ``at_least`` so many seconds."""
        wait = 0.0 if self._waited_at == job.changes else max(_DISPATCHER, at_least)
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
        """The ids of those that were found not to have ended, though no list shows them.

        No list shows a parent, nor a child before it starts. Ids count up, so those of a build's deployments are above
        all that are older than the build; they are asked for one by one, up to a few beyond the newest.
        """
        self.complete = False
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
        self.complete = asked < _MOST_IDS
        return found

    def _listed(self, filters: dict[str, str]) -> list[Deployment]:
        return self._client.listed("get-deployments", filters, Deployment.of)

    def _fits(self, deployment: Deployment) -> bool:
        return not self._stage or same(deployment.stage, self._stage)
