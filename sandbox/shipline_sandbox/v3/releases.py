"""Finding releases and their files, and what may be done with them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shipline_sandbox.answers import Refused
from shipline_sandbox.v3 import webhooks
from shipline_sandbox.v3.shapes import file_shape, files_of
from shipline_sandbox.world import World, bearer, current, is_known

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc


def begin(*, is_create: bool = False) -> World:
    """The world, for a request with a token. Raises Refused (401, or 404 on a server that only creates)."""
    world = current()
    if world.switches["v3"] == "create-only" and not is_create:
        raise Refused(404, "Not found.")
    if not is_known(bearer()):
        raise Refused(401, "The access token is missing, malformed or expired.")
    return world


def find_release(world: World, key: str) -> Doc:
    release = world.session.find("v3_release", key)
    if release is None:
        raise Refused(404, "The release does not exist.")
    return release


def find_file(world: World, key: str) -> Doc:
    file = world.session.find("v3_file", key)
    if file is None:
        raise Refused(404, "The release file does not exist.")
    return file


def refuse_published(release: Doc, status: int) -> None:
    if release["publishedAt"] is not None:
        raise Refused(status, "The release is published and can't be modified.")


def add_file(world: World, release: Doc, given: dict[str, Any]) -> Doc:
    """Add a file to a draft and tell the webhooks. Raises Refused (403 published, 409 a file of this name)."""
    refuse_published(release, 403)
    if any(file["name"] == given["name"] for file in files_of(world, release["id"])):
        raise Refused(409, "The release has a file of this name already.")
    file = {**given, "id": str(uuid.uuid4()), "createdAt": world.now, "updatedAt": world.now}
    world.session.add("v3_file", file)
    world.session.save("v3_release", release | {"updatedAt": world.now})
    webhooks.trigger(world, "releaseFile.created", file_shape(world, file))
    return file
