"""The schemas and the page of errors: beside this module in a wheel, otherwise at the top of the repository."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILES = {
    "pipeline": "schemas/pipeline.schema.json",
    "receipt": "schemas/receipt.schema.json",
    "buildmaster": "schemas/buildmaster.openapi.json",
    "centercode": "schemas/centercode.openapi.json",
    "v3": "schemas/v3.openapi.json",
}
NAMES = tuple(_FILES)
ERRORS = "docs/errors.md"


def path(name: str) -> Path:
    """The path of the schema ``name`` (one of ``NAMES``). Raises KeyError for another name."""
    return file(_FILES[name])


def file(name: str) -> Path:
    """The path of a file of the repository that the wheel carries: a schema, or ``ERRORS``."""
    here = Path(__file__).resolve().parent
    packed = here / name
    return packed if packed.is_file() else here.parents[1] / name


@cache
def load(name: str) -> dict[str, Any]:
    """The content of the schema ``name``. It is read once and shared: callers must not change it."""
    part = _without_empty_text if name == "pipeline" else None
    schema: dict[str, Any] = json.loads(path(name).read_text(encoding="utf-8"), object_hook=part)
    return schema


def _without_empty_text(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the config file's schema without the empty text, which editors accept everywhere: it is unset.

    The program removes it before it validates. In the schema it is the only text of another type, or is left out of
    a choice by a condition: so editors don't suggest it.
    """
    if part.get("pattern") == "^$":
        del part["pattern"], part["patternErrorMessage"]
        part["type"] = part["type"][0]
    elif part.get("if") == {"minLength": 1}:
        del part["if"]
        part |= part.pop("then")
    return part
