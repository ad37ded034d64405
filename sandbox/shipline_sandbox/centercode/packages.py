"""Data packages: pages of a report's rows. Source: API reference, "Data Packages"."""

from __future__ import annotations

import math
import re

from flask import Blueprint, Response, request

from shipline_sandbox.answers import as_json
from shipline_sandbox.centercode import records, reports
from shipline_sandbox.centercode.access import invalid, known, open_endpoint

blueprint = Blueprint("packages", __name__)
_RESULTS_PER_PAGE = 1000
_PROJECT = "/projects/<project>"
_USER, _FEEDBACK = {"subject": "user"}, {"subject": "feedback"}


@blueprint.get("/userDataPackages/<key>", endpoint="community-user-data-package", defaults=_USER)
@blueprint.get("/projectDataPackages/<key>", endpoint="community-project-data-package", defaults={"subject": "project"})
@blueprint.get(f"{_PROJECT}/userDataPackages/<key>", endpoint="project-user-data-package", defaults=_USER)
@blueprint.get(f"{_PROJECT}/feedbackDataPackages/<key>", endpoint="project-feedback-data-package", defaults=_FEEDBACK)
def package(subject: str, key: str, project: str | None = None) -> Response:  # noqa: ARG001 - the path names it
    """Return one page; a page beyond the last has no rows."""
    context, found = open_endpoint()
    page = _page()
    element = known(found)
    shown = [r for r in records.select(context.session, subject, project) if reports.shows(element, r)]
    size = element.get("results_per_page", _RESULTS_PER_PAGE)
    rows = [reports.cells(element, record) for record in shown[(page - 1) * size : page * size]]
    if reports.is_csv(element):
        return reports.as_csv(element, rows)
    paging = {
        "currentPage": page,
        "totalPages": max(1, math.ceil(len(shown) / size)),
        "resultsPerPage": size,
        "totalResults": len(shown),
    }
    fields = [{"name": name, "dataType": data_type} for name, data_type in element["fields"].items()]
    data = [[{"fieldOrdinal": ordinal, **cell} for ordinal, cell in enumerate(row)] for row in rows]
    return as_json({"paging": paging, "fields": fields, "data": data})


def _page() -> int:
    text = request.args.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < 1:
        raise invalid(("Page", "The page must be a whole number from 1."))
    return int(text)
