"""A deployment that the receipt recorded as done: BuildMaster is still requested to report it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import DeploymentFailedError, RefusedError
from shipline.run.evidence import Origin
from unit.responding_server import Server
from unit.test_deploy import BY_ID, LIST, Deploying, deployment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MADE = {
    "buildmaster-deployment-id": "10",
    "buildmaster-deployment-status": "warned",
    "buildmaster-stage": "Testing",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


def recorded(folder: Path, server: Server, stage: str = "Testing", **settings: Any) -> Deploying:
    run = Deploying(folder, server, stage, **settings)
    run.recorded("done", MADE)
    return run


@pytest.mark.parametrize("stage", ["Testing", ""])
def test_it_is_done_if_buildmaster_still_reports_success(tmp_path: Path, server: Server, stage: str) -> None:
    elsewhere = deployment("failed", 14, pipelineStageName="Live")
    server.answers[LIST] = [deployment("failed", 3, createdOn="2026-05-01T10:00:00Z"), deployment("warned", 12)]
    if not stage:
        server.answers[LIST].append(elsewhere)
    run = recorded(tmp_path, server, stage)
    assert run.act() == "deployed to Testing already (warned)"
    assert run.shown() == ["the deployment to Testing succeeded with warnings"]
    assert run.outputs()["buildmaster-deployment-id"] == "10"
    assert run.job.evidence.origin == Origin()
    assert len(server.asked) == 1


def test_a_parent_that_lists_do_not_show_is_looked_up_by_its_id(tmp_path: Path, server: Server) -> None:
    server.answers[f"{BY_ID}10"] = [deployment("succeeded", 10)]
    assert recorded(tmp_path, server).act() == "deployed to Testing already (warned)"


def test_one_that_buildmaster_no_longer_has_is_refused(tmp_path: Path, server: Server) -> None:
    error = recorded(tmp_path, server).failure()
    assert isinstance(error, RefusedError)
    assert error.what == "BuildMaster has no deployment 10 to Testing, which this receipt recorded as done"
    assert server.count("POST") == 0


def test_a_later_deployment_that_failed_counts(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [deployment("succeeded", 10), deployment("failed", 12, createdOn="2030-01-01T10:00:00Z")]
    decision = (run := recorded(tmp_path, server)).step.decide(run.job)
    assert decision.note == "deployment 12 to Testing has failed: deployed again, attempt 3"
    never = recorded(tmp_path, server, redeploy="never")
    assert isinstance(never.failure(), DeploymentFailedError)


def test_one_that_somebody_has_started_again_is_waited_for(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [deployment("succeeded", 10), deployment("executing", 12, createdOn="2030-01-01T10:00:00Z")]
    decision = (run := recorded(tmp_path, server)).step.decide(run.job)
    assert decision.reuse == "deployment 12 to Testing is executing already"
    assert decision.wait


def test_warnings_count_if_they_are_to_fail_now(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [deployment("warned", 10)]
    assert isinstance(recorded(tmp_path, server, warned="fail").failure(), DeploymentFailedError)
