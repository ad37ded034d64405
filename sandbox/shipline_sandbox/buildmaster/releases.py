"""Releases and builds: find them by a request's parameters, create them, and check their rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from shipline_sandbox.buildmaster.parameters import Parameters
    from shipline_sandbox.store import Doc, Session


def new_release(
    session: Session,
    application: Doc,
    now: float,
    *,
    number: str,
    name: str | None = None,
    pipeline: str | None = None,
    template: str | None = None,
    status: str = "active",
    variables: dict[str, Any] | None = None,
    target_date: str | None = None,
    **identity: int,
) -> Doc:
    """Add a release, with the next sequence number of its application. ``target_date``: ISO 8601, UTC without a Z.

    ``identity``: its ``id``, by default the next one.
    """
    siblings = [r for r in session.all("release") if r["application_id"] == application["id"]]
    return session.add(
        "release",
        {
            "application_id": application["id"],
            "number": number,
            "name": name or number,
            "sequence": max((r["sequence"] for r in siblings), default=0) + 1,
            "status": status,
            "pipeline": pipeline,
            "template": template,
            "created": now,
            "variables": variables or {},
            "target_date": target_date,
            **identity,
        },
    )


def cancel(session: Session, release: Doc, now: float, *, by: str, reason: str | None = None) -> None:
    """Cancel a release and reject its builds ("Releases", Status and Lifecycles, 19 July 2024)."""
    session.save("release", release | {"status": "canceled", "canceled_by": by, "canceled": now, "reason": reason})
    for build in session.all("build"):
        if build["release_id"] == release["id"] and build["status"] != "rejected":
            session.save("build", build | {"status": "rejected", "rejected_by": by, "rejected": now})


def complete(session: Session, release: Doc, pipeline: Doc, now: float) -> None:
    """Apply the pipeline's events for a build that completes it ("Pipeline Event Listeners", 19 July 2024)."""
    events = pipeline.get("on_completed", [])
    application = session.find("application", release["application_id"])
    if "cancel_other_releases" in events:
        for other in session.all("release"):
            lower = other["sequence"] < release["sequence"] and other["status"] == "active"
            if lower and other["application_id"] == release["application_id"]:
                cancel(session, other, now, by="SYSTEM")
    if "create_new_release" in events and application:
        number = re.sub(r"[0-9]+(?=[^0-9]*\Z)", lambda last: str(int(last[0]) + 1), release["number"])
        if not release_numbered(session, application, number):
            new_release(session, application, now, number=number, pipeline=release["pipeline"])


def new_build(
    session: Session,
    now: float,
    *,
    owner: Doc,
    number: str | None,
    variables: dict[str, Any] | None = None,
    **identity: int,
) -> Doc:
    """Add a build to a release, or to an application and pipeline (``owner`` without a release id).

    ``identity``: its ``id``, by default the next one.
    Raises Refused (400) if the release accepts no builds, or has a build with this number.
    """
    if owner.get("status", "active") != "active":
        raise Refused(400, f"Release {owner['number']} is {owner['status']}; a build needs an active release.")
    release_id = owner.get("id")
    numbers = [
        build["number"]
        for build in session.all("build")
        if build["release_id"] == release_id and build["application_id"] == owner["application_id"]
    ]
    if number is None:
        number = str(max((int(n) for n in numbers if n.isascii() and n.isdigit()), default=0) + 1)
    if number in numbers:
        raise Refused(400, f"Build {number} already exists.")
    return session.add(
        "build",
        {
            "application_id": owner["application_id"],
            "release_id": release_id,
            "number": number,
            "status": "active",
            "pipeline": owner["pipeline"],
            "furthest_stage": None,
            "created": now,
            "variables": variables or {},
            **identity,
        },
    )


def find_application(session: Session, parameters: Parameters) -> Doc | None:
    """Return the application that a request names by id or name; None if unset. Raises Refused (400) if unknown."""
    key, name = parameters.integer("applicationId"), parameters.text("applicationName")
    if key is not None and name is not None:
        raise Refused(400, "Send either applicationId or applicationName, not both.")
    if key is None and name is None:
        return None
    for application in session.all("application"):
        if application["id"] == key or application["name"] == name:
            return application
    raise Refused(400, f"Application {name if key is None else key} not found.")


def required_application(session: Session, parameters: Parameters) -> Doc:
    application = find_application(session, parameters)
    if application is None:
        raise Refused(400, "applicationId or applicationName is required.")
    return application


def find_release(session: Session, parameters: Parameters, *, both: bool = False) -> Doc:
    """Return the release that a request names: by ``releaseId``, or by application and ``releaseNumber``.

    ``both`` allows an application beside the id, as the vendor's example of restoring a release has it.
    Raises Refused (400).
    """
    key, number = parameters.integer("releaseId"), parameters.text("releaseNumber")
    if (key is None) == (number is None):
        raise Refused(400, "Either releaseId or releaseNumber is required.")
    if key is not None:
        if not both and (parameters.text("applicationId") or parameters.text("applicationName")):
            raise Refused(400, "An application doesn't exist with releaseId.")
        release = session.find("release", key)
    else:
        application = required_application(session, parameters)
        release = release_numbered(session, application, str(number))
    if release is None:
        raise Refused(400, f"Release {number if key is None else key} not found.")
    return release


def release_numbered(session: Session, application: Doc, number: str) -> Doc | None:
    releases = session.all("release")
    return next((r for r in releases if r["application_id"] == application["id"] and r["number"] == number), None)


def find_build(session: Session, parameters: Parameters) -> Doc:
    """Return the build with the ``buildId``, or with the release and ``buildNumber``. Raises Refused (400)."""
    key, number = parameters.integer("buildId"), parameters.text("buildNumber")
    if (key is None) == (number is None):
        raise Refused(400, "Either buildId or buildNumber is required.")
    if key is not None:
        others = ("releaseId", "releaseNumber", "applicationId", "applicationName")
        if any(parameters.text(name) for name in others):
            raise Refused(400, "A release or application doesn't exist with buildId.")
        build = session.find("build", key)
    else:
        release = find_release(session, parameters)
        build = next(
            (b for b in session.all("build") if b["release_id"] == release["id"] and b["number"] == number), None
        )
    if build is None:
        raise Refused(400, f"Build {number if key is None else key} not found.")
    return build


def find_pipeline(session: Session, application: Doc, name: str | None) -> Doc | None:
    """Return the pipeline of an application, or with a raft prefix (``global::Name``) a global one."""
    if name is None:
        return None
    found: Doc | None = session.find("pipeline", name) if "::" in name else application["pipelines"].get(name)
    return found


def bound_pipeline(session: Session, application: Doc, name: str) -> str | None:
    """Return the pipeline name that a new release keeps.

    A global pipeline named without its prefix leaves the release without one, as on real servers. Raises Refused (400)
    for an unknown pipeline.
    """
    if find_pipeline(session, application, name):
        return name
    if session.find("pipeline", f"global::{name}"):
        return None
    raise Refused(400, f"Pipeline {name} not found.")
