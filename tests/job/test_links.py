"""What a run does about links that customers couldn't download from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from http_server import HttpServer, Received, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from job.project import Project

PAGE = Reply(200, b"<html>".ljust(1000), {"Content-Type": "text/html"})
BUILT = ["create-release", "create-build", "deploy-build", "deploy-build"]
LOCAL = "dist/*.zip => "  # a local file of 2048 bytes


@pytest.fixture
def dl() -> Iterator[HttpServer]:
    """The server that keeps the files."""
    with HttpServer() as server:
        yield server


def sign_in(received: Received) -> Reply:
    return PAGE if received.path == "/users/sign_in" else Reply(302, b"", {"Location": "/users/sign_in"})


@pytest.mark.parametrize("local", [LOCAL, ""])
@pytest.mark.parametrize(
    ("respond", "problem"),
    [
        (sign_in, "the server returns a web page instead of the file, after a redirect to {url}/users/sign_in"),
        (lambda _: PAGE, "the server returns a web page instead of the file"),
        (lambda _: Reply(403), "the server responds 403"),
        (lambda _: Reply(500), "the server responds 500"),
    ],
)
def test_a_bad_link_is_a_warning_first_and_ends_the_run_before_the_announcement(
    project: Project, dl: HttpServer, local: str, respond: Callable[[Received], Reply], problem: str
) -> None:
    dl.respond = respond
    ended = project.shipline("run", "--artifacts", f"{local}{dl.url}/w.zip")
    assert ended.code == 4, ended.text
    found = f"{dl.url}/w.zip: {problem.format(url=dl.url)}"
    assert f"warning: {found}. Shipline checks the link again before publishing\n" in ended.err
    assert f"error: publish:v3: a link failed to download: {found}\n" in ended.err
    assert ended.err.count(found) == 2  # each of the two checks reports it once
    assert project.operations() == BUILT


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/w.zip", "http://127.0.0.1:9/w.zip", "https://{address}/w.zip"]
)
def test_a_server_that_cant_be_reached_ends_the_run_and_names_the_ways_out(
    project: Project, dl: HttpServer, url: str
) -> None:
    ended = project.shipline("run", "--artifacts", LOCAL + url.format(address=dl.address))
    assert ended.code == 4, ended.text
    assert "unreachable: " in ended.err
    assert "If this machine can't reach what customers can, set check-links to warn" in ended.err
    assert project.operations() == BUILT


def test_another_file_than_the_local_one_is_not_announced(project: Project, dl: HttpServer) -> None:
    dl.respond = lambda _: Reply(200, b"x" * 16)
    ended = project.shipline("run", "--artifacts", f"{LOCAL}{dl.url}/w.zip")
    assert ended.code == 4, ended.text
    assert "the file there has 16 bytes instead of 2048" in ended.err
    assert project.operations() == BUILT


def test_with_warn_a_bad_link_is_reported_once_and_the_result_is_warned(project: Project, dl: HttpServer) -> None:
    dl.respond = lambda _: Reply(404)
    ended = project.shipline("run", "--artifacts", f"{LOCAL}{dl.url}/w.zip", "--check-links", "warn")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert ended.err.count("the server responds 404") == 1
    assert "project-release" in project.operations()


def test_with_warn_a_file_that_came_in_time_leaves_the_result_alone(project: Project, dl: HttpServer) -> None:
    dl.respond = lambda _: Reply(200, b"x" * 2048) if "deploy-build" in project.operations() else Reply(404)
    ended = project.shipline("run", "--artifacts", f"{LOCAL}{dl.url}/w.zip", "--check-links", "warn")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "succeeded"
    assert ended.err.count("the server responds 404") == 1


def test_with_skip_a_link_to_a_local_file_is_not_requested(project: Project, dl: HttpServer) -> None:
    ended = project.shipline("run", "--artifacts", f"{LOCAL}{dl.url}/w.zip", "--check-links", "skip")
    assert ended.code == 0, ended.text
    assert "w.zip:" not in ended.err
    assert dl.received == []


@pytest.mark.parametrize("mode", ["fail", "warn", "skip"])
def test_a_size_that_v3_needs_and_no_server_reports_ends_the_run_before_it_builds(
    project: Project, dl: HttpServer, mode: str
) -> None:
    dl.respond = lambda _: Reply(200, b"x" * 5, {"Content-Length": None})
    ended = project.shipline("run", "--artifacts", f"{dl.url}/w.zip", "--check-links", mode)
    assert ended.code == 4, ended.text
    assert f"the size of {dl.url}/w.zip is not known, and v3 needs it\n  why: its server doesn't report it" in ended.err
    assert "set the artifact's `size` in bytes" in ended.err
    assert project.operations() == []


@pytest.mark.parametrize("mode", ["warn", "skip"])
def test_a_closed_network_needs_the_size_of_a_remote_file_before_the_build(project: Project, mode: str) -> None:
    ended = project.shipline("run", "--artifacts", "http://127.0.0.1:9/w.zip", "--check-links", mode)
    assert ended.code == 4, ended.text
    assert "is not known, and v3 needs it" in ended.err
    assert project.operations() == []
    entry = 'artifacts: [{url: "http://127.0.0.1:9/w.zip", size: 5}]'
    project.without("artifacts")
    project.write("shipline.yml", f"{entry}\n{(project.path / 'shipline.yml').read_text()}")
    ended = project.shipline("run", "--check-links", mode)
    assert ended.code == 0, ended.text
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert release["files"][0]["size"] == 5


def test_a_size_comes_from_get_where_head_reports_none(project: Project, dl: HttpServer) -> None:
    part = Reply(206, b"P", {"Content-Range": "bytes 0-0/1000"})
    dl.respond = lambda received: Reply() if received.method == "HEAD" else part
    ended = project.shipline("run", "--artifacts", f"{dl.url}/w.zip")
    assert ended.code == 0, ended.text
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert release["files"][0]["size"] == 1000


def test_a_page_that_is_the_artifact_itself_is_announced(project: Project, dl: HttpServer) -> None:
    project.write("dist/manual.html", PAGE.data)
    dl.respond = lambda _: PAGE
    ended = project.shipline("run", "--artifacts", f"dist/manual.html => {dl.url}/manual.html")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "succeeded"


def test_a_plan_warns_of_a_bad_link_once_and_shows_each_link_s_state(project: Project, dl: HttpServer) -> None:
    dl.respond = lambda request: Reply(404) if "bad" in request.path else Reply(200, b"x" * 2048)
    project.write("dist/bad.msi", b"x" * 2048)
    artifacts = f"{LOCAL}{dl.url}/w.zip\ndist/bad.msi => {dl.url}/bad.msi"
    ended = project.shipline("plan", "--artifacts", artifacts, "--report", "r.html")
    assert ended.code == 0, ended.text
    assert ended.text.count("the server responds 404") == 1
    report = (project.path / "r.html").read_text()
    assert "2 files. Links: 1 checked, 1 bad." in report
    assert ">checked</span>" in report
    assert '<span class="word bad">the server responds 404</span>' in report


def test_a_centercode_release_without_a_download_is_refused_before_anything_is_sent(project: Project) -> None:
    project.without("v3")
    ended = project.shipline("validate", "--artifacts", "dist/*.zip")
    assert ended.code == 2, ended.text
    assert "dist/widget.zip has no URL to link, so testers would have no download" in ended.err
