"""External feedback and its attachments. Source: API reference, "Feedback"."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.centercode import records
from shipline_sandbox.centercode.access import authorize, invalid, json_object, known, open_endpoint
from shipline_sandbox.received import Received, measured
from shipline_sandbox.request_context import RequestContext, current, note_unknown

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

    from shipline_sandbox.store import Doc, Session

blueprint = Blueprint("feedback", __name__)
_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "date": (str,),
    "double": (int, float),
    "integer": (int,),
    "string": (str,),
}


@blueprint.post("/projects/<project>/feedback/<key>", endpoint="create-feedback")
def create(project: str, key: str) -> Response:  # noqa: ARG001 - the path names it
    """Create feedback through a source, which has its parameters, the required ones, and the feedback type."""
    context, found = open_endpoint()
    body = json_object(context)
    source = known(found)
    given = _read(context, source, project, body)
    kind = known(context.session.find(records.FEEDBACK_TYPE, f"{project}/{source['type']}"))
    fields = {**source.get("defaults", {}), **given, "Date Added": records.local_date(context.now)}
    doc = context.session.save(
        records.FEEDBACK, new(project, kind["key"], _next_key(context.session, project, kind), fields)
    )
    records.count(context.session, project, "Total Feedback")
    answer = {"id": doc["guid"], "key": doc["key"], "url": page(doc)}
    elements = [
        {
            "title": element["title"],
            "key": element["key"],
            "url": f"{request.host_url}api/v1/projects/{project}/feedbackTypes/{kind['key']}/feedback/{doc['key']}"
            f"/fileElements/{element['key']}",
            "acceptsMultipleAttachments": element["multiple"],
        }
        for element in kind["file_elements"]
        if element["key"] in source.get("file_elements", [])
    ]
    return as_json(answer | ({"fileElements": elements} if elements else {}), 201)


def new(project: str, kind: str, key: str, fields: Doc) -> Doc:
    """Return a feedback document, with addresses that don't show its id."""
    ids = {"id": f"{project}/{key}", "guid": str(uuid.uuid4()), "cap": uuid.uuid4().hex, "uf": uuid.uuid4().hex}
    return {**records.blank(), **ids, "project": project, "type": kind, "key": key, "attachments": [], "fields": fields}


def page(doc: Doc) -> str:
    """Return the address of its page for people."""
    return f"{request.host_url}project/feedback/view.html?cap={doc['cap']}&uf={doc['uf']}"


def _read(context: RequestContext, source: Doc, project: str, body: dict[str, Any]) -> Doc:
    """Return the values by label. Raises Refused (400) naming each missing or wrong parameter."""
    parameters = source.get("parameters", {})
    names = parameters | {alias: p for p in parameters.values() for alias in p.get("aliases", [])}
    note_unknown([name for name in body if name not in names], names)
    values = {names[name]["label"]: value for name, value in body.items() if name in names and value not in (None, "")}
    faults = []
    for name, parameter in parameters.items():
        title, value = name[:1].upper() + name[1:], values.get(parameter["label"])
        if value is None:
            if parameter.get("required"):
                faults.append((title, f"A value for {name} is required."))
        elif type(value) not in _TYPES[parameter["data_type"]]:
            faults.append((title, f"{name} must be of the type {parameter['data_type']}."))
        elif name == "submitter" and records.find_or_none(context.session, "user", project, value) is None:
            faults.append((title, "The submitter is not a user of this project."))
    if faults:
        raise invalid(*faults)
    return values


def _next_key(session: Session, project: str, kind: Doc) -> str:
    """Return ``SUG-0024`` after ``SUG-0023``: each prefix of a project has its own numbers."""
    pattern = re.compile(rf"{re.escape(kind['prefix'])}-(\d+)", re.ASCII)
    matches = (pattern.fullmatch(doc["key"]) for doc in session.all(records.FEEDBACK) if doc["project"] == project)
    last = max((int(match[1]) for match in matches if match), default=0)
    return f"{kind['prefix']}-{last + 1:04}"


@blueprint.post(
    "/projects/<project>/feedbackTypes/<kind>/feedback/<key>/fileElements/<element>", endpoint="upload-file-attachment"
)
def upload(project: str, kind: str, key: str, element: str) -> Response:
    """Attach one file. The sandbox keeps its name, size and MD5."""
    context = current()
    found = context.session.find(records.FEEDBACK_TYPE, f"{project}/{kind}")
    authorize(context, found)
    file = _file(context)
    form = next((e for e in known(found)["file_elements"] if e["key"] == element), None)
    doc = context.session.find(records.FEEDBACK, f"{project}/{key}")
    if form is None or doc is None or doc["type"] != kind:
        raise Refused(404, "Not Found")
    if not form["multiple"] and any(attached["fileElementKey"] == element for attached in doc["attachments"]):
        raise invalid(("File", f"{form['title']} takes one file only."))
    content = measured(file.stream)
    attachment = {"id": str(uuid.uuid4()), "fileElementKey": element, "fileName": file.filename}
    kept = {**attachment, "size": content.size, "md5": content.md5}
    context.session.save(records.FEEDBACK, doc | {"attachments": [*doc["attachments"], kept]})
    return as_json({**attachment, "feedbackKey": key, "feedbackUrl": page(doc)}, 201)


def _file(context: RequestContext) -> FileStorage:
    """Return the part ``file``. Raises Refused: 415 for another content type, 413 over the limit, 400 unless one."""
    if request.mimetype != "multipart/form-data":
        raise Refused(415, "Unsupported Media Type")
    body: Received = g.received
    if body.size >= int(context.switches["upload_limit"]):
        raise Refused(413, "Request Entity Too Large")
    files = body.parts("file")
    if len(files) != 1 or not files[0].filename:
        raise invalid(("File", "One part named file is required."))
    return files[0]
