"""Through the real varnish, haproxy, nginx and squid: nothing is deployed or announced twice, and nothing is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.proxy import Proxy
from http_server import HttpServer, Received, Reply
from job.project import NOTES, Project
from reverse_proxy import ReverseProxy
from runners.intermediaries import in_front
from shipline_sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = b"PK" + b"w" * 2046
EACH_STAGE = ["Integration", "Testing"]


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Project]:
    with running(speed=60) as sandbox:
        job = Project(tmp_path, sandbox)
        job.write("CHANGELOG.md", NOTES)
        job.write("dist/widget.zip", FILE)
        sandbox.put_file("widget.zip", FILE)
        job.config()
        yield job


def address(job: Project) -> str:
    return job.sandbox.url.removeprefix("http://")


def deployed(job: Project) -> list[str]:
    return [r["body"]["toStage"] for r in job.changes() if r["operation"] == "deploy-build"]


@pytest.mark.parametrize("name", ["varnish", "nginx, caching", "squid, caching"])
def test_behind_a_cache_a_stage_is_deployed_once(job: Project, tmp_path: Path, name: str) -> None:
    with in_front(name, tmp_path / "cache", address(job)) as url:
        flags = ("--buildmaster-url", url, "--steps", "build,deploy")
        ended = job.shipline("run", *flags)
        assert ended.code == 0, ended.text
        ended = job.shipline("run", *flags, "--receipt", "other.json")
        assert ended.code == 0, ended.text
    assert deployed(job) == EACH_STAGE
    assert job.operations().count("create-build") == 1


@pytest.mark.parametrize(("name", "sign"), [("varnish", "X-Varnish"), ("nginx, caching", "X-Cache-Status: HIT")])
def test_doctor_finds_the_cache(job: Project, tmp_path: Path, name: str, sign: str) -> None:
    with in_front(name, tmp_path / "cache", address(job)) as url:
        ended = job.shipline("doctor", "--buildmaster-url", url)
    (line,) = [line for line in ended.out.splitlines() if line.startswith("warning   buildmaster: a cache responded")]
    assert sign in line


@pytest.mark.parametrize("name", ["haproxy", "nginx", "varnish"])
def test_centercode_down_behind_a_balancer_is_no_unknown_outcome(job: Project, tmp_path: Path, name: str) -> None:
    with Proxy(("127.0.0.1", int(address(job).rpartition(":")[2]))) as upstream:
        upstream.refuse()
        with in_front(name, tmp_path / "balancer", f"127.0.0.1:{upstream.port}") as url:
            ended = job.shipline("run", "--centercode-url", url)
            assert ended.code == 7, ended.text
            assert "Centercode is down" in ended.err
            upstream.listen()
            ended = job.shipline("run", "--centercode-url", url)
            assert ended.code == 0, ended.text
    assert job.operations().count("project-release") == 1


class Losing(ReverseProxy):
    """Passes changes on, and ends the connection without their responses."""

    def __init__(self, upstream: str, path: str) -> None:
        super().__init__(upstream, self._lost)
        self._path = path

    def _lost(self, received: Received) -> Reply:
        response = self.forward(received)
        if received.path.endswith(self._path):
            raise ConnectionError("lost, as intended")
        return response


def limiting(upstream: ReverseProxy, path: str) -> HttpServer:
    """A second server of the pool, which refuses changes and passes everything else on."""
    refused = Reply(429, b"slow down", {"Retry-After": "0"})
    return HttpServer(lambda received: refused if received.path.endswith(path) else upstream.forward(received))


@pytest.mark.parametrize("path", ["/builds/create", "/builds/deploy"])
def test_the_429_to_the_second_copy_is_no_proof(job: Project, tmp_path: Path, path: str) -> None:
    with (
        Losing(job.sandbox.url, path) as first,
        limiting(first, path) as second,
        in_front("nginx, resending", tmp_path / "nginx", first.address, second.address) as url,
    ):
        flags = ("--buildmaster-url", url, "--steps", "build,deploy", "--network-retry-for", "20s")
        ended = job.shipline("run", *flags)
    assert ended.code == 0, ended.text
    assert deployed(job) == EACH_STAGE
    assert job.operations().count("create-build") == 1


def test_haproxy_sends_no_change_again_as_it_comes_in_two_pieces(job: Project, tmp_path: Path) -> None:
    path = "/Firmware"
    with (
        Losing(job.sandbox.url, path) as first,
        limiting(first, path) as second,
        in_front("haproxy, resending", tmp_path / "haproxy", first.address, second.address) as url,
    ):
        job.shipline("run", "--centercode-url", url, "--centercode-on-unknown", "resend")
        posts = [r for r in (*first.received, *second.received) if r.method == "POST"]
    assert len(posts) == 1
