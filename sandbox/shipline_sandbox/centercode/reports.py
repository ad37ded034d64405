"""Report elements: the records and fields that they show, as JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from flask import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline_sandbox.centercode.records import Record
    from shipline_sandbox.store import Doc

DATA_TYPES = ("boolean", "date", "double", "integer", "string")
CONDITIONS = ("is", "above", "below")
_NUMBERS = {"double", "integer"}


def shows(element: Doc, record: Record) -> bool:
    """Return whether the report has the record: every condition in ``where`` holds, as ``{"Score": {"below": 0}}``."""
    return all(
        _holds(record.fields.get(field), condition, bound)
        for field, conditions in element.get("where", {}).items()
        for condition, bound in conditions.items()
    )


def _holds(value: Any, condition: str, bound: Any) -> bool:
    if condition == "is":
        return bool(value == bound)
    if not isinstance(value, int | float):
        return False
    return bool(value > bound if condition == "above" else value < bound)


def cells(element: Doc, record: Record) -> list[Doc]:
    """Return a cell for each field of the element: dataType, computedValue (a string), values; "" and [] if empty."""
    return [_cell(record.fields.get(name), data_type) for name, data_type in element["fields"].items()]


def _cell(value: Any, data_type: str) -> Doc:
    values = value if isinstance(value, list) else [value]
    values = [v for v in values if v is not None and v != ""]
    typed = values if data_type in _NUMBERS else [as_string(v) for v in values]
    return {"dataType": data_type, "computedValue": ", ".join(map(as_string, values)), "values": typed}


def as_string(value: Any) -> str:
    """Return strings unchanged, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def is_csv(element: Doc) -> bool:
    return bool(element.get("format") == "csv")


def as_csv(element: Doc, rows: Iterable[list[Doc]]) -> Response:
    """Return a line of field names, then a line for each record."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(element["fields"])
    writer.writerows([cell["computedValue"] for cell in row] for row in rows)
    return Response(text.getvalue(), content_type="text/csv; charset=utf-8")
