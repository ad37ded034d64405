"""The release server (in reality a separate host), which stores files and adds them to drafts.

Source: the vendor's documentation of how releases are created, and the published source of that server. Its errors have
no body.
"""

from __future__ import annotations

import re
import uuid  # noqa: TC003 - a view's argument

from flask import Blueprint, Response, g, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.files import download
from shipline_sandbox.request_context import current, is_known, present_key
from shipline_sandbox.v3 import releases
from shipline_sandbox.v3 import request as v3_request
from shipline_sandbox.v3.shapes import TENANT, file_shape

blueprint = Blueprint("uploads", __name__, url_prefix="/v3")
blueprint.register_error_handler(Refused, lambda refused: Response(status=refused.status))
_NAME = re.compile(r"[()\[\]a-zA-Z0-9_.-]{3,256}")
_LARGEST = 1_000_000_000  # bytes in one SQLite value; self-hosted servers accept 1 GiB by default


@blueprint.put("/<uuid:release_id>/<filename>", endpoint="upload-release-file")
def upload_release_file(release_id: uuid.UUID, filename: str) -> Response:
    """Store a file. Checks: name (404), token given (401), length (400), storage (409), release (401, 404, 403)."""
    _check_path(filename)
    context = current()
    if request.content_length is None:
        raise Refused(400, "Content-Length is required.")
    if context.switches["v3_storage"] == "full":
        raise Refused(409, "The storage is full.")
    context = v3_request.authorize()
    release = releases.find_release(context, str(release_id))
    releases.refuse_published(release, 403)
    received = g.received.part("file") if context.switches["v3_uploads"] == "form" else g.received
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
    file = releases.add_file(context, release, given)
    context.session.write_file(_place(release["id"], filename), received.size, received.chunks())
    return as_json(file_shape(context, file))


@blueprint.delete("/<uuid:release_id>/<filename>", endpoint="delete-uploaded-file")
def delete_uploaded_file(release_id: uuid.UUID, filename: str) -> Response:
    """Delete the bytes of a file: the release still lists it."""
    _check_path(filename)
    context = v3_request.authorize()
    release = releases.find_release(context, str(release_id))
    releases.refuse_published(release, 403)
    if not context.session.drop_file(_place(release["id"], filename)):
        raise Refused(404, "The file does not exist.")
    return Response(status=204)


@blueprint.get("/<uuid:account>/<uuid:release_id>/<filename>", endpoint="download-release-file")
def download_release_file(account: uuid.UUID, release_id: uuid.UUID, filename: str) -> Response:
    """Return a file to a customer with a license key in the query, or with a token."""
    if not is_known(present_key(request.args.get("key"))):
        v3_request.authorize()
    content = current().session.file(_place(str(release_id), filename)) if str(account) == TENANT else None
    if content is None:
        raise Refused(404, "The file does not exist.")
    return download(content, filename, etag=False)


def _check_path(filename: str) -> None:
    if not _NAME.fullmatch(filename):
        raise Refused(404, "The name is not allowed.")
    if "Authorization" not in request.headers:
        raise Refused(401, "Unauthorized")


def _place(release_id: str, filename: str) -> str:
    """Return the stored file's path, without case. It isn't below /files, which requires no key."""
    return f"/v3/{release_id}/{filename.lower()}"
