"""Centercode's release endpoint.

Source: Centercode API reference, "Project Release" and "Errors"; the release automation guide for the type's settings.
There is no way to read, change or delete a release by the real API, so there is none here.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, request

from shipline_sandbox.answers import INVALID_REQUEST, Refused, as_json
from shipline_sandbox.centercode import payload, releases
from shipline_sandbox.world import World, current, is_known, json_body, note_unknown, present_key

blueprint = Blueprint("centercode", __name__)


@blueprint.post("/api/v1/projects/<project>/releaseTypes/<release_type>", endpoint="project-release")
def project_release(project: str, release_type: str) -> Response:
    """Checked in this order: key (401), its endpoint (403), content type (415), body (400), release type (404)."""
    world = current()
    found = world.session.find("release_type", f"{project}/{release_type}")
    _authorise(world, found["bound_to"] if found else None)
    body = _json_body(world)
    note_unknown(payload.unknown_members(body))
    release = payload.check(body, world, world.session.value("bucket_files", []))
    if found is None:
        raise Refused(404, "Not Found")
    _refuse_duplicate(world, found["id"], release)
    created = releases.create(world, found, release, request.host_url)
    return as_json(releases.shape(world, created), 201)


def _authorise(world: World, bound_to: str | None) -> None:
    keys = request.args.getlist("apiKey")
    key = present_key(keys[0] if keys else None)
    if len(keys) > 1 or key is None or not is_known(key):
        raise Refused(401, "Unauthorized")
    if bound_to is not None and hashlib.sha256(key.encode()).hexdigest() != bound_to:
        raise Refused(403, "Forbidden")
    if world.switches["enhanced_integrations"] == "off":
        raise Refused(403, "Forbidden")


def _json_body(world: World) -> dict[str, Any]:
    if world.switches["content_type"] == "strict" and request.mimetype != "application/json":
        raise Refused(415, "Unsupported Media Type")
    try:
        body = json_body()
    except ValueError:
        raise Refused(400, INVALID_REQUEST) from None
    if not isinstance(body, dict):
        raise Refused(400, INVALID_REQUEST)
    return body


def _refuse_duplicate(world: World, release_type: str, release: dict[str, Any]) -> None:
    if world.switches["duplicate_release_value"] == "accept":
        return
    value = release.get("releaseValue")
    others = (r for r in world.session.all(releases.KIND) if r["type"] == release_type)
    if value is not None and any(other["release"].get("releaseValue") == value for other in others):
        raise Refused(400, INVALID_REQUEST, parameters=[("ReleaseValue", "The release value is in use already.")])
