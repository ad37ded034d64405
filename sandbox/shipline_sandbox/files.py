"""A small file server for the artifacts that releases link to."""

from __future__ import annotations

import hashlib
from io import BytesIO

from flask import Blueprint, Response, request, send_file

from shipline_sandbox.answers import Refused
from shipline_sandbox.world import bearer, current, is_known, present_key

blueprint = Blueprint("files", __name__, url_prefix="/files")


@blueprint.put("/<path:path>", endpoint="put-file")
def put_file(path: str) -> Response:
    """Store the request's body; needs a key in ``X-ApiKey`` or as bearer token."""
    if not is_known(present_key(request.headers.get("X-ApiKey")) or bearer()):
        raise Refused(401, "A key that begins with sandbox- is needed to store a file.")
    current().session.put_file(path, request.get_data())
    return Response(status=201)


@blueprint.get("/<path:path>", endpoint="get-file")
def get_file(path: str) -> Response:
    """The file, whole or the range that was asked for; no key needed."""
    content = current().session.file(path)
    if content is None:
        raise Refused(404, "Not Found")
    name, etag = path.rpartition("/")[2], hashlib.sha256(content).hexdigest()
    return send_file(BytesIO(content), download_name=name, conditional=True, etag=etag)
