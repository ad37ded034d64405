"""The v3 releases API: read-only requests for releases and their files (``/v3/releases``, ``/v3/release-files``)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar

from shipline.services.client import PAGE_SIZE, Account, Call, Client, new_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shipline.transport.settings import Network

T = TypeVar("T", "Release", "File")
_MAX_PAGES = 100
_DEFAULT_PAGE_SIZE = 25  # items on a page if the request has no limit (v3 reference)


class Release(NamedTuple):
    """A release of a product."""

    id: str
    name: str
    version: str
    channel: str
    platforms: frozenset[str]
    published: bool
    private: bool
    notes: str
    archived: bool
    files: tuple[File, ...] | None  # None: the response doesn't list all of them

    @property
    def state(self) -> str:
        """``archived``, ``published`` or ``draft``."""
        return "archived" if self.archived else "published" if self.published else "draft"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read a release. Raises KeyError without an id."""
        if not data["id"]:
            raise KeyError("id")
        files = data.get("files")
        has_all = isinstance(files, list) and data.get("totalFiles") == len(files)
        return cls(
            id=str(data["id"]),
            name=str(data.get("name") or ""),
            version=str(data.get("version") or ""),
            channel=str(data.get("channel") or ""),
            platforms=frozenset(map(str, data.get("platforms") or filter(None, [data.get("platform")]))),
            published=bool(data.get("published")),
            private=bool(data.get("private")),
            notes=str(data.get("notes") or ""),
            archived=bool(data.get("archived")),
            files=tuple(File.of(file) for file in files) if files is not None and has_all else None,
        )


class File(NamedTuple):
    """A file of a release: uploaded to the release server, or a link. ``size`` is in bytes, ``checksum`` is MD5."""

    id: str
    name: str
    url: str
    size: int | None
    checksum: str
    secured: bool | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read a file; a missing text is empty. Raises ValueError for a size that is no number."""
        size = data.get("size")
        return cls(
            str(data.get("id") or ""),
            str(data.get("name") or ""),
            str(data.get("url") or ""),
            int(size) if size is not None else None,
            data.get("checksum") or "",
            data.get("secured"),
        )


class Target(Account, Protocol):
    """The releases that a run looks for."""

    @property
    def releases_url(self) -> str | None: ...
    @property
    def product_id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def platforms(self) -> Sequence[str]: ...


class V3(Client):
    """The read-only requests of a run. Steps send the requests that change something, as a Call."""

    def __init__(self, target: Target, network: Network) -> None:
        super().__init__("v3", target.url, target.key, network, file_server=target.releases_url or "")
        self._target = target

    def releases(self, target: Target) -> list[Release]:
        """Releases of the target's product, version and channel that share a platform with it, in the server's order.

        Raises MissingError on a server that only takes ``POST /v3/releases``.
        """
        query = {"productId": target.product_id, "version": target.version, "channel": target.channel}
        releases = self._all_pages("list-releases", query, Release.of)
        return [r for r in releases if r.version == target.version and _is_for(r, target)]

    def published(self, target: Target) -> list[Release]:
        """The newest published releases of the target's channel and platforms, of one page and in one request."""
        query = {"productId": target.product_id, "channel": target.channel, "published": "true", "sort": "-createdAt"}
        releases = self.listed("list-releases", {**query, "page": "1", "limit": str(PAGE_SIZE)}, Release.of)
        return [r for r in releases if r.state == "published" and _is_for(r, target)]

    def files(self, release_id: str) -> list[File]:
        """The files of a release, in the server's order."""
        return self._all_pages("list-release-files", {"releaseId": release_id}, File.of)

    def _names(self, call: Call | None) -> tuple[str, str, frozenset[str]]:
        query = {"page": "1", "limit": str(PAGE_SIZE)}
        found = self.listed("list-releases", query, lambda item: str(item.get("productId") or ""))
        return "v3.product-id", self._target.product_id, frozenset(filter(None, found))

    def _all_pages(self, operation_id: str, query: Mapping[str, str], parse: Callable[[Any], T]) -> list[T]:
        """The items of all pages of a list, each made by ``parse``.

        A page below the documented default size is the last: otherwise nearly every check would cost a second
        request. If a server with smaller pages hides a release, it refuses to create that release a second time.
        """

        def fetch(page: int) -> list[T]:
            return self.listed(operation_id, {**query, "page": str(page), "limit": str(PAGE_SIZE)}, parse)

        pages = new_items(fetch, lambda item: item.id, smallest_full_page=_DEFAULT_PAGE_SIZE)
        return [item for page in itertools.islice(pages, _MAX_PAGES) for item in page]


def _is_for(release: Release, target: Target) -> bool:
    """True if a release is in the target's channel and shares a platform with it."""
    wanted, served = ({p.casefold() for p in platforms} for platforms in (target.platforms, release.platforms))
    return release.channel == target.channel and (not wanted or not served or bool(wanted & served))
