"""The values that a run produces, and their names in the receipt, in templates and in the outputs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline.model import Pipeline


class TargetResult(NamedTuple):
    """What one announcement or notification made, in the service's words; None: not known."""

    release_id: str | None = None
    release_url: str | None = None  # Centercode: the release's page
    release_status: str | None = None  # Centercode: Processing, Published; or skipped
    release_state: str | None = None  # v3: draft or published
    status_endpoint: str | None = None  # of a queued macro

    @classmethod
    def from_made(cls, made: Mapping[str, str]) -> TargetResult:
        """The result from a receipt's ``made``; names of another version's receipt are ignored."""
        return cls(*(made.get(name.replace("_", "-")) for name in cls._fields))

    def to_made(self) -> dict[str, str]:
        """The known values as a receipt's ``made``."""
        return {name.replace("_", "-"): value for name, value in self._asdict().items() if value is not None}

    def merged(self, newer: TargetResult) -> TargetResult:
        """This result with the known values of ``newer``."""
        return TargetResult(*(old if new is None else new for old, new in zip(self, newer, strict=True)))


class RunValues(NamedTuple):
    """What BuildMaster and the targets reported; None: not known yet."""

    application: str | None = None
    application_id: str | None = None
    release_id: int | None = None
    release_number: str | None = None  # empty: the build belongs to no release
    release_status: str | None = None
    build_id: int | None = None
    build_number: str | None = None
    deployment_id: str | None = None  # several are joined by commas
    deployment_status: str | None = None
    stage: str | None = None
    targets: Mapping[str, TargetResult] = MappingProxyType({})  # by name: v3, v3:2, centercode …

    @classmethod
    def from_made(cls, made: Mapping[str, str]) -> RunValues:
        """The values from a receipt's ``made``; names of another version's receipt are ignored."""
        found: dict[str, Any] = {field: made[name] for name, field in _MADE.items() if name in made}
        found |= {field: int(found[field]) for field in ("release_id", "build_id") if field in found}
        return cls(**found)

    def to_made(self) -> dict[str, str]:
        """The known values as a receipt's ``made``, without those of targets. An empty public value is left out."""
        values = {name: getattr(self, field) for name, field in _MADE.items()}
        known = {name: str(value) for name, value in values.items() if value is not None}
        return {name: text for name, text in known.items() if text or not name.startswith("buildmaster-")}

    def merged(self, newer: RunValues) -> RunValues:
        """These values with the known ones of ``newer``."""
        known: dict[str, Any] = {name: value for name, value in newer._asdict().items() if value is not None}
        targets = {name: self.target(name).merged(result) for name, result in newer.targets.items()}
        return self._replace(**known | {"targets": {**self.targets, **targets}})

    def target(self, name: str) -> TargetResult:
        """The result of a target; an empty one if nothing is known."""
        return self.targets.get(name, TargetResult())

    def placeholders(self) -> dict[str, str]:
        """The known values that fill templates and calls, by the placeholder's name."""
        values: dict[str, str | int | None] = {
            "application": self.application,
            "release_number": self.release_number,
            "build_number": self.build_number,
            "buildmaster-release-id": self.release_id,
            "buildmaster-build-id": self.build_id,
            **{f"{name}-release-id": result.release_id for name, result in self.targets.items()},
        }
        return {name: str(value) for name, value in values.items() if value is not None}

    def outputs(self, pipeline: Pipeline) -> dict[str, str]:
        """The public outputs that are known. Those of targets are the first v3 and the first Centercode target's."""
        v3, centercode = self.target("v3"), self.target("centercode")
        values: dict[str, str | int | None] = {
            "buildmaster-release-id": self.release_id,
            "buildmaster-release-number": self.release_number,
            "buildmaster-build-id": self.build_id,
            "buildmaster-build-number": self.build_number,
            "buildmaster-url": self.build_page(pipeline),
            "buildmaster-stage": self.stage,
            "buildmaster-deployment-id": self.deployment_id,
            "buildmaster-deployment-status": self.deployment_status,
            "v3-release-id": v3.release_id,
            "v3-release-state": v3.release_state,
            "centercode-release-id": centercode.release_id,
            "centercode-release-url": centercode.release_url,
            "centercode-release-status": centercode.release_status,
        }
        return {name: str(value) for name, value in values.items() if value}

    def links(self, pipeline: Pipeline) -> dict[str, str]:
        """The addresses of the build and of each release, by their labels for people."""
        of_v3 = {t.name: f"{t.url}/v3/releases/{self.target(t.name).release_id}" for t in pipeline.v3}
        links = {"BuildMaster build": self.build_page(pipeline)}
        for name, result in self.targets.items():
            links[f"{name} release"] = of_v3[name] if result.release_id and name in of_v3 else result.release_url
        return {label: url for label, url in links.items() if url}

    def build_page(self, pipeline: Pipeline) -> str | None:
        """The build's page if its application is known, else BuildMaster's.

        Source of the address with a slug: the vendor's page "BuildMaster 2025", Application Slugs & Friendly URLs.
        """
        if pipeline.buildmaster is None or self.build_id is None:
            return None
        url, slug = pipeline.buildmaster.url, pipeline.buildmaster.application_slug
        if slug and self.release_number and self.build_number:
            parts = (quote(part, safe="") for part in (slug, "builds", self.release_number, self.build_number, "build"))
            return f"{url}/applications/{'/'.join(parts)}"
        page = f"{url}/applications/{self.application_id}/builds/build?buildId={self.build_id}"
        return page if self.application_id else url


_MADE = {  # a step's names in the receipt, in their order there: those of a deployment, a build, a release
    "buildmaster-deployment-id": "deployment_id",
    "buildmaster-stage": "stage",
    "buildmaster-deployment-status": "deployment_status",
    "buildmaster-build-id": "build_id",
    "buildmaster-build-number": "build_number",
    "build_number": "build_number",
    "application": "application",
    "release_number": "release_number",
    "buildmaster-release-id": "release_id",
    "buildmaster-release-number": "release_number",
    "release-status": "release_status",
    "application-id": "application_id",
}
