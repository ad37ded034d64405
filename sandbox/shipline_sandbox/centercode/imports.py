"""User imports: a user exists once the import has succeeded. Source: API reference, "User Imports"."""

from __future__ import annotations

import re

from flask import Blueprint, Response

from shipline_sandbox.centercode import queue
from shipline_sandbox.centercode.access import invalid, json_object, known, open_endpoint, own_path
from shipline_sandbox.request_context import note_unknown

blueprint = Blueprint("imports", __name__)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@blueprint.post("/userImports/<key>", endpoint="community-user-import")
@blueprint.post("/projects/<project>/userImports/<key>", endpoint="project-user-import")
def user_import(key: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names it
    """Queue the import of one e-mail address: into the community, and into the project if the path names one."""
    context, found = open_endpoint()
    body = json_object(context)
    note_unknown([name for name in body if name != "email"], ("email",))
    email = body.get("email")
    if not isinstance(email, str) or not _EMAIL.fullmatch(email):
        raise invalid(("Email", "A valid email is required."))
    return queue.add(context, known(found), {"email": email, "project": project})


@blueprint.get("/userImports/<key>/status/<status>", endpoint="community-user-import-status")
@blueprint.get("/projects/<project>/userImports/<key>/status/<status>", endpoint="project-user-import-status")
def import_status(key: str, status: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names them
    """Return the status of an import; an id of another source is 404."""
    context, _ = open_endpoint(own_path().rpartition("/status/")[0])
    return queue.answer(context, own_path())
