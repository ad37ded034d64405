"""Users, projects and feedback as they are stored, and how to find one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc, Session

USER, MEMBER, PROJECT = "centercode_user", "centercode_member", "centercode_project"
FEEDBACK, FEEDBACK_TYPE = "centercode_feedback", "centercode_feedback_type"


@dataclass(frozen=True)
class Record:
    """A user, project or feedback: its document, the values of ``find`` that match, its fields by report name."""

    kind: str
    doc: Doc
    names: tuple[str, ...]
    fields: Doc


def blank() -> Doc:
    """Return the members of a new record: fields, data of listeners, comments."""
    return {"fields": {}, "data": {}, "comments": []}


def select(session: Session, subject: str, project: str | None) -> list[Record]:
    """Return all records of a subject (``user``, ``project``, ``feedback``) in a project or the community."""
    if subject == "project":
        return [_project(doc) for doc in session.all(PROJECT)]
    if subject == "feedback":
        return [_feedback(session, doc) for doc in session.all(FEEDBACK) if doc["project"] == project]
    if project is None:
        return [_user(doc) for doc in session.all(USER)]
    users = {doc["id"]: _user(doc) for doc in session.all(USER)}
    return [_member(users[doc["user"]], doc) for doc in session.all(MEMBER) if doc["project"] == project]


def find(session: Session, subject: str, project: str | None, query: str) -> Record:
    """Return the record with this key, user name or e-mail address, whatever the case. Raises Refused (404)."""
    found = find_or_none(session, subject, project, query)
    if found is None:
        raise Refused(404, "Not Found")
    return found


def find_or_none(session: Session, subject: str, project: str | None, query: str) -> Record | None:
    wanted = query.casefold()
    matching = (r for r in select(session, subject, project) if wanted in map(str.casefold, r.names))
    return next(matching, None)


def add_user(session: Session, email: str, project: str | None = None) -> None:
    """Add a user to the community and, if given, to the project. An existing user stays unchanged."""
    key = email.casefold()
    if session.find(USER, key) is None:
        session.save(USER, {**blank(), "id": key, "user_name": email, "email": email})
    if project is not None and session.find(MEMBER, f"{project}/{key}") is None:
        session.save(MEMBER, {**blank(), "id": f"{project}/{key}", "project": project, "user": key})
        count(session, project, "Total Users")


def count(session: Session, project: str, field: str) -> None:
    """Add one to a project's figure, if the project has it."""
    doc = session.find(PROJECT, project)
    if doc and isinstance(doc["fields"].get(field), int):
        doc["fields"][field] += 1
        session.save(PROJECT, doc)


def local_date(moment: float) -> str:
    """Return ``yyyy-MM-ddTHH:mm:ss`` without a zone, as reports show dates."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _project(doc: Doc) -> Record:
    return Record(PROJECT, doc, (doc["id"],), {"Project Name": doc["name"], "Project Key": doc["id"], **_own(doc)})


def _user(doc: Doc) -> Record:
    fields = {"User Name": doc["user_name"], "E-mail": doc["email"], **_own(doc)}
    return Record(USER, doc, (doc["user_name"], doc["email"]), fields)


def _member(user: Record, doc: Doc) -> Record:
    return Record(MEMBER, doc, user.names, user.fields | _own(doc))


def _feedback(session: Session, doc: Doc) -> Record:
    kind = session.find(FEEDBACK_TYPE, f"{doc['project']}/{doc['type']}") or {"title": doc["type"]}
    return Record(FEEDBACK, doc, (doc["key"],), {"ID": doc["key"], "Type": kind["title"], **_own(doc)})


def _own(doc: Doc) -> Doc:
    comments = [": ".join(part for part in (c["author"], c["message"]) if part) for c in doc["comments"]]
    return {"Comments": comments, **doc["fields"], **doc["data"]}
