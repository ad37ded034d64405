"""Centercode's file has the reference's 27 operations, and takes what its parts disagree about."""

from __future__ import annotations

from typing import Any

import pytest

from contract import openapi
from shipline import schemas

PROJECT = "/projects/{projectKey}"
FILE_ELEMENT = "feedbackTypes/{feedbackTypeKey}/feedback/{feedbackKey}/fileElements/{fileElementKey}"
REFERENCE = {
    "community-user-data-package": ("GET", "/userDataPackages/{reportElementKey}"),
    "community-project-data-package": ("GET", "/projectDataPackages/{reportElementKey}"),
    "project-user-data-package": ("GET", f"{PROJECT}/userDataPackages/{{reportElementKey}}"),
    "project-feedback-data-package": ("GET", f"{PROJECT}/feedbackDataPackages/{{reportElementKey}}"),
    "community-user-lookup": ("GET", "/userRecordLookups/{reportElementKey}"),
    "community-project-lookup": ("GET", "/projectRecordLookups/{reportElementKey}"),
    "project-user-lookup": ("GET", f"{PROJECT}/userRecordLookups/{{reportElementKey}}"),
    "project-feedback-lookup": ("GET", f"{PROJECT}/feedbackRecordLookups/{{reportElementKey}}"),
    "community-user-macro": ("POST", "/userMacroListeners/{listenerKey}"),
    "community-user-macro-status": ("GET", "/userMacroListeners/{listenerKey}/status/{statusId}"),
    "project-user-macro": ("POST", f"{PROJECT}/userMacroListeners/{{listenerKey}}"),
    "project-user-macro-status": ("GET", f"{PROJECT}/userMacroListeners/{{listenerKey}}/status/{{statusId}}"),
    "project-feedback-macro": ("POST", f"{PROJECT}/feedbackMacroListeners/{{listenerKey}}"),
    "project-feedback-macro-status": ("GET", f"{PROJECT}/feedbackMacroListeners/{{listenerKey}}/status/{{statusId}}"),
    "community-user-comment": ("POST", "/userCommentListeners/{listenerKey}"),
    "project-user-comment": ("POST", f"{PROJECT}/userCommentListeners/{{listenerKey}}"),
    "project-feedback-comment": ("POST", f"{PROJECT}/feedbackCommentListeners/{{listenerKey}}"),
    "community-user-data": ("POST", "/userDataListeners/{listenerKey}"),
    "project-user-data": ("POST", f"{PROJECT}/userDataListeners/{{listenerKey}}"),
    "project-feedback-data": ("POST", f"{PROJECT}/feedbackDataListeners/{{listenerKey}}"),
    "community-user-import": ("POST", "/userImports/{sourceKey}"),
    "community-user-import-status": ("GET", "/userImports/{sourceKey}/status/{statusId}"),
    "project-user-import": ("POST", f"{PROJECT}/userImports/{{sourceKey}}"),
    "project-user-import-status": ("GET", f"{PROJECT}/userImports/{{sourceKey}}/status/{{statusId}}"),
    "create-feedback": ("POST", f"{PROJECT}/feedback/{{feedbackKey}}"),
    "upload-file-attachment": ("POST", f"{PROJECT}/{FILE_ELEMENT}"),
    "project-release": ("POST", f"{PROJECT}/releaseTypes/{{releaseTypeKey}}"),
}
ERRORS = {"400", "401", "403", "404", "405", "415", "429", "500"}
QUERY = {"package": {"page"}, "lookup": {"find"}, "macro": {"find"}, "comment": {"find"}, "data": {"find"}}


def problems(operation_id: str, part: str, value: Any) -> list[str]:
    return openapi.problems("centercode", openapi.schema("centercode", operation_id, part), value)


def test_the_operations_are_the_references() -> None:
    found = {entry["operationId"]: (method.upper(), path) for path, method, entry in openapi.operations("centercode")}
    assert found == REFERENCE
    assert len(found) == 27


@pytest.mark.parametrize("operation_id", REFERENCE)
def test_an_operation_has_its_heading_query_and_errors(operation_id: str) -> None:
    entry = openapi.operation("centercode", operation_id)
    assert entry["summary"].lower().replace(" ", "-") == operation_id
    parameters = [openapi.resolved("centercode", parameter) for parameter in entry["parameters"]]
    query = {p["name"] for p in parameters if p["in"] == "query"}
    assert query == QUERY.get(operation_id.rsplit("-", 1)[-1], set())
    failures = {code for code in entry["responses"] if not code.startswith("2")}
    assert failures - ({"413"} if operation_id == "upload-file-attachment" else set()) == ERRORS


@pytest.mark.parametrize("operation_id", REFERENCE)
def test_every_answer_has_the_rate_limits_headers(operation_id: str) -> None:
    for answer in openapi.operation("centercode", operation_id)["responses"].values():
        headers = openapi.resolved("centercode", answer)["headers"]
        assert headers.keys() == {"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"}


def test_packages_and_lookups_may_be_csv_and_nothing_else() -> None:
    for operation_id in REFERENCE:
        answers = openapi.operation("centercode", operation_id)["responses"]
        (answer,) = (found for code, found in answers.items() if code.startswith("2"))
        csv = operation_id.endswith(("-package", "-lookup"))
        assert list(answer["content"]) == (["application/json", "text/csv"] if csv else ["application/json"])


def test_what_is_paged_queued_or_followed_says_so() -> None:
    marked = {name: openapi.operation("centercode", name) for name in REFERENCE}
    assert {name for name in marked if marked[name].get("x-paging")} == {n for n in marked if n.endswith("-package")}
    status = {name: entry["x-status"] for name, entry in marked.items() if "x-status" in entry}
    assert status == {name.removesuffix("-status"): name for name in marked if name.endswith("-status")}
    assert {name: e["x-follow"] for name, e in marked.items() if "x-follow" in e} == {"create-feedback": "fileElements"}


def test_a_macro_takes_no_body() -> None:
    """T-20: the printed command sends an empty one, of no type."""
    for operation_id in REFERENCE:
        if operation_id.endswith("-macro"):
            assert "requestBody" not in openapi.operation("centercode", operation_id)


def test_an_upload_is_one_file_in_a_form() -> None:
    content = openapi.operation("centercode", "upload-file-attachment")["requestBody"]["content"]
    assert list(content) == ["multipart/form-data"]
    assert content["multipart/form-data"]["schema"]["properties"].keys() == {"file"}


def test_feedback_key_is_a_source_when_feedback_is_created_and_the_feedback_when_files_are_added() -> None:
    """T-44: one name with two meanings in the reference."""
    for operation_id, example in (("create-feedback", "Mobile"), ("upload-file-attachment", "SUG-0023")):
        (found,) = (
            parameter
            for parameter in openapi.operation("centercode", operation_id)["parameters"]
            if parameter.get("name") == "feedbackKey"
        )
        assert found["example"] == example


@pytest.mark.parametrize("page", ["1", "12", 1])
def test_a_page_is_counted_from_one(page: Any) -> None:
    schema = schemas.load("centercode")["components"]["parameters"]["page"]["schema"]
    assert openapi.problems("centercode", schema, page) == []
    for wrong in ("0", 0, "-1", "1.5", "one", "", None, True):
        assert openapi.problems("centercode", schema, wrong)


VALUE = {"dataType": "integer", "computedValue": "-825000", "values": [-825000]}


@pytest.mark.parametrize(
    "field",
    [
        {"field": "Score", **VALUE},
        {"name": "Score", **VALUE},  # T-32: field in the examples, name in the type definition
        {"field": "Score", **VALUE, "values": ["-825000"]},  # T-33: strings in the type definition
        {"field": "Score", **VALUE, "values": [True, 1.5, None]},
        {"field": "Score", "dataType": "integer", "computedValue": "", "values": []},
        {"field": "Score", **VALUE, "formId": "f", "questionId": "q", "responseId": "r", "answerId": None},  # T-37
    ],
)
def test_a_lookup_may_answer(field: dict[str, Any]) -> None:
    assert problems("community-user-lookup", "200", {"data": [field]}) == []


def test_a_lookup_may_not_answer_without_a_fields_name() -> None:
    assert problems("community-user-lookup", "200", {"data": [VALUE]})
    assert problems("community-user-lookup", "200", {})


CELL = {"fieldOrdinal": 0, **VALUE}


@pytest.mark.parametrize(
    "page",
    [
        {"data": []},
        {"data": [[CELL]], "paging": None},
        {"data": [[{**CELL, "responseId": "r"}]], "paging": {"totalPages": 1}, "fields": [{"formId": "f"}]},
        {"data": [[{**CELL, "values": ["-825000"]}]], "paging": {"totalPages": "3", "currentPage": "1"}},
    ],
)
def test_a_package_may_answer(page: dict[str, Any]) -> None:
    assert problems("community-user-data-package", "200", page) == []


@pytest.mark.parametrize("page", [{}, [], {"data": {}}, {"data": [], "paging": {"currentPage": 1}}])
def test_a_package_may_not_answer(page: Any) -> None:
    assert problems("community-user-data-package", "200", page)


def test_a_documented_page_has_fewer_rows_than_results() -> None:
    """T-34: so rows are counted, never expected."""
    whole = openapi.document("centercode-community-project-data-package")["examples"][-1]["value"]
    assert whole["paging"] == {"currentPage": 1, "totalPages": 1, "resultsPerPage": 1000, "totalResults": 21}
    assert len(whole["data"]) == 3


@pytest.mark.parametrize(
    ("operation_id", "part", "value"),
    [
        ("project-feedback-macro-status", "200", {"status": "Queued"}),  # T-40: one that isn't known yet
        ("project-feedback-comment", "201", {}),
        ("project-feedback-comment", "request", {"author": "a@example.com", "message": "Fixed", "Build": [1]}),
        ("project-feedback-data", "request", {"anything": {"nested": [None]}}),
        ("project-feedback-data", "request", ["x"]),  # any valid JSON structure
        ("project-feedback-data", "201", {"fields": [{"parameter": "typo", "value": "x", "matched": False}]}),  # T-42
        (
            "create-feedback",
            "request",
            {"title": "t", "own": {"nested": [1]}},
        ),  # T-43: what a source asks for is configured
        ("create-feedback", "request", {"summary": "s", "topic": 23795}),
        ("create-feedback", "201", {"key": "SUG-0024"}),  # T-46: no file elements are configured
        ("upload-file-attachment", "201", {"id": None}),
        ("project-user-import", "request", {"email": "person@example.com"}),
    ],
)
def test_it_may_be(operation_id: str, part: str, value: Any) -> None:
    assert problems(operation_id, part, value) == []


@pytest.mark.parametrize(
    ("operation_id", "part", "value"),
    [
        ("project-feedback-macro", "202", {}),
        ("project-feedback-macro-status", "200", {}),
        ("project-feedback-comment", "request", {"message": 1}),
        ("project-feedback-data", "201", {}),
        ("create-feedback", "request", {"description": None}),
        ("create-feedback", "201", {"id": "8203093f-7388-4d63-a88d-157cb85e5400"}),
        ("create-feedback", "201", {"key": "SUG-0024", "fileElements": [{"title": "Log"}]}),
        ("project-user-import", "request", {}),
        ("project-user-import", "request", {"email": ""}),
        ("project-user-import", "request", {"e-mail": "person@example.com"}),
    ],
)
def test_it_may_not_be(operation_id: str, part: str, value: Any) -> None:
    assert problems(operation_id, part, value)


def test_no_id_of_the_documented_feedback_can_be_told_from_another() -> None:
    """T-45: the attachment's id is the feedback's, and neither stands in the page's address."""
    created = openapi.document("centercode-create-feedback")["examples"][-1]["value"]
    attached = openapi.document("centercode-upload-file-attachment")["examples"][-1]["value"]
    assert created["id"] == attached["id"]
    assert created["id"].replace("-", "") not in created["url"]


def test_a_missing_lookup_query_is_answered_so() -> None:
    """T-27, T-28: the name is in Pascal case."""
    refused = openapi.document("centercode-errors")["examples"][1]["value"]
    assert refused["description"] == "The specified request is invalid."
    assert refused["invalidParameters"] == [{"name": "Find", "description": "A lookup query is required."}]
