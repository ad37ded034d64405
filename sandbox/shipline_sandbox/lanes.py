"""Pipelines as lanes: where each build stands, and what its deployments did until now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline_sandbox import clock
from shipline_sandbox.buildmaster import deployments
from shipline_sandbox.buildmaster.releases import find_pipeline

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

_SHOWN = 20
_LAST_SECOND = 253402300799.0  # of the year 9999: later dates can't be written
_UNDER_WAY = ("pending", "executing")


def lanes(world: World) -> list[Doc]:
    """One lane a pipeline in use, that of the newest build first: stages with the builds in them, and deployments.

    Only the newest builds and deployments of a lane are there; ``older`` counts the builds left out.
    """
    deployments.settle(world)
    children: dict[int | None, list[Doc]] = {}
    for one in world.session.all("deployment"):
        children.setdefault(one["parent_id"], []).append(one)
    deployed: dict[int, list[Doc]] = {}
    for parent in children.get(None, []):
        family = parent | {"children": children.get(parent["id"], [])}
        deployed.setdefault(parent["build_id"], []).append(family)
    found: dict[tuple[int, str], list[Doc]] = {}
    for build in reversed(world.session.all("build")):
        found.setdefault((build["application_id"], build["pipeline"] or ""), []).append(build)
    return [_lane(world, *key, [(b, deployed.get(b["id"], [])) for b in builds]) for key, builds in found.items()]


def _lane(world: World, application_id: int, pipeline_name: str, builds: list[tuple[Doc, list[Doc]]]) -> Doc:
    application = world.session.find("application", application_id) or {"name": "?", "pipelines": {}}
    pipeline = find_pipeline(world.session, application, pipeline_name or None) or {"stages": []}
    columns: dict[str, list[Doc]] = {"": [], **{stage["name"]: [] for stage in pipeline["stages"]}}
    shown = builds[:_SHOWN]
    for build, deployed in shown:
        card = _card(world, application["name"], build, deployed)
        columns.setdefault(card["stage"], []).append(card)
    log = [_deployment(world, d, build["number"]) for build, deployed in shown for d in deployed]
    log.sort(key=lambda d: d["id"], reverse=True)
    return {
        "id": f"lane-{application_id}-{pipeline_name or 'none'}".replace(" ", "-"),
        "application": application["name"],
        "pipeline": pipeline_name or "no pipeline",
        "columns": [{"stage": stage, "builds": cards} for stage, cards in columns.items()],
        "deployments": log[:_SHOWN],
        "older": len(builds) - len(shown),
    }


def _card(world: World, application: str, build: Doc, deployed: list[Doc]) -> Doc:
    """A build where its latest deployment is; ``share`` of the way it has executed."""
    release = world.session.find("release", build["release_id"]) if build["release_id"] is not None else None
    latest = max(deployed, key=lambda d: d["id"], default=None)
    state = _state(latest, world.now) if latest else "created"
    return {
        "id": build["id"],
        "application": application,
        "number": build["number"],
        "release": release["number"] if release else None,
        "status": build["status"],
        "variables": build["variables"],
        "stage": latest["stage"] if latest else "",
        "state": state,
        "share": _share(latest, world.now) if latest and state in _UNDER_WAY else None,
        "since": clock.milliseconds(build["created"]),
    }


def _state(deployment: Doc, now: float) -> str:
    """As a person is told: one that was canceled is that, which the API calls failed."""
    ended: str = deployment["outcome"]
    return ended if now >= deployment["ends"] else deployments.status(deployment, now)


def _share(deployment: Doc, now: float) -> float:
    whole = deployment["ends"] - deployment["created"]
    return round(min(max((now - deployment["created"]) / whole, 0.0), 1.0), 2) if whole > 0 else 1.0


def _deployment(world: World, parent: Doc, build: str) -> Doc:
    state = _state(parent, world.now)
    return {
        "id": parent["id"],
        "build": build,
        "stage": parent["stage"],
        "state": state,
        "under_way": state in _UNDER_WAY,
        "variables": parent["variables"],
        "log": _log(world.now, parent),
    }


def _log(now: float, parent: Doc) -> list[Doc]:
    """What happened until now, in order: time, text, and the state it led to, if any."""
    lines = [(parent["created"], f"Deployment {parent['id']} to {parent['stage']} was asked for.", "")]
    if parent["start_at"] and parent["start_at"] > parent["created"]:
        moment = clock.milliseconds(min(parent["start_at"], _LAST_SECOND))
        lines.append((parent["created"], f"It waits for its start time, {moment}.", "pending"))
    for child in parent["children"]:
        lines.append((child["begins"], f"{child['target']} begins (deployment {child['id']}).", "executing"))
        lines.append((child["ends"], f"{child['target']}: {child['outcome']}.", child["outcome"]))
    lines.append((parent["ends"], f"Deployment {parent['id']} has ended: {parent['outcome']}.", parent["outcome"]))
    past = [line for line in lines if line[0] <= now]
    past.sort(key=lambda line: line[0])
    return [{"time": clock.milliseconds(moment), "text": text, "state": state} for moment, text, state in past]
