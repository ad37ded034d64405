"""The three OpenAPI files are valid, complete, and take what the services take."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contract import openapi
from shipline import schemas

OPERATIONS = {  # at least; Centercode's are all in test_centercode
    "buildmaster": [
        *("get-releases", "create-release", "create-release-from-template", "cancel-release", "restore-release"),
        *("get-builds", "create-build", "reject-build", "get-deployments", "deploy-build"),
    ],
    "centercode": ["project-release"],
    "v3": [
        *("list-releases", "create-release", "get-release", "update-release", "publish-release", "delete-release"),
        *("list-release-files", "create-release-file", "delete-release-file"),
    ],
}
DOCUMENTED_V3 = {"create-release"}


@pytest.fixture(params=openapi.SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_is_openapi_3_1(service: str) -> None:
    definitions = pytest.importorskip("schemathesis.specs.openapi.definitions")  # brings the specification's own schema
    assert schemas.load(service)["openapi"].startswith("3.1.")
    assert [str(error) for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(schemas.load(service))] == []


def test_its_structure(service: str) -> None:
    document = schemas.load(service)
    assert document["info"].keys() >= {"title", "version", "description"}
    assert all(server["url"] for server in document["servers"])
    named = [entry["operationId"] for _, _, entry in openapi.operations(service)]
    assert len(named) == len(set(named))
    for _, _, entry in openapi.operations(service):
        parameters = [openapi.resolved(service, parameter) for parameter in entry.get("parameters", [])]
        assert all(p["in"] in {"path", "query", "header"} for p in parameters)
        assert all(p["required"] is True for p in parameters if p["in"] == "path")
        answers = [openapi.resolved(service, answer) for answer in entry["responses"].values()]
        assert all(answer["description"] for answer in answers)
        for holder in [*answers, *([entry["requestBody"]] if "requestBody" in entry else [])]:
            assert all("schema" in media for media in holder.get("content", {}).values())


def test_every_reference_leads_somewhere_and_nothing_is_left_over(service: str) -> None:
    document = schemas.load(service)
    used = {node["$ref"] for _, node in openapi.nodes(document) if "$ref" in node}
    for reference in used:
        assert openapi.resolved(service, {"$ref": reference})
    kinds = ("schemas", "parameters", "responses", "headers")
    there = {f"#/components/{kind}/{name}" for kind in kinds for name in document["components"].get(kind, {})}
    assert there == used


def test_every_schema_is_one(service: str) -> None:
    for path, node in openapi.nodes(schemas.load(service)):
        if path[-1:] == ("schema",) or (len(path) == 3 and path[:2] == ("components", "schemas")):
            Draft202012Validator.check_schema(node)


def test_generators_of_clients_find_what_they_need(service: str) -> None:
    """An array without items is an error to them, and beside allOf or alternatives they lose a form's fields."""
    for path, node in openapi.nodes(schemas.load(service)):
        kind = node.get("type")
        is_array = kind == "array" or (isinstance(kind, list) and "array" in kind)
        assert not is_array or "items" in node, path
    for _, _, entry in openapi.operations(service):
        for media, content in entry.get("requestBody", {}).get("content", {}).items():
            if "form" in media:
                assert not {"allOf", "anyOf", "oneOf", "$ref"} & content["schema"].keys()


def test_v3_refuses_too_many_requests_as_text_or_as_json() -> None:
    assert schemas.load("v3")["components"]["responses"]["429"]["content"].keys() == {"application/json", "text/plain"}


def test_the_documents_and_the_main_jobs_operations_are_there(service: str) -> None:
    named = {entry["operationId"] for path, _, entry in openapi.operations(service) if path.startswith("/")}
    assert set(OPERATIONS[service]) <= named


def test_an_operation_explains_itself(service: str) -> None:
    for path, method, entry in openapi.operations(service):
        assert entry["summary"]
        assert entry["description"]
        parameters = [openapi.resolved(service, parameter) for parameter in entry.get("parameters", [])]
        assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"\{(.+?)\}", path))
        assert all(p["description"] and p["schema"] for p in parameters)
        assert any(code.startswith("2") for code in entry["responses"])
        assert method == "get" or {p["name"] for p in parameters if p["in"] == "query"} <= {"find"}


def test_what_no_document_says_names_its_source() -> None:
    for _, _, entry in openapi.operations("v3"):
        assert "x-source" in entry or entry["operationId"] in DOCUMENTED_V3


def test_v3_is_only_called_so() -> None:
    for path, node in openapi.nodes(schemas.load("v3")):
        for key, value in node.items():
            if key != "x-source":
                assert not (isinstance(value, str) and "cryptlex" in value.lower()), path


def test_every_example_fits_its_schema(service: str) -> None:
    found = 0
    for _, node in openapi.nodes(schemas.load(service)):
        if "schema" not in node:
            continue
        for value in [*([node["example"]] if "example" in node else []), *_values(node.get("examples", {}))]:
            assert openapi.problems(service, node["schema"], value) == []
            found += 1
    assert found


def _values(examples: dict[str, Any]) -> list[Any]:
    return [example["value"] for example in examples.values()]


@pytest.mark.parametrize(
    ("service", "scheme"),
    [
        ("buildmaster", {"type": "apiKey", "in": "header", "name": "X-ApiKey"}),
        ("centercode", {"type": "apiKey", "in": "query", "name": "apiKey"}),
        ("v3", {"type": "http", "scheme": "bearer"}),
    ],
)
def test_the_key_travels_where_the_service_wants_it(service: str, scheme: dict[str, str]) -> None:
    document = schemas.load(service)
    ((name, found),) = document["components"]["securitySchemes"].items()
    assert scheme.items() <= found.items()
    assert document["security"] == [{name: []}]


def test_what_changes_buildmaster_is_a_form() -> None:
    for _, method, entry in openapi.operations("buildmaster"):
        if method == "post":
            assert list(entry["requestBody"]["content"]) == ["application/x-www-form-urlencoded"]
        else:
            assert "requestBody" not in entry


APP = {"applicationName": "Widget"}


@pytest.mark.parametrize(
    ("operation_id", "body"),
    [
        ("create-release", {**APP, "releaseNumber": "1.4", "pipelineName": "global::Standard", "$Branch": "main"}),
        ("create-release", {"applicationId": 2, "releaseNumber": "1.4", "pipelineName": "P", "releaseName": "N"}),
        ("create-release-from-template", {**APP, "releaseNumber": "1.4", "template": "T"}),
        ("create-build", {"releaseId": "4", "buildNumber": "56.develop", "$Zip": ""}),
        ("create-build", {**APP, "releaseNumber": "1.4"}),
        ("create-build", {**APP, "pipelineName": "Standard"}),
        ("deploy-build", {"buildId": 7, "toStage": "Testing", "force": True, "startTime": "2026-01-31T09:00:00Z"}),
        ("deploy-build", {"buildNumber": "7", "releaseId": 4}),
        ("deploy-build", {"buildNumber": "7", "releaseNumber": "1.4", **APP, "$Target": "eu"}),
        ("reject-build", {"buildId": 7}),
    ],
)
def test_buildmaster_takes(operation_id: str, body: dict[str, Any]) -> None:
    assert openapi.problems("buildmaster", openapi.schema("buildmaster", operation_id, "request"), body) == []


@pytest.mark.parametrize(
    ("operation_id", "body"),
    [
        ("create-release", {"releaseNumber": "1.4", "pipelineName": "P"}),  # no application
        ("create-release", {**APP, "applicationId": 2, "releaseNumber": "1.4", "pipelineName": "P"}),  # two
        ("create-release", {**APP, "releaseNumber": "1.4"}),  # no pipeline
        ("create-release", {**APP, "releaseNumber": 1.4, "pipelineName": "P"}),
        ("create-build", {**APP, "releaseId": 4}),  # the application must not be set beside an id
        ("create-build", {"releaseNumber": "1.4"}),
        ("create-build", {"pipelineName": "Standard"}),  # no application
        ("create-build", {"releaseId": 4, "Branch": "main"}),  # a variable without its $
        ("create-build", {"releaseId": 4, "$Branch": None}),
        ("deploy-build", {"toStage": "Testing"}),
        ("deploy-build", {"buildId": 7, "releaseId": 4}),
        ("deploy-build", {"buildNumber": "7"}),
        ("deploy-build", {"buildNumber": "7", "releaseId": 4, **APP}),
        ("deploy-build", {"buildId": 7, "force": "yes"}),
        ("reject-build", {"buildId": 7, "$Why": "late"}),
    ],
)
def test_buildmaster_does_not_take(operation_id: str, body: dict[str, Any]) -> None:
    assert openapi.problems("buildmaster", openapi.schema("buildmaster", operation_id, "request"), body)


@pytest.mark.parametrize(
    ("operation_id", "answer"),
    [
        ("deploy-build", []),
        ("deploy-build", [{"id": 20}]),
        ("deploy-build", {"id": 20, "plan": None, "ended": None}),
        ("get-builds", [{"id": 1, "number": "29", "pipelineId": 3}]),  # 6.1: old names only
        ("get-releases", [{"id": 1, "number": "1", "name": "1", "somethingNew": {}}]),
    ],
)
def test_buildmaster_may_answer(operation_id: str, answer: Any) -> None:
    assert openapi.problems("buildmaster", openapi.schema("buildmaster", operation_id, "200"), answer) == []


@pytest.mark.parametrize(
    ("operation_id", "answer"),
    [("deploy-build", "done"), ("deploy-build", [{"status": "pending"}]), ("get-builds", {}), ("create-build", [])],
)
def test_buildmaster_may_not_answer(operation_id: str, answer: Any) -> None:
    assert openapi.problems("buildmaster", openapi.schema("buildmaster", operation_id, "200"), answer)


RELEASE = {"title": "Widget 1.4.0", "releaseValue": "1.4.0"}
LINK = {"label": "widget.zip", "url": "https://dl.example.com/widget.zip", "size": 2, "sizeUnit": "MB"}


def centercode(**members: Any) -> list[str]:
    return openapi.problems(
        "centercode", openapi.schema("centercode", "project-release", "request"), {**RELEASE, **members}
    )


@pytest.mark.parametrize(
    "date", ["2026-01-31T09:00:00Z", "2026-01-31T09:00:00+0000", "2026-01-31T09:00:00-07:00", "2026-01-31T09:00:00.5Z"]
)
def test_centercode_takes_the_date(date: str) -> None:
    assert centercode(startDate=date) == []


# T-01: the guide's form, and the reports' without a zone, are ambiguous.
@pytest.mark.parametrize("date", ["2026-01-31", "2026-01-31T09:00:00", "2026-01-3109:00:00AM", "", None])
def test_centercode_does_not_take_the_date(date: Any) -> None:
    assert centercode(startDate=date)


@pytest.mark.parametrize(
    "members",
    [
        {"title": ""},
        {"releaseValue": ""},
        {"subtitle": None},  # T-02: what isn't set isn't sent
        {"ftp bucket files": []},  # T-04: the guide's names are labels
        {"isClickThroughNotice": "false"},  # T-05
        {"links": [{**LINK, "size": 2.5}]},  # T-06
        {"links": [{**LINK, "size": "2"}]},
        {"links": [{**LINK, "size": -1}]},
        {"links": [{**LINK, "sizeUnit": "mb"}]},
        {"links": [{**LINK, "sizeUnit": "TB"}]},
        {"links": [{**LINK, "URL": "https://example.com"}]},
        {"links": [{"label": "no url"}]},
        {"ftpBucketFiles": ["widget.exe"]},
    ],
)
def test_centercode_does_not_take(members: dict[str, Any]) -> None:
    assert centercode(links=[LINK]) == []
    assert centercode(**members)


def test_centercode_requires_a_title_alone() -> None:
    request = openapi.schema("centercode", "project-release", "request")
    assert openapi.problems("centercode", request, {"title": "Widget 1.4.0"}) == []
    assert openapi.problems("centercode", request, {"releaseValue": "1.4.0"})


V3 = {"name": "Widget 1.4.0", "version": "1.4.0", "channel": "stable", "productId": "27d6f2a0"}


@pytest.mark.parametrize("version", ["1.4", "1.4.0", "1.4.0.12", "2026.01.31"])
def test_v3_takes_the_version(version: str) -> None:
    request = openapi.schema("v3", "create-release", "request")
    assert openapi.problems("v3", request, {**V3, "version": version}) == []


@pytest.mark.parametrize(
    "members",
    [
        *(
            {"version": version}
            for version in ("", "1", "v1.4.0", "1.4.0-rc.1", "1.4.0+5", "1.2.3.4.5", "\u0661.\u0664", "1.")
        ),
        {"name": ""},
        {"name": "x" * 257},
        {"channel": ""},
        {"productId": ""},
        {"notes": "x" * 4097},
        {"notes": None},
        {"platforms": "windows"},
        {"private": "true"},
        {"files": []},
    ],
)
def test_v3_does_not_take(members: dict[str, Any]) -> None:
    request = openapi.schema("v3", "create-release", "request")
    assert openapi.problems("v3", request, {**V3, "notes": "x" * 4096, "platforms": []}) == []
    assert openapi.problems("v3", request, {**V3, **members})


FILE = {"name": "widget.zip", "url": "https://dl.example.com/widget.zip", "size": 0, "secured": False, "releaseId": "1"}


@pytest.mark.parametrize(
    "members",
    [{"size": -1}, {"size": "1"}, {"secured": None}, {"url": ""}, {"url": "x" * 2049}, {"checksum": "x" * 257}],
)
def test_a_release_file_does_not_take(members: dict[str, Any]) -> None:
    request = openapi.schema("v3", "create-release-file", "request")
    assert openapi.problems("v3", request, FILE) == []
    assert openapi.problems("v3", request, {**FILE, **members})
    for missing in FILE:
        assert openapi.problems("v3", request, {k: v for k, v in FILE.items() if k != missing})


def test_a_release_file_is_answered_with_a_file_or_a_release() -> None:
    answer = openapi.schema("v3", "create-release-file", "201")
    assert openapi.problems("v3", answer, {"id": "f", "name": "widget.zip", "checksum": None}) == []
    assert openapi.problems("v3", answer, {"id": "r", "totalFiles": 1, "files": [{"id": "f"}]}) == []
    assert openapi.problems("v3", answer, {"name": "widget.zip"})
