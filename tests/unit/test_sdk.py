"""The services in a script: what a person sees of them, and what is refused before anything is sent."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from http_server import HttpServer, Received, Reply
from shipline import services
from shipline.errors import (
    InvalidInputError,
    NotAuthorisedError,
    RefusedError,
    TimedOutError,
    UnknownOutcomeError,
)
from shipline.redaction import Secret
from shipline.services import V3, BuildMaster, Centercode, sdk, v3
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("BuildMaster", "Centercode", "V3")
KEY = "sandbox-key-of-the-test"
URL = "https://example.com"
MACRO = {"project_key": "WidgetPro", "listener_key": "Closed", "find": "BUG-0001"}
FEEDBACK = {"project_key": "WidgetPro", "feedback_key": "Mobile", "title": "T"}


class Server(HttpServer):
    """Responds with what ``answer`` makes of the method, path and query: a status and data (None: an empty body)."""

    def __init__(self, answer: Callable[[str, str, dict[str, str]], tuple[int, Any]]) -> None:
        super().__init__(self.reply)
        self.answer = answer

    def reply(self, received: Received) -> Reply:
        status, data = self.answer(received.method, received.path, received.query)
        return Reply(status, b"" if data is None else data, {"Content-Type": "application/json"})

    @property
    def requests_received(self) -> list[str]:
        return [f"{received.method} {received.path}" for received in self.received]


def refused(call: Callable[[], Any]) -> list[str]:
    """The problems of a call that must not send anything."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def test_dir_and_all_list_the_classes() -> None:
    assert set(NAMES) <= set(dir(services))
    assert set(services.__all__) == set(NAMES)


def test_help_names_a_method_and_describes_its_parameters() -> None:
    method = BuildMaster.create_build
    assert (method.__module__, method.__qualname__) == ("shipline.services", "BuildMaster.create_build")
    text = inspect.getdoc(method) or ""
    assert "release_id: Id of the release" in text
    assert "variables: " in text
    assert "file: The file to send (required)" in (inspect.getdoc(V3.upload_release_file) or "")


def test_a_build_without_a_release_is_created_in_a_pipeline() -> None:
    with Server(lambda *_: (200, {"id": 1, "number": "1", "pipelineName": "Standard"})) as server:
        made = BuildMaster(server.url, KEY).create_build(
            application_name="Widget", pipeline_name="Standard", build_number="7", variables={"Branch": "main"}
        )
        assert made["id"] == 1
        (sent,) = server.received
        assert (sent.method, sent.path) == ("POST", "/api/releases/builds/create")
        form = {"applicationName": "Widget", "pipelineName": "Standard", "buildNumber": "7", "$Branch": "main"}
        assert dict(parse_qsl(sent.body.decode())) == form


@pytest.mark.parametrize("name", NAMES)
def test_the_types_have_the_parameters_that_the_methods_have(name: str) -> None:
    stub = ast.parse(Path(str(services.__file__)).with_suffix(".pyi").read_text(encoding="utf-8"))
    (found,) = (node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == name)
    checked = 0
    for method in found.body:
        if not isinstance(method, ast.FunctionDef) or method.name == "__init__":
            continue
        signature = inspect.signature(getattr(getattr(services, name), method.name))
        own = {p for p in signature.parameters if p != "self"}
        assert {a.arg for a in method.args.kwonlyargs} == own, method.name
        needed = {a.arg for a, d in zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True) if d is None}
        assert {p for p in own if signature.parameters[p].default is inspect.Parameter.empty} <= needed, method.name
        checked += 1
    assert checked


@pytest.mark.disable_socket
def test_a_key_or_url_that_is_not_set_is_invalid_input() -> None:
    nothing: Any = None
    assert refused(lambda: V3(URL, nothing)) == ["key: is missing: expected the service's key"]
    assert len(refused(lambda: V3(nothing, nothing))) == 2


@pytest.mark.disable_socket
def test_only_v3_urls_may_end_with_the_version() -> None:
    assert V3(f"{URL}/v3/", KEY).client.base == URL
    assert BuildMaster(f"{URL}/v3", KEY).client.base == f"{URL}/v3"
    assert Centercode(f"{URL}/api/v1", KEY).client.base == f"{URL}/api/v1"


@pytest.mark.disable_socket
def test_the_release_server_url_is_checked_like_the_service_url() -> None:
    files = "https://releases.widget.test"
    assert V3(URL, KEY, file_server=f"{files}/v3/").client.file_server == files
    (problem,) = refused(lambda: V3(URL, KEY, file_server="http://releases.widget.test"))
    assert problem == "file_server: plain HTTP would show the key to everyone on the way: expected https://"


@pytest.mark.disable_socket
def test_problems_name_parameters_as_scripts_do(tmp_path: Path) -> None:
    given: Any = {"timeout": "10m", "wait": True}
    assert refused(lambda: Centercode(URL, KEY).project_feedback_macro(**MACRO, **given)) == [
        "timeout: '10m' is no time to wait: expected seconds, such as 600"
    ]
    files: Any = {"Screenshot": tmp_path / "missing.png", "Log": [tmp_path], "Other": 3}
    problems = refused(lambda: Centercode(URL, KEY).create_feedback(**FEEDBACK, attach=files))
    assert [p.partition(":")[0] for p in problems] == ["attach Screenshot", "attach Log", "attach Other"]
    names: Any = ["a"]
    (problem,) = refused(lambda: BuildMaster(URL, KEY).create_build(release_id=1, variables=names))
    assert problem.startswith("variables: expected texts by name")
    (problem,) = refused(lambda: BuildMaster(URL, KEY).create_build(release_id=1, variables={"A": "1", "$A": "2"}))
    assert problem == "variables: A appears twice"
    data: Any = "text"
    assert refused(lambda: V3(URL, KEY).create_release(data=data)) == ["data: is no JSON object: expected {…}"]
    number: Any = {"name": "N", "size": float("nan")}
    assert "size: can't be sent as JSON" in str(refused(lambda: V3(URL, KEY).create_release_file(data=number)))
    path: Any = 3
    problems = refused(lambda: V3(URL, KEY).upload_release_file(release_id="r", filename="abc.zip", file=path))
    assert "file: 3 is no path" in problems


@pytest.mark.disable_socket
def test_a_build_must_be_named_in_exactly_one_way() -> None:
    buildmaster = BuildMaster(URL, KEY)
    assert "release_number: doesn't go together with release_id" in refused(
        lambda: buildmaster.create_build(release_id=4, release_number="1.4")
    )
    assert "build_number: doesn't go together with build_id" in refused(
        lambda: buildmaster.deploy_build(build_id="6", build_number="7")
    )
    assert refused(lambda: buildmaster.create_build(release_id="four"))[0].startswith("release_id: 'four'")


@pytest.mark.disable_socket
def test_all_pages_excludes_page_and_limit() -> None:
    problems = refused(lambda: V3(URL, KEY).list_releases(all_pages=True, page=2, limit=10))
    assert problems == [f"{name}: doesn't go together with all_pages" for name in ("page", "limit")]


@pytest.mark.disable_socket
def test_the_text_of_an_error_has_every_detail_and_no_secret() -> None:
    with pytest.raises(InvalidInputError, match=r"(?s)2 problems.*name: 300 characters.*private: 'yes'") as caught:
        V3(URL, KEY).create_release(
            name="n" * 300,
            version="1.0",
            channel="stable",
            product_id="p",
            private="yes",  # type: ignore[arg-type]
        )
    assert "help(V3.create_release)" in str(caught.value)
    error = RefusedError("it was refused", why=f"because of {KEY}", todo="look")
    assert str(error) == "it was refused\nwhy: because of ***\ndo: look"


def many(count: int, cap: int) -> Callable[[str, str, dict[str, str]], tuple[int, Any]]:
    """A list of so many items whose pages have at most ``cap``, whatever the request's limit."""

    def answer(_method: str, _path: str, query: dict[str, str]) -> tuple[int, Any]:
        size = min(int(query.get("limit", 25)), cap)
        start = (int(query.get("page", 1)) - 1) * size
        return 200, [{"id": f"i{n}", "name": f"n{n}"} for n in range(start, min(start + size, count))]

    return answer


@pytest.mark.parametrize(("count", "cap"), [(0, 100), (7, 3), (120, 50), (100, 100), (130, 100)])
def test_all_pages_reads_lists_with_any_page_size(count: int, cap: int) -> None:
    with Server(many(count, cap)) as server:
        found = V3(server.url, KEY).list_webhooks(all_pages=True)
    assert [item["id"] for item in found] == [f"i{n}" for n in range(count)]


def test_a_list_that_ignores_pages_ends() -> None:
    with Server(lambda *_: (200, [{"id": "a"}, {"id": "b"}])) as server:
        assert len(V3(server.url, KEY).list_webhooks(all_pages=True)) == 2
        assert len(server.requests_received) == 2


@pytest.mark.parametrize(
    ("count", "cap", "requests"), [(0, 100, 1), (3, 100, 1), (24, 25, 1), (25, 25, 2), (120, 50, 3), (230, 100, 4)]
)
def test_a_run_reads_complete_lists_with_few_requests(count: int, cap: int, requests: int) -> None:
    with Server(many(count, cap)) as server:
        target: Any = SimpleNamespace(url=server.url, key=Secret(KEY, "key"), releases_url=None)
        assert [file.id for file in v3.V3(target, Network()).files("r")] == [f"i{n}" for n in range(count)]
    assert len(server.requests_received) == requests


@pytest.mark.parametrize("more", [{}, {"paging": None}, {"paging": {"totalPages": None}}])
def test_a_package_without_a_number_of_pages_is_one_page(more: dict[str, Any]) -> None:
    with Server(lambda *_: (200, {"data": [{"ID": 1}], **more})) as server:
        found: Any = Centercode(server.url, KEY).community_user_data_package(report_element_key="Names", all_pages=True)
    assert found["data"] == [{"ID": 1}]


@pytest.mark.parametrize(("status", "body"), [(202, None), (202, {"other": 1}), (200, None)])
def test_an_accepted_request_without_a_status_endpoint_must_not_be_repeated(status: int, body: Any) -> None:
    with Server(lambda *_: (status, body)) as server:
        with pytest.raises(UnknownOutcomeError) as caught:
            Centercode(server.url, KEY).project_feedback_macro(**MACRO, wait=True)
        assert len(server.requests_received) == 1
    assert "again" in caught.value.todo
    assert body or "accepted" in caught.value.what


def queued(server_url: list[str], status: int, body: Any) -> Callable[[str, str, dict[str, str]], tuple[int, Any]]:
    def answer(method: str, path: str, _query: dict[str, str]) -> tuple[int, Any]:
        if "/status/" in path:
            return status, body
        endpoint = f"{server_url[0]}/api/v1/projects/WidgetPro/feedbackMacroListeners/Closed/status/1?apiKey={KEY}x&a=1"
        assert method == "POST"
        return 202, {"statusEndpoint": endpoint}

    return answer


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (200, {"status": "Pending"}, TimedOutError, "still Pending"),
        (200, None, UnknownOutcomeError, "don't send it again"),
        (401, {"message": "no"}, NotAuthorisedError, "don't send it again"),
        (503, None, TimedOutError, "don't send it again"),
    ],
)
def test_an_error_while_polling_says_that_the_request_was_accepted_and_hides_the_key(
    status: int, body: Any, error: type[Exception], text: str
) -> None:
    url: list[str] = []
    with Server(queued(url, status, body)) as server:
        url.append(server.url)
        centercode = Centercode(server.url, KEY, network=Network(retry_for=0))
        with pytest.raises(error, match=text) as caught:
            centercode.project_feedback_macro(**MACRO, wait=True, timeout=0)
    assert "apiKey" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("made", [None, {"key": "SUG-1", "fileElements": ["x"]}])
def test_an_error_while_attaching_files_names_the_created_feedback(made: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"x")
    whole = made and {"id": "1", "url": "https://example.com/view/1", **made}
    with Server(lambda *_: (201, whole)) as server:
        with pytest.raises(RefusedError) as caught:
            Centercode(server.url, KEY).create_feedback(**FEEDBACK, attach={"Log": file})
        assert len(server.requests_received) == 1
    assert "exists, but attaching the files failed" in caught.value.what
    assert "would double it" in caught.value.todo
    if made:
        assert "SUG-1" in caught.value.what
        assert "https://example.com/view/1" in caught.value.todo


def test_each_service_has_a_class() -> None:
    assert {c.__name__ for c in sdk.CLASSES.values()} == set(NAMES)
