"""The BuildMaster release: found, or created from a pipeline or a template if one is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError
from shipline.services.buildmaster import Release
from shipline.steps import Decision, Job, Step
from shipline.steps.create_build import journaled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster
    from shipline.services.operation import Call

_OUTPUTS = ("buildmaster-release-id", "buildmaster-release-number")


class EnsureRelease(Step):
    name = "release"
    adopts = settles = True
    lost = "run again: the release is looked up by its number, and not created twice"

    def __init__(self, settings: Settings, client: BuildMaster, *, may_create: bool) -> None:
        self._settings = settings
        self._client = client
        self._may_create = may_create

    def key(self, job: Job) -> str:
        del job
        s = self._settings
        return f"release|{s.url}|{s.application or s.application_id}|{s.release.kind}:{s.release.value}"

    def decide(self, job: Job) -> Decision:
        if self._settings.build_id is not None:
            return self._of_build(self._settings.build_id)
        release, others = self._find(job)
        if release is not None:
            return _found(release)
        call = self._create()
        if call is None:
            raise self._missing(others)
        named = (others[0].application if others else "") or self._settings.application
        unseen = "" if others else f"BuildMaster shows no release of an application {named}: is the name right?"
        return Decision(calls=(call,), made={"application": named} if named else {}, note=unseen)

    def act(self, job: Job, decision: Decision) -> str:
        if not decision.calls:
            job.done(self, decision.made)  # `latest` is resolved once
            return decision.reuse
        made = job.post(self, decision.calls[0], lambda data: _made(Release.of(data)))
        made["application"] = job.values.get("application") or made["application"]
        job.make(made)
        job.done(self, made)
        return f"created release {made['release_number']} (id {made['buildmaster-release-id']})"

    def outputs(self, job: Job) -> Mapping[str, str]:
        return {name: job.values.get(name, "") for name in _OUTPUTS}

    def _of_build(self, build_id: int) -> Decision:
        build = self._client.build(build_id)
        if build is None:
            raise RefusedError(
                f"BuildMaster has no build with id {build_id}", todo="check buildmaster.build-id and buildmaster.url"
            )
        release = self._client.release(build.release_id) if build.release_id is not None else None
        made = {"application": build.application or str(self._settings.application)}
        if release is None:
            return Decision(reuse=f"build {build_id} belongs to no release", made=made | {"release_number": ""})
        found = _found(release)
        return Decision(reuse=found.reuse, made={**made, **found.made})

    def _find(self, job: Job) -> tuple[Release | None, list[Release]]:
        ref = self._settings.release
        if ref.kind == "id":
            return self._client.release(int(ref.value)), []
        if ref.kind == "latest":
            return self._latest(job), []
        found = [r for r in self._client.releases(releaseNumber=ref.value) if r.number == ref.value]
        return (found[0], []) if found else (None, self._client.releases())

    def _latest(self, job: Job) -> Release | None:
        """Resolved once: a build that is gone on with stays in the release that was the latest then."""
        entry = job.receipt.find(self.key(job))
        if entry and journaled(job, self._settings, may_create=self._may_create):
            return self._client.release(int(entry["made"]["buildmaster-release-id"]))
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
        if s.release.kind == "latest":
            return RefusedError(
                f"application {application} has no active release", todo="create one, or name it in buildmaster.release"
            )
        what = f"application {application} has no release {'with id ' * (s.release.kind == 'id')}{s.release.value}"
        there = ", ".join(f"{r.number} ({r.status})" for r in others[:10])
        why = f"its releases are {there}" if there else "it has no releases, or there is no application of this name"
        creates = ", or buildmaster.pipeline to have it created" if self._may_create else ""
        return RefusedError(what, why=why, todo=f"set buildmaster.release to one that is there{creates}")


def _found(release: Release) -> Decision:
    if release.status == "canceled":
        raise RefusedError(
            f"release {release.number} (id {release.id}) is canceled",
            todo="restore it in BuildMaster, or name another release",
        )
    reuse = f"uses release {release.number} (id {release.id}, {release.status})"
    return Decision(reuse=reuse, made=_made(release))


def _made(release: Release) -> dict[str, str]:
    return {
        "application": release.application,
        "release_number": release.number,
        "buildmaster-release-id": str(release.id),
        "buildmaster-release-number": release.number,
        "release-status": release.status,
        "application-id": "" if release.application_id is None else str(release.application_id),
    }
