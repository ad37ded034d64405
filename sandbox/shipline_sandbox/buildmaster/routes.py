"""BuildMaster's endpoints.

Sources: Inedo, "Release & Build Deployment" (21 Jan 2023) and its pages of 2024; behavior of
real servers beyond them is marked in docs/fidelity.md. Errors are text: 400 for invalid parameters, 403 for an
unknown key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.buildmaster import deployments, request, shapes
from shipline_sandbox.buildmaster.releases import (
    bound_pipeline,
    cancel,
    find_build,
    find_pipeline,
    find_release,
    new_build,
    new_release,
    release_numbered,
    required_application,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline_sandbox.buildmaster.parameters import Parameters
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

blueprint = Blueprint("buildmaster", __name__)

_APPLICATION = {"applicationId", "applicationName"}
_RELEASE = {"releaseId", "releaseNumber"}
_BUILD = {"buildId", "buildNumber"}
_WRITE = ("POST", "PUT")


def _route(path: str, operation: str, methods: tuple[str, ...]) -> Callable[[Callable[[], Response]], Any]:
    return blueprint.route(path, endpoint=operation, methods=methods)


@_route("/api/releases/create", "create-release", _WRITE)
def create_release() -> Response:
    known = _APPLICATION | {"releaseNumber", "releaseName", "pipelineName"}
    context, given = request.read(known, variables=True)
    application = required_application(context.session, given)
    pipeline = bound_pipeline(context.session, application, given.required("pipelineName"))
    return _created(context, given, application, pipeline=pipeline)


@_route("/api/releases/create-from-template", "create-release-from-template", _WRITE)
def create_release_from_template() -> Response:
    known = _APPLICATION | {"releaseNumber", "releaseName", "template", "pipelineName"}
    context, given = request.read(known, variables=True)
    if context.switches["templates"] == "removed":
        raise Refused(404, "Not Found")
    application = required_application(context.session, given)
    template = given.required("template")
    if template not in application["templates"]:
        raise Refused(400, f"Template {template} not found.")
    name = given.text("pipelineName") or application["templates"][template]["pipeline"]
    pipeline = bound_pipeline(context.session, application, name)
    return _created(context, given, application, pipeline=pipeline, template=template)


def _created(
    context: RequestContext, given: Parameters, application: Doc, *, pipeline: str | None, template: str | None = None
) -> Response:
    number = given.required("releaseNumber")
    if release_numbered(context.session, application, number):
        raise Refused(400, f"Release {number} already exists.")
    release = new_release(
        context.session,
        application,
        context.now,
        number=number,
        name=given.text("releaseName"),
        pipeline=pipeline,
        template=template,
        variables=given.variables(),
    )
    return as_json(shapes.release(context, release))


@_route("/api/releases/cancel", "cancel-release", _WRITE)
def cancel_release() -> Response:
    context, given = request.read(_APPLICATION | _RELEASE | {"reason"})
    release = find_release(context.session, given)
    cancel(context.session, release, context.now, by="API", reason=given.text("reason"))
    return Response(status=200)


@_route("/api/releases/restore", "restore-release", _WRITE)
def restore_release() -> Response:
    context, given = request.read(_APPLICATION | _RELEASE)
    release = find_release(context.session, given, both=True)
    if release["status"] != "canceled":
        raise Refused(400, f"Release {release['number']} is {release['status']}; you can restore only a canceled one.")
    kept = {k: v for k, v in release.items() if k not in {"canceled", "canceled_by", "reason"}}
    context.session.save("release", kept | {"status": "active"})
    return Response(status=200)


@_route("/api/releases/builds/create", "create-build", _WRITE)
def create_build() -> Response:
    context, given = request.read(_APPLICATION | _RELEASE | {"buildNumber", "pipelineName", "reason"}, variables=True)
    pipeline = given.text("pipelineName")
    if pipeline and not (given.text("releaseId") or given.text("releaseNumber")):
        application = required_application(context.session, given)
        bound = bound_pipeline(context.session, application, pipeline)
        owner: Doc = {"application_id": application["id"], "pipeline": bound}
    else:
        owner = find_release(context.session, given)
    build = new_build(
        context.session, context.now, owner=owner, number=given.text("buildNumber"), variables=given.variables()
    )
    return as_json(shapes.build(context, build))


@_route("/api/releases/builds/reject", "reject-build", ("POST", "DELETE"))
def reject_build() -> Response:
    context, given = request.read(_APPLICATION | _RELEASE | _BUILD | {"reason"})
    build = find_build(context.session, given)
    context.session.save("build", build | {"status": "rejected", "rejected_by": "API", "rejected": context.now})
    return Response(status=200)


@_route("/api/releases/builds/deploy", "deploy-build", _WRITE)
def deploy_build() -> Response:
    known = _APPLICATION | _RELEASE | _BUILD | {"toStage", "force", "startTime"}
    context, given = request.read(known, variables=True)
    build = find_build(context.session, given)
    force, start_at, variables = given.flag("force"), given.moment("startTime"), given.variables()
    _refuse_undeployable(context, build)
    application = context.session.find("application", build["application_id"]) or {"pipelines": {}}
    pipeline = find_pipeline(context.session, application, build["pipeline"])
    stages = pipeline["stages"] if pipeline else []
    if not stages:
        return as_json([])  # real servers respond without a body or an error
    stage = _stage(stages, given.text("toStage"), build)
    earlier = [s["name"] for s in stages[: stages.index(stage)]]
    missing = [name for name in earlier if name not in deployments.deployed_stages(context, build)]
    if missing and not force and (pipeline or {}).get("enforce_stage_order", True):
        raise Refused(400, f"Build {build['number']} has not been deployed to {missing[0]}; use force to skip it.")
    if not stage.get("targets", ["default"]):
        return as_json([])
    parent, _ = deployments.start(context, build, stage, start_at=start_at, variables=variables)
    match context.switches["deploy_answer"]:
        case "empty":
            return as_json([])
        case "array":
            return as_json([shapes.deployment(context, parent, nulls=True)])
        case _:
            return as_json(shapes.deployment(context, parent, nulls=True))


@blueprint.get("/health", endpoint="health")
def health() -> Response:
    return as_json(
        {
            "applicationName": "BuildMaster",
            "databaseStatus": "OK",
            "databaseStatusDetails": None,
            "extensionsInstalled": {},
            "licenseStatus": "OK",
            "licenseStatusDetail": None,
            "versionNumber": "2024.0 (Sandbox)",
            "releaseNumber": "24.0.0",
            "serviceStatus": "OK",
            "serviceStatusDetail": None,
        }
    )


def _refuse_undeployable(context: RequestContext, build: Doc) -> None:
    if build["status"] == "rejected":
        raise Refused(400, f"Build {build['number']} is rejected.")
    release = context.session.find("release", build["release_id"]) if build["release_id"] is not None else None
    if release and release["status"] == "canceled":
        raise Refused(400, f"Release {release['number']} is canceled.")


def _stage(stages: list[Doc], name: str | None, build: Doc) -> Doc:
    names = [stage["name"] for stage in stages]
    if name is None:
        furthest = build["furthest_stage"]
        position = names.index(furthest) + 1 if furthest in names else 0
        if position == len(stages):
            raise Refused(400, f"Build {build['number']} is in its last stage already.")
        return stages[position]
    if name not in names:
        raise Refused(400, f"Stage {name} not found in pipeline {build['pipeline']}.")
    return stages[names.index(name)]
