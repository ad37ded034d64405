"""The release server: a host of its own in reality, which stores files and adds them to drafts.

Source: the vendor's documentation of how releases are created, and the published source of that server. Its errors have
no body.
"""

from __future__ import annotations

import re
import uuid  # noqa: TC003 - a view's argument
from io import BytesIO

from flask import Blueprint, Response, g, request, send_file

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.v3 import releases
from shipline_sandbox.v3.shapes import TENANT, file_shape
from shipline_sandbox.world import current, is_known, present_key

blueprint = Blueprint("uploads", __name__, url_prefix="/v3")
blueprint.register_error_handler(Refused, lambda refused: Response(status=refused.status))
_NAME = re.compile(r"[()\[\]a-zA-Z0-9_.-]{3,256}")
_LARGEST = 1_000_000_000  # bytes in one SQLite value; an own installation takes 1 GiB unless told otherwise


@blueprint.put("/<uuid:release_id>/<filename>", endpoint="upload-release-file")
def upload_release_file(release_id: uuid.UUID, filename: str) -> Response:
    """Checked in this order: name (404), token there (401), length (400), storage (409), release (401, 404, 403)."""
    _check_path(filename)
    world = current()
    if request.content_length is None:
        raise Refused(400, "Content-Length is required.")
    if world.switches["v3_storage"] == "full":
        raise Refused(409, "The storage is full.")
    world = releases.begin()
    release = releases.find_release(world, str(release_id))
    releases.refuse_published(release, 403)
    received = g.received.part("file") if world.switches["v3_uploads"] == "form" else g.received
    if received.size > _LARGEST:
        raise Refused(413, "The file is too large.")
    given = {
        "name": filename,
        "url": f"{request.host_url}v3/{TENANT}/{release['id']}/{filename}",
        "size": received.size,
        "checksum": received.md5,
        "secured": True,
        "releaseId": release["id"],
    }
    file = releases.add_file(world, release, given)
    world.session.write_file(_place(release["id"], filename), received.size, received.chunks())
    return as_json(file_shape(world, file))


@blueprint.delete("/<uuid:release_id>/<filename>", endpoint="delete-uploaded-file")
def delete_uploaded_file(release_id: uuid.UUID, filename: str) -> Response:
    """Its bytes only: the release still lists it."""
    _check_path(filename)
    world = releases.begin()
    release = releases.find_release(world, str(release_id))
    releases.refuse_published(release, 403)
    if not world.session.drop_file(_place(release["id"], filename)):
        raise Refused(404, "The file does not exist.")
    return Response(status=204)


@blueprint.get("/<uuid:account>/<uuid:release_id>/<filename>", endpoint="download-release-file")
def download_release_file(account: uuid.UUID, release_id: uuid.UUID, filename: str) -> Response:
    """For customers: with a license key in the query, or a token."""
    if not is_known(present_key(request.args.get("key"))):
        releases.begin()
    content = current().session.file(_place(str(release_id), filename)) if str(account) == TENANT else None
    if content is None:
        raise Refused(404, "The file does not exist.")
    return send_file(BytesIO(content), download_name=filename, conditional=True, etag=False)


def _check_path(filename: str) -> None:
    if not _NAME.fullmatch(filename):
        raise Refused(404, "The name is not allowed.")
    if "Authorization" not in request.headers:
        raise Refused(401, "Unauthorized")


def _place(release_id: str, filename: str) -> str:
    """Names that differ only by case are one file. No path under /files begins so: there no key is asked for."""
    return f"/v3/{release_id}/{filename.lower()}"
