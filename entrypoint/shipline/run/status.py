"""Where a version is: what the services report; for Centercode, which can't, what the receipt or journal records."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shipline import version as versions
from shipline.journal import entries
from shipline.pipeline.v3 import derive_version
from shipline.run import shared_journal
from shipline.run.naming import default_path, slug
from shipline.run.receipt import Receipt
from shipline.services.buildmaster import Build, BuildMaster, Deployment, same_deploy, worst
from shipline.services.response import MissingError
from shipline.services.v3 import V3, Release
from shipline.values import utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.pipeline.model import BuildMasterSettings, CentercodeTarget, Pipeline, V3Target
    from shipline.run.records import StepRecord
    from shipline.transport.settings import Network


MISSING = "not there"
_PAGE = {"page": "1", "limit": "25", "sort": "-createdAt"}


class PlaceState(NamedTuple):
    """The state of a version at one place. ``reached``: it is where a run would bring it."""

    service: str
    where: str
    state: str
    reached: bool
    at: str = ""  # since when, in RFC 3339, as far as it is known
    build: str = ""  # the number of the build that the state is of
    note: str = ""  # why it may be missing


def places(pipeline: Pipeline, receipt: Path) -> list[PlaceState]:
    """The state of the pipeline's version in each stage and at each target that it is for.

    Raises what the services, the journal and a damaged receipt raise.
    """
    found: list[PlaceState] = []
    if pipeline.buildmaster is not None:
        found += _stages(pipeline.buildmaster, pipeline.network)
    if "publish" not in pipeline.steps:
        return found
    shared = shared_journal.read(pipeline)
    recorded = Receipt.open(receipt, pipeline, shared.journal, shared.receipt)
    found += [_release(target, recorded, pipeline.network) for target in pipeline.v3 if not target.skip]
    return found + [_announcement(target, recorded) for target in pipeline.centercode if not target.skip]


def _stages(settings: BuildMasterSettings, network: Network) -> Iterator[PlaceState]:
    """Yield each stage that the settings name, then the others that the build was deployed to."""
    client = BuildMaster(settings, network)
    build = _build(settings, client)
    advice = "" if build else client.name_advice()
    note = f"BuildMaster shows no release of this application. If there should be one, {advice}" if advice else ""
    by_stage: dict[str, list[Deployment]] = {}
    for deployment in client.deployments(build.id) if build else ():
        by_stage.setdefault(deployment.stage.casefold(), []).append(deployment)
    names = {stage.casefold(): stage for stage in settings.stages}
    names |= {key: found[0].stage for key, found in by_stage.items() if key not in names}
    rejected = " (build rejected)" if build and build.status == "rejected" else ""
    for key, stage in (names or {"": "first stage"}).items():
        last = same_deploy(by_stage[key]) if key in by_stage else []
        state = worst(last) if last else MISSING
        created = last[-1].created if last else None
        at = utc(created) if created else ""
        reached = bool(last) and all(d.succeeded for d in last) and not rejected
        yield PlaceState("buildmaster", stage, state + rejected, reached, at, build.number if build else "", note)


def _build(settings: BuildMasterSettings, client: BuildMaster) -> Build | None:
    """The build that the settings name, else the newest of its release."""
    if settings.build_id is not None:
        return client.build(settings.build_id)
    kind, value = settings.release
    release_id = int(value) if kind == "id" else None
    if kind in ("number", "latest"):
        filters = {"releaseNumber": value} if kind == "number" else {}
        release = next((r for r in client.releases(**filters) if kind == "latest" or r.number == value), None)
        if release is None:
            return None
        release_id = release.id
    if settings.build_number and not settings.numbered_by_run:
        return next(iter(client.builds(release_id, settings.build_number)), None)
    return next(reversed(client.release_builds(release_id)), None)


def _release(target: V3Target, receipt: Receipt, network: Network) -> PlaceState:
    try:
        existing = V3(target, network).releases(target)
    except MissingError:  # the server only creates releases
        record = receipt.named(f"publish:{target.name}")
        state = record.result.release_state or record.status if record else "not recorded"
        done = record is not None and record.status == "done"
        return PlaceState(target.name, target.channel, state, done, _at(record))
    usable = [r for r in existing if not r.archived] or existing
    state = usable[-1].state if usable else MISSING
    return PlaceState(target.name, target.channel, state, state in (target.state, "published"))


def _announcement(target: CentercodeTarget, receipt: Receipt) -> PlaceState:
    """What the receipt records. Centercode can't report it."""
    record = receipt.named(f"publish:{target.name}")
    posted = record is not None and record.status in ("done", "sent")
    state = "posted" if posted else record.status if record else "not recorded"
    return PlaceState(target.name, f"{target.project}/{target.release_type}", state, posted, _at(record))


def _at(record: StepRecord | None) -> str:
    return record.requests[-1].at if record and record.requests else ""


def newest(pipeline: Pipeline, count: int) -> list[str]:
    """The newest versions that BuildMaster, v3, the receipts and the journal know, the newest first.

    ``pipeline`` is that of some version: what bears that version's number names a version elsewhere too.
    """
    found = {*_recorded(pipeline)}
    builder, network, this = pipeline.buildmaster, pipeline.network, pipeline.version.text
    if builder is not None and (builder.release.kind, builder.release.value) == ("number", this):
        found |= {release.number for release in BuildMaster(builder, network).releases()}
    known = {derived for text in found if (derived := _v3_version(text))}
    for target in pipeline.v3:
        found |= {release.version for release in _listed(target, network)} - known
    usable = filter(None, map(versions.parsed, found))
    return [version.text for version in sorted(usable, key=lambda v: v.order, reverse=True)[:count]]


def _recorded(pipeline: Pipeline) -> Iterator[str]:
    prefix = f"{slug(pipeline)}-"
    for path in default_path(pipeline).parent.glob("*.json"):
        if path.name.startswith(prefix):
            yield path.stem.removeprefix(prefix)
    if (journal := shared_journal.journal_of(pipeline)) is not None:
        yield from entries.releases(journal.remote, journal.folder)


def _listed(target: V3Target, network: Network) -> list[Release]:
    try:
        return V3(target, network).listed("list-releases", {"productId": target.product_id, **_PAGE}, Release.of)
    except MissingError:
        return []


def _v3_version(text: str) -> str:
    try:
        return derive_version(versions.parse(text))[0]
    except ValueError:
        return ""
