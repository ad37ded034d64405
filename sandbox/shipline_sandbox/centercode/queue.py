"""What is queued: macros and user imports, Pending, then Processing, then Succeeded or Failed as the clock goes on.

Source: API reference, "Asynchronous Operations". The durations are assumed.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Response, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.centercode import records

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

KIND = "centercode_job"
SUCCEEDED, FAILED = "Succeeded", "Failed"
_PENDING_SECONDS = _PROCESSING_SECONDS = 2.0


def add(world: World, endpoint: Doc, effect: Doc) -> Response:
    """Queue an effect: ``{email, project}`` imports a user, ``{kind, record, sets}`` sets fields of a record.

    How it ends and how long it takes is the endpoint's ``outcome``, ``pending_seconds`` and ``processing_seconds``.
    """
    path = f"{endpoint['id']}/status/{uuid.uuid4()}"
    begins = world.after(world.now, endpoint.get("pending_seconds", _PENDING_SECONDS))
    ends = world.after(begins, endpoint.get("processing_seconds", _PROCESSING_SECONDS))
    job = {"id": path, "begins": begins, "ends": ends, "outcome": endpoint.get("outcome", SUCCEEDED)}
    world.session.save(KIND, {**job, "effect": effect})
    return as_json({"statusEndpoint": f"{request.host_url}api/v1/{path}"}, 202)


def ended(path: str, outcome: str) -> Doc:
    """A job of long ago, for the seed."""
    return {"id": path, "begins": 0, "ends": 0, "outcome": outcome, "effect": None}


def answer(world: World, path: str) -> Response:
    """The status at this path. Raises Refused (404) for an id that was never given."""
    job = world.session.find(KIND, path)
    if job is None:
        raise Refused(404, "Not Found")
    return as_json({"status": status(world, job)})


def status(world: World, job: Doc) -> str:
    if world.now < job["begins"]:
        return "Pending"
    return "Processing" if world.now < job["ends"] else str(job["outcome"])


def settle(world: World) -> None:
    """Let everything take effect that has succeeded since the last look."""
    for job in world.session.all(KIND):
        if job["effect"] is None or world.now < job["ends"]:
            continue
        if job["outcome"] == SUCCEEDED:
            _apply(world, job["effect"])
        world.session.save(KIND, job | {"effect": None})


def _apply(world: World, effect: Doc) -> None:
    if "email" in effect:
        records.add_user(world.session, effect["email"], effect["project"])
        return
    doc = world.session.find(effect["kind"], effect["record"])
    if doc:
        world.session.save(effect["kind"], doc | {"fields": doc["fields"] | effect["sets"]})
