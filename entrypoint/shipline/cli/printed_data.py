"""The data that an operation's command prints: secrets are hidden in the fields that hold them, and nowhere else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from shipline.display import hide_in_value
from shipline.errors import RefusedError
from shipline.redaction import HIDDEN, Redactor
from shipline.services.openapi import resolved


def mask_fields(service: str, schema: Mapping[str, Any], data: Any) -> Any:
    """A copy of JSON data with ``***`` in each field that its schema in the service's file declares as a password."""
    schema = resolved(service, schema)
    if schema.get("format") == "password":
        return HIDDEN if data else data
    if isinstance(data, Mapping):
        fields = schema.get("properties", {})
        return {name: mask_fields(service, fields.get(name, {}), value) for name, value in data.items()}
    if isinstance(data, list):
        return [mask_fields(service, schema.get("items", {}), item) for item in data]
    return data


def hide_keys(keys: Redactor, data: Any) -> Any:
    """A copy of JSON data with ``***`` for each key in a text. Raises RefusedError for a key in a number or a name."""
    if isinstance(data, str):
        return hide_in_value(data, keys)
    if isinstance(data, Mapping):
        for name in data:
            _check(keys, name, "the name of a field")
        return {name: hide_keys(keys, value) for name, value in data.items()}
    if isinstance(data, list):
        return [hide_keys(keys, item) for item in data]
    if isinstance(data, int | float) and not isinstance(data, bool):
        _check(keys, json.dumps(data), "a number")
    return data


def hide_keys_in_csv(keys: Redactor, text: str) -> str:
    """CSV with ``***`` for each key in a field. Raises RefusedError for a key that spans fields."""
    if keys(text) == text:
        return text
    rows = hide_keys(keys, [*csv.reader(io.StringIO(text, newline=""))])
    shown = io.StringIO(newline="")
    csv.writer(shown, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(rows)
    _check(keys, shown.getvalue(), "several fields")
    return shown.getvalue()


def _check(keys: Redactor, text: str, place: str) -> None:
    if source := keys.source_in(text):
        raise RefusedError(
            f"Shipline received the response but doesn't print it: it contains the text of {source} in {place}",
            why="*** there would make the data wrong",
            todo="use a key whose text is in no data; check the service before you send a change again",
        )
