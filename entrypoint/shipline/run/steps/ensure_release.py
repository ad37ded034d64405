"""The BuildMaster release: used if it exists, created from a pipeline or template if one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError
from shipline.run.results import RunValues
from shipline.run.step import Decision, Job, Step
from shipline.run.steps.create_build import build_record
from shipline.run.steps.supersession import Comparison, check_newer_releases
from shipline.services.buildmaster import BuildMaster, Release

if TYPE_CHECKING:
    from shipline.pipeline.model import BuildMasterSettings
    from shipline.services.client import Call


class EnsureRelease(Step[None]):
    """Step ``release``. ``may_create``: ``build`` is among the run's steps."""

    name = "release"
    can_adopt = can_reconcile = True
    lost_response_advice = "run again: Shipline looks up the release by its number, and doesn't create it twice"

    def __init__(self, settings: BuildMasterSettings, client: BuildMaster, *, may_create: bool) -> None:
        self._settings = settings
        self._client = client
        self._may_create = may_create
        self._releases: list[Release] | None = None  # the application's, if this step has just looked them up
        self._comparison = Comparison()

    def key(self, job: Job) -> str:
        s = self._settings
        return f"release|{s.url}|{s.application or s.application_id}|{s.release.kind}:{s.release.value}"

    def decide(self, job: Job) -> Decision[None]:
        if self._settings.build_id is not None:
            return self._of_build(self._settings.build_id)
        if self._settings.release.kind == "none":
            made = RunValues(application=self._settings.application, release_number="")
            return Decision(reuse="the build belongs to no release", made=made)
        release, others = self._find(job)
        if release is not None:
            return _use(release)
        call = self._create()
        if call is None:
            raise self._missing(others)
        name = (others[0].application if others else "") or self._settings.application
        note = ""
        if not others:
            advice = self._client.name_advice() or "check buildmaster.application"
            note = f"BuildMaster shows no release of an application {name}. If it isn't new, {advice}"
        return Decision(calls=(call,), made=RunValues(application=name or None), note=note)

    def act(self, job: Job, decision: Decision[None]) -> str:
        if not decision.calls:
            job.done(self, decision.made)  # `latest` is resolved once
            return decision.reuse
        made = job.post(self, decision.calls[0], lambda data: _values(Release.of(data)))
        made = made._replace(application=job.values.application or made.application)
        job.done(self, made)
        return f"created release {made.release_number} (id {made.release_id})"

    def before_announcing(self, job: Job) -> None:
        ref = self._settings.release
        if ref.kind == "number" and self._comparison.due(job):
            releases, self._releases = self._releases, None
            if releases is None or job.changes:
                releases = self._client.releases(status="deployed")
            check_newer_releases(job, ref.value, releases)

    def _of_build(self, build_id: int) -> Decision[None]:
        build = self._client.build(build_id)
        if build is None:
            raise RefusedError(
                f"BuildMaster has no build with id {build_id}", todo="check buildmaster.build-id and buildmaster.url"
            )
        release = self._client.release(build.release_id) if build.release_id is not None else None
        if release is not None:
            return _use(release)
        application = build.application or str(self._settings.application)
        made = RunValues(application=application, release_number="")
        return Decision(reuse=f"build {build_id} belongs to no release", made=made)

    def _find(self, job: Job) -> tuple[Release | None, list[Release]]:
        """The release that the settings name; if it doesn't exist, the application's releases."""
        ref = self._settings.release
        if ref.kind == "id":
            return self._client.release(int(ref.value)), []
        if ref.kind == "latest":
            return self._latest(job), []
        # Before an announcement, all releases are needed: the newest that is deployed is compared with this one.
        every = job.pipeline.announces and job.pipeline.if_older == "fail"
        releases = self._client.releases(**({} if every else {"releaseNumber": ref.value}))
        found = next((r for r in releases if r.number == ref.value), None)
        if found is None and not every:
            releases = self._client.releases()
        self._releases = releases if every or found is None else None
        return found, ([] if found else releases)

    def _latest(self, job: Job) -> Release | None:
        """The latest active release; for a build that is continued, the one that was the latest when it was created."""
        record = job.record(self)
        if record and build_record(job, self._settings, may_create=self._may_create):
            release_id = self.restored(record).release_id
            return None if release_id is None else self._client.release(release_id)
        active = [r for r in self._client.releases(status="active") if r.status == "active"]
        return active[0] if active else None

    def _create(self) -> Call | None:
        s = self._settings
        if not self._may_create or s.release.kind != "number":
            return None
        body: dict[str, Any] = {**self._client.application, "releaseNumber": s.release.value}
        if s.template:
            return self._client.call("create-release-from-template", body={**body, "template": s.template})
        if s.pipeline:
            return self._client.call("create-release", body={**body, "pipelineName": s.pipeline})
        return None

    def _missing(self, others: list[Release]) -> RefusedError:
        s = self._settings
        application = s.application or f"with id {s.application_id}"
        advice = "" if others else self._client.name_advice()
        otherwise = f"; or {advice}" if advice else ""
        if s.release.kind == "latest":
            todo = f"create one, or name it in buildmaster.release{otherwise}"
            return RefusedError(f"application {application} has no active release", todo=todo)
        what = f"application {application} has no release {'with id ' * (s.release.kind == 'id')}{s.release.value}"
        existing = ", ".join(f"{r.number} ({r.status})" for r in others[:10])
        why = (
            f"its releases are {existing}"
            if existing
            else "it has no releases, or there is no application of this name"
        )
        creates = ", or buildmaster.pipeline to have it created" if self._may_create else ""
        todo = f"set buildmaster.release to an existing one{creates}{otherwise}"
        return RefusedError(what, why=why, todo=todo)


def _use(release: Release) -> Decision[None]:
    if release.status == "canceled":
        raise RefusedError(
            f"release {release.number} (id {release.id}) is canceled",
            todo="restore it in BuildMaster, or name another release",
        )
    reuse = f"uses release {release.number} (id {release.id}, {release.status})"
    return Decision(reuse=reuse, made=_values(release))


def _values(release: Release) -> RunValues:
    return RunValues(
        application=release.application,
        application_id="" if release.application_id is None else str(release.application_id),
        release_id=release.id,
        release_number=release.number,
        release_status=release.status,
    )
