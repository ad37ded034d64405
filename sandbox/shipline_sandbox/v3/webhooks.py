"""Webhooks of the v3 API: addresses that events are sent to.

Sources: the vendor's documentation of webhooks for the envelope and the signature, its reference for the two events;
paths and members after public clients, as marked in docs/fidelity.md.
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.clock import milliseconds
from shipline_sandbox.deliveries import LOG, Delivery
from shipline_sandbox.v3 import payload, releases
from shipline_sandbox.v3.listing import Listing

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

blueprint = Blueprint("webhooks", __name__, url_prefix="/v3")
KIND = "v3_webhook"
EVENTS = {"release": ["release.created"], "releaseFile": ["releaseFile.created"]}


def trigger(world: World, event: str, data: Doc) -> None:
    """Have an event sent to each active webhook that asks for it, once the request has been carried out."""
    envelope = {"event": event, "data": data, "triggeredAt": milliseconds(world.now)}
    body = json.dumps(envelope).encode()
    for hook in world.session.all(KIND):
        if hook["active"] and event in hook["events"]:
            g.deliveries.append(Delivery(hook["id"], hook["url"], hook["token"], event, body))


@blueprint.get("/webhooks", endpoint="list-webhooks")
def list_webhooks() -> Response:
    world = releases.begin()
    return as_json(Listing(set()).select([_shape(hook) for hook in world.session.all(KIND)]))


@blueprint.post("/webhooks", endpoint="create-webhook")
def create_webhook() -> Response:
    """A token is made if none is given."""
    world = releases.begin()
    given = payload.read(payload.WEBHOOK, payload.WEBHOOK_REQUIRED)
    if not given["events"]:
        raise Refused(400, "events must name one at least.")
    known = {name for names in EVENTS.values() for name in names}
    if unknown := sorted(set(given["events"]) - known):
        raise Refused(400, f"There is no event {', '.join(unknown)}.")
    hook = {"active": True, **given, "token": given.get("token") or secrets.token_urlsafe(24)}
    hook |= {"id": str(uuid.uuid4()), "createdAt": world.now, "updatedAt": world.now}
    return as_json(_shape(world.session.add(KIND, hook)), 201)


@blueprint.delete("/webhooks/<uuid:key>", endpoint="delete-webhook")
def delete_webhook(key: uuid.UUID) -> Response:
    world = releases.begin()
    if world.session.find(KIND, str(key)) is None:
        raise Refused(404, "The webhook does not exist.")
    world.session.drop(KIND, str(key))
    return Response(status=204)


@blueprint.get("/webhooks/events", endpoint="list-webhook-events")
def list_webhook_events() -> Response:
    releases.begin()
    return as_json(EVENTS)


@blueprint.get("/webhook-event-logs", endpoint="list-webhook-event-logs")
def list_webhook_event_logs() -> Response:
    world = releases.begin()
    return as_json(Listing(set()).select(world.session.all(LOG)))


def _shape(hook: Doc) -> Doc:
    dates = {name: milliseconds(hook[name]) for name in ("createdAt", "updatedAt")}
    return {"id": hook["id"], **dates, **{name: hook[name] for name in ("name", "url", "token", "active", "events")}}
