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
from shipline_sandbox.v3.listing import Listing
from shipline_sandbox.v3.shapes import file_shape, files_of, release_shape

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

blueprint = Blueprint("v3", __name__, url_prefix="/v3")


@blueprint.get("/releases", endpoint="list-releases")
def list_releases() -> Response:
    world = releases.begin()
    listing = Listing({"productId", "version", "channel", "platform", "name", "published", "private", "query"})
    shapes = [release_shape(world, doc) for doc in world.session.all("v3_release")]
    return as_json(listing.select(shapes))


@blueprint.post("/releases", endpoint="create-release")
def create_release() -> Response:
    """A new release is a draft: it is seen by nobody until it is published."""
    world = releases.begin(is_create=True)
    given = payload.read(payload.RELEASE, payload.RELEASE_REQUIRED)
    _refuse_unknown_product(world, given)
    created = datetime.fromisoformat(given["createdAt"]).timestamp() if given.get("createdAt") else world.now
    release = {
        "platforms": [],
        "private": False,
        **given,
        "id": str(uuid.uuid4()),
        "notes": given.get("notes") or "",
        "createdAt": created,
        "updatedAt": world.now,
        "publishedAt": None,
    }
    _refuse_conflict(world, release)
    shape = release_shape(world, world.session.add("v3_release", release))
    webhooks.trigger(world, "release.created", shape)
    return as_json(shape, 201)


@blueprint.get("/releases/<key>", endpoint="get-release")
def get_release(key: str) -> Response:
    world = releases.begin()
    return as_json(release_shape(world, releases.find_release(world, key)))


@blueprint.patch("/releases/<key>", endpoint="update-release")
def update_release(key: str) -> Response:
    """Members that aren't given stay as they are."""
    world = releases.begin()
    release = releases.find_release(world, key)
    given = payload.read(payload.RELEASE, ())
    releases.refuse_published(release, 403)
    _refuse_unknown_product(world, given)
    if "notes" in given:
        given["notes"] = given["notes"] or ""
    if "createdAt" in given:
        given["createdAt"] = datetime.fromisoformat(given["createdAt"]).timestamp()
    release |= {**given, "updatedAt": world.now}
    _refuse_conflict(world, release)
    return as_json(release_shape(world, world.session.save("v3_release", release)))


@blueprint.delete("/releases/<key>", endpoint="delete-release")
def delete_release(key: str) -> Response:
    world = releases.begin()
    release = releases.find_release(world, key)
    releases.refuse_published(release, 409)
    for file in files_of(world, key):
        world.session.drop("v3_file", file["id"])
    world.session.drop("v3_release", key)
    return Response(status=204)


@blueprint.post("/releases/<key>/publish", endpoint="publish-release")
def publish_release(key: str) -> Response:
    """For ever: a published release can be read only."""
    world = releases.begin()
    release = releases.find_release(world, key)
    releases.refuse_published(release, 409)
    release |= {"publishedAt": world.now, "updatedAt": world.now}
    return as_json(release_shape(world, world.session.save("v3_release", release)))


@blueprint.get("/release-files", endpoint="list-release-files")
def list_release_files() -> Response:
    world = releases.begin()
    if not any(request.args.get(name) for name in ("releaseId", "releaseId[eq]")):
        raise Refused(400, "releaseId is required.")
    listing = Listing({"releaseId", "name", "published", "query"})
    return as_json(listing.select([file_shape(world, doc) for doc in world.session.all("v3_file")]))


@blueprint.post("/release-files", endpoint="create-release-file")
def create_release_file() -> Response:
    world = releases.begin()
    given = payload.read(payload.FILE, payload.FILE_REQUIRED)
    release = world.session.find("v3_release", given["releaseId"])
    if release is None:
        raise Refused(400, "The release does not exist.")
    file = releases.add_file(world, release, given)
    as_release = world.switches["v3_file_answer"] == "release"
    return as_json(release_shape(world, release) if as_release else file_shape(world, file), 201)


@blueprint.get("/release-files/<key>", endpoint="get-release-file")
def get_release_file(key: str) -> Response:
    world = releases.begin()
    return as_json(file_shape(world, releases.find_file(world, key)))


@blueprint.delete("/release-files/<key>", endpoint="delete-release-file")
def delete_release_file(key: str) -> Response:
    world = releases.begin()
    file = releases.find_file(world, key)
    releases.refuse_published(releases.find_release(world, file["releaseId"]), 409)
    world.session.drop("v3_file", key)
    return Response(status=204)


def _refuse_unknown_product(world: World, given: dict[str, Any]) -> None:
    key = given.get("productId")
    if world.switches["v3_products"] == "strict" and key and not world.session.find("product", key):
        raise Refused(400, "The product does not exist.")


def _refuse_conflict(world: World, release: Doc) -> None:
    """One release a product, version and channel for each platform."""
    if world.switches["v3_unique"] == "off":
        return
    for other in world.session.all("v3_release"):
        same = all(other[name] == release[name] for name in ("productId", "version", "channel"))
        shared = set(other["platforms"]) & set(release["platforms"]) or not (other["platforms"] or release["platforms"])
        if same and shared and other["id"] != release["id"]:
            raise Refused(409, "A release with the same version, channel and platform exists already.")
