"""Record lookups: one record of a report. Source: API reference, "Record Lookups"."""

from __future__ import annotations

from flask import Blueprint, Response

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.centercode import records, reports
from shipline_sandbox.centercode.access import find_query, known, open_endpoint

blueprint = Blueprint("lookups", __name__)
_PROJECT = "/projects/<project>"
_USER, _FEEDBACK = {"subject": "user"}, {"subject": "feedback"}


@blueprint.get("/userRecordLookups/<key>", endpoint="community-user-lookup", defaults=_USER)
@blueprint.get("/projectRecordLookups/<key>", endpoint="community-project-lookup", defaults={"subject": "project"})
@blueprint.get(f"{_PROJECT}/userRecordLookups/<key>", endpoint="project-user-lookup", defaults=_USER)
@blueprint.get(f"{_PROJECT}/feedbackRecordLookups/<key>", endpoint="project-feedback-lookup", defaults=_FEEDBACK)
def lookup(subject: str, key: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names it
    """Return the record that ``find`` names; 404 if it is unknown or not in the report."""
    context, found = open_endpoint()
    query = find_query()
    element = known(found)
    record = records.find(context.session, subject, project, query)
    if not reports.shows(element, record):
        raise Refused(404, "Not Found")
    row = reports.cells(element, record)
    if reports.is_csv(element):
        return reports.as_csv(element, [row])
    name = context.switches["lookup_member"]
    return as_json({"data": [{name: field, **cell} for field, cell in zip(element["fields"], row, strict=True)]})
