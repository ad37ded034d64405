"""The v3 API's JSON. Source: "Create a release", 201 Created."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from shipline_sandbox.clock import milliseconds

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

TENANT = "00000000-0000-4000-8000-5a4d6a4e6442"


def files_of(context: RequestContext, release_id: str) -> list[Doc]:
    return [file for file in context.session.all("v3_file") if file["releaseId"] == release_id]


def release_shape(context: RequestContext, doc: Doc) -> Doc:
    files = [_file(file, doc) for file in files_of(context, doc["id"])]
    published = doc["publishedAt"]
    return {
        "id": doc["id"],
        "createdAt": milliseconds(doc["createdAt"]),
        "updatedAt": milliseconds(doc["updatedAt"]),
        "name": doc["name"],
        "channel": doc["channel"],
        "version": doc["version"],
        "platforms": doc["platforms"],
        "notes": doc["notes"],
        "totalFiles": len(files),
        "publishedAt": milliseconds(published) if published is not None else None,
        "files": files,
        "published": published is not None,
        "private": doc["private"],
        "archived": doc.get("archived", False),
        "productId": doc["productId"],
        "tenantId": TENANT,
    }


def file_shape(context: RequestContext, doc: Doc) -> Doc:
    return _file(doc, context.session.find("v3_release", doc["releaseId"]) or {})


def _file(doc: Doc, release: Doc) -> Doc:
    return {
        "id": doc["id"],
        "createdAt": milliseconds(doc["createdAt"]),
        "updatedAt": milliseconds(doc["updatedAt"]),
        "name": doc["name"],
        "url": doc["url"],
        "size": doc["size"],
        "downloads": 0,
        "extension": PurePosixPath(doc["name"]).suffix,
        "checksum": doc.get("checksum"),
        "secured": doc["secured"],
        "published": release.get("publishedAt") is not None,
        "releaseId": doc["releaseId"],
        "releaseName": release.get("name"),
    }
