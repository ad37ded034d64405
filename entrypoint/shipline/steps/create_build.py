"""The build: adopted if it is there, created if not, never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.errors import DeploymentFailedError, RefusedError, UnknownOutcomeError
from shipline.services.buildmaster import Build
from shipline.steps import Decision, Job, Step
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster


class CreateBuild(Step):
    name = "build"

    def __init__(self, settings: Settings, client: BuildMaster, *, may_create: bool) -> None:
        self._settings = settings
        self._client = client
        self._may_create = may_create

    def key(self, job: Job) -> str:
        s = self._settings
        release = job.values.get("release_number") or s.release.value
        run = "" if s.build_number else f"run {job.pipeline.facts.run_id}"
        return f"build|{s.url}|{s.application or s.application_id}|{release}|{s.build_number or run}"

    def decide(self, job: Job) -> Decision:
        if self._settings.build_id is not None:
            return _adopt(self._client.build(self._settings.build_id), self._settings.build_id)
        entry = self._journaled(job)
        if entry and (build_id := entry["made"].get("buildmaster-build-id")):
            return _adopt(self._client.build(int(build_id)), build_id)
        if self._settings.build_number:
            existing = self._by_number(job, self._settings.build_number)
            if existing is not None:
                return existing
        elif (unknown := self._lost(job, entry)) is not None:
            return Decision(error=unknown)
        if not self._may_create:
            raise RefusedError(
                "no build to work on: `build` is not among the steps",
                todo="set buildmaster.build-id or buildmaster.build-number, "
                "or give the receipt of the run that created the build",
            )
        if job.values.get("release-status", "active") != "active":
            raise RefusedError(
                f"release {job.values['release_number']} is {job.values['release-status']}: "
                "no build can be created in it",
                todo="name an active release in buildmaster.release",
            )
        job.moving = True
        return Decision(calls=(self._create(job),))

    def act(self, job: Job, decision: Decision) -> str:
        if not decision.calls:
            job.done(self, decision.made)
            return decision.reuse
        build = Build.of(job.post(self, decision.calls[0]))
        job.done(self, _made(build, job.values))
        return f"created build {build.number} (id {build.id})"

    def outputs(self, job: Job) -> Mapping[str, str]:
        build_id = job.values.get("buildmaster-build-id", "")
        return {
            "buildmaster-build-id": build_id,
            "buildmaster-build-number": job.values.get("buildmaster-build-number", ""),
            "buildmaster-url": self._page(job.values.get("application-id", ""), build_id) if build_id else "",
        }

    def _page(self, application_id: str, build_id: str) -> str:
        return (
            f"{self._settings.url}/applications/{application_id}/builds/build?buildId={build_id}"
            if application_id
            else self._settings.url
        )

    def _create(self, job: Job) -> Any:
        release = job.values.get("buildmaster-release-id") or later("buildmaster-release-id")
        body: dict[str, Any] = {"releaseId": release}
        if self._settings.build_number:
            body["buildNumber"] = self._settings.build_number
        body |= {f"${name}": value for name, value in self._settings.variables.items()}
        return self._client.call("create-build", body=body)

    def _journaled(self, job: Job) -> dict[str, Any] | None:
        """The receipt's build, if it is this run's.

        Known by its number; without one by its CI run, and outside CI by not being finished.
        """
        entry = job.receipt.named("build")
        if entry is None:
            return None
        if self._settings.build_number or not self._may_create:
            return entry if not self._settings.build_number or entry["key"] == self.key(job) else None
        run_id = job.pipeline.facts.run_id
        same_run = job.receipt.run_id == run_id if run_id else not job.receipt.finished
        return entry if same_run else None

    def _by_number(self, job: Job, number: str) -> Decision | None:
        release_id = job.values.get("buildmaster-release-id")
        found = self._client.builds(int(release_id), number) if release_id else []
        if not found:
            return None
        if self._settings.if_build_exists == "fail" and self._may_create and not self._journaled(job):
            raise RefusedError(
                f"build {number} of release {job.values['release_number']} exists already (id {found[0].id})",
                todo="use another buildmaster.build-number, or set buildmaster.if-build-exists to adopt",
            )
        return _adopt(found[0], found[0].id)

    def _lost(self, job: Job, entry: dict[str, Any] | None) -> UnknownOutcomeError | None:
        attempt = job.pipeline.facts.run_attempt
        if entry and entry["status"] in ("sending", "unknown"):
            why = "an earlier try may have created one, says its receipt, and a build without a number can't be found"
        elif not job.receipt.existed and attempt is not None and attempt > 1:
            why = (
                f"this is attempt {attempt} of the run and its receipt is gone: an earlier attempt may have created one"
            )
        else:
            return None
        return UnknownOutcomeError(
            "whether this run has created a build already is not known",
            why=why,
            todo="look at the release's builds; then set buildmaster.build-id to that build, "
            "or buildmaster.build-number so that it can be found",
        )


def _adopt(build: Build | None, build_id: int | str) -> Decision:
    if build is None:
        raise RefusedError(
            f"BuildMaster has no build with id {build_id}",
            todo="was it purged? check buildmaster.build-id, or remove the receipt",
        )
    if build.status == "rejected":
        raise DeploymentFailedError(
            f"build {build.number} (id {build.id}) was rejected",
            todo="create a new build: a rejected one isn't deployed",
        )
    return Decision(reuse=f"uses build {build.number} (id {build.id}, {build.status})", made=_made(build, {}))


def _made(build: Build, values: Mapping[str, str]) -> dict[str, str]:
    made = {
        "buildmaster-build-id": str(build.id),
        "buildmaster-build-number": build.number,
        "build_number": build.number,
    }
    release_id = build.release_id if build.release_id is not None else values.get("buildmaster-release-id")
    return made | ({"buildmaster-release-id": str(release_id)} if release_id is not None else {})
