"""The schemas that CI systems' vendors publish for their pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest


def accepted(name: str, document: Any) -> None:
    """Check a pipeline with such a schema; skip the test without the linters' packages, which have them."""
    package = pytest.importorskip("check_jsonschema")
    schema = Path(package.__file__).parent / f"builtin_schemas/vendor/{name}.json"
    jsonschema.validate(document, json.loads(schema.read_text(encoding="utf-8")))
