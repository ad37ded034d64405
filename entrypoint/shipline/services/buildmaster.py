"""BuildMaster's releases, builds and deployments, as its Release & Build Deployment API tells them.

Real objects have ``number`` and ``name``; ``buildNumber``, ``releaseNumber`` and ``releaseName`` are later aliases.
Filters of lists are not to be trusted, so every list is filtered again here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError
from shipline.record import dataclass
from shipline.services.operation import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.pipeline import Network

ENDED = frozenset({"succeeded", "warned", "failed", "canceled"})
_KNOWN = ENDED | {"pending", "executing"}
_LONGEST_TEXT = 1000  # characters
_BEST_TO_WORST = ("succeeded", "warned", "executing", "pending", "canceled", "failed")


@dataclass(frozen=True, slots=True)
class Release:
    id: int
    number: str
    name: str
    status: str
    application: str
    application_id: int | None
    pipeline: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Release:
        return cls(
            id=int(data["id"]),
            number=_text(data, "releaseNumber", "number"),
            name=_text(data, "releaseName", "name"),
            status=_text(data, "status").lower(),
            application=_text(data, "applicationName"),
            application_id=data.get("applicationId"),
            pipeline=_text(data, "pipelineName"),
        )


@dataclass(frozen=True, slots=True)
class Build:
    id: int
    number: str
    status: str
    release_id: int | None
    release_number: str
    application: str
    created: datetime | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Build:
        return cls(
            id=int(data["id"]),
            number=_text(data, "buildNumber", "number"),
            status=_text(data, "status").lower(),
            release_id=data.get("releaseId"),
            release_number=_text(data, "releaseNumber"),
            application=_text(data, "applicationName"),
            created=_moment(_text(data, "createdOn")),
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    id: int
    status: (
        str  # pending, executing, succeeded, warned, failed; canceled if somebody canceled it; or what the server said
    )
    stage: str
    build_id: int | None
    build_number: str
    release_id: int | None
    created: datetime | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Deployment:
        canceled = data.get("canceledBy") or data.get("canceledOn")
        return cls(
            id=int(data["id"]),
            status="canceled" if canceled else _text(data, "status").lower(),
            stage=_text(data, "pipelineStageName"),
            build_id=data.get("buildId"),
            build_number=_text(data, "buildNumber"),
            release_id=data.get("releaseId"),
            created=_moment(_text(data, "createdOn")),
        )

    @property
    def ended(self) -> bool:
        return self.status in ENDED or self.status not in _KNOWN

    @property
    def succeeded(self) -> bool:
        return self.status in ("succeeded", "warned")


def worst(deployments: Iterable[Deployment]) -> str:
    """The worst status; one that isn't known is worse than any."""
    return max(
        (d.status for d in deployments), key=lambda s: _BEST_TO_WORST.index(s) if s in _KNOWN else len(_BEST_TO_WORST)
    )


def together(there: list[Deployment]) -> list[Deployment]:
    """The newest of these deployments of one stage, and the others that one deploy started with it (several targets).

    Nothing links them; those that one deploy starts are created within a moment.
    """
    newest = there[-1]
    return [d for d in there if d.id == newest.id or _same_moment(d.created, newest.created)]


def times_deployed(there: list[Deployment]) -> int:
    """How many deploys these deployments of one stage come from."""
    count = 0
    while there:
        newest = together(there)
        there = [d for d in there if d not in newest]
        count += 1
    return count


def _same_moment(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs((other - one).total_seconds()) < 1


class BuildMaster(Client):
    """Read-only look-ups; what changes something is a Call that a step sends."""

    def __init__(self, settings: Settings, network: Network) -> None:
        super().__init__("buildmaster", settings.url, settings.key, network)
        self._settings = settings

    @property
    def application(self) -> dict[str, str]:
        """The parameter that names the application."""
        if self._settings.application_id is not None:
            return {"applicationId": str(self._settings.application_id)}
        return {"applicationName": str(self._settings.application)}

    def releases(self, **filters: str) -> list[Release]:
        """The application's releases, newest first."""
        found = self.listed("get-releases", {**self.application, **filters}, Release.of)
        return sorted((r for r in found if self._ours(r)), key=lambda r: -r.id)

    def release(self, release_id: int) -> Release | None:
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
        found = self.listed("get-builds", {"buildId": str(build_id)}, Build.of)
        build = next((b for b in found if b.id == build_id), None)
        if build is not None and self._settings.application and not same(build.application, self._settings.application):
            raise _foreign(f"build {build_id}", build.application, self._settings)
        return build

    def builds(self, release_id: int, number: str) -> list[Build]:
        """The release's builds with this number, newest first."""
        found = self.listed("get-builds", {"releaseId": str(release_id), "buildNumber": number}, Build.of)
        return sorted(
            (b for b in found if b.number == number and b.release_id in (None, release_id)), key=lambda b: -b.id
        )

    def release_builds(self, release_id: int | None) -> list[Build]:
        """Every build of a release, oldest first; none without a release."""
        if release_id is None:
            return []
        found = self.listed("get-builds", {"releaseId": str(release_id)}, Build.of)
        return sorted((b for b in found if b.release_id == release_id), key=lambda b: b.id)

    def deployment(self, deployment_id: int) -> Deployment | None:
        """A deployment by its id: the only way to see a parent (lists show its children)."""
        found = self.listed("get-deployments", {"deploymentId": str(deployment_id)}, Deployment.of)
        return next((d for d in found if d.id == deployment_id), None)

    def deployments(self, build_id: int, stage: str = "") -> list[Deployment]:
        """A build's deployments (children), oldest first; of one stage if it is named."""
        query = {"buildId": str(build_id), **({"pipelineStageName": stage} if stage else {})}
        found = self.listed("get-deployments", query, Deployment.of)
        ours = (
            d for d in found if d.build_id in (None, build_id) and (not stage or d.stage.casefold() == stage.casefold())
        )
        return sorted(ours, key=lambda d: d.id)

    def stage_deployments(self, release_id: int, stage: str) -> list[Deployment]:
        """The deployments of every build of a release to one stage, oldest first."""
        query = {"releaseId": str(release_id), "pipelineStageName": stage}
        found = self.listed("get-deployments", query, Deployment.of)
        return sorted((d for d in found if same(d.stage, stage) and d.release_id == release_id), key=lambda d: d.id)


def same(one: str, other: str) -> bool:
    """BuildMaster's names don't mind case; an old server may leave one out."""
    return one.casefold() in ("", other.casefold())


def _foreign(what: str, application: str, settings: Settings) -> RefusedError:
    ours = settings.application or f"id {settings.application_id}"
    return RefusedError(f"{what} belongs to application {application}, not to {ours}", todo="check the id")


def _text(data: Mapping[str, Any], *names: str) -> str:
    """Raises ValueError for what is no name, number or status, but would fill a log."""
    text = next((str(data[name]) for name in names if data.get(name) is not None), "")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"{names[0]} has {len(text)} characters")
    return text


def _moment(text: str) -> datetime | None:
    """A UTC date of BuildMaster's: up to seven decimals, a "Z" or nothing after them."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
