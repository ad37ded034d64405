"""The schemas folder: beside this module in an installed wheel, at the top of the repository otherwise."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILES = {
    "pipeline": "pipeline.schema.json",
    "receipt": "receipt.schema.json",
    "buildmaster": "buildmaster.openapi.json",
    "centercode": "centercode.openapi.json",
    "v3": "v3.openapi.json",
}
NAMES = tuple(_FILES)


def path(name: str) -> Path:
    """Where the schema ``name`` (one of ``NAMES``) is. Raises KeyError for another name."""
    here = Path(__file__).resolve().parent
    packed = here / "schemas" / _FILES[name]
    return packed if packed.is_file() else here.parents[1] / "schemas" / _FILES[name]


@cache
def load(name: str) -> dict[str, Any]:
    """The schema ``name``, read once; not to be changed by the caller."""
    schema: dict[str, Any] = json.loads(path(name).read_text(encoding="utf-8"))
    return schema
