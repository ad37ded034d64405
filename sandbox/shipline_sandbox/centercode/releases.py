"""Releases of a release type: the effect of a new one on the others, and the time when it is published."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shipline_sandbox.centercode.payload import is_in_bucket

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

_PROCESSING_SECONDS = 5.0
KIND = "centercode_release"


def create(context: RequestContext, release_type: Doc, release: dict[str, Any], base: str) -> Doc:
    """Store a release and apply the type's settings: single active release, single notice, default team access."""
    notice = bool(release.get("isClickThroughNotice"))
    for other in context.session.all(KIND):
        if other["type"] != release_type["id"]:
            continue
        archived = other["archived"] or release_type["single_active"]
        noticed = other["notice"] and not (notice and release_type["single_notice"])
        context.session.save(KIND, other | {"archived": archived, "notice": noticed})
    artifact, arttype = str(uuid.uuid4()), release_type["arttypeid"]
    return context.session.add(
        KIND,
        {
            "id": str(uuid.uuid4()),
            "type": release_type["id"],
            "release": release,
            "artid": artifact,
            "url": f"{base}project/version/item.html?cap={uuid.uuid4()}&arttypeid={arttype}&artid={artifact}",
            "created": context.now,
            "published": _publishing(context, release),
            "archived": False,
            "notice": notice,
            "team_access": release_type["team_access"],
        },
    )


def shape(context: RequestContext, doc: Doc) -> Doc:
    """Return ReleaseCreated: the request's body with id, url and status. Source: API reference, Project Release."""
    return {"id": doc["id"], **doc["release"], "url": doc["url"], "status": status(context, doc)}


def status(context: RequestContext, doc: Doc) -> str:
    moment = doc["published"]
    return "Published" if moment is not None and context.now >= moment else "Processing"


def _publishing(context: RequestContext, release: dict[str, Any]) -> float | None:
    """Return when the release will be published; None, if a file isn't in the bucket."""
    names = [file["fileName"] for file in release.get("ftpBucketFiles", [])]
    bucket = context.session.value("bucket_files", [])
    if not all(is_in_bucket(name, bucket) for name in names):
        return None
    return context.after(context.now, _PROCESSING_SECONDS) if names else context.now
