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
from shipline_sandbox.v3 import payload, request
from shipline_sandbox.v3.listing import Listing

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

blueprint = Blueprint("webhooks", __name__, url_prefix="/v3")
KIND = "v3_webhook"
EVENTS = {"release": ["release.created"], "releaseFile": ["releaseFile.created"]}


def trigger(context: RequestContext, event: str, data: Doc) -> None:
    """Send an event to each active webhook that subscribes to it, once the request is complete."""
    envelope = {"event": event, "data": data, "triggeredAt": milliseconds(context.now)}
    body = json.dumps(envelope).encode()
    for hook in context.session.all(KIND):
        if hook["active"] and event in hook["events"]:
            g.deliveries.append(Delivery(hook["id"], hook["url"], hook["token"], event, body))


@blueprint.get("/webhooks", endpoint="list-webhooks")
def list_webhooks() -> Response:
    context = request.authorize()
    return as_json(Listing(set()).select([_shape(hook) for hook in context.session.all(KIND)]))


@blueprint.post("/webhooks", endpoint="create-webhook")
def create_webhook() -> Response:
    """Create a webhook, with a generated token if none is sent."""
    context = request.authorize()
    given = _read(payload.WEBHOOK_REQUIRED)
    hook = {"active": True, **given, "token": given.get("token") or secrets.token_urlsafe(24)}
    hook |= {"id": str(uuid.uuid4()), "createdAt": context.now, "updatedAt": context.now}
    return as_json(_shape(context.session.add(KIND, hook)), 201)


@blueprint.get("/webhooks/<uuid:key>", endpoint="get-webhook")
def get_webhook(key: uuid.UUID) -> Response:
    return as_json(_shape(_find(request.authorize(), key)))


@blueprint.patch("/webhooks/<uuid:key>", endpoint="update-webhook")
def update_webhook(key: uuid.UUID) -> Response:
    """Update a webhook. Members that aren't sent stay unchanged, and so does the token if it is empty."""
    context = request.authorize()
    hook = _find(context, key)
    given = _read(())
    token = given.get("token") or hook["token"]
    return as_json(_shape(context.session.save(KIND, hook | given | {"token": token, "updatedAt": context.now})))


@blueprint.delete("/webhooks/<uuid:key>", endpoint="delete-webhook")
def delete_webhook(key: uuid.UUID) -> Response:
    context = request.authorize()
    context.session.drop(KIND, _find(context, key)["id"])
    return Response(status=204)


@blueprint.get("/webhooks/events", endpoint="list-webhook-events")
def list_webhook_events() -> Response:
    request.authorize()
    return as_json(EVENTS)


@blueprint.get("/webhook-event-logs", endpoint="list-webhook-event-logs")
def list_webhook_event_logs() -> Response:
    context = request.authorize()
    return as_json(Listing(set()).select(context.session.all(LOG)))


def _find(context: RequestContext, key: uuid.UUID) -> Doc:
    hook = context.session.find(KIND, str(key))
    if hook is None:
        raise Refused(404, "The webhook does not exist.")
    return hook


def _read(required: tuple[str, ...]) -> Doc:
    """Return the webhook of the request's body. Raises Refused (400), also for no event or an unknown one."""
    given = payload.read(payload.WEBHOOK, required)
    events = given.get("events")
    if events == []:
        raise Refused(400, "events must name one at least.")
    if unknown := sorted(set(events or ()) - {name for names in EVENTS.values() for name in names}):
        raise Refused(400, f"There is no event {', '.join(unknown)}.")
    return given


def _shape(hook: Doc) -> Doc:
    dates = {name: milliseconds(hook[name]) for name in ("createdAt", "updatedAt")}
    return {"id": hook["id"], **dates, **{name: hook[name] for name in ("name", "url", "token", "active", "events")}}
