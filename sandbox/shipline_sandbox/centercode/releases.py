"""Releases within a release type: what a new one does to the others, and when it is published."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shipline_sandbox.centercode.payload import is_in_bucket

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

_PROCESSING_SECONDS = 5.0
KIND = "centercode_release"


def create(world: World, release_type: Doc, release: dict[str, Any], base: str) -> Doc:
    """Store a release and apply the type's settings: single active release, single notice, default team access."""
    notice = bool(release.get("isClickThroughNotice"))
    for other in world.session.all(KIND):
        if other["type"] != release_type["id"]:
            continue
        archived = other["archived"] or release_type["single_active"]
        noticed = other["notice"] and not (notice and release_type["single_notice"])
        world.session.save(KIND, other | {"archived": archived, "notice": noticed})
    artifact, arttype = str(uuid.uuid4()), release_type["arttypeid"]
    return world.session.add(
        KIND,
        {
            "id": str(uuid.uuid4()),
            "type": release_type["id"],
            "release": release,
            "artid": artifact,
            "url": f"{base}project/version/item.html?cap={uuid.uuid4()}&arttypeid={arttype}&artid={artifact}",
            "created": world.now,
            "published": _publishing(world, release),
            "archived": False,
            "notice": notice,
            "team_access": release_type["team_access"],
        },
    )


def shape(world: World, doc: Doc) -> Doc:
    """ReleaseCreated: what was sent, with id, url and status. Source: API reference, Project Release."""
    return {"id": doc["id"], **doc["release"], "url": doc["url"], "status": status(world, doc)}


def status(world: World, doc: Doc) -> str:
    moment = doc["published"]
    return "Published" if moment is not None and world.now >= moment else "Processing"


def _publishing(world: World, release: dict[str, Any]) -> float | None:
    """When the release will be published: with a file that isn't in the bucket, never."""
    names = [file["fileName"] for file in release.get("ftpBucketFiles", [])]
    bucket = world.session.value("bucket_files", [])
    if not all(is_in_bucket(name, bucket) for name in names):
        return None
    return world.after(world.now, _PROCESSING_SECONDS) if names else world.now
