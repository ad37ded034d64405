"""Centercode's endpoints; those for releases are here.

Source: Centercode API reference, "Project Release" and "Errors"; the release automation guide for the type's settings.
The real API can't read, change or delete a release, so the sandbox can't either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from shipline_sandbox.answers import as_json
from shipline_sandbox.centercode import feedback, imports, listeners, lookups, packages, payload, releases
from shipline_sandbox.centercode.access import authorize, invalid, json_object, known
from shipline_sandbox.request_context import RequestContext, current, note_unknown

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("centercode", __name__, url_prefix="/api/v1")
for _part in (packages, lookups, listeners, imports, feedback):
    blueprint.register_blueprint(_part.blueprint)


@blueprint.post("/projects/<project>/releaseTypes/<release_type>", endpoint="project-release")
def project_release(project: str, release_type: str) -> Response:
    """Checked in this order: key (401), its endpoint (403), content type (415), body (400), release type (404)."""
    context = current()
    found = context.session.find("release_type", f"{project}/{release_type}")
    authorize(context, found)
    body = json_object(context)
    note_unknown(payload.unknown_members(body), payload.KNOWN_MEMBERS)
    release = payload.check(body, context, context.session.value("bucket_files", []))
    _refuse_duplicate(context, known(found), release)
    created = releases.create(context, known(found), release, request.host_url)
    return as_json(releases.shape(context, created), 201)


def _refuse_duplicate(context: RequestContext, release_type: Doc, release: dict[str, Any]) -> None:
    if context.switches["duplicate_release_value"] == "accept":
        return
    value = release.get("releaseValue")
    others = (r for r in context.session.all(releases.KIND) if r["type"] == release_type["id"])
    if value is not None and any(other["release"].get("releaseValue") == value for other in others):
        raise invalid(("ReleaseValue", "The release value is in use already."))
