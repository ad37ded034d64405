"""The build: adopted if it is there, created if not, never twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError, UnknownOutcomeError
from shipline.receipt import fingerprint
from shipline.services.answer import ConflictError
from shipline.services.buildmaster import Build
from shipline.steps import Decision, Job, Step
from shipline.steps.superseded import rejected
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.services.buildmaster import BuildMaster
    from shipline.services.operation import Call

_LOST_NUMBERED = "run again: the build is looked up by its number, and not created twice"
_LOST = (
    "look at the release's builds; then set buildmaster.build-id to that build, "
    "or buildmaster.build-number so that it can be found"
)


class CreateBuild(Step):
    name = "build"

    def __init__(self, settings: Settings, client: BuildMaster, *, may_create: bool) -> None:
        self._settings = settings
        self._client = client
        self._may_create = may_create
        self.adopts = self.settles = settings.build_number is not None
        self.lost = _LOST_NUMBERED if self.adopts else _LOST

    def key(self, job: Job) -> str:
        s = self._settings
        release = job.values.get("release_number") or s.release.value
        return f"build|{s.url}|{s.application or s.application_id}|{release}|{s.build_number or _run(job)}"

    def decide(self, job: Job) -> Decision:
        s = self._settings
        if s.build_id is not None:
            return _adopt(self._client, self._client.build(s.build_id), s.build_id)
        entry = journaled(job, s, may_create=self._may_create)
        if entry and (build_id := entry["made"].get("buildmaster-build-id")):
            adopted = _adopt(self._client, self._client.build(int(build_id)), build_id)
            return replace(adopted, warnings=self._differences(job, entry))
        if s.build_number:
            existing = self._by_number(job, s.build_number, ours=entry is not None)
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
            return self._closed(job)
        job.moves()
        return Decision(calls=(self._create(job),))

    def act(self, job: Job, decision: Decision) -> str:
        if not decision.calls:
            job.done(self, decision.made)
            return decision.reuse
        try:
            made = job.post(self, decision.calls[0], lambda data: _made(Build.of(data), job.values), made={})
        except ConflictError:
            job.beaten = True
            job.moves(moving=False)  # unless it starts the last deployment
            raise
        job.make(made)
        job.done(self)
        return f"created build {made['build_number']} (id {made['buildmaster-build-id']})"

    def outputs(self, job: Job) -> Mapping[str, str]:
        build_id = job.values.get("buildmaster-build-id", "")
        return {
            "buildmaster-build-id": build_id,
            "buildmaster-build-number": job.values.get("buildmaster-build-number", ""),
            "buildmaster-url": self._page(job.values.get("application-id", ""), build_id) if build_id else "",
        }

    def _page(self, application_id: str, build_id: str) -> str:
        url = self._settings.url
        return f"{url}/applications/{application_id}/builds/build?buildId={build_id}" if application_id else url

    def _create(self, job: Job) -> Call:
        release = job.values.get("buildmaster-release-id") or later("buildmaster-release-id")
        body: dict[str, Any] = {"releaseId": release}
        if self._settings.build_number:
            body["buildNumber"] = self._settings.build_number
        body |= {f"${name}": value for name, value in self._settings.variables.items()}
        return self._client.call("create-build", body=body)

    def _differences(self, job: Job, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """A warning if the build was created with something else than what would be sent now."""
        sent = entry["requests"][-1:]
        if not self._may_create or not sent:
            return ()
        if sent[0]["fingerprint"] == fingerprint(self._create(job).request(job.values)):
            return ()
        warning = (
            "the build was created with other variables than are set now, and they can't be changed: "
            "use a new buildmaster.build-number, or buildmaster.deploy-variables"
        )
        return (warning,)

    def _by_number(self, job: Job, number: str, *, ours: bool) -> Decision | None:
        release_id = job.values.get("buildmaster-release-id")
        found = self._client.builds(int(release_id), number) if release_id else []
        if not found:
            return None
        if self._settings.if_build_exists == "fail" and self._may_create and not ours:
            raise RefusedError(
                f"build {number} of release {job.values['release_number']} exists already (id {found[0].id})",
                todo="use another buildmaster.build-number, or set buildmaster.if-build-exists to adopt",
            )
        return _adopt(self._client, found[0], found[0].id)

    def _closed(self, job: Job) -> Decision:
        """No build can be created in a release that isn't active; a finished run repeated outside CI needs none."""
        outside, done = not job.pipeline.facts.run_id, job.receipt.named("build")
        finished = outside and job.receipt.finished
        if done and finished and done["made"].get("buildmaster-release-id") == self._release_id(job):
            build_id = done["made"]["buildmaster-build-id"]
            return _adopt(self._client, self._client.build(int(build_id)), build_id)
        raise RefusedError(
            f"release {job.values['release_number']} is {job.values['release-status']}: no build can be created in it",
            why="BuildMaster closes a release when a build has been deployed to its last stage",
            todo='give each version a release of its own with buildmaster.release: "{version}", '
            "or name an active release there",
        )

    def _release_id(self, job: Job) -> str:
        return job.values.get("buildmaster-release-id", "")

    def _lost(self, job: Job, entry: Mapping[str, Any] | None) -> UnknownOutcomeError | None:
        attempt = job.pipeline.facts.run_attempt
        if entry and entry["status"] in ("sending", "sent", "unknown"):
            why = "an earlier try may have created one, says its receipt, and a build without a number can't be found"
        elif not job.knows_before:
            why = (
                f"this is attempt {attempt} of the run and its receipt is gone: an earlier one may have created a build"
            )
        else:
            return None
        return UnknownOutcomeError("whether this run has created a build already is not known", why=why, todo=_LOST)


def journaled(job: Job, settings: Settings, *, may_create: bool) -> dict[str, Any] | None:
    """The receipt's entry of the build, if it is this run's and of this release.

    A build is known by its number; without one by the run that it belongs to.
    """
    entry = job.receipt.named("build")
    release_id = job.values.get("buildmaster-release-id")
    if entry is None or (release_id and entry["made"].get("buildmaster-release-id", release_id) != release_id):
        return None
    identity = entry["key"].rpartition("|")[2]
    if settings.build_number:
        return entry if identity == settings.build_number else None
    if not may_create:
        return entry
    return entry if identity == _run(job) else None


def _run(job: Job) -> str:
    """What a build without a number belongs to: its CI run; outside CI the run that isn't finished."""
    return f"run {job.pipeline.facts.run_id or job.receipt.run_key}"


def _adopt(client: BuildMaster, build: Build | None, build_id: int | str) -> Decision:
    if build is None:
        raise RefusedError(
            f"BuildMaster has no build with id {build_id}",
            todo="was it purged? check buildmaster.build-id, or remove the receipt",
        )
    if build.status == "rejected":
        raise rejected(client, build)
    return Decision(reuse=f"uses build {build.number} (id {build.id}, {build.status})", made=_made(build, {}))


def _made(build: Build, values: Mapping[str, str]) -> dict[str, str]:
    made = {
        "buildmaster-build-id": str(build.id),
        "buildmaster-build-number": build.number,
        "build_number": build.number,
    }
    release_id = build.release_id if build.release_id is not None else values.get("buildmaster-release-id")
    return made | ({"buildmaster-release-id": str(release_id)} if release_id is not None else {})
