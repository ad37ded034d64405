"""The Centercode part of a seed: users, projects with their contents, and configured endpoints."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shipline_sandbox.centercode import feedback, queue, records, reports
from shipline_sandbox.centercode.access import ENDPOINT, digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.store import Doc, Session

_REPORTS = {"userDataPackages", "userRecordLookups"}
_LISTENERS = {"userMacroListeners", "userCommentListeners", "userDataListeners"}
_COMMUNITY = {*_REPORTS, "projectDataPackages", "projectRecordLookups", *_LISTENERS, "userImports"}
_PROJECT = {
    *_REPORTS,
    *_LISTENERS,
    "feedbackDataPackages",
    "feedbackRecordLookups",
    "feedbackMacroListeners",
    "feedbackCommentListeners",
    "feedbackDataListeners",
    "userImports",
    "feedback",
}
# A fixed namespace, so that the same names have the same ids in every sandbox.
_NAMESPACE = uuid.UUID("5b1f6a52-2f0b-4c3c-9f3b-0d4f7f6f3a10")


def plant(session: Session, seed: Mapping[str, Any]) -> None:
    """Add the seed. Raises ValueError for an invalid entry, KeyError for an entry without its name."""
    for given in seed.get("users", []):
        user = {"id": given["email"].casefold(), "user_name": given.get("user_name", given["email"])}
        session.save(
            records.USER, {**records.blank(), **user, "email": given["email"], "fields": given.get("fields", {})}
        )
    for project in seed.get("projects", []):
        _plant_project(session, project)
    _plant_endpoints(session, "", seed.get("endpoints", {}), _COMMUNITY)
    if "bucket_files" in seed:
        session.set_value("bucket_files", seed["bucket_files"])


def _plant_project(session: Session, given: Doc) -> None:
    key = given["key"]
    existing = session.find(records.PROJECT, key) or {**records.blank(), "id": key, "name": key}
    fields = existing["fields"] | given.get("fields", {})
    session.save(records.PROJECT, existing | {"name": given.get("name", existing["name"]), "fields": fields})
    for release_type in given.get("release_types", []):
        _plant_release_type(session, key, release_type)
    for kind in given.get("feedback_types", []):
        _plant_feedback_type(session, key, kind)
    for member in given.get("users", []):
        user = records.find_or_none(session, "user", None, member["user"])
        if user is None:
            raise ValueError(f"seed: project {key}: there is no user {member['user']}")
        doc = {"id": f"{key}/{user.doc['id']}", "project": key, "user": user.doc["id"]}
        session.save(records.MEMBER, {**records.blank(), **doc, "fields": member.get("fields", {})})
    for entry in given.get("feedback", []):
        doc = feedback.new(key, entry["type"], entry["key"], entry.get("fields", {}))
        session.save(records.FEEDBACK, doc)
    _plant_endpoints(session, f"projects/{key}/", given.get("endpoints", {}), _PROJECT)


def _plant_release_type(session: Session, project: str, given: Doc) -> None:
    path = f"{project}/{given['key']}"
    session.save(
        "release_type",
        {
            "id": path,
            "project": project,
            "key": given["key"],
            "arttypeid": str(uuid.uuid5(_NAMESPACE, path)),
            "single_active": given.get("single_active", False),
            "single_notice": given.get("single_notice", False),
            "team_access": given.get("team_access", []),
            "bound_to": _bound_to(given),
        },
    )


def _plant_feedback_type(session: Session, project: str, given: Doc) -> None:
    elements = [
        {
            "key": element["key"],
            "title": element.get("title", element["key"]),
            "multiple": element.get("multiple", True),
        }
        for element in given.get("file_elements", [])
    ]
    session.save(
        records.FEEDBACK_TYPE,
        {
            "id": f"{project}/{given['key']}",
            "key": given["key"],
            "title": given.get("title", given["key"]),
            "prefix": given["prefix"],
            "file_elements": elements,
            "bound_to": _bound_to(given),
        },
    )


def _plant_endpoints(session: Session, prefix: str, given: Doc, allowed: set[str]) -> None:
    """Each endpoint's id is its path below ``/api/v1/``."""
    for collection, endpoints in given.items():
        if collection not in allowed:
            raise ValueError(f"seed: there are no endpoints {collection!r} here, only {', '.join(sorted(allowed))}")
        for key, settings in endpoints.items():
            path = f"{prefix}{collection}/{key}"
            parameters = {name: _parameter(name, p) for name, p in settings.get("parameters", {}).items()}
            endpoint = {**settings, "id": path, "key": key, "bound_to": _bound_to(settings), "parameters": parameters}
            _check(path, endpoint, is_report=collection.endswith(("DataPackages", "RecordLookups")))
            endpoint.pop("api_key", None)
            for status, outcome in endpoint.pop("statuses", {}).items():
                session.save(queue.KIND, queue.ended(f"{path}/status/{status}", outcome))
            session.save(ENDPOINT, endpoint)


def _parameter(name: str, given: str | Doc) -> Doc:
    """Return a parameter; a string is short for its label."""
    settings = {"label": given} if isinstance(given, str) else given
    return {"label": name, "data_type": "string", **settings}


def _check(path: str, endpoint: Doc, *, is_report: bool) -> None:
    types = [p["data_type"] for p in endpoint["parameters"].values()]
    types += list(endpoint["fields"].values()) if is_report else []
    outcomes = [endpoint.get("outcome", queue.SUCCEEDED), *endpoint.get("statuses", {}).values()]
    conditions = [name for conditions in endpoint.get("where", {}).values() for name in conditions]
    size = endpoint.get("results_per_page", 1)
    for found, choices in (
        (types, reports.DATA_TYPES),
        (outcomes, (queue.SUCCEEDED, queue.FAILED)),
        (conditions, reports.CONDITIONS),
        ([endpoint.get("format", "json")], ("json", "csv")),
    ):
        if wrong := [value for value in found if value not in choices]:
            raise ValueError(f"seed: {path}: {wrong[0]!r} is not one of {', '.join(choices)}")
    if type(size) is not int or size < 1:
        raise ValueError(f"seed: {path}: results_per_page is a number from 1, not {size!r}")


def _bound_to(given: Doc) -> str | None:
    return digest(given["api_key"]) if "api_key" in given else None
