"""BuildMaster's releases, builds and deployments, as its Release & Build Deployment API tells them.

Real objects have ``number`` and ``name``; ``buildNumber``, ``releaseNumber`` and ``releaseName`` are later aliases.
Filters of lists are not to be trusted, so every list is filtered again here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shipline.services.operation import Client
from shipline.transport.session import Key, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shipline.pipeline import BuildMaster as Settings
    from shipline.pipeline import Network

ENDED = frozenset({"succeeded", "warned", "failed", "canceled"})
_KNOWN = ENDED | {"pending", "executing"}
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

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Build:
        return cls(
            id=int(data["id"]),
            number=_text(data, "buildNumber", "number"),
            status=_text(data, "status").lower(),
            release_id=data.get("releaseId"),
            release_number=_text(data, "releaseNumber"),
            application=_text(data, "applicationName"),
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    id: int
    status: (
        str  # pending, executing, succeeded, warned, failed; canceled if somebody canceled it; or what the server said
    )
    stage: str
    build_id: int | None
    created: datetime | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Deployment:
        canceled = data.get("canceledBy") or data.get("canceledOn")
        return cls(
            id=int(data["id"]),
            status="canceled" if canceled else _text(data, "status").lower(),
            stage=_text(data, "pipelineStageName"),
            build_id=data.get("buildId"),
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


class BuildMaster(Client):
    """Read-only look-ups; what changes something is a Call that a step sends."""

    def __init__(self, settings: Settings, network: Network) -> None:
        key = Key(settings.key, "header", "X-ApiKey") if settings.key else None
        super().__init__("buildmaster", settings.url, Session("BuildMaster", network, key))
        self._settings = settings

    @property
    def application(self) -> dict[str, str]:
        """The parameter that names the application."""
        if self._settings.application_id is not None:
            return {"applicationId": str(self._settings.application_id)}
        return {"applicationName": str(self._settings.application)}

    def releases(self, **filters: str) -> list[Release]:
        """The application's releases, newest first."""
        found = [Release.of(item) for item in self.get("get-releases", query={**self.application, **filters}) or ()]
        return sorted((r for r in found if self._ours(r)), key=lambda r: -r.id)

    def release(self, release_id: int) -> Release | None:
        found = map(Release.of, self.get("get-releases", query={"releaseId": str(release_id)}) or ())
        return next((r for r in found if r.id == release_id), None)

    def _ours(self, release: Release) -> bool:
        if self._settings.application_id is not None:
            return release.application_id in (None, self._settings.application_id)
        return release.application.casefold() in ("", str(self._settings.application).casefold())

    def build(self, build_id: int) -> Build | None:
        found = map(Build.of, self.get("get-builds", query={"buildId": str(build_id)}) or ())
        return next((b for b in found if b.id == build_id), None)

    def builds(self, release_id: int, number: str) -> list[Build]:
        """The release's builds with this number, newest first."""
        found = map(Build.of, self.get("get-builds", query={"releaseId": str(release_id), "buildNumber": number}) or ())
        return sorted(
            (b for b in found if b.number == number and b.release_id in (None, release_id)), key=lambda b: -b.id
        )

    def deployment(self, deployment_id: int) -> Deployment | None:
        """A deployment by its id: the only way to see a parent (lists show its children)."""
        found = map(Deployment.of, self.get("get-deployments", query={"deploymentId": str(deployment_id)}) or ())
        return next((d for d in found if d.id == deployment_id), None)

    def deployments(self, build_id: int, stage: str = "") -> list[Deployment]:
        """A build's deployments (children), oldest first; of one stage if it is named."""
        query = {"buildId": str(build_id), **({"pipelineStageName": stage} if stage else {})}
        found = map(Deployment.of, self.get("get-deployments", query=query) or ())
        ours = (
            d for d in found if d.build_id in (None, build_id) and (not stage or d.stage.casefold() == stage.casefold())
        )
        return sorted(ours, key=lambda d: d.id)


def _text(data: Mapping[str, Any], *names: str) -> str:
    return next((str(data[name]) for name in names if data.get(name) is not None), "")


def _moment(text: str) -> datetime | None:
    """A UTC date of BuildMaster's: up to seven decimals, a "Z" or nothing after them."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
