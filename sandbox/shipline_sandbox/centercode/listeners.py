"""Listeners: run a macro, leave a comment, save data. Source: API reference, "Listeners"."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from shipline_sandbox.answers import as_json
from shipline_sandbox.centercode import queue, records, reports
from shipline_sandbox.centercode.access import (
    any_json,
    find_query,
    invalid,
    known,
    open_endpoint,
    own_path,
)
from shipline_sandbox.request_context import note_unknown

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("listeners", __name__)
_PROJECT = "/projects/<project>"
_USER, _FEEDBACK = {"subject": "user"}, {"subject": "feedback"}


@blueprint.post("/userMacroListeners/<key>", endpoint="community-user-macro", defaults=_USER)
@blueprint.post(f"{_PROJECT}/userMacroListeners/<key>", endpoint="project-user-macro", defaults=_USER)
@blueprint.post(f"{_PROJECT}/feedbackMacroListeners/<key>", endpoint="project-feedback-macro", defaults=_FEEDBACK)
def macro(subject: str, key: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names it
    """Queue the listener's macro, which sets the fields of its ``sets``. Body and content type don't matter."""
    context, found = open_endpoint()
    query = find_query()
    listener = known(found)
    record = records.find(context.session, subject, project, query)
    effect = {"kind": record.kind, "record": record.doc["id"], "sets": listener.get("sets", {})}
    return queue.add(context, listener, effect)


@blueprint.get("/userMacroListeners/<key>/status/<status>", endpoint="community-user-macro-status")
@blueprint.get(f"{_PROJECT}/userMacroListeners/<key>/status/<status>", endpoint="project-user-macro-status")
@blueprint.get(f"{_PROJECT}/feedbackMacroListeners/<key>/status/<status>", endpoint="project-feedback-macro-status")
def macro_status(key: str, status: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names them
    """Return the status of a macro; an id of another listener is 404."""
    context, _ = open_endpoint(own_path().rpartition("/status/")[0])
    return queue.answer(context, own_path())


@blueprint.post("/userCommentListeners/<key>", endpoint="community-user-comment", defaults=_USER)
@blueprint.post(f"{_PROJECT}/userCommentListeners/<key>", endpoint="project-user-comment", defaults=_USER)
@blueprint.post(f"{_PROJECT}/feedbackCommentListeners/<key>", endpoint="project-feedback-comment", defaults=_FEEDBACK)
def comment(subject: str, key: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names it
    """Add a comment. The message is required, the author optional; the response repeats both unchanged.

    Of JSON that is no object, the text is the message.
    """
    context, found = open_endpoint()
    given = any_json(context)
    body = given if isinstance(given, dict) else {"message": reports.as_string(given)}
    query = find_query()
    note_unknown([name for name in body if name not in {"author", "message"}], ("author", "message"))
    author, message = body.get("author"), body.get("message")
    faults = []
    if author is not None and not isinstance(author, str):
        faults.append(("Author", "author must be a string."))
    if not isinstance(message, str) or not message:
        faults.append(("Message", "A message is required."))
    if faults:
        raise invalid(*faults)
    listener = known(found)
    record = records.find(context.session, subject, project, query)
    left = {"author": author or "", "message": message}
    entry = {**left, "date": records.local_date(context.now), "listener": listener["key"]}
    context.session.save(record.kind, record.doc | {"comments": [*record.doc["comments"], entry]})
    return as_json(left, 201)


@blueprint.post("/userDataListeners/<key>", endpoint="community-user-data", defaults=_USER)
@blueprint.post(f"{_PROJECT}/userDataListeners/<key>", endpoint="project-user-data", defaults=_USER)
@blueprint.post(f"{_PROJECT}/feedbackDataListeners/<key>", endpoint="project-feedback-data", defaults=_FEEDBACK)
def data(subject: str, key: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names it
    """Save the values for the listener's parameters, under their labels.

    The response lists every parameter, configured or sent; those that are both, with a valid value, are matched.
    """
    context, found = open_endpoint()
    body = any_json(context)
    query = find_query()
    listener = known(found)
    record = records.find(context.session, subject, project, query)
    sent: Doc = body if isinstance(body, dict) else {}
    configured = listener.get("parameters", {})
    note_unknown([name for name in sent if name not in configured], configured)
    saved, fields = dict(record.doc["data"]), []
    for name in configured | sent:
        parameter = configured.get(name) or {"label": "", "data_type": "string"}
        value = _fitted(sent.get(name), parameter["data_type"])
        matched = name in configured and value is not None
        if matched:
            saved[parameter["label"]] = value
        fields.append(
            {
                "dataType": parameter["data_type"],
                "label": parameter["label"],
                "parameter": name,
                "value": "" if sent.get(name) is None else reports.as_string(sent[name]),
                "matched": matched,
            }
        )
    context.session.save(record.kind, record.doc | {"data": saved})
    return as_json({"fields": fields}, 201)


def _fitted(value: Any, data_type: str) -> Any:
    """Return the value as it is stored, numbers as numbers; None if it isn't of this type."""
    if value is None or data_type in {"string", "date"}:
        return None if value is None else reports.as_string(value)
    try:
        number = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    types: dict[str, tuple[type, ...]] = {"boolean": (bool,), "integer": (int,), "double": (int, float)}
    return number if type(number) in types[data_type] else None
