"""What releases are for: their platforms and channels, and the releases that a user sees.

Sources: the vendor's change log for the paths; members after public clients, as marked in docs/fidelity.md.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.clock import milliseconds
from shipline_sandbox.v3 import payload, request
from shipline_sandbox.v3.listing import Listing
from shipline_sandbox.v3.shapes import release_shape

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("catalogs", __name__, url_prefix="/v3")
_SEEN = ("id", "createdAt", "updatedAt", "name", "channel", "version", "platforms", "notes", "totalFiles", "files")


@blueprint.get("/me/releases", endpoint="list-my-releases")
def list_my_releases() -> Response:
    """Respond with the releases of the customer portal: published, neither private nor archived."""
    context = request.authorize()
    releases = [release_shape(context, doc) for doc in context.session.all("v3_release")]
    names = {product["id"]: product["name"] for product in context.session.all("product")}
    shown = [
        {**{name: release[name] for name in _SEEN}, "product": {"displayName": names.get(release["productId"])}}
        for release in releases
        if release["published"] and not release["private"] and not release["archived"]
    ]
    return as_json(Listing(set()).select(shown))


@blueprint.get("/release-platforms", endpoint="list-release-platforms")
def list_platforms() -> Response:
    return _listed("v3_platform")


@blueprint.post("/release-platforms", endpoint="create-release-platform")
def create_platform() -> Response:
    return _created("v3_platform")


@blueprint.get("/release-channels", endpoint="list-release-channels")
def list_channels() -> Response:
    return _listed("v3_channel")


@blueprint.post("/release-channels", endpoint="create-release-channel")
def create_channel() -> Response:
    return _created("v3_channel")


def _listed(kind: str) -> Response:
    context = request.authorize()
    return as_json(Listing(set()).select([_shape(doc) for doc in context.session.all(kind)]))


def _created(kind: str) -> Response:
    context = request.authorize()
    given = payload.read(payload.CATALOG, payload.CATALOG_REQUIRED)
    if any(doc["name"] == given["name"] for doc in context.session.all(kind)):
        raise Refused(409, "This name exists already.")
    made = {"description": None, "productIds": [], **given, "id": str(uuid.uuid4())}
    made |= {"createdAt": context.now, "updatedAt": context.now}
    return as_json(_shape(context.session.add(kind, made)), 201)


def _shape(doc: Doc) -> Doc:
    return doc | {name: milliseconds(doc[name]) for name in ("createdAt", "updatedAt")}
