"""The vendors' own examples, copied from their documents, fit the schemas.

Beside its type definitions Centercode's reference has "Example" blocks too; they hold the types' names, no data (T-31).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract import openapi

DOCUMENTS = sorted(Path(__file__).with_name("documents").glob("*.json"))


def examples() -> list[Any]:
    found = []
    for path in DOCUMENTS:
        for example in json.loads(path.read_text(encoding="utf-8"))["examples"]:
            service = path.name.split("-")[0]
            name = f"{path.stem}: {example['title']}"
            found.append(pytest.param(service, example["operation"], example["part"], example["value"], id=name))
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_says_where_it_is_from(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["document"]
    assert document["section"]
    assert document["examples"]


@pytest.mark.parametrize(("service", "operation_id", "part", "value"), examples())
def test_the_example_fits(service: str, operation_id: str, part: str, value: Any) -> None:
    assert openapi.problems(service, openapi.schema(service, operation_id, part), value) == []


def test_every_service_has_documents() -> None:
    assert {path.name.split("-")[0] for path in DOCUMENTS} == set(openapi.SERVICES)


def test_file_names_of_the_example_differ_between_request_and_answer() -> None:
    """T-09: a misprint in the document, so an echo is never compared with what was sent."""
    document = json.loads(Path(__file__).with_name("documents").joinpath("centercode-project-release.json").read_text())
    sent, answered = (document["examples"][i]["value"]["ftpBucketFiles"][1] for i in (1, 2))
    assert sent != answered
