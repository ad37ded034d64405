"""A small file server for the artifacts that releases link to."""

from __future__ import annotations

import hashlib
from io import BytesIO

from flask import Blueprint, Response, request, send_file

from shipline_sandbox.answers import Refused
from shipline_sandbox.request_context import bearer, current, is_known, present_key

blueprint = Blueprint("files", __name__, url_prefix="/files")


@blueprint.put("/<path:path>", endpoint="put-file")
def put_file(path: str) -> Response:
    """Store the request's body. Requires a key in ``X-ApiKey`` or as bearer token."""
    if not is_known(present_key(request.headers.get("X-ApiKey")) or bearer()):
        raise Refused(401, "A key that begins with sandbox- is needed to store a file.")
    current().session.put_file(path, request.get_data())
    return Response(status=201)


@blueprint.get("/<path:path>", endpoint="get-file")
def get_file(path: str) -> Response:
    """Return the full file or the requested range. Requires no key."""
    content = current().session.file(path)
    if content is None:
        raise Refused(404, "Not Found")
    name, etag = path.rpartition("/")[2], hashlib.sha256(content).hexdigest()
    return download(content, name, etag=etag)


def download(content: bytes, name: str, *, etag: str | bool) -> Response:
    """Return a file for saving: a browser neither shows nor runs what somebody has uploaded."""
    response = send_file(BytesIO(content), download_name=name, as_attachment=True, conditional=True, etag=etag)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
