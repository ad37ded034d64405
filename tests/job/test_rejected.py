"""Builds that BuildMaster rejects after their last stage has succeeded, as feature-branch pipelines do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from job.situations import announced

if TYPE_CHECKING:
    from job.project import Project

ACCEPT = ("--buildmaster-rejected", "accept")


@pytest.fixture
def branch(project: Project) -> Project:
    """A project whose pipeline rejects each build once its last stage has succeeded."""
    pipeline = {"stages": ["Integration", "Testing"], "completed_build": "rejected"}
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    return project


def test_build_that_is_rejected_at_its_end_is_refused(branch: Project) -> None:
    ended = branch.shipline("run")
    assert ended.code == 5
    assert "build 7 (id 1) was rejected" in ended.err
    assert "buildmaster.rejected to accept" in ended.line("NEXT:")
    assert announced(branch) == 0
    ended = branch.shipline("run")
    assert ended.code == 5
    assert "buildmaster.rejected to accept" in ended.line("NEXT:")


def test_build_that_is_rejected_at_its_end_is_announced_with_a_warning(branch: Project) -> None:
    ended = branch.shipline("run", *ACCEPT)
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert "build 7 (id 1) was rejected after its last stage had succeeded" in ended.err
    assert announced(branch) == 1
    ended = branch.shipline("run", *ACCEPT)
    assert ended.code == 0, ended.text
    assert announced(branch) == 1


def test_rejected_build_that_an_earlier_run_refused_is_announced(branch: Project) -> None:
    assert branch.shipline("run").code == 5
    ended = branch.shipline("run", *ACCEPT)
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert announced(branch) == 1


@pytest.mark.parametrize(("setting", "code"), [(ACCEPT, 0), ((), 5)])
def test_job_that_only_publishes_follows_the_setting(branch: Project, setting: tuple[str, ...], code: int) -> None:
    assert branch.shipline("run", "--steps", "build").code == 0
    process = branch.start("run", "--steps", "publish", "--receipt", "other.json", *setting)
    for stage in ("Integration", "Testing"):
        deploy = ("--build-id", "1", "--to-stage", stage, "--url", branch.sandbox.url)
        assert branch.shipline("buildmaster", "deploy-build", *deploy).code == 0
        branch.sandbox.admin("clock", {"advance": 20})
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "was rejected" in err
    assert announced(branch) == (code == 0)


def test_build_that_is_rejected_before_its_last_stage_always_fails(project: Project) -> None:
    only_first = ("--steps", "build,deploy", "--buildmaster-stages", "Integration")
    assert project.shipline("run", *only_first).code == 0
    url = f"{project.sandbox.url}/api/releases/builds/reject"
    assert requests.post(url, {"buildId": 1}, headers={"X-ApiKey": "sandbox-x"}, timeout=10).ok
    ended = project.shipline("run", *ACCEPT)
    assert ended.code == 5
    assert "build 7 (id 1) was rejected" in ended.err
    assert announced(project) == 0


def test_build_without_a_release_is_created_once_and_announced(branch: Project) -> None:
    branch.config(application="  application: Widget\n  release: none\n  rejected: accept")
    ended = branch.shipline("run")
    assert ended.code == 0, ended.text
    assert "buildmaster-release-id" not in ended.outputs
    (created,) = [r["body"] for r in branch.changes() if r["operation"] == "create-build"]
    assert (created["applicationName"], created["pipelineName"]) == ("Widget", "Standard")
    (build,) = branch.sandbox.admin("state")["buildmaster"]["builds"]
    assert build.get("releaseId") is None
    assert announced(branch) == 1
    before = branch.operations()
    assert branch.shipline("run").code == 0
    assert branch.shipline("run", "--receipt", "other.json", "--centercode-on-unknown", "assume").code == 0
    assert branch.operations() == before


def test_build_of_a_release_is_not_the_one_without_a_release(project: Project) -> None:
    assert project.shipline("run", "--steps", "build").code == 0
    project.config(application="  application: Widget\n  release: none")
    ended = project.shipline("run", "--steps", "build")
    assert ended.code == 0, ended.text
    assert project.operations().count("create-build") == 2
    assert project.shipline("doctor").code == 0


def test_build_without_a_release_needs_a_pipeline(project: Project) -> None:
    project.config(pipeline="  release: none")
    ended = project.shipline("run")
    assert ended.code == 2
    assert "buildmaster.pipeline: is missing" in ended.err
    assert "a build without a release needs it" in ended.err
