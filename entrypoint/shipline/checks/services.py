"""Look-ups that show whether a key is taken and the names are right; none changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.checks import Finding, problem, warning
from shipline.errors import RefusedError, ShiplineError, UnavailableError
from shipline.services.answer import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.pipeline import BuildMaster as BuildMasterSettings
    from shipline.pipeline import CentercodeTarget, Network, V3Target
    from shipline.services.buildmaster import Release

_PARTS = {"database": "databaseStatusDetails", "license": "licenseStatusDetail", "service": "serviceStatusDetail"}
_SHOWN = 5


def buildmaster(settings: BuildMasterSettings, network: Network, *, releases: bool) -> Iterator[Finding]:
    """Its health, then, with the key, the application; with ``releases`` also the release that a run would use."""
    from shipline.services.buildmaster import BuildMaster

    client = BuildMaster(settings, network)
    yield from _health(client)
    if settings.key is None:
        return
    try:
        there = client.releases()
        yield _application(settings, there)
        if releases:
            yield _release(settings, there)
    except ShiplineError as error:
        yield problem("buildmaster", error)


def v3(target: V3Target, network: Network) -> Iterator[Finding]:
    """Whether the token may read the product's releases."""
    from shipline.services.v3 import V3, Release

    if target.key is None:
        return
    query = {"productId": target.product_id, "page": "1", "limit": "1"}
    try:
        there = V3(target, network).listed("list-releases", query, Release.of)
    except MissingError:
        what = "has no list of releases: whether the token is right shows only when something is sent"
        yield warning(
            target.name, what, "is the url right? A server that only takes POST /v3/releases is used as it is"
        )
        return
    except ShiplineError as error:
        yield problem(target.name, error)
        return
    known = "has releases" if there else "has no release yet, or there is no such product"
    yield Finding(target.name, f"takes the token for reading; product {target.product_id} {known}")


def centercode(target: CentercodeTarget) -> Finding:
    """Its API has nothing that can be asked with a release type's key."""
    what = (
        f"the key, project {target.project} and release type {target.release_type} show only when something is posted"
    )
    return Finding(target.name, f"{what}, so they aren't tried")


def _health(client: Any) -> Iterator[Finding]:
    try:
        health: Mapping[str, Any] = client.get("health")
    except MissingError:
        yield Finding("buildmaster", "has no /health, as older versions")
        return
    except ShiplineError as error:
        yield problem("buildmaster", error)
        return
    yield Finding("buildmaster", f"{health['applicationName']} {health.get('versionNumber') or ''}".rstrip())
    for part, details in _PARTS.items():
        status = health.get(f"{part}Status")
        if status not in (None, "OK"):
            what = f"its {part} is not in order: {health.get(details) or status}"
            todo = "look at BuildMaster's administration page: deployments stay pending meanwhile"
            yield problem("buildmaster", UnavailableError(what, todo=todo))


def _application(settings: BuildMasterSettings, there: list[Release]) -> Finding:
    name = settings.application or f"with id {settings.application_id}"
    if not there:
        what = f"takes the key, and shows no release of an application {name}"
        return warning("buildmaster", what, "check buildmaster.application, unless this is its first release")
    return Finding("buildmaster", f"takes the key; application {there[0].application or name} is there")


def _release(settings: BuildMasterSettings, there: list[Release]) -> Finding:
    reference = settings.release
    if settings.build_id is not None:
        return Finding("buildmaster", f"build {settings.build_id} is used: `shipline plan` looks it up")
    found = next((release for release in there if _is(reference.kind, reference.value, release)), None)
    named = "an active release" if reference.kind == "latest" else f"release {reference.value}"
    if found is not None:
        return Finding("buildmaster", f"release {found.number} is there ({found.status})")
    if reference.kind == "number" and (settings.pipeline or settings.template):
        of = f"pipeline {settings.pipeline}" if settings.pipeline else f"template {settings.template}"
        return Finding("buildmaster", f"{named} isn't there: a run creates it ({of})")
    others = ", ".join(release.number for release in there[:_SHOWN]) or "none"
    todo = f"set buildmaster.release to one that is there ({others}), or buildmaster.pipeline to have it created"
    return problem("buildmaster", RefusedError(f"{named} isn't there", todo=todo))


def _is(kind: str, value: str, release: Release) -> bool:
    if kind == "latest":
        return release.status == "active"
    return value == (str(release.id) if kind == "id" else release.number)
