"""The build: adopted if it exists, created if not, never twice."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError, UnknownOutcomeError
from shipline.interpolation import placeholder
from shipline.run.evidence import Origin
from shipline.run.receipt import fingerprint
from shipline.run.results import RunValues
from shipline.run.step import Decision, Job, Step
from shipline.run.steps.supersession import accepts_rejection, rejected, report_rejection
from shipline.services.buildmaster import Build, BuildMaster
from shipline.services.response import ConflictError

if TYPE_CHECKING:
    from shipline.pipeline.model import BuildMasterSettings
    from shipline.run.records import StepRecord
    from shipline.services.client import Call


_LOST_NUMBERED = "run again: Shipline looks up the build by its number, and doesn't create it twice"
_CLOCKS = timedelta(hours=1)  # by which BuildMaster's and the CI system's may differ
_LOST_RACE = Origin("adopted", who="another run made this build and may have")


class CreateBuild(Step[None]):
    """Step ``build``. ``may_create``: ``build`` is among the run's steps; else it only finds one.

    ``newest``: of a release that is named after the version, the newest build is meant if the receipt has none, and
    not the one with the number of this CI run. ``rejected_too``: a rejected build is no error.
    """

    name = "build"

    def __init__(
        self,
        settings: BuildMasterSettings,
        client: BuildMaster,
        *,
        may_create: bool,
        newest: bool = False,
        rejected_too: bool = False,
    ) -> None:
        self._settings = settings
        self._client = client
        self._may_create = may_create
        self._newest = newest
        self._rejected_too = rejected_too
        self._rejected: Build | None = None  # the build, if it was rejected and that is accepted
        self.can_adopt = self.can_reconcile = settings.build_number is not None
        application = settings.application or settings.application_id
        otherwise = "name the release in buildmaster.release" if self.can_adopt else "set buildmaster.build-number"
        self._by_hand = (
            f"open {settings.url} and check the builds of {application}: if this run has created one, "
            f"set buildmaster.build-id to its id, if not, {otherwise}"
        )
        self.lost_response_advice = _LOST_NUMBERED if self.can_adopt else self._by_hand

    def key(self, job: Job) -> str:
        s = self._settings
        if self._newest and (record := build_record(job, s, may_create=False)):
            return record.key  # so that it stays the record of the run that created the build
        release = job.values.release_number or s.release.value
        return f"build|{s.url}|{s.application or s.application_id}|{release}|{s.build_number or _run(job)}"

    def decide(self, job: Job) -> Decision[None]:
        s = self._settings
        if s.build_id is not None:
            return self._adopt(self._client.build(s.build_id), s.build_id)
        record = build_record(job, s, may_create=self._may_create)
        if record and (build_id := self.restored(record).build_id):
            adopted = self._adopt(self._client.build(build_id), build_id)
            return adopted._replace(warnings=self._differences(job, record))
        number = None if record and record.key.endswith(f"|{_run(job)}") else s.build_number
        existing = self._existing(job, number, recorded=record is not None)
        if existing is not None:
            if job.evidence.origin.kind == "created_build" and record is None:
                job.evidence.set_origin(_LOST_RACE)  # it was about to
            return existing
        # An event of the pipeline may have created another release, which is the latest since.
        elsewhere = self._may_create and s.release.kind == "latest" and record is None
        if (elsewhere or not number) and (unknown := self._unknown(job, record)) is not None:
            return Decision(error=unknown)
        if not self._may_create:
            raise RefusedError(
                f"there is no build {number} of this release" if number else "no build to work on",
                why="`build` is not among the steps",
                todo="set buildmaster.build-id or buildmaster.build-number, "
                "or give the receipt of the run that created the build",
            )
        if job.values.release_status not in (None, "active"):
            return self._closed(job)
        job.evidence.set_origin(Origin("created_build"))
        return Decision(calls=(self._create(),))

    def act(self, job: Job, decision: Decision[None]) -> str:
        if not decision.calls:
            if self._rejected is not None:
                report_rejection(job, self._rejected)
            job.done(self, decision.made)
            return decision.reuse
        release_id = job.values.release_id
        before = [] if self.can_adopt else [build.id for build in self._client.release_builds(release_id)]
        try:
            made = job.post(
                self, decision.calls[0], lambda data: _values(Build.of(data), release_id), reset=True, before=before
            )
        except ConflictError:
            job.evidence.set_origin(_LOST_RACE)
            raise
        job.remember(made)
        job.done(self)
        return f"created build {made.build_number} (id {made.build_id})"

    def _create(self) -> Call:
        body: dict[str, Any] = {"releaseId": placeholder("buildmaster-release-id")}
        if self._settings.release.kind == "none":
            body = {**self._client.application, "pipelineName": self._settings.pipeline}
        if self._settings.build_number:
            body["buildNumber"] = self._settings.build_number
        body |= {f"${name}": value for name, value in self._settings.variables.items()}
        return self._client.call("create-build", body=body)

    def _differences(self, job: Job, record: StepRecord) -> tuple[str, ...]:
        """A warning if the build was created by another request than the one that would be sent now."""
        if not self._may_create or not record.requests:
            return ()
        if record.requests[-1].fingerprint == fingerprint(self._create().request(job.placeholders)):
            return ()
        warning = (
            "the build was created with other variables than are set now, and they can't be changed: "
            "use a new buildmaster.build-number, or buildmaster.deploy-variables"
        )
        return (warning,)

    def _existing(self, job: Job, number: str | None, *, recorded: bool) -> Decision[None] | None:
        """The build with this number, or the newest of the version's release if that is meant; None: there is none."""
        versioned = self._newest and job.values.release_number == job.pipeline.version.text
        if number and not (versioned and self._settings.numbered_by_run):
            return self._by_number(job, number, recorded=recorded)
        builds = self._client.release_builds(job.values.release_id) if versioned else []
        return self._adopt(builds[-1], builds[-1].id) if builds else None

    def _by_number(self, job: Job, number: str, *, recorded: bool) -> Decision[None] | None:
        release_id = job.values.release_id
        without = self._settings.release.kind == "none"
        found = self._client.builds(release_id, number) if release_id or without else []
        if not found:
            return None
        if self._settings.if_build_exists == "fail" and self._may_create and not recorded:
            raise RefusedError(
                f"build {number} of release {job.values.release_number} exists already (id {found[0].id})",
                todo="use another buildmaster.build-number, or set buildmaster.if-build-exists to adopt",
            )
        adopted = self._adopt(found[0], found[0].id)
        if recorded or not self._settings.numbered_by_run:
            return adopted
        return adopted._replace(warnings=self._check_own(job, found[0]))

    def _check_own(self, job: Job, build: Build) -> tuple[str, ...]:
        """A warning if the build with the CI run's number may be another's: other builds are numbered too.

        Raises RefusedError if it is older than this run.
        """
        facts = job.pipeline.facts
        advice = "set buildmaster.build-number to one that no other builds have, such as ci-{run_number}"
        shown = f"build {build.number} (id {build.id})"
        if facts.began and build.created and build.created < facts.began - _CLOCKS:
            raise RefusedError(
                f"{shown} has the number of this CI run, and isn't its build",
                why=f"it was created on {build.created.astimezone(UTC):%Y-%m-%d at %H:%M} UTC, before the run began",
                todo=f"{advice}, or to {build.number} to use that build",
            )
        if not self._may_create or (facts.run_attempt or 1) > 1:
            return ()
        return (f"{shown} exists, and no receipt shows that this run created it: if it didn't, {advice}",)

    def _closed(self, job: Job) -> Decision[None]:
        """No build can be created in a release that isn't active; a finished run repeated outside CI needs none."""
        record = job.receipt.named("build")
        if record and job.receipt.finished and not job.pipeline.facts.run_id:
            made = self.restored(record)
            if made.build_id is not None and made.release_id == job.values.release_id:
                return self._adopt(self._client.build(made.build_id), made.build_id)
        todo = (
            'give each version a release of its own with buildmaster.release: "{version}", or name an active one there'
        )
        if job.values.release_number == job.pipeline.version.text:
            todo = "release a new version, or set buildmaster.build-id to the build that exists"
        raise RefusedError(
            f"release {job.values.release_number} is {job.values.release_status}: no build can be created in it",
            why="BuildMaster closes a release when a build has been deployed to its last stage",
            todo=todo,
        )

    def _unknown(self, job: Job, record: StepRecord | None) -> UnknownOutcomeError | None:
        """The error if an earlier try may have created a build without a number, which can't be looked up."""
        attempt = job.pipeline.facts.run_attempt
        if record and record.in_doubt:
            why = "an earlier run may have created one, and Shipline can't find a build without a number"
        elif record and record.refused_by_response and (new := self._since(job, record)):
            why = f"BuildMaster refused to create it, but there is a build since (id {new[-1].id})"
        elif not job.receipt.has_earlier_attempts:
            why = (
                f"this is attempt {attempt} of the run and its receipt is gone: an earlier one may have created a build"
            )
        else:
            return None
        return UnknownOutcomeError("can't determine whether this run has created a build", why=why, todo=self._by_hand)

    def _since(self, job: Job, record: StepRecord) -> list[Build]:
        """The release's builds that didn't exist before the build was requested."""
        before = record.before or ()
        return [build for build in self._client.release_builds(job.values.release_id) if build.id not in before]

    def _adopt(self, build: Build | None, build_id: int) -> Decision[None]:
        if build is None:
            raise RefusedError(
                f"BuildMaster has no build with id {build_id}",
                todo="was it purged? check buildmaster.build-id, or remove the receipt",
            )
        if build.status == "rejected" and not self._rejected_too:
            if not accepts_rejection(self._client, self._settings, build.id):
                raise rejected(self._client, build)
            self._rejected = build
        return Decision(reuse=f"uses build {build.number} (id {build.id}, {build.status})", made=_values(build))


def build_record(job: Job, settings: BuildMasterSettings, *, may_create: bool) -> StepRecord | None:
    """The receipt's record of the build, if it is this run's and of this release.

    A build has a number that is set, or else belongs to the run that created it.
    """
    record = job.receipt.named("build")
    if record is None:
        return None
    release_id = job.values.release_id
    made_in = record.values.release_id
    if made_in is not None and (settings.release.kind == "none" or release_id not in (None, made_in)):
        return None
    identity = record.key.rpartition("|")[2]
    if settings.build_number and not settings.numbered_by_run:
        return record if identity == settings.build_number else None
    return record if not may_create or identity in (settings.build_number, _run(job)) else None


def _run(job: Job) -> str:
    """The identity of a build without a number: its CI run; outside CI the run that isn't finished."""
    return f"run {job.pipeline.facts.run_id or job.receipt.run_key}"


def _values(build: Build, release_id: int | None = None) -> RunValues:
    release_id = release_id if build.release_id is None else build.release_id
    return RunValues(build_id=build.id, build_number=build.number, release_id=release_id)
