"""BuildMaster's lists, newest first, with every documented filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from shipline_sandbox.answers import as_json
from shipline_sandbox.buildmaster import deployments, request, shapes

if TYPE_CHECKING:
    from shipline_sandbox.buildmaster.parameters import Parameters
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

blueprint = Blueprint("buildmaster-lists", __name__)

_APPLICATION = {"applicationId", "applicationName"}
_RELEASE = {"releaseId", "releaseNumber", "releaseName"}
_BUILD = {"buildId", "buildNumber"}


@blueprint.route("/api/releases", endpoint="get-releases", methods=("GET", "POST"))
def get_releases() -> Response:
    known = _APPLICATION | _RELEASE | {"pipelineName", "status"}
    context, given = request.read(known)
    wanted = _release_filter(given) | {
        "id": given.integer("releaseId"),
        "pipeline": given.text("pipelineName"),
        "status": given.choice("status", ("active", "canceled", "deployed")),
    }
    found = [r for r in context.session.all("release") if _fits(_named(context, r), wanted)]
    return as_json([shapes.release(context, r) for r in reversed(found)])


@blueprint.route("/api/releases/builds", endpoint="get-builds", methods=("GET", "POST"))
def get_builds() -> Response:
    known = _APPLICATION | _RELEASE | _BUILD | {"pipelineName", "furthestStage", "status"}
    context, given = request.read(known)
    wanted = {
        "application_id": given.integer("applicationId"),
        "application": given.text("applicationName"),
        "id": given.integer("buildId"),
        "number": given.text("buildNumber"),
        "pipeline": given.text("pipelineName"),
        "furthest_stage": given.text("furthestStage"),
        "status": given.choice("status", ("active", "rejected", "deployed")),
    }
    found = [
        b for b in context.session.all("build") if _fits(_named(context, b), wanted | _owner_filter(context, given))
    ]
    return as_json([shapes.build(context, b) for b in reversed(found)])


@blueprint.route("/api/releases/builds/deployments", endpoint="get-deployments", methods=("GET", "POST"))
def get_deployments() -> Response:
    known = _APPLICATION | _RELEASE | _BUILD | {"deploymentId", "pipelineName", "pipelineStageName"}
    context, given = request.read(known | {"environmentId", "environmentName", "status"})
    key = given.integer("deploymentId")
    wanted = {
        "id": key,
        "application_id": given.integer("applicationId"),
        "application": given.text("applicationName"),
        "build_id": given.integer("buildId"),
        "build": given.text("buildNumber"),
        "pipeline": given.text("pipelineName"),
        "stage": given.text("pipelineStageName"),
        "environment_id": given.integer("environmentId"),
        "environment_name": given.text("environmentName"),
        "state": given.choice("status", ("pending", "executing", "succeeded", "warned", "failed")),
    } | _owner_filter(context, given)
    found = [
        d
        for d in context.session.all("deployment")
        if _fits(_named(context, d), wanted)
        and (deployments.is_listed(d, context.now) or (key is not None and d["parent_id"] is None))
    ]
    return as_json([shapes.deployment(context, d) for d in reversed(found)])


def _named(context: RequestContext, doc: Doc) -> Doc:
    """Return the document with further fields that filters match: the names of its owners, and a deployment's state."""
    application = context.session.find("application", doc["application_id"]) or {}
    named = doc | {"application": application.get("name")}
    if "build_id" in doc:
        build = context.session.find("build", doc["build_id"]) or {}
        named |= {"build": build.get("number"), "state": deployments.status(doc, context.now)}
        named |= {f"environment_{name}": value for name, value in (doc["environment"] or {}).items()}
    if doc.get("release_id") is not None:
        release = context.session.find("release", doc["release_id"]) or {}
        named |= {"release": release.get("number"), "release_name": release.get("name")}
    return named


def _release_filter(given: Parameters) -> Doc:
    return {
        "application_id": given.integer("applicationId"),
        "application": given.text("applicationName"),
        "number": given.text("releaseNumber"),
        "name": given.text("releaseName"),
    }


def _owner_filter(context: RequestContext, given: Parameters) -> Doc:
    if context.switches["list_filters"] == "loose":  # like servers with a known fault: builds of other releases too
        return {}
    return {
        "release_id": given.integer("releaseId"),
        "release": given.text("releaseNumber"),
        "release_name": given.text("releaseName"),
    }


def _fits(doc: Doc, wanted: Doc) -> bool:
    return all(value is None or doc.get(name) == value for name, value in wanted.items())
