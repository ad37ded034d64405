"""BuildMaster's JSON, as versions of 2024 send it: old and new names side by side, empty members left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline_sandbox.buildmaster.deployments import status
from shipline_sandbox.buildmaster.releases import find_pipeline
from shipline_sandbox.clock import seven_digits

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc


def release(context: RequestContext, doc: Doc) -> Doc:
    builds = [b for b in context.session.all("build") if b["release_id"] == doc["id"] and b["status"] != "rejected"]
    shape = {
        "id": doc["id"],
        "number": doc["number"],
        "name": doc["name"],
        "sequence": doc["sequence"],
        "template": doc["template"],
        "status": doc["status"],
        "createdBy": "API",
        "createdOn": seven_digits(doc["created"]),
        "canceledBy": doc.get("canceled_by"),
        "canceledOn": seven_digits(doc["canceled"]) if "canceled" in doc else None,
        "targetDate": doc.get("target_date"),
        **_application(context, doc),
        "pipelineName": doc["pipeline"],
    }
    furthest = max(builds, key=lambda b: (_depth(context, doc, b), b["id"]), default=None)
    if furthest and furthest["furthest_stage"]:
        shape |= _numbered("furthest", furthest)
    if builds:
        shape |= _numbered("latest", builds[-1])
    if _is_new(context):
        shape |= {"deployables": [], "releaseName": doc["name"], "releaseNumber": doc["number"]}
    return _compact(shape)


def build(context: RequestContext, doc: Doc) -> Doc:
    shape = {
        "id": doc["id"],
        "number": doc["number"],
        "status": doc["status"],
        "createdBy": "API",
        "createdOn": seven_digits(doc["created"]),
        "rejectedBy": doc.get("rejected_by"),
        "rejectedOn": seven_digits(doc["rejected"]) if "rejected" in doc else None,
        **_application(context, doc),
        "pipelineName": doc["pipeline"],
        "furthestStage": doc["furthest_stage"],
        **_release(context, doc),
    }
    if _is_new(context):
        shape["buildNumber"] = doc["number"]
    return _compact(shape)


def deployment(context: RequestContext, doc: Doc, *, nulls: bool = False) -> Doc:
    """Return a parent or a child. ``nulls``: the response to a deploy has ``plan`` and ``ended`` even if empty."""
    ended = context.now >= doc["ends"]
    is_child = doc["parent_id"] is not None
    canceled = ended and doc["outcome"] == "canceled"
    owner = context.session.find("build", doc["build_id"]) or {}
    shape = {
        "id": doc["id"],
        "plan": "Deploy" if is_child else None,
        "status": status(doc, context.now),
        # A parent has started before it executes, so this doesn't show the state.
        "started": seven_digits(doc["begins"] if is_child else doc["created"]),
        "ended": seven_digits(doc["ends"]) if ended else None,
        "createdBy": "SYSTEM" if is_child else "API",
        "createdOn": seven_digits(doc["created"]),
        "canceledBy": "SYSTEM" if canceled else None,
        "canceledOn": seven_digits(doc["ends"]) if canceled else None,
        "pipelineName": doc["pipeline"],
        "pipelineStageName": doc["stage"],
        "environmentId": (doc["environment"] or {}).get("id"),
        "environmentName": (doc["environment"] or {}).get("name"),
        **_application(context, doc),
        **_release(context, doc),
        "buildId": doc["build_id"],
        "buildNumber": owner.get("number"),
        "packageId": doc["build_id"],
        "packageNumber": owner.get("number"),
    }
    kept = {"plan", "ended"} if nulls else set()
    return {name: value for name, value in shape.items() if value is not None or name in kept}


def _is_new(context: RequestContext) -> bool:
    return context.switches["fields"] == "new"


def _compact(shape: Doc) -> Doc:
    return {name: value for name, value in shape.items() if value is not None}


def _numbered(prefix: str, doc: Doc) -> Doc:
    return {
        f"{prefix}BuildId": doc["id"],
        f"{prefix}BuildNumber": doc["number"],
        f"{prefix}PackageId": doc["id"],
        f"{prefix}PackageNumber": doc["number"],
    }


def _application(context: RequestContext, doc: Doc) -> Doc:
    owner = context.session.find("application", doc["application_id"]) or {}
    return {"applicationId": doc["application_id"], "applicationName": owner.get("name")}


def _release(context: RequestContext, doc: Doc) -> Doc:
    owner = context.session.find("release", doc["release_id"]) if doc["release_id"] is not None else None
    if owner is None:
        return {}
    return {"releaseId": owner["id"], "releaseNumber": owner["number"], "releaseName": owner["name"]}


def _depth(context: RequestContext, doc: Doc, owned: Doc) -> int:
    application = context.session.find("application", doc["application_id"]) or {"pipelines": {}}
    pipeline = find_pipeline(context.session, application, doc["pipeline"]) or {"stages": []}
    names = [stage["name"] for stage in pipeline["stages"]]
    return names.index(owned["furthest_stage"]) if owned["furthest_stage"] in names else -1
