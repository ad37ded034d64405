"""What is there before anybody asks: applications, pipelines, projects, products."""

from __future__ import annotations

import hashlib
import json
import uuid
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from shipline_sandbox import clock, switches
from shipline_sandbox.buildmaster.releases import new_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.store import Doc, Session

_SECTIONS = {"switches", "buildmaster", "centercode", "v3"}
# Any fixed namespace: the same names give the same ids in every sandbox.
_NAMESPACE = uuid.UUID("5b1f6a52-2f0b-4c3c-9f3b-0d4f7f6f3a10")


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
    _plant_centercode(session, seed.get("centercode", {}))
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


def _plant_centercode(session: Session, seed: Mapping[str, Any]) -> None:
    for project in seed.get("projects", []):
        for given in project.get("release_types", []):
            path = f"{project['key']}/{given['key']}"
            bound_to = hashlib.sha256(given["api_key"].encode()).hexdigest() if "api_key" in given else None
            session.save(
                "release_type",
                {
                    "id": path,
                    "project": project["key"],
                    "key": given["key"],
                    "arttypeid": str(uuid.uuid5(_NAMESPACE, path)),
                    "single_active": given.get("single_active", False),
                    "single_notice": given.get("single_notice", False),
                    "team_access": given.get("team_access", []),
                    "bound_to": bound_to,
                },
            )
    if "bucket_files" in seed:
        session.set_value("bucket_files", seed["bucket_files"])
