"""The initial state: applications, pipelines, projects, products."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from shipline_sandbox import clock, switches
from shipline_sandbox.buildmaster.releases import new_build, new_release
from shipline_sandbox.centercode import seeding as centercode
from shipline_sandbox.v3 import updates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.store import Doc, Session

_SECTIONS = {"switches", "buildmaster", "centercode", "v3"}


def default() -> Doc:
    """Return the seed that the sandbox contains."""
    return cast("Doc", json.loads(files("shipline_sandbox").joinpath("seed.json").read_text(encoding="utf-8")))


def plant(session: Session, seed: Mapping[str, Any]) -> None:
    """Merge a seed into the state: add or replace its entries, and keep all others.

    Raises ValueError for an unknown section or switch and for a license's version that isn't one, KeyError for an entry
    without its name.
    """
    if unknown := set(seed) - _SECTIONS:
        raise ValueError(
            f"seed: unknown section {', '.join(sorted(unknown))}; there are {', '.join(sorted(_SECTIONS))}"
        )
    switches.change(session, seed.get("switches", {}))
    _plant_buildmaster(session, seed.get("buildmaster", {}))
    centercode.plant(session, seed.get("centercode", {}))
    for product in seed.get("v3", {}).get("products", []):
        session.save("product", {"id": product["id"], "name": product.get("name", product["id"])})
    for given in seed.get("v3", {}).get("licenses", []):
        version = str(given["maxAllowedReleaseVersion"])
        if not updates.is_version(version):
            raise ValueError(
                f"seed: maxAllowedReleaseVersion: expected two to four numbers, such as 1.9, not {version!r}"
            )
        session.save("license", {"id": given["key"], "maxAllowedReleaseVersion": version})


def _plant_buildmaster(session: Session, seed: Mapping[str, Any]) -> None:
    for name, pipeline in seed.get("pipelines", {}).items():
        session.save("pipeline", {"id": name if "::" in name else f"global::{name}", **_pipeline(pipeline)})
    for given in seed.get("applications", []):
        existing = next((a for a in session.all("application") if a["name"] == given["name"]), None)
        empty: Doc = {"name": given["name"], "pipelines": {}, "templates": {}}
        if "id" in given:
            empty["id"] = given["id"]
        application = existing or session.add("application", empty)
        application["pipelines"] |= {name: _pipeline(p) for name, p in given.get("pipelines", {}).items()}
        application["templates"] |= given.get("templates", {})
        session.save("application", application)
        for release in given.get("releases", []):
            named = {"target_date" if name == "targetDate" else name: value for name, value in release.items()}
            builds = named.pop("builds", [])
            owner = new_release(session, application, clock.now(session), **named)
            for build in builds:
                new_build(session, clock.now(session), owner=owner, **build)
        for build in given.get("builds", []):  # without a release
            owner = {"application_id": application["id"], "pipeline": build["pipeline"]}
            number = {name: value for name, value in build.items() if name != "pipeline"}
            new_build(session, clock.now(session), owner=owner, **number)


def _pipeline(given: Doc) -> Doc:
    """Return a pipeline; a string is short for a stage with this name."""
    stages = [
        {"name": stage} if isinstance(stage, str) else {"name": stage["name"], **stage} for stage in given["stages"]
    ]
    return given | {"stages": stages}
