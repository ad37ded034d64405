"""Deployments: a parent that waits, and children that do the work. Their states follow from the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline_sandbox.buildmaster.releases import complete, find_pipeline

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

_SECONDS = 5.0  # the real dispatcher looks every five seconds
_GOOD = ("succeeded", "warned")
_WORST_FIRST = ("canceled", "failed", "warned", "succeeded")
OUTCOME_VARIABLE = "$SandboxOutcome"


def start(
    context: RequestContext, build: Doc, stage: Doc, *, start_at: float | None, variables: dict[str, Any]
) -> tuple[Doc, list[Doc]]:
    """Add a parent and a child for each of the stage's targets."""
    pending: float = stage.get("pending_seconds", _SECONDS)
    executing: float = stage.get("executing_seconds", _SECONDS)
    begins = context.after(max(context.now, start_at or 0.0), pending)
    chosen = variables.get(OUTCOME_VARIABLE) or build["variables"].get(OUTCOME_VARIABLE)
    targets: list[Doc] = [
        {"name": target} if isinstance(target, str) else target for target in stage.get("targets", [stage["name"]])
    ]
    children: list[Doc] = [
        {
            "target": target["name"],
            "begins": begins,
            "ends": context.after(begins, target.get("executing_seconds", executing)),
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
        "created": context.now,
        "start_at": start_at,
    }
    parent = context.session.add(
        "deployment",
        {
            **common,
            "parent_id": None,
            "begins": begins,
            "ends": max(child["ends"] for child in children),
            "outcome": _worst([child["outcome"] for child in children], context),
            "settled": False,
        },
    )
    return parent, [context.session.add("deployment", {**common, **c, "parent_id": parent["id"]}) for c in children]


def _worst(outcomes: list[str], context: RequestContext) -> str:
    if context.switches["parent_outcome"] == "succeeded":
        return "succeeded"
    strange = [outcome for outcome in outcomes if outcome not in _WORST_FIRST]
    return strange[0] if strange else min(outcomes, key=_WORST_FIRST.index)


def status(deployment: Doc, now: float) -> str:
    """Return pending, executing, then the outcome; a canceled deployment is ``failed`` with ``canceledBy`` set."""
    if now < deployment["begins"]:
        return "pending"
    if now < deployment["ends"]:
        return "executing"
    outcome: str = deployment["outcome"]
    return "failed" if outcome == "canceled" else outcome


def is_listed(deployment: Doc, now: float) -> bool:
    """Return whether lists show it: only children, once they execute."""
    return deployment["parent_id"] is not None and now >= deployment["begins"]


def decide(context: RequestContext, deployment: Doc, outcome: str) -> None:
    """End a deployment, its parent and children now, with this outcome. One that has ended stays unchanged."""
    parent_id = deployment["parent_id"] or deployment["id"]
    for member in context.session.all("deployment"):
        if parent_id in {member["id"], member["parent_id"]} and context.now < member["ends"]:
            member |= {"outcome": outcome, "begins": min(member["begins"], context.now), "ends": context.now}
            context.session.save("deployment", member)


def override(context: RequestContext, deployment: Doc) -> None:
    """Make a failed deployment a succeeded one, as a person does by hand; one that hasn't failed stays unchanged.

    No document says how the API shows that: ``override_shown`` chooses.
    """
    parent_id = deployment["parent_id"] or deployment["id"]
    for member in context.session.all("deployment"):
        if parent_id not in {member["id"], member["parent_id"]} or member["outcome"] in _GOOD:
            continue
        if context.now >= member["ends"] and (member["id"] == parent_id or context.switches["override_shown"] == "all"):
            # A settled parent is settled again: its build goes on from this stage.
            settled = {"settled": False} if member["id"] == parent_id else {}
            context.session.save("deployment", member | {"outcome": "succeeded"} | settled)


def settle(context: RequestContext) -> None:
    """Update builds and releases for the deployments that began or ended since the last call."""
    parents = [d for d in context.session.all("deployment") if d["parent_id"] is None and not d["settled"]]
    for parent in sorted(parents, key=lambda d: d["ends"]):
        if context.now < parent["begins"]:
            continue
        build = context.session.find("build", parent["build_id"])
        if build is None:
            continue
        stages = _stages(context, build)
        if build["furthest_stage"] is None or _position(stages, build["furthest_stage"]) < _position(
            stages, parent["stage"]
        ):
            build["furthest_stage"] = parent["stage"]
        if context.now >= parent["ends"]:
            parent["settled"] = True
            context.session.save("deployment", parent)
            if parent["outcome"] in _GOOD:
                _reject_older(context, build, parent)
                _mark_deployed(context, build, parent, stages)
        context.session.save("build", build)


def deployed_stages(context: RequestContext, build: Doc) -> set[str]:
    """Return the stages that this build was deployed to, with or without warnings."""
    return {
        d["stage"]
        for d in context.session.all("deployment")
        if d["build_id"] == build["id"] and d["parent_id"] is None and status(d, context.now) in _GOOD
    }


def _stages(context: RequestContext, build: Doc) -> list[str]:
    return [stage["name"] for stage in _pipeline(context, build)["stages"]]


def _pipeline(context: RequestContext, build: Doc) -> Doc:
    application = context.session.find("application", build["application_id"])
    pipeline = find_pipeline(context.session, application, build["pipeline"]) if application else None
    return pipeline or {"stages": []}


def _position(stages: list[str], stage: str) -> int:
    return stages.index(stage) if stage in stages else -1


def _reject_older(context: RequestContext, build: Doc, parent: Doc) -> None:
    if context.switches["reject_older"] == "off" or build["release_id"] is None:
        return
    for other in context.session.all("build"):
        same_place = other["release_id"] == build["release_id"] and other["furthest_stage"] == parent["stage"]
        if same_place and other["status"] == "active" and other["id"] < build["id"]:
            other |= {"status": "rejected", "rejected_by": "SYSTEM", "rejected": parent["ends"]}
            context.session.save("build", other)


def _mark_deployed(context: RequestContext, build: Doc, parent: Doc, stages: list[str]) -> None:
    if not stages or stages[-1] != parent["stage"] or build["status"] != "active":
        return
    build["status"] = "deployed"
    pipeline = _pipeline(context, build)
    release = context.session.find("release", build["release_id"]) if build["release_id"] is not None else None
    if pipeline.get("completed_build") == "rejected":  # an event of feature-branch pipelines
        build |= {"status": "rejected", "rejected_by": "SYSTEM", "rejected": parent["ends"]}
    elif release and release["status"] == "active":
        context.session.save("release", release | {"status": "deployed"})
    if release:
        complete(context.session, release, pipeline, parent["ends"])
