"""What testers and customers have now, and what a run makes of it: what a reviewer of a plan compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shipline import version as versions
from shipline.errors import CanceledError, ShiplineError
from shipline.services.buildmaster import BuildMaster
from shipline.services.v3 import V3

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.pipeline.model import BuildMasterSettings, CentercodeTarget, V3Target
    from shipline.run.step import Job


_NOTHING = "nothing"


class Change(NamedTuple):
    """What is at one place now, and after a run. ``notes``: what the same version has there, if they will change."""

    where: str
    now: str
    after: str
    notes: tuple[str, str] | None = None  # now, and after


def changes(job: Job) -> list[Change]:
    """Compare each stage and target of the run, by read-only requests. What can't be looked up is not known."""
    pipeline, found = job.pipeline, []
    builder = pipeline.buildmaster
    if builder is not None and "deploy" in pipeline.steps:
        found += [_known(f"Stage {stage}", _stage, builder, stage, job) for stage in builder.stages]
    if "publish" in pipeline.steps:
        found += [_known(f"v3 {t.channel}", _customers, t, job) for t in pipeline.v3 if not t.skip]
        posts = ((f"Centercode {t.project}/{t.release_type}", t) for t in pipeline.centercode if not t.skip)
        found += [_known(where, _testers, t, job) for where, t in posts]
    return found


def _known(where: str, look_up: Callable[..., Change], *given: object) -> Change:
    """What ``look_up`` finds. A service or a journal that can't show it must not fail the plan."""
    try:
        return look_up(where, *given)
    except CanceledError:
        raise
    except ShiplineError as error:
        return Change(where, f"not known: {error.what}", "")


def _stage(where: str, settings: BuildMasterSettings, stage: str, job: Job) -> Change:
    last = BuildMaster(settings, job.pipeline.network).deployed(stage)
    now = f"release {last.release_number}, build {last.build_number}" if last else _NOTHING
    build = f"build {job.values.build_number}" if job.values.build_number else "a new build"
    return Change(where, now, f"release {job.values.release_number or job.pipeline.version.text}, {build}")


def _customers(where: str, target: V3Target, job: Job) -> Change:
    client = V3(target, job.pipeline.network)
    published = next(iter(client.published(target)), None)
    same = [release for release in client.releases(target) if not release.archived]
    now = [f"version {published.version}, published"] if published else [_NOTHING]
    now += [f"version {release.version}, {release.state}" for release in same if not release.published]
    others = [release.notes for release in same if release.notes.strip() != target.notes.strip()]
    notes = (others[-1], target.notes) if others else None
    return Change(where, "; ".join(now), f"version {target.version}, {target.state}", notes)


def _testers(where: str, target: CentercodeTarget, job: Job) -> Change:
    """What the receipt and the journal record. Centercode can't report it."""
    version = job.pipeline.version.text
    record = job.receipt.named(f"publish:{target.name}")
    if record is not None and record.status in ("sent", "done"):
        return Change(where, f"version {version}, posted", f"version {version}")
    known = ((versions.from_tag(name, ""), name) for name in job.receipt.other_versions)
    newest = sorted(((other.order, name) for other, name in known if other is not None), reverse=True)
    last = next((name for _, name in newest if job.receipt.announced(name)), "")
    return Change(
        where, f"version {last}, posted" if last else "not known: Centercode can't report it", f"version {version}"
    )
