"""Find releases and their files, and check what may be changed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shipline_sandbox.answers import Refused
from shipline_sandbox.v3 import webhooks
from shipline_sandbox.v3.shapes import file_shape, files_of

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc


def find_release(context: RequestContext, key: str) -> Doc:
    release = context.session.find("v3_release", key)
    if release is None:
        raise Refused(404, "The release does not exist.")
    return release


def find_file(context: RequestContext, key: str) -> Doc:
    file = context.session.find("v3_file", key)
    if file is None:
        raise Refused(404, "The release file does not exist.")
    return file


def refuse_published(release: Doc, status: int) -> None:
    if release["publishedAt"] is not None:
        raise Refused(status, "The release is published and can't be modified.")


def change_by_hand(context: RequestContext, key: str, action: str) -> bool:
    """Do what a person does on the vendor's site: ``publish``, ``archive``, ``restore`` or ``delete`` a release.

    Return False if there is no such release or action. Nothing is refused: the site's rules are not known.
    """
    release = context.session.find("v3_release", key)
    changes: dict[str, Doc] = {
        "publish": {"publishedAt": context.now},
        "archive": {"archived": True},
        "restore": {"archived": False},
    }
    if release is None or action not in {*changes, "delete"}:
        return False
    if action == "delete":
        delete(context, key)
    else:
        context.session.save("v3_release", release | changes[action] | {"updatedAt": context.now})
    return True


def delete(context: RequestContext, key: str) -> None:
    """Delete a release with its files."""
    for file in files_of(context, key):
        context.session.drop("v3_file", file["id"])
    context.session.drop("v3_release", key)


def add_file(context: RequestContext, release: Doc, given: dict[str, Any]) -> Doc:
    """Add a file to a draft and notify the webhooks. Raises Refused (403: published, 409: the name exists)."""
    refuse_published(release, 403)
    if any(file["name"] == given["name"] for file in files_of(context, release["id"])):
        raise Refused(409, "The release has a file of this name already.")
    file = {**given, "id": str(uuid.uuid4()), "createdAt": context.now, "updatedAt": context.now}
    context.session.add("v3_file", file)
    context.session.save("v3_release", release | {"updatedAt": context.now})
    webhooks.trigger(context, "releaseFile.created", file_shape(context, file))
    return file
