"""Check each service by read-only requests (health, key, and the names of what a run would use), and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.doctor.finding import Finding, problem, unchecked, warning
from shipline.errors import RefusedError, ShiplineError, UnavailableError
from shipline.services.response import MissingError
from shipline.transport.session import CachedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.pipeline.model import BuildMasterSettings, CentercodeTarget, Pipeline, V3Target
    from shipline.services.buildmaster import Release
    from shipline.transport.settings import Network


# Members of BuildMaster's health, with those that explain them.
_PARTS = {"database": "databaseStatusDetails", "license": "licenseStatusDetail", "service": "serviceStatusDetail"}
_MAX_RELEASES = 5


def buildmaster(settings: BuildMasterSettings, network: Network, *, releases: bool) -> Iterator[Finding]:
    """Check its health, then, if there is a key, the application; with ``releases`` also the release of a run."""
    from shipline.services.buildmaster import BuildMaster

    client = BuildMaster(settings, network)
    yield from _health(client)
    if settings.key is None:
        return
    try:
        found = client.releases()
        yield _application(settings, found, client.name_advice() if not found else "")
        for stage in settings.stages:
            if advice := client.name_advice(client.call("deploy-build", body={"toStage": stage})):
                yield warning("buildmaster", f"no deployment to a stage {stage} is there", advice)
        if releases:
            yield _release(settings, found)
    except ShiplineError as error:
        yield problem("buildmaster", error)


def v3(target: V3Target, network: Network) -> Iterator[Finding]:
    """Check that the token can read the product's releases. Yields nothing without a token."""
    from shipline.services.v3 import V3, Release

    if target.key is None:
        return
    query = {"productId": target.product_id, "page": "1", "limit": "1"}
    try:
        client = V3(target, network)
        client.listed("list-releases", query, Release.of)
        found = client.listed("list-releases", query, Release.of)  # a cache would respond to the second
    except MissingError:
        what = "has no list of releases: the token is unchecked until the run sends something"
        todo = "check the URL; Shipline can use a server that only accepts POST /v3/releases"
        yield warning(target.name, what, todo)
        return
    except ShiplineError as error:
        yield problem(target.name, error)
        return
    known = "has releases" if found else "has no release yet, or doesn't exist"
    what = f"accepts the token for reading; product {target.product_id} {known}"
    advice = "" if found else client.name_advice()
    yield warning(target.name, what, advice) if advice else Finding(target.name, what)


def centercode(target: CentercodeTarget) -> Finding:
    """Return why nothing is checked: the API has no read-only request for a release type's key."""
    what = f"the key, project {target.project} and release type {target.release_type}"
    return unchecked(target.name, f"{what}: the API has no read-only request for them")


def journal(pipeline: Pipeline, network: Network) -> Iterator[Finding]:
    """Check a journal on a git server by a real write, a write that it must refuse, and their removal."""
    from shipline.journal import entries
    from shipline.run import shared_journal

    settings = pipeline.journal
    shared = shared_journal.journal_of(pipeline._replace(network=network))
    if settings is None or shared is None:
        return
    try:
        wrong = entries.probe(shared.remote, shared.folder)
    except ShiplineError as error:
        yield problem("journal", error)
        return
    if wrong:
        todo = "keep the journal in a repository of another git server (journal.remote)"
        yield problem("journal", RefusedError(f"{settings.url}: {wrong}", todo=todo))
    else:
        yield Finding("journal", f"{settings.url} keeps refs below {settings.folder} and refuses overtaken writes")


def _health(client: Any) -> Iterator[Finding]:
    try:
        client.call("health").send({})
        health: Mapping[str, Any] = client.call("health").send({})  # a cache would respond to the second of two
    except CachedError as error:
        todo = "Shipline's lists go past it, as they are POSTs; to be sure, have it pass on all requests with X-ApiKey"
        yield warning("buildmaster", f"{error.what} ({error.why})".removeprefix("BuildMaster: "), todo)
        return
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
            what = f"its {part} is unhealthy: {health.get(details) or status}"
            todo = "check BuildMaster's administration page: deployments stay pending meanwhile"
            yield problem("buildmaster", UnavailableError(what, todo=todo))


def _application(settings: BuildMasterSettings, releases: list[Release], advice: str) -> Finding:
    name = settings.application or f"with id {settings.application_id}"
    if not releases:
        what = f"accepts the key, and shows no release of an application {name}"
        todo = advice or "check buildmaster.application"
        return warning("buildmaster", what, f"{todo} (no action needed if this is its first release)")
    return Finding("buildmaster", f"accepts the key; application {releases[0].application or name} exists")


def _release(settings: BuildMasterSettings, releases: list[Release]) -> Finding:
    reference = settings.release
    if settings.build_id is not None:
        return unchecked("buildmaster", f"build {settings.build_id}: `shipline plan` looks it up")
    if reference.kind == "none":
        return Finding("buildmaster", f"the build belongs to no release (pipeline {settings.pipeline})")
    found = next((release for release in releases if _matches(reference.kind, reference.value, release)), None)
    named = "an active release" if reference.kind == "latest" else f"release {reference.value}"
    if found is not None:
        return Finding("buildmaster", f"release {found.number} exists ({found.status})")
    if reference.kind == "number" and (settings.pipeline or settings.template):
        of = f"pipeline {settings.pipeline}" if settings.pipeline else f"template {settings.template}"
        return Finding("buildmaster", f"{named} doesn't exist: a run creates it ({of})")
    others = ", ".join(release.number for release in releases[:_MAX_RELEASES]) or "none"
    todo = (
        f"set buildmaster.release to an existing one ({others}), or set buildmaster.pipeline to have Shipline create it"
    )
    return problem("buildmaster", RefusedError(f"{named} doesn't exist", todo=todo))


def _matches(kind: str, value: str, release: Release) -> bool:
    if kind == "latest":
        return release.status == "active"
    return value == (str(release.id) if kind == "id" else release.number)
