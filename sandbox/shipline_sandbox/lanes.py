"""Pipelines as lanes: the stage of each build, and the log of its deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline_sandbox import clock
from shipline_sandbox.buildmaster import deployments
from shipline_sandbox.buildmaster.releases import find_pipeline

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

_SHOWN = 20
_LAST_SECOND = 253402300799.0  # of the year 9999: Python has no later dates
_UNDER_WAY = ("pending", "executing")


def lanes(context: RequestContext) -> list[Doc]:
    """Return a lane for each pipeline in use, that of the newest build first: builds by stage, deployments.

    A lane has only the newest builds and deployments; ``older`` counts the other builds.
    """
    deployments.settle(context)
    children: dict[int | None, list[Doc]] = {}
    for one in context.session.all("deployment"):
        children.setdefault(one["parent_id"], []).append(one)
    deployed: dict[int, list[Doc]] = {}
    for parent in children.get(None, []):
        family = parent | {"children": children.get(parent["id"], [])}
        deployed.setdefault(parent["build_id"], []).append(family)
    found: dict[tuple[int, str], list[Doc]] = {}
    for build in reversed(context.session.all("build")):
        found.setdefault((build["application_id"], build["pipeline"] or ""), []).append(build)
    return [_lane(context, *key, [(b, deployed.get(b["id"], [])) for b in builds]) for key, builds in found.items()]


def _lane(context: RequestContext, application_id: int, pipeline_name: str, builds: list[tuple[Doc, list[Doc]]]) -> Doc:
    application = context.session.find("application", application_id) or {"name": "?", "pipelines": {}}
    pipeline = find_pipeline(context.session, application, pipeline_name or None) or {"stages": []}
    columns: dict[str, list[Doc]] = {"": [], **{stage["name"]: [] for stage in pipeline["stages"]}}
    shown = builds[:_SHOWN]
    for build, deployed in shown:
        card = _card(context, application["name"], build, deployed)
        columns.setdefault(card["stage"], []).append(card)
    log = [_deployment(context, d, build["number"]) for build, deployed in shown for d in deployed]
    log.sort(key=lambda d: d["id"], reverse=True)
    return {
        "id": f"lane-{application_id}-{pipeline_name or 'none'}".replace(" ", "-"),
        "application": application["name"],
        "pipeline": pipeline_name or "no pipeline",
        "columns": [{"stage": stage, "builds": cards} for stage, cards in columns.items()],
        "deployments": log[:_SHOWN],
        "older": len(builds) - len(shown),
    }


def _card(context: RequestContext, application: str, build: Doc, deployed: list[Doc]) -> Doc:
    """Return a build with the stage of its latest deployment, and its progress as ``share`` (0 to 1)."""
    release = context.session.find("release", build["release_id"]) if build["release_id"] is not None else None
    latest = max(deployed, key=lambda d: d["id"], default=None)
    state = _state(latest, context.now) if latest else "created"
    return {
        "id": build["id"],
        "application": application,
        "number": build["number"],
        "release": release["number"] if release else None,
        "status": build["status"],
        "variables": build["variables"],
        "stage": latest["stage"] if latest else "",
        "state": state,
        "share": _share(latest, context.now) if latest and state in _UNDER_WAY else None,
        "since": clock.milliseconds(build["created"]),
    }


def _state(deployment: Doc, now: float) -> str:
    """Return the state for people: a canceled deployment is canceled, though the API calls it failed."""
    ended: str = deployment["outcome"]
    return ended if now >= deployment["ends"] else deployments.status(deployment, now)


def _share(deployment: Doc, now: float) -> float:
    whole = deployment["ends"] - deployment["created"]
    return round(min(max((now - deployment["created"]) / whole, 0.0), 1.0), 2) if whole > 0 else 1.0


def _deployment(context: RequestContext, parent: Doc, build: str) -> Doc:
    state = _state(parent, context.now)
    return {
        "id": parent["id"],
        "build": build,
        "stage": parent["stage"],
        "state": state,
        "under_way": state in _UNDER_WAY,
        "variables": parent["variables"],
        "log": _log(context.now, parent),
    }


def _log(now: float, parent: Doc) -> list[Doc]:
    """Return the events until now, in order: time, text, and the new state, if any."""
    lines = [(parent["created"], f"Deployment {parent['id']} to {parent['stage']} requested.", "")]
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
