"""Find deployments of an earlier try, which neither the receipt nor a response reports, and those of other runs.

A run that finds another one at work on its build doesn't announce on its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shipline.cancellation import Poll
from shipline.errors import RefusedError
from shipline.run.evidence import Origin
from shipline.run.results import RunValues
from shipline.services.buildmaster import BuildMaster, Deployment, same, same_deploy, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shipline.run.records import StepRecord
    from shipline.run.step import Job


# BuildMaster's dispatcher starts what is pending every 5 s, and only then can a list show it.
_DISPATCHER_S = 8.0
_PAUSE_S = 1.0
_MAX_IDS, _IDS_BEYOND_NEWEST = 100, 5
_NEAR = 5  # ids between the parents of two deploys that were sent at once
_MAX_UNDER_WAY_S = 20.0  # later no proxy holds a request whose connection has ended


def seconds_under_way(record: StepRecord) -> float:
    """The seconds in which the last request of another run's record may still arrive."""
    try:
        age = (datetime.now(UTC) - datetime.fromisoformat(record.requests[-1].at)).total_seconds()
    except (IndexError, ValueError, TypeError):
        return _MAX_UNDER_WAY_S
    return min(_MAX_UNDER_WAY_S, max(0.0, _MAX_UNDER_WAY_S - age))


class DeploymentSearch:
    """Searches for deployments of the run's build to one stage (empty: to any)."""

    def __init__(self, client: BuildMaster, stage: str) -> None:
        self._client = client
        self._stage = stage
        self._waited_at = -1
        self.complete = False
        """True if the last search by ids covered all that the build's deployments can have."""

    def appearing(self, job: Job, before: frozenset[int], at_least: float = 0.0) -> list[Deployment]:
        """The listed deployments, as soon as one is not among ``before``.

        Waits once for the dispatcher, and ``at_least`` so many seconds.
        """
        limit = 0.0 if self._waited_at == job.changes else max(_DISPATCHER_S, at_least)
        self._waited_at = job.changes
        poll = Poll(lambda _: _PAUSE_S)
        if limit:
            job.report.progress("checking whether an earlier run has started a deployment")
        while True:
            found = self._client.deployments(job.build_id, self._stage)
            if {d.id for d in found} - before or poll.elapsed >= limit:
                return found
            poll.wait()

    def unlisted(self, job: Job) -> list[int]:
        """The ids of deployments that have not ended, though no list shows them."""
        return [d.id for d in self._unlisted(job) if not d.ended]

    def succeeded(self, made: RunValues, found: list[Deployment], shown: str) -> bool:
        """True if BuildMaster still reports success for the stage that the receipt recorded as deployed.

        Raises RefusedError if BuildMaster no longer has the deployment.
        """
        stage = made.stage or self._stage
        last = [d for d in found if same(d.stage, stage)]
        if last:
            return worst(same_deploy(last)) in ("succeeded", "warned")
        recorded = [self._client.deployment(int(number)) for number in str(made.deployment_id).split(",")]
        if None not in recorded:
            return worst(d for d in recorded if d) in ("succeeded", "warned")
        raise RefusedError(
            f"BuildMaster has no deployment {made.deployment_id} to {shown}, which this receipt recorded as done",
            todo="was it purged, or BuildMaster restored? check buildmaster.url; to deploy again, remove the receipt",
        )

    def overridden(self, made: RunValues, last: list[Deployment]) -> bool:
        """True if a person has set the recorded deployment to succeeded, though its children (``last``) have failed.

        No document says how the API shows an overridden status: in the lists as well, or only in the parent.
        """
        recorded = [self._client.deployment(int(number)) for number in (made.deployment_id or "").split(",") if number]
        return bool(recorded) and all(d and d.succeeded and d in same_deploy([d, *last]) for d in recorded)

    def note_rivals(
        self, job: Job, found: Sequence[Deployment], last: Sequence[Deployment], own: Sequence[int]
    ) -> None:
        """Note if another run works on this build: the stage's newest deployments (``last``) aren't ``own``.

        BuildMaster may promote a build by itself, and a person may deploy it, which is no other run. Without evidence
        that this run or its earlier attempts made the build, whatever runs may be another run's.
        """
        if any(d.id in own for d in last) or worst(last) in ("failed", "canceled"):
            return
        if job.evidence.created_build or job.receipt.vouches_for():
            older = max((d.id for d in found if d not in last), default=0)
            note_rival(job, self._by_another_run(job, last, own, older), last[-1].stage)
        else:
            note_rival(job, [d.id for d in last if not d.ended], last[-1].stage)

    def note_as_fast(self, job: Job) -> None:
        """Note if another run was as fast as this one, which found the build and has started its last deployment."""
        own = job.evidence.origin.deployments
        if own and not job.receipt.vouches_for():
            note_rival(job, self._by_another_run(job, [], own, max(own) - _NEAR), "the same stage")

    def _by_another_run(self, job: Job, shown: Sequence[Deployment], own: Sequence[int], after: int) -> list[int]:
        """The ids of this stage's deployments that another run has started, with an id above ``after``.

        BuildMaster itself, or a person, has another name than who created the build.
        """
        build = self._client.build(job.build_id)
        creator = build.creator if build else ""
        others = (d for d in self._unlisted(job, after) or shown if d.id > after and d.id not in own)
        return [d.id for d in others if creator and d.creator == creator and (d.succeeded or not d.ended)]

    def _unlisted(self, job: Job, after: int = 0) -> list[Deployment]:
        """The deployments that no list shows, with an id above ``after``.

        No list shows a parent, nor a child before it starts. Ids count up, so those of a build's deployments are above
        all that are older than the build. They are requested one by one, up to a few beyond the newest.
        """
        self.complete = False
        build = self._client.build(job.build_id)
        if build is None or build.created is None:
            return []
        listed = self._listed(self._client.application)
        older = _older(listed, build.created)
        if not older:
            listed = self._listed({})
            older = _older(listed, build.created)
        known = {d.id for d in listed}
        newest, number = max(known, default=0), max([0, after, *older])
        found: list[Deployment] = []
        requested, missed = 0, 0
        while (number < newest or missed < _IDS_BEYOND_NEWEST) and requested < _MAX_IDS:
            number += 1
            if number in known:
                missed = 0
                continue
            requested += 1
            deployment = self._client.deployment(number)
            missed = missed + 1 if deployment is None else 0
            if deployment and deployment.build_id == build.id and self._fits(deployment):
                found.append(deployment)
        self.complete = requested < _MAX_IDS
        return found

    def _listed(self, filters: Mapping[str, str]) -> list[Deployment]:
        return self._client.listed("get-deployments", filters, Deployment.of)

    def _fits(self, deployment: Deployment) -> bool:
        return not self._stage or same(deployment.stage, self._stage)


def note_rival(job: Job, deployments: Sequence[int], stage: str) -> None:
    """Note that another run has started these deployments, if there are any."""
    if deployments:
        who = f"another run has started deployment {deployments[-1]} to {stage}, and may have"
        job.evidence.set_origin(Origin("adopted", who=who))


def _older(deployments: Iterable[Deployment], moment: datetime) -> list[int]:
    return [d.id for d in deployments if d.created is not None and d.created < moment]


def started_by(data: Any, stage: str) -> RunValues:
    """The deployments in a response to Deploy Build: an array, an object, or nothing."""
    started = [Deployment.of(item) for item in (data if isinstance(data, list) else [data] if data else [])]
    if not started:
        return RunValues()
    ids = ",".join(str(d.id) for d in started)
    return RunValues(deployment_id=ids, deployment_status=worst(started), stage=stage or started[0].stage)
