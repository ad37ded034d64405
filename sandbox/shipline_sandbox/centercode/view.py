"""Centercode's records as a person sees them: for ``/_sandbox/state`` and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline_sandbox.centercode import queue, records
from shipline_sandbox.centercode.access import ENDPOINT

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World


def everything(world: World) -> Doc:
    """Projects, users (of the community and of each project), feedback, queue, endpoints. Keys are never part of it."""
    queue.settle(world)
    session = world.session
    return {
        "projects": [{"key": p["id"], "name": p["name"], "fields": p["fields"]} for p in session.all(records.PROJECT)],
        "users": [_user(u) for u in session.all(records.USER)],
        "projectUsers": [
            {"project": m["project"], "email": m["user"], **_records_own(m)} for m in session.all(records.MEMBER)
        ],
        "feedback": feedback(world),
        "queue": [{"path": job["id"], "status": queue.status(world, job)} for job in session.all(queue.KIND)],
        "endpoints": [{"path": e["id"], "bound": e["bound_to"] is not None} for e in session.all(ENDPOINT)],
    }


def feedback(world: World) -> list[Doc]:
    """All feedback, with comments, data and attachments."""
    queue.settle(world)
    return [
        {
            **{name: f[name] for name in ("project", "type", "key", "attachments")},
            "path": f"/project/feedback/view.html?cap={f['cap']}&uf={f['uf']}",
            **_records_own(f),
        }
        for f in world.session.all(records.FEEDBACK)
    ]


def _user(doc: Doc) -> Doc:
    return {"userName": doc["user_name"], "email": doc["email"], **_records_own(doc)}


def _records_own(doc: Doc) -> Doc:
    return {name: doc[name] for name in ("fields", "data", "comments")}
