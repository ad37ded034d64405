"""What is there before anybody asks: applications, pipelines, projects, products."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from shipline_sandbox import clock, switches
from shipline_sandbox.buildmaster.releases import new_release
from shipline_sandbox.centercode import seeding as centercode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.store import Doc, Session

_SECTIONS = {"switches", "buildmaster", "centercode", "v3"}


def default() -> Doc:
    """The seed that comes with the sandbox."""
    return cast("Doc", json.loads(files("shipline_sandbox").joinpath("seed.json").read_text(encoding="utf-8")))


def plant(session: Session, seed: Mapping[str, Any]) -> None:
    """Merge a seed into the state: what it names is added or replaced, everything else stays.

    Raises ValueError for a section or switch that isn't there, KeyError for an entry without its name.
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


def _plant_buildmaster(session: Session, seed: Mapping[str, Any]) -> None:
    for name, pipeline in seed.get("pipelines", {}).items():
        session.save("pipeline", {"id": name if "::" in name else f"global::{name}", **_pipeline(pipeline)})
    for given in seed.get("applications", []):
        there = next((a for a in session.all("application") if a["name"] == given["name"]), None)
        empty: Doc = {"name": given["name"], "pipelines": {}, "templates": {}}
        if "id" in given:
            empty["id"] = given["id"]
        application = there or session.add("application", empty)
        application["pipelines"] |= {name: _pipeline(p) for name, p in given.get("pipelines", {}).items()}
        application["templates"] |= given.get("templates", {})
        session.save("application", application)
        for release in given.get("releases", []):
            new_release(session, application, clock.now(session), **release)


def _pipeline(given: Doc) -> Doc:
    """A stage may be its name only."""
    stages = [
        {"name": stage} if isinstance(stage, str) else {"name": stage["name"], **stage} for stage in given["stages"]
    ]
    return given | {"stages": stages}
