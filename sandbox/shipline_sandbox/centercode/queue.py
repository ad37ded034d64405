"""Queued jobs (macros and user imports): Pending, then Processing, then Succeeded or Failed, by the clock.

Source: API reference, "Asynchronous Operations". The durations are assumed.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Response, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.centercode import records

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

KIND = "centercode_job"
SUCCEEDED, FAILED = "Succeeded", "Failed"
_PENDING_SECONDS = _PROCESSING_SECONDS = 2.0


def add(context: RequestContext, endpoint: Doc, effect: Doc) -> Response:
    """Queue an effect: ``{email, project}`` imports a user, ``{kind, record, sets}`` sets fields of a record.

    The endpoint's ``outcome``, ``pending_seconds`` and ``processing_seconds`` determine its end.
    """
    path = f"{endpoint['id']}/status/{uuid.uuid4()}"
    begins = context.after(context.now, endpoint.get("pending_seconds", _PENDING_SECONDS))
    ends = context.after(begins, endpoint.get("processing_seconds", _PROCESSING_SECONDS))
    job = {"id": path, "begins": begins, "ends": ends, "outcome": endpoint.get("outcome", SUCCEEDED)}
    context.session.save(KIND, {**job, "effect": effect})
    return as_json({"statusEndpoint": f"{request.host_url}api/v1/{path}"}, 202)


def ended(path: str, outcome: str) -> Doc:
    """Return a job that ended long ago, for the seed."""
    return {"id": path, "begins": 0, "ends": 0, "outcome": outcome, "effect": None}


def answer(context: RequestContext, path: str) -> Response:
    """Return the status at this path. Raises Refused (404) for an unknown id."""
    job = context.session.find(KIND, path)
    if job is None:
        raise Refused(404, "Not Found")
    return as_json({"status": status(context, job)})


def status(context: RequestContext, job: Doc) -> str:
    if context.now < job["begins"]:
        return "Pending"
    return "Processing" if context.now < job["ends"] else str(job["outcome"])


def settle(context: RequestContext) -> None:
    """Apply the effects of the jobs that have succeeded since the last call."""
    for job in context.session.all(KIND):
        if job["effect"] is None or context.now < job["ends"]:
            continue
        if job["outcome"] == SUCCEEDED:
            _apply(context, job["effect"])
        context.session.save(KIND, job | {"effect": None})


def _apply(context: RequestContext, effect: Doc) -> None:
    if "email" in effect:
        records.add_user(context.session, effect["email"], effect["project"])
        return
    doc = context.session.find(effect["kind"], effect["record"])
    if doc:
        context.session.save(effect["kind"], doc | {"fields": doc["fields"] | effect["sets"]})
