"""The v3 releases API: drafts, their files, and publishing (POST /v3/releases and its neighbours)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from shipline.record import dataclass
from shipline.services.operation import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.pipeline import Network, V3Target

T = TypeVar("T", "Release", "File")
_PAGE = 100
_SMALLEST_PAGE = 25  # the documented default of limit
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Release:
    id: str
    name: str
    version: str
    channel: str
    platforms: frozenset[str]
    published: bool
    private: bool
    notes: str

    @property
    def state(self) -> str:
        return "published" if self.published else "draft"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Release:
        return cls(
            id=_id(data),
            name=str(data.get("name") or ""),
            version=str(data.get("version") or ""),
            channel=str(data.get("channel") or ""),
            platforms=frozenset(map(str, data.get("platforms") or filter(None, [data.get("platform")]))),
            published=bool(data.get("published")),
            private=bool(data.get("private")),
            notes=str(data.get("notes") or ""),
        )


@dataclass(frozen=True, slots=True)
class File:
    id: str
    name: str
    url: str
    size: int | None
    checksum: str
    secured: bool | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> File:
        size = data.get("size")
        return cls(
            str(data.get("id", "")),
            str(data.get("name", "")),
            str(data.get("url", "")),
            int(size) if size is not None else None,
            data.get("checksum") or "",
            data.get("secured"),
        )


def _id(data: Mapping[str, Any]) -> str:
    """Raises KeyError without one."""
    if not data["id"]:
        raise KeyError("id")
    return str(data["id"])


class V3(Client):
    """Read-only look-ups; what changes something is a Call that a step sends."""

    def __init__(self, target: V3Target, network: Network) -> None:
        super().__init__("v3", target.url, target.key, network, file_server=target.releases_url or "")

    def releases(self, target: V3Target) -> list[Release]:
        """Releases of the target's product, version and channel that share a platform with it, in the server's order.

        Raises MissingError on a server that only takes ``POST /v3/releases``.
        """
        query = {"productId": target.product_id, "version": target.version, "channel": target.channel}
        found = self._pages("list-releases", query, Release.of)
        wanted = frozenset(p.casefold() for p in target.platforms)
        return [
            r
            for r in found
            if r.version == target.version
            and r.channel == target.channel
            and (not wanted or not r.platforms or wanted & {p.casefold() for p in r.platforms})
        ]

    def files(self, release_id: str) -> list[File]:
        return self._pages("list-release-files", {"releaseId": release_id}, File.of)

    def _pages(self, operation_id: str, query: Mapping[str, str], of: Callable[[Any], T]) -> list[T]:
        """Every item of a list.

        Headers about pages aren't documented, and a server may give fewer items than the limit asks for. So the end is
        a page that brings nothing new or is shorter than the one before it; one below the documented default of 25 is
        taken as the last without a second look, since that would cost nearly every look-up a second request.
        """
        items: dict[str, T] = {}
        full = _SMALLEST_PAGE
        for page in range(1, _MOST_PAGES + 1):
            got = self.listed(operation_id, {**query, "page": str(page), "limit": str(_PAGE)}, of)
            before = len(items)
            items |= {item.id: item for item in got}
            if len(got) < full or len(items) == before:
                break
            full = len(got)
        return list(items.values())
