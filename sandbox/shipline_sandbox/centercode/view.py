"""Centercode's records for people: in ``/_sandbox/state`` and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline_sandbox.centercode import queue, records
from shipline_sandbox.centercode.access import ENDPOINT

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc


def everything(context: RequestContext) -> Doc:
    """Return projects, users (of the community and of each project), feedback, queue and endpoints, without keys."""
    queue.settle(context)
    session = context.session
    return {
        "projects": [{"key": p["id"], "name": p["name"], "fields": p["fields"]} for p in session.all(records.PROJECT)],
        "users": [_user(u) for u in session.all(records.USER)],
        "projectUsers": [
            {"project": m["project"], "email": m["user"], **_records_own(m)} for m in session.all(records.MEMBER)
        ],
        "feedback": feedback(context),
        "queue": [{"path": job["id"], "status": queue.status(context, job)} for job in session.all(queue.KIND)],
        "endpoints": [{"path": e["id"], "bound": e["bound_to"] is not None} for e in session.all(ENDPOINT)],
    }


def feedback(context: RequestContext) -> list[Doc]:
    """Return all feedback, with comments, data and attachments."""
    queue.settle(context)
    return [
        {
            **{name: f[name] for name in ("project", "type", "key", "attachments")},
            "path": f"/project/feedback/view.html?cap={f['cap']}&uf={f['uf']}",
            **_records_own(f),
        }
        for f in context.session.all(records.FEEDBACK)
    ]


def _user(doc: Doc) -> Doc:
    return {"userName": doc["user_name"], "email": doc["email"], **_records_own(doc)}


def _records_own(doc: Doc) -> Doc:
    return {name: doc[name] for name in ("fields", "data", "comments")}
