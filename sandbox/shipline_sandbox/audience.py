"""The releases as their audience sees them: testers in a Centercode project, customers of a v3 product."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

from shipline_sandbox import overview
from shipline_sandbox.v3 import updates
from shipline_sandbox.v3.shapes import release_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

_SERVER_ZONE = timezone(timedelta(hours=-8))
_WEB = ("http://", "https://")
_SETTINGS = (
    ("single_active", "A new release archives the earlier ones"),
    ("single_notice", "A new notice replaces the earlier one"),
)


def projects(context: RequestContext) -> list[Doc]:
    """Return each project with release types: for each type its settings, and its releases, newest first."""
    found: dict[str, list[Doc]] = {}
    releases = [_tester_release(context, r) for r in reversed(overview.testers(context))]
    for kind in context.session.all("release_type"):
        own = [r for r in releases if r["releaseType"] == kind["id"]]
        found.setdefault(kind["project"], []).append(
            {
                "key": kind["key"],
                "settings": [text for name, text in _SETTINGS if kind[name]]
                + [f"For {', '.join(kind['team_access'])}" for _ in kind["team_access"][:1]],
                "current": [r for r in own if r["status"] == "Published" and not r["archived"]],
                "processing": [r for r in own if r["status"] != "Published"],
                "archived": [r for r in own if r["status"] == "Published" and r["archived"]],
            }
        )
    return [{"key": key, "types": types} for key, types in found.items()]


def tester_release(context: RequestContext, artid: str) -> Doc | None:
    """Return the release with this id in its address."""
    found = (r for r in overview.testers(context) if artid and r["url"].endswith(f"artid={artid}"))
    release = next(found, None)
    return _tester_release(context, release) if release else None


def products(context: RequestContext) -> list[Doc]:
    """Return each v3 product that is seeded or has releases: its releases by their state, newest first."""
    releases = sorted((release_shape(context, r) for r in context.session.all("v3_release")), key=_moment, reverse=True)
    names = {p["id"]: p["name"] for p in context.session.all("product")}
    return [
        {
            "id": key,
            "name": names.get(key),
            "published": [r for r in releases if r["productId"] == key and r["published"] and not r["archived"]],
            "drafts": [r for r in releases if r["productId"] == key and not (r["published"] or r["archived"])],
            "archived": [r for r in releases if r["productId"] == key and r["archived"]],
        }
        for key in dict.fromkeys([*names, *(r["productId"] for r in releases)])
    ]


def update_check(context: RequestContext, asked: Mapping[str, str]) -> Doc | None:
    """Return the response to an app that checks for updates: ``says`` and a release; None without a version."""
    given = {name: asked.get(name, "").strip() for name in ("product", "platform", "channel", "version")}
    if not given["version"]:
        return None
    if not updates.is_version(given["version"]):
        return {"says": "400: version must be of the form x.x, x.x.x or x.x.x.x", "release": None}
    channel = given["channel"] or "stable"
    found = updates.offered(context, updates.App(given["product"], given["platform"], channel), given["version"])
    who = f"An app at {given['version']} on {given['platform'] or 'no platform'}, channel {channel},"
    if found is None:
        return {"says": f"{who} gets no update (204): no published release is newer.", "release": None}
    return {"says": f"{who} is offered {found['version']}.", "release": release_shape(context, found)}


def _tester_release(context: RequestContext, release: Doc) -> Doc:
    """Return the release with its links in two groups (download block, others) and its visibility by date."""
    links = [link | {"safe": link["url"].lower().startswith(_WEB)} for link in release.get("links") or []]
    return release | {
        "block": [link for link in links if link.get("includeInDownloadBlock")],
        "others": [link for link in links if not link.get("includeInDownloadBlock")],
        "when": _when(context.now, release),
    }


def _when(now: float, release: Doc) -> str:
    start, end = release.get("startDate"), release.get("endDate")
    if start and now < _seconds(start):
        return f"invisible before {start}"
    if not end:
        return ""
    # The end date's time doesn't count ("Creating resources" in Centercode's help).
    ends = datetime.combine(date.fromisoformat(end[:10]), time(), _SERVER_ZONE)
    return f"{'invisible since' if now >= ends.timestamp() else 'visible until'} {end[:10]}, 12:00 am PST"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _moment(release: dict[str, Any]) -> str:
    return str(release["publishedAt"] or release["createdAt"])
