"""BuildMaster's releases, builds and deployments, read through its Release & Build Deployment API.

Old servers name fields ``number`` and ``name``; ``buildNumber``, ``releaseNumber`` and ``releaseName`` are later
aliases. Servers ignore some filters of lists, so every list is filtered again here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

from shipline.errors import RefusedError
from shipline.services.client import Account, Call, Client
from shipline.values import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from shipline.transport.settings import Network

ENDED = frozenset({"succeeded", "warned", "failed", "canceled"})
_KNOWN = ENDED | {"pending", "executing"}
_MAX_TEXT_CHARACTERS = 1000
_BEST_TO_WORST = ("succeeded", "warned", "executing", "pending", "canceled", "failed")


class Release(NamedTuple):
    """A release of an application."""

    id: int
    number: str
    name: str
    status: str
    application: str
    application_id: int | None
    pipeline: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read an object of a list. Raises KeyError or ValueError without an id."""
        return cls(
            id=int(data["id"]),
            number=_text(data, "releaseNumber", "number"),
            name=_text(data, "releaseName", "name"),
            status=_text(data, "status").lower(),
            application=_text(data, "applicationName"),
            application_id=data.get("applicationId"),
            pipeline=_text(data, "pipelineName"),
        )


class Build(NamedTuple):
    """A build of a release."""

    id: int
    number: str
    status: str
    release_id: int | None
    application: str
    created: datetime | None
    creator: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read an object of a list. Raises KeyError or ValueError without an id."""
        return cls(
            id=int(data["id"]),
            number=_text(data, "buildNumber", "number"),
            status=_text(data, "status").lower(),
            release_id=data.get("releaseId"),
            application=_text(data, "applicationName"),
            created=iso_time(_text(data, "createdOn")),
            creator=_text(data, "createdBy"),
        )


class Deployment(NamedTuple):
    """A deployment of a build to one stage."""

    id: int
    status: str  # pending, executing, succeeded, warned, failed, canceled, or an unknown word of the server's
    stage: str
    build_id: int | None
    build_number: str
    release_id: int | None
    created: datetime | None
    creator: str = ""
    release_number: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read an object of a list. Raises KeyError or ValueError without an id."""
        canceled = data.get("canceledBy") or data.get("canceledOn")
        return cls(
            id=int(data["id"]),
            status="canceled" if canceled else _text(data, "status").lower(),
            stage=_text(data, "pipelineStageName"),
            build_id=data.get("buildId"),
            build_number=_text(data, "buildNumber"),
            release_id=data.get("releaseId"),
            created=iso_time(_text(data, "createdOn")),
            creator=_text(data, "createdBy"),
            release_number=_text(data, "releaseNumber"),
        )

    @property
    def ended(self) -> bool:
        """True if the status won't change. An unknown status counts as an end."""
        return self.status in ENDED or self.status not in _KNOWN

    @property
    def succeeded(self) -> bool:
        """True if the build is on the stage, perhaps with warnings."""
        return self.status in ("succeeded", "warned")


def worst(deployments: Iterable[Deployment]) -> str:
    """The worst status of these deployments; an unknown status is the worst."""
    order = dict(zip(_BEST_TO_WORST, range(len(_BEST_TO_WORST)), strict=True))
    return max((d.status for d in deployments), key=lambda status: order.get(status, len(order)))


def same_deploy(deployments: list[Deployment]) -> list[Deployment]:
    """The newest deployment of one stage, and the others that the same deploy request started (one for each target).

    BuildMaster doesn't link them, but creates them within a second.
    """
    newest = deployments[-1]
    return [d for d in deployments if d.id == newest.id or _same_moment(d.created, newest.created)]


def times_deployed(deployments: list[Deployment]) -> int:
    """The number of deploy requests that started these deployments of one stage."""
    count = 0
    while deployments:
        newest = same_deploy(deployments)
        deployments = [d for d in deployments if d not in newest]
        count += 1
    return count


def _same_moment(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs((other - one).total_seconds()) < 1


class Application(Account, Protocol):
    """The application that a run releases: by name or by id."""

    @property
    def application(self) -> str | None: ...
    @property
    def application_id(self) -> int | None: ...


class BuildMaster(Client):
    """The read-only requests of a run. Steps send the requests that change something, as a Call."""

    def __init__(self, settings: Application, network: Network) -> None:
        super().__init__("buildmaster", settings.url, settings.key, network)
        self._settings = settings

    @property
    def application(self) -> dict[str, str]:
        """The parameter that names the application, with its value."""
        if self._settings.application_id is not None:
            return {"applicationId": str(self._settings.application_id)}
        return {"applicationName": str(self._settings.application)}

    def releases(self, **filters: str) -> list[Release]:
        """The application's releases, newest first."""
        found = self.listed("get-releases", {**self.application, **filters}, Release.of)
        return sorted((r for r in found if self._ours(r)), key=lambda r: -r.id)

    def release(self, release_id: int) -> Release | None:
        """The release with this id; None if there is none. Raises RefusedError if it is another application's."""
        found = self.listed("get-releases", {"releaseId": str(release_id)}, Release.of)
        release = next((r for r in found if r.id == release_id), None)
        if release is not None and not self._ours(release):
            raise _foreign(f"release {release_id}", release.application, self._settings)
        return release

    def _ours(self, release: Release) -> bool:
        if self._settings.application_id is not None:
            return release.application_id in (None, self._settings.application_id)
        return same(release.application, str(self._settings.application))

    def build(self, build_id: int) -> Build | None:
        """The build with this id; None if there is none. Raises RefusedError if it is another application's."""
        found = self.listed("get-builds", {"buildId": str(build_id)}, Build.of)
        build = next((b for b in found if b.id == build_id), None)
        if build is not None and self._settings.application and not same(build.application, self._settings.application):
            raise _foreign(f"build {build_id}", build.application, self._settings)
        return build

    def builds(self, release_id: int | None, number: str) -> list[Build]:
        """The release's builds with this number, newest first; without an id, the application's in no release."""
        owner = self.application if release_id is None else {"releaseId": str(release_id)}
        found = self.listed("get-builds", {**owner, "buildNumber": number}, Build.of)
        ours = (b for b in found if b.number == number and b.release_id in (None, release_id))
        if release_id is None and self._settings.application:
            ours = (b for b in ours if same(b.application, str(self._settings.application)))
        return sorted(ours, key=lambda b: -b.id)

    def release_builds(self, release_id: int | None) -> list[Build]:
        """Every build of a release, oldest first; none without a release."""
        if release_id is None:
            return []
        found = self.listed("get-builds", {"releaseId": str(release_id)}, Build.of)
        return sorted((b for b in found if b.release_id == release_id), key=lambda b: b.id)

    def deployment(self, deployment_id: int) -> Deployment | None:
        """The deployment with this id, or None. Lists don't have parents, only their children."""
        found = self.listed("get-deployments", {"deploymentId": str(deployment_id)}, Deployment.of)
        return next((d for d in found if d.id == deployment_id), None)

    def deployments(self, build_id: int, stage: str = "") -> list[Deployment]:
        """A build's deployments (children), oldest first; those to one stage if it is given."""
        query = {"buildId": str(build_id), **({"pipelineStageName": stage} if stage else {})}
        found = self.listed("get-deployments", query, Deployment.of)
        wanted = stage.casefold()
        ours = (d for d in found if d.build_id in (None, build_id) and wanted in ("", d.stage.casefold()))
        return sorted(ours, key=lambda d: d.id)

    def stage_deployments(self, release_id: int, stage: str) -> list[Deployment]:
        """The deployments of every build of a release to one stage, oldest first."""
        query = {"releaseId": str(release_id), "pipelineStageName": stage}
        found = self.listed("get-deployments", query, Deployment.of)
        return sorted((d for d in found if same(d.stage, stage) and d.release_id == release_id), key=lambda d: d.id)

    def deployed(self, stage: str) -> Deployment | None:
        """The application's newest deployment to a stage that has succeeded."""
        found = self.listed("get-deployments", {**self.application, "pipelineStageName": stage}, Deployment.of)
        return max((d for d in found if same(d.stage, stage) and d.succeeded), key=lambda d: d.id, default=None)

    def _names(self, call: Call | None) -> tuple[str, str, frozenset[str]]:
        stage = call.body.get("toStage") if call is not None else None
        if stage:
            found = self.listed("get-deployments", self.application, Deployment.of)
            return "buildmaster.stages", stage, frozenset(d.stage for d in found if d.stage)
        releases = self.listed("get-releases", {}, Release.of)
        ((_, name),) = self.application.items()
        known = {r.application for r in releases}
        if self._settings.application_id is not None:
            name, known = f"id:{name}", {f"id:{r.application_id}" for r in releases}
        if name not in known and self.listed("get-builds", self.application, Build.of):
            known.add(name)  # it has builds without a release
        return "buildmaster.application", name, frozenset(known)


def same(one: str, other: str) -> bool:
    """True if two of BuildMaster's names are equal: case doesn't matter, and old servers omit names (empty ``one``)."""
    return one.casefold() in ("", other.casefold())


def _foreign(what: str, application: str, settings: Application) -> RefusedError:
    ours = settings.application or f"id {settings.application_id}"
    return RefusedError(f"{what} belongs to application {application}, not to {ours}", todo="check the id")


def _text(data: Mapping[str, Any], *names: str) -> str:
    """The first of these members that has a value. Raises ValueError for a text that would fill a log."""
    text = next((str(data[name]) for name in names if data.get(name) is not None), "")
    if len(text) > _MAX_TEXT_CHARACTERS:
        raise ValueError(f"{names[0]} has {len(text)} characters")
    return text
