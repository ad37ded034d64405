"""Other runs that work on the same build, as BuildMaster shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shipline.run.evidence import Origin
from unit.responding_server import Clock, Server
from unit.test_deploy import AFTER, BEFORE, BUILD, BY_ID, CREATED, LIST, POST, Deploying, deployment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL = LIST.replace("buildId=5", "applicationName")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        build = {"id": 5, "number": "7", "status": "active", "applicationName": "Widget", "createdBy": "API"}
        made.answers[BUILD] = [{**build, "createdOn": CREATED}]
        yield made


def listed(server: Server, *found: dict[str, Any]) -> None:
    server.answers[LIST] = server.answers[ALL] = [deployment("failed", 3, createdOn=BEFORE), *found]


@pytest.mark.parametrize(("creator", "kind"), [("API", "adopted"), ("SYSTEM", "created_build")])
def test_who_started_a_deployment_shows_whether_another_run_is_at_work(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, creator: str, kind: str
) -> None:
    Clock.of(monkeypatch)
    listed(server, deployment("executing", 12, createdBy="SYSTEM"))
    server.answers[f"{BY_ID}11"] = [deployment("executing", 11, createdBy=creator)]
    run = Deploying(tmp_path, server)
    run.job.evidence.set_origin(Origin("created_build"))
    assert run.step.decide(run.job).wait
    assert run.job.evidence.origin.kind == kind
    assert run.job.evidence.may_be_first() == (kind == "created_build")


def test_a_deployment_that_runs_is_another_runs_without_a_receipt(tmp_path: Path, server: Server) -> None:
    listed(server, deployment("executing", 12))
    run = Deploying(tmp_path, server)
    assert run.step.decide(run.job).wait
    assert "another run has started deployment 12 to Testing" in run.job.evidence.who_else


def test_one_that_waits_is_found_beside_a_failed_one(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock.of(monkeypatch)
    listed(server, deployment("failed", 11, createdOn=AFTER))
    server.answers[f"{BY_ID}12"] = ([deployment("pending", 12)], [deployment("succeeded", 12)])
    run = Deploying(tmp_path, server)
    assert run.act().startswith("deployed to Testing (succeeded")
    assert server.count(POST) == 0
    assert run.job.evidence.origin.kind == "adopted"


@pytest.mark.parametrize(("status", "kind"), [("executing", "adopted"), ("failed", "started")])
def test_two_runs_that_deploy_at_once_do_not_both_announce(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, status: str, kind: str
) -> None:
    Clock.of(monkeypatch)
    listed(server)
    server.answers[POST] = deployment("pending", 11)
    server.answers[f"{BY_ID}11"] = [deployment("succeeded", 11)]
    run = Deploying(tmp_path, server)
    decision = run.step.decide(run.job)
    assert run.job.evidence.origin == Origin("started")
    run.step.act(run.job, decision)
    server.answers[f"{BY_ID}12"] = [deployment(status, 12, createdBy="API")]
    run.step.before_announcing(run.job)
    assert run.job.evidence.origin.kind == kind
