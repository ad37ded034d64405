"""The vendors' own examples, copied from their documents, fit the schemas.

A document with a ``request`` says where its example is sent to; ``misprints`` are the parts of the printed command that
differ from it, each with the reason, and ``changed`` the values of an example that differ from the document's. Beside
its type definitions Centercode's reference has "Example" blocks too; they hold the types' names, no data (T-31).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contract import openapi

if TYPE_CHECKING:
    from pathlib import Path


def examples() -> list[Any]:
    found = []
    for path in openapi.DOCUMENTS:
        for example in openapi.document(path.stem)["examples"]:
            service = openapi.service_of(path.stem)
            name = f"{path.stem}: {example['title']}"
            found.append(pytest.param(service, example["operation"], example["part"], example["value"], id=name))
    return found


REQUESTS = openapi.requests()
PRINTED = [
    name for name in REQUESTS if openapi.service_of(name) == "centercode"
]  # its reference prints a command for each


@pytest.mark.parametrize("path", openapi.DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_says_where_it_is_from(path: Path) -> None:
    found = openapi.document(path.stem)
    assert found["document"]
    assert found["section"]
    assert found["examples"]


@pytest.mark.parametrize(("service", "operation_id", "part", "value"), examples())
def test_the_example_fits(service: str, operation_id: str, part: str, value: Any) -> None:
    assert openapi.problems(service, openapi.schema(service, operation_id, part), value) == []


@pytest.mark.parametrize("name", REQUESTS)
def test_the_request_is_for_its_operation_only_and_its_values_fit(name: str) -> None:
    service, request = openapi.service_of(name), openapi.document(name)["request"]
    found = openapi.matching(service, request["method"], request["path"])
    assert list(found) == [request["operation"]]
    given = {"path": found[request["operation"]], "query": request.get("query", {})}
    entry = openapi.operation(service, request["operation"])
    parameters = [openapi.resolved(service, parameter) for parameter in entry.get("parameters", [])]
    for place, values in given.items():
        described = {p["name"]: p for p in parameters if p["in"] == place}
        assert values.keys() <= described.keys()
        assert {p for p in described if described[p].get("required")} <= values.keys()
        for key, value in values.items():
            assert openapi.problems(service, described[key]["schema"], value) == []


@pytest.mark.parametrize("name", REQUESTS)
def test_the_request_has_a_body_where_the_operation_takes_one(name: str) -> None:
    service, found = openapi.service_of(name), openapi.document(name)
    entry = openapi.operation(service, found["request"]["operation"])
    content = entry.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        assert found["request"]["form"].keys() == content["multipart/form-data"]["schema"]["properties"].keys()
    else:
        assert bool(openapi.parts(found, "request")) == bool(content)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_documented_status_is_the_only_success(name: str) -> None:
    """T-29: for statuses and comments it stands in the example's line, not in the heading."""
    found = openapi.document(name)
    entry = openapi.operation(openapi.service_of(name), found["request"]["operation"])
    assert [code for code in entry["responses"] if code.startswith("2")] == [openapi.answered(found)[0]]


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_command_sends_the_request_but_for_its_misprints(name: str) -> None:
    found = openapi.document(name)
    request = found["request"]
    command = openapi.operation(openapi.service_of(name), request["operation"])["x-curl"]
    assert command.count("apiKey=YOUR_KEY") == command.count("apiKey=") == 1
    printed = openapi.Printed.of(command)
    bodies = {example["title"]: example["value"] for example in found["examples"] if example["part"] == "request"}
    differs = {
        "method": printed.method != request["method"],
        "path": printed.path != request["path"],
        "query": printed.query != request.get("query", {}),
        "body": printed.body != bodies.get("Request Example"),
        "form": printed.form != request.get("form", {}),
    }
    assert {part for part in differs if differs[part]} == found.get("misprints", {}).keys()
    assert bodies.get("CURL Example, --data", printed.body) == printed.body


@pytest.mark.parametrize("name", PRINTED)
def test_the_openapi_file_shows_the_documents_example(name: str) -> None:
    """Of a page only the first row, so that the file stays readable."""
    found = openapi.document(name)
    entry = openapi.operation(openapi.service_of(name), found["request"]["operation"])
    for example in found["examples"]:
        if example["title"] == "CURL Example, --data":
            continue
        holder = entry["requestBody"] if example["part"] == "request" else entry["responses"][example["part"]]
        media = next(iter(holder["content"].values()))
        shown = media["example"] if "example" in media else media["examples"]["first"]["value"]
        whole = example["value"]
        assert shown == ({**whole, "data": whole["data"][:1]} if "paging" in whole else whole)


def test_every_service_has_documents() -> None:
    assert {openapi.service_of(path.stem) for path in openapi.DOCUMENTS} == set(openapi.SERVICES)


def test_every_operation_of_buildmaster_that_has_an_example_has_a_document() -> None:
    """The page of 2023, the only one with Create Release from Template, has none."""
    named = {f"buildmaster-{entry['operationId']}" for _, _, entry in openapi.operations("buildmaster")}
    assert named - {*REQUESTS} == {"buildmaster-create-release-from-template"}


def test_every_operation_of_centercode_has_a_document() -> None:
    named = [f"centercode-{entry['operationId']}" for _, _, entry in openapi.operations("centercode")]
    assert sorted(named) == sorted(PRINTED)


@pytest.mark.parametrize(
    ("name", "member"),
    [("centercode-project-release", "ftpBucketFiles"), ("centercode-project-user-comment", "message")],
)
def test_the_documents_answer_is_not_what_was_sent(name: str, member: str) -> None:
    """T-09, T-41: misprints in the document, so an echo is never compared with what was sent."""
    sent, answered = (example["value"][member] for example in openapi.document(name)["examples"][-2:])
    assert sent != answered
