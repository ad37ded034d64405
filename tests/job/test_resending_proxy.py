"""A proxy that sends a change twice: the second copy's refusal doesn't show what the first one did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from http_server import Reply
from job.situations import fault
from reverse_proxy import ResendingProxy

if TYPE_CHECKING:
    from job.project import Project

LIMITED = Reply(429, b"slow down", {"Retry-After": "0"})
DEPLOYED = ["deploy-build", "deploy-build"]  # once a stage
QUICK = ("--network-retry-for", "20s")


def operations(project: Project, of: str) -> list[str]:
    return [operation for operation in project.operations() if operation == of]


@pytest.mark.parametrize("path", ["/api/releases/create", "/builds/create", "/builds/deploy"])
def test_after_a_429_of_buildmaster_it_is_looked_up_before_it_is_sent_again(project: Project, path: str) -> None:
    with ResendingProxy(project.sandbox.url, path, LIMITED) as proxy:
        ended = project.shipline("run", "--buildmaster-url", proxy.url, *QUICK)
        assert proxy.left == 0
    assert ended.code == 0, ended.text
    assert operations(project, "create-build") == ["create-build"]
    assert operations(project, "deploy-build") == DEPLOYED
    assert len(project.sandbox.admin("state")["buildmaster"]["releases"]) == 2  # one of them is the sandbox's own


@pytest.mark.parametrize("path", ["/v3/releases", "/v3/release-files", "/publish"])
def test_after_a_429_of_v3_it_is_looked_up_before_it_is_sent_again(project: Project, path: str) -> None:
    with ResendingProxy(project.sandbox.url, path, LIMITED) as proxy:
        ended = project.shipline("run", "--v3-url", proxy.url, "--v3-state", "published", *QUICK)
        assert proxy.left == 0
    assert ended.code == 0, ended.text
    sent = [operation for operation in project.operations() if operation.endswith(("-release", "-release-file"))]
    assert sent.count("publish-release") == 1
    assert sent.count("create-release-file") == 1
    (released,) = project.sandbox.admin("state")["v3"]["releases"]
    assert released["published"]


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_the_next_run_finds_the_deployment_that_was_refused(project: Project, status: int) -> None:
    with ResendingProxy(project.sandbox.url, "/builds/deploy", Reply(status, b"no")) as proxy:
        flags = ("--buildmaster-url", proxy.url, "--network-retry-for", "0s")
        ended = project.shipline("run", *flags)
        assert ended.code == {400: 4, 403: 3, 404: 4, 429: 7}[status], ended.text
        project.sandbox.admin("clock", {"advance": 600})  # it has ended
        ended = project.shipline("run", *flags)
    assert ended.code == 0, ended.text
    assert operations(project, "deploy-build") == DEPLOYED


def test_a_deployment_that_was_refused_and_still_runs_may_be_another_runs(project: Project) -> None:
    with ResendingProxy(project.sandbox.url, "/builds/deploy", Reply(429, b"no")) as proxy:
        flags = ("--buildmaster-url", proxy.url, "--network-retry-for", "0s")
        pipeline = {"stages": [{"name": "Integration", "executing_seconds": 6000}, {"name": "Testing"}]}
        application = {"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}
        project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
        assert project.shipline("run", *flags).code == 7
        project.sandbox.admin("clock", {"advance": 60})  # it has begun, so a list shows it
        ended = project.shipline("run", *flags)
    assert ended.code == 8, ended.text
    assert "another run has started deployment" in ended.text
    assert operations(project, "deploy-build") == ["deploy-build"]


def test_a_change_that_was_not_applied_is_sent_again(project: Project) -> None:
    fault(project, "create-build", status=429, headers={"Retry-After": "0"})
    fault(project, "create-release-file", status=429, headers={"Retry-After": "0"})
    ended = project.shipline("run", *QUICK)
    assert ended.code == 0, ended.text
    assert operations(project, "create-build") == ["create-build"] * 2


def test_a_limit_that_lasts_is_unavailable_and_the_next_run_goes_on(project: Project) -> None:
    fault(project, "create-build", status=429, headers={"Retry-After": "0"}, times=99)
    ended = project.shipline("run", "--network-retry-for", "2s")
    assert ended.code == 7, ended.text
    assert len(operations(project, "create-build")) > 1
    requests.delete(f"{project.sandbox.url}/_sandbox/faults", timeout=10)
    assert project.shipline("run").code == 0


def test_an_announcement_is_sent_again_only_after_centercodes_own_refusal(project: Project) -> None:
    own = json.dumps({"status": 429, "description": "API calls quota exceeded"})
    fault(project, "project-release", status=429, headers={"Retry-After": "0"}, body=own)
    ended = project.shipline("run", *QUICK)
    assert ended.code == 0, ended.text
    assert operations(project, "project-release") == ["project-release"] * 2


def test_an_announcement_that_another_program_refused_is_unknown(project: Project) -> None:
    with ResendingProxy(project.sandbox.url, "/Firmware", LIMITED) as proxy:
        ended = project.shipline("run", "--centercode-url", proxy.url, *QUICK)
        assert ended.code == 8, ended.text
        assert project.shipline("run", "--centercode-url", proxy.url).code == 8
    assert operations(project, "project-release") == ["project-release"]


def test_a_build_without_a_number_that_was_refused_is_looked_for(project: Project) -> None:
    project.config(build_number="")
    fault(project, "create-build", status=400, body="Branch is not a valid variable name.")
    with ResendingProxy(project.sandbox.url, "/builds/create", Reply(403, b"no"), times=0) as proxy:
        assert project.shipline("run", "--buildmaster-url", proxy.url).code == 4
        proxy.left = 1
        assert project.shipline("run", "--buildmaster-url", proxy.url).code == 3
        ended = project.shipline("run", "--buildmaster-url", proxy.url)
    assert ended.code == 8, ended.text
    assert "there is a build since (id 1)" in ended.err
    assert len(project.sandbox.admin("state")["buildmaster"]["builds"]) == 1
