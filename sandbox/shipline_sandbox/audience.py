"""The releases as those see them whom they are for: testers in a Centercode project, customers of a v3 product."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shipline_sandbox import overview
from shipline_sandbox.v3 import updates
from shipline_sandbox.v3.shapes import release_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

_WEB = ("http://", "https://")
_SETTINGS = (
    ("single_active", "one active release: a new one archives the others"),
    ("single_notice", "one notice: a new one takes it from the others"),
)


def projects(world: World) -> list[Doc]:
    """Each project with release types: for each type its settings, and its releases, newest first."""
    found: dict[str, list[Doc]] = {}
    releases = [_tester_release(world, r) for r in reversed(overview.testers(world))]
    for kind in world.session.all("release_type"):
        own = [r for r in releases if r["releaseType"] == kind["id"]]
        found.setdefault(kind["project"], []).append(
            {
                "key": kind["key"],
                "settings": [text for name, text in _SETTINGS if kind[name]]
                + [f"for {', '.join(kind['team_access'])}" for _ in kind["team_access"][:1]],
                "current": [r for r in own if r["status"] == "Published" and not r["archived"]],
                "processing": [r for r in own if r["status"] != "Published"],
                "archived": [r for r in own if r["status"] == "Published" and r["archived"]],
            }
        )
    return [{"key": key, "types": types} for key, types in found.items()]


def tester_release(world: World, artid: str) -> Doc | None:
    """The release behind the address that Centercode gave it."""
    found = (r for r in overview.testers(world) if artid and r["url"].endswith(f"artid={artid}"))
    release = next(found, None)
    return _tester_release(world, release) if release else None


def products(world: World) -> list[Doc]:
    """Each v3 product that is known or has releases: what is published and what is still a draft, newest first."""
    releases = sorted((release_shape(world, r) for r in world.session.all("v3_release")), key=_moment, reverse=True)
    names = {p["id"]: p["name"] for p in world.session.all("product")}
    return [
        {
            "id": key,
            "name": names.get(key),
            "published": [r for r in releases if r["productId"] == key and r["published"]],
            "drafts": [r for r in releases if r["productId"] == key and not r["published"]],
        }
        for key in dict.fromkeys([*names, *(r["productId"] for r in releases)])
    ]


def update_check(world: World, asked: Mapping[str, str]) -> Doc | None:
    """What an app that asks for an update is told: ``says``, and a release or None. None: nothing was asked."""
    given = {name: asked.get(name, "").strip() for name in ("product", "platform", "channel", "version")}
    if not given["version"]:
        return None
    if not updates.is_version(given["version"]):
        return {"says": "400: version must be of the form x.x, x.x.x or x.x.x.x", "release": None}
    channel = given["channel"] or "stable"
    found = updates.offered(world, given["product"], given["platform"], channel, given["version"])
    who = f"An app at {given['version']} on {given['platform'] or 'no platform'}, channel {channel},"
    if found is None:
        return {"says": f"{who} is told nothing (204): no published release is newer.", "release": None}
    return {"says": f"{who} is offered {found['version']}.", "release": release_shape(world, found)}


def _tester_release(world: World, release: Doc) -> Doc:
    """With its links sorted into the download block and the others, and whether its dates let it be seen now."""
    links = [link | {"safe": link["url"].lower().startswith(_WEB)} for link in release.get("links") or []]
    return release | {
        "block": [link for link in links if link.get("includeInDownloadBlock")],
        "others": [link for link in links if not link.get("includeInDownloadBlock")],
        "when": _when(world.now, release),
    }


def _when(now: float, release: Doc) -> str:
    start, end = release.get("startDate"), release.get("endDate")
    if start and now < _seconds(start):
        return f"not to be seen before {start}"
    if end and now >= _seconds(end):
        return f"not to be seen since {end}"
    return f"to be seen until {end}" if end else ""


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()


def _moment(release: dict[str, Any]) -> str:
    return str(release["publishedAt"] or release["createdAt"])
