"""The v3 releases API: releases, their publishing, their files.

Sources: "Create a release" and "Create a release file" of the vendor's web API reference; the other operations after
public clients and documentation, as marked in docs/fidelity.md. Errors are ``{message, code}``.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.v3 import payload, releases, webhooks
from shipline_sandbox.v3 import request as v3_request
from shipline_sandbox.v3.listing import Listing
from shipline_sandbox.v3.shapes import file_shape, release_shape

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

blueprint = Blueprint("v3", __name__, url_prefix="/v3")


@blueprint.get("/releases", endpoint="list-releases")
def list_releases() -> Response:
    context = v3_request.authorize()
    listing = Listing({"productId", "version", "channel", "platform", "name", "published", "private", "query"})
    shapes = [release_shape(context, doc) for doc in context.session.all("v3_release")]
    return as_json(listing.select(shapes))


@blueprint.post("/releases", endpoint="create-release")
def create_release() -> Response:
    """Create a release. It is a draft, which nobody sees until it is published."""
    context = v3_request.authorize(is_create=True)
    given = payload.read(payload.RELEASE, payload.RELEASE_REQUIRED)
    _refuse_unknown_product(context, given)
    created = datetime.fromisoformat(given["createdAt"]).timestamp() if given.get("createdAt") else context.now
    release = {
        "platforms": [],
        "private": False,
        **given,
        "id": str(uuid.uuid4()),
        "notes": given.get("notes") or "",
        "createdAt": created,
        "updatedAt": context.now,
        "publishedAt": None,
    }
    _refuse_conflict(context, release)
    shape = release_shape(context, context.session.add("v3_release", release))
    webhooks.trigger(context, "release.created", shape)
    return as_json(shape, 201)


@blueprint.get("/releases/<key>", endpoint="get-release")
def get_release(key: str) -> Response:
    context = v3_request.authorize()
    return as_json(release_shape(context, releases.find_release(context, key)))


@blueprint.patch("/releases/<key>", endpoint="update-release")
def update_release(key: str) -> Response:
    """Update a release. Members that aren't sent stay unchanged."""
    context = v3_request.authorize()
    release = releases.find_release(context, key)
    given = payload.read(payload.RELEASE, ())
    releases.refuse_published(release, 403)
    _refuse_unknown_product(context, given)
    if "notes" in given:
        given["notes"] = given["notes"] or ""
    if "createdAt" in given:
        given["createdAt"] = datetime.fromisoformat(given["createdAt"]).timestamp()
    release |= {**given, "updatedAt": context.now}
    _refuse_conflict(context, release)
    return as_json(release_shape(context, context.session.save("v3_release", release)))


@blueprint.delete("/releases/<key>", endpoint="delete-release")
def delete_release(key: str) -> Response:
    context = v3_request.authorize()
    release = releases.find_release(context, key)
    releases.refuse_published(release, 409)
    releases.delete(context, key)
    return Response(status=204)


@blueprint.post("/releases/<key>/publish", endpoint="publish-release")
def publish_release(key: str) -> Response:
    """Publish a release permanently: from then on it is read-only."""
    context = v3_request.authorize()
    release = releases.find_release(context, key)
    releases.refuse_published(release, 409)
    release |= {"publishedAt": context.now, "updatedAt": context.now}
    return as_json(release_shape(context, context.session.save("v3_release", release)))


@blueprint.get("/release-files", endpoint="list-release-files")
def list_release_files() -> Response:
    context = v3_request.authorize()
    if not any(request.args.get(name) for name in ("releaseId", "releaseId[eq]")):
        raise Refused(400, "releaseId is required.")
    listing = Listing({"releaseId", "name", "published", "query"})
    return as_json(listing.select([file_shape(context, doc) for doc in context.session.all("v3_file")]))


@blueprint.post("/release-files", endpoint="create-release-file")
def create_release_file() -> Response:
    context = v3_request.authorize()
    given = payload.read(payload.FILE, payload.FILE_REQUIRED)
    release = context.session.find("v3_release", given["releaseId"])
    if release is None:
        raise Refused(400, "The release does not exist.")
    file = releases.add_file(context, release, given)
    as_release = context.switches["v3_file_answer"] == "release"
    return as_json(release_shape(context, release) if as_release else file_shape(context, file), 201)


@blueprint.get("/release-files/<key>", endpoint="get-release-file")
def get_release_file(key: str) -> Response:
    context = v3_request.authorize()
    return as_json(file_shape(context, releases.find_file(context, key)))


@blueprint.delete("/release-files/<key>", endpoint="delete-release-file")
def delete_release_file(key: str) -> Response:
    context = v3_request.authorize()
    file = releases.find_file(context, key)
    releases.refuse_published(releases.find_release(context, file["releaseId"]), 409)
    context.session.drop("v3_file", key)
    return Response(status=204)


def _refuse_unknown_product(context: RequestContext, given: dict[str, Any]) -> None:
    key = given.get("productId")
    if context.switches["v3_products"] == "strict" and key and not context.session.find("product", key):
        raise Refused(400, "The product does not exist.", code="INVALID_PRODUCT_ID")


def _refuse_conflict(context: RequestContext, release: Doc) -> None:
    """Raise Refused if a release exists for the same product, version, channel and one of the platforms."""
    if context.switches["v3_unique"] == "off":
        return
    for other in context.session.all("v3_release"):
        same = all(other[name] == release[name] for name in ("productId", "version", "channel"))
        shared = set(other["platforms"]) & set(release["platforms"]) or not (other["platforms"] or release["platforms"])
        if same and shared and other["id"] != release["id"]:
            raise Refused(409, "A release with the same version, channel and platform exists already.")
