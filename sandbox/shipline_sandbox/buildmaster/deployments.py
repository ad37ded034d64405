"""Deployments: a parent that waits and its children that do the work, their states derived from the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline_sandbox.buildmaster.releases import find_pipeline

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

_SECONDS = 5.0  # the real dispatcher looks every five seconds
_GOOD = ("succeeded", "warned")
_WORST_FIRST = ("canceled", "failed", "warned", "succeeded")
OUTCOME_VARIABLE = "$SandboxOutcome"


def start(
    world: World, build: Doc, stage: Doc, *, start_at: float | None, variables: dict[str, Any]
) -> tuple[Doc, list[Doc]]:
    """Add a parent and, one for each of the stage's targets, its children."""
    pending: float = stage.get("pending_seconds", _SECONDS)
    executing: float = stage.get("executing_seconds", _SECONDS)
    begins = world.after(max(world.now, start_at or 0.0), pending)
    chosen = variables.get(OUTCOME_VARIABLE) or build["variables"].get(OUTCOME_VARIABLE)
    targets: list[Doc] = [
        {"name": target} if isinstance(target, str) else target for target in stage.get("targets", [stage["name"]])
    ]
    children: list[Doc] = [
        {
            "target": target["name"],
            "begins": begins,
            "ends": world.after(begins, target.get("executing_seconds", executing)),
            "outcome": chosen or target.get("outcome") or stage.get("outcome", "succeeded"),
        }
        for target in targets
    ]
    common = {
        "application_id": build["application_id"],
        "release_id": build["release_id"],
        "build_id": build["id"],
        "pipeline": build["pipeline"],
        "stage": stage["name"],
        "environment": stage.get("environment"),
        "variables": variables,
        "created": world.now,
        "start_at": start_at,
    }
    parent = world.session.add(
        "deployment",
        {
            **common,
            "parent_id": None,
            "begins": begins,
            "ends": max(child["ends"] for child in children),
            "outcome": _worst([child["outcome"] for child in children], world),
            "settled": False,
        },
    )
    return parent, [world.session.add("deployment", {**common, **c, "parent_id": parent["id"]}) for c in children]


def _worst(outcomes: list[str], world: World) -> str:
    if world.switches["parent_outcome"] == "succeeded":
        return "succeeded"
    strange = [outcome for outcome in outcomes if outcome not in _WORST_FIRST]
    return strange[0] if strange else min(outcomes, key=_WORST_FIRST.index)


def status(deployment: Doc, now: float) -> str:
    """pending, executing, then the outcome; a canceled one is ``failed`` with ``canceledBy`` set."""
    if now < deployment["begins"]:
        return "pending"
    if now < deployment["ends"]:
        return "executing"
    outcome: str = deployment["outcome"]
    return "failed" if outcome == "canceled" else outcome


def is_listed(deployment: Doc, now: float) -> bool:
    """Lists show children only, and those only once they execute."""
    return deployment["parent_id"] is not None and now >= deployment["begins"]


def decide(world: World, deployment: Doc, outcome: str) -> None:
    """End a deployment and its family now, with this outcome; one that has ended stays as it is."""
    parent_id = deployment["parent_id"] or deployment["id"]
    for member in world.session.all("deployment"):
        if parent_id in {member["id"], member["parent_id"]} and world.now < member["ends"]:
            member |= {"outcome": outcome, "begins": min(member["begins"], world.now), "ends": world.now}
            world.session.save("deployment", member)


def settle(world: World) -> None:
    """Bring builds and releases up to date with the deployments that began or ended since the last look."""
    parents = [d for d in world.session.all("deployment") if d["parent_id"] is None and not d["settled"]]
    for parent in sorted(parents, key=lambda d: d["ends"]):
        if world.now < parent["begins"]:
            continue
        build = world.session.find("build", parent["build_id"])
        if build is None:
            continue
        stages = _stages(world, build)
        if build["furthest_stage"] is None or _position(stages, build["furthest_stage"]) < _position(
            stages, parent["stage"]
        ):
            build["furthest_stage"] = parent["stage"]
        if world.now >= parent["ends"]:
            parent["settled"] = True
            world.session.save("deployment", parent)
            if parent["outcome"] in _GOOD:
                _reject_older(world, build, parent)
                _mark_deployed(world, build, parent, stages)
        world.session.save("build", build)


def deployed_stages(world: World, build: Doc) -> set[str]:
    """The stages this build has been deployed to, with or without warnings."""
    return {
        d["stage"]
        for d in world.session.all("deployment")
        if d["build_id"] == build["id"] and d["parent_id"] is None and status(d, world.now) in _GOOD
    }


def _stages(world: World, build: Doc) -> list[str]:
    application = world.session.find("application", build["application_id"])
    pipeline = find_pipeline(world.session, application, build["pipeline"]) if application else None
    return [stage["name"] for stage in pipeline["stages"]] if pipeline else []


def _position(stages: list[str], stage: str) -> int:
    return stages.index(stage) if stage in stages else -1


def _reject_older(world: World, build: Doc, parent: Doc) -> None:
    if world.switches["reject_older"] == "off" or build["release_id"] is None:
        return
    for other in world.session.all("build"):
        same_place = other["release_id"] == build["release_id"] and other["furthest_stage"] == parent["stage"]
        if same_place and other["status"] == "active" and other["id"] < build["id"]:
            other |= {"status": "rejected", "rejected_by": "SYSTEM", "rejected": parent["ends"]}
            world.session.save("build", other)


def _mark_deployed(world: World, build: Doc, parent: Doc, stages: list[str]) -> None:
    if not stages or stages[-1] != parent["stage"] or build["status"] != "active":
        return
    build["status"] = "deployed"
    release = world.session.find("release", build["release_id"]) if build["release_id"] is not None else None
    if release and release["status"] == "active":
        world.session.save("release", release | {"status": "deployed"})
