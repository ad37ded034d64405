"""Deployments that no list shows: which are asked for by their ids, and how long it is waited for one to appear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shipline.run.steps.find_deployment import DeploymentSearch
from shipline.services.buildmaster import BuildMaster
from unit.responding_server import Clock, Server, StepRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILDS, DEPLOYMENTS = "LIST /api/releases/builds?", "LIST /api/releases/builds/deployments?"
BY_ID = DEPLOYMENTS + "deploymentId="
BEFORE, CREATED, AFTER = (f"2026-05-04T10:{minute}:00Z" for minute in ("00", "01", "02"))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers[BUILDS + "buildId=5"] = [build()]
        yield made


def build(**more: Any) -> dict[str, Any]:
    return {"id": 5, "number": "7", "status": "active", "applicationName": "Widget", "createdOn": CREATED, **more}


def deployment(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "status": "pending", "pipelineStageName": "Testing", "buildId": 5, "createdOn": AFTER, **more}


def searching(folder: Path, server: Server, stage: str = "Testing") -> tuple[DeploymentSearch, StepRun]:
    run = StepRun(folder, server.url, build_id=5, buildmaster="")
    settings = run.job.pipeline.buildmaster
    assert settings is not None
    return DeploymentSearch(BuildMaster(settings, run.job.pipeline.network), stage), run


def unlisted(server: Server, *deployments: dict[str, Any]) -> None:
    for one in deployments:
        server.answers[f"{BY_ID}{one['id']}"] = [one]


def asked(server: Server) -> list[int]:
    return [int(line.rpartition("=")[2]) for line in server.asked if line.startswith(BY_ID)]


def waiting(folder: Path, server: Server, stage: str = "Testing") -> list[int]:
    search, run = searching(folder, server, stage)
    return search.unlisted(run.job)


def test_ids_between_and_beyond_the_listed_ones_are_asked_for(tmp_path: Path, server: Server) -> None:
    server.answers[DEPLOYMENTS] = [
        deployment(3, buildId=2, createdOn=BEFORE),
        deployment(10, buildId=4, createdOn=BEFORE),
        deployment(13, buildId=6),
        deployment(22, status="failed"),
    ]
    unlisted(server, deployment(11), deployment(12, buildId=6), deployment(21, buildId=6), deployment(24))
    assert waiting(tmp_path, server) == [11, 24]
    # Seven between 13 and 21 are no deployments; five beyond the newest that was found are asked for, and no more.
    assert asked(server) == [11, 12, *range(14, 22), *range(23, 30)]
    assert server.count(DEPLOYMENTS + "applicationName=Widget") == 1


def test_ids_beyond_the_newest_are_asked_for_though_those_before_it_are_gone(tmp_path: Path, server: Server) -> None:
    server.answers[DEPLOYMENTS] = [deployment(10, createdOn=BEFORE, buildId=4), deployment(20, buildId=4)]
    unlisted(server, deployment(24))
    assert waiting(tmp_path, server) == [24]


def test_what_has_ended_or_is_for_another_stage_is_not_waited_for(tmp_path: Path, server: Server) -> None:
    server.answers[DEPLOYMENTS] = [deployment(10, createdOn=BEFORE)]
    unlisted(
        server,
        deployment(11, status="succeeded"),
        deployment(12, pipelineStageName="Live"),
        deployment(13, pipelineStageName="TESTING"),
        deployment(14, pipelineStageName=None),
        deployment(15, canceledOn=AFTER),
        deployment(16, status="executing"),
    )
    assert waiting(tmp_path, server) == [13, 14, 16]
    assert waiting(tmp_path, server, stage="") == [12, 13, 14, 16]


def test_one_of_the_builds_own_moment_is_not_older_than_it(tmp_path: Path, server: Server) -> None:
    server.answers[DEPLOYMENTS] = [deployment(10, createdOn=BEFORE), deployment(13, buildId=4, createdOn=CREATED)]
    unlisted(server, deployment(11))
    assert waiting(tmp_path, server) == [11]


def test_where_the_application_has_no_older_one_those_of_all_show_where_to_begin(
    tmp_path: Path, server: Server
) -> None:
    server.answers[DEPLOYMENTS + "applicationName=Widget"] = [deployment(40, status="failed")]
    moments = (BEFORE, None, CREATED)
    others = [
        deployment(number, buildId=2, createdOn=moment) for number, moment in zip((30, 31, 37), moments, strict=True)
    ]
    every = [*others, deployment(40)]
    server.answers["LIST /api/releases/builds/deployments"] = every
    unlisted(server, deployment(39))
    assert waiting(tmp_path, server) == [39]
    assert asked(server) == [*range(32, 37), 38, 39, *range(41, 46)]


def test_without_any_deployment_the_first_ids_are_asked_for(tmp_path: Path, server: Server) -> None:
    assert waiting(tmp_path, server) == []
    assert asked(server) == [1, 2, 3, 4, 5]
    unlisted(server, deployment(1))
    assert waiting(tmp_path, server) == [1]
    assert asked(server)[5:] == [1, 2, 3, 4, 5, 6]


def test_no_more_than_a_hundred_ids_are_asked_for(tmp_path: Path, server: Server) -> None:
    server.answers[DEPLOYMENTS] = [deployment(10, createdOn=BEFORE), deployment(5000)]
    assert waiting(tmp_path, server) == []
    assert asked(server) == list(range(11, 111))


@pytest.mark.parametrize("known", [[], {"createdOn": None}, {"createdOn": "yesterday"}])
def test_a_build_of_unknown_age_says_nothing_of_ids(tmp_path: Path, server: Server, known: Any) -> None:
    server.answers[BUILDS] = [build(**known)] if known else []
    del server.answers[BUILDS + "buildId=5"]
    assert waiting(tmp_path, server) == []
    assert asked(server) == []


def test_it_is_waited_once_for_a_deployment_to_appear(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock.of(monkeypatch)
    server.answers[DEPLOYMENTS + "buildId=5&pipelineStageName=Testing"] = [deployment(10)]
    search, run = searching(tmp_path, server)
    run.job.changes = 1
    assert [d.id for d in search.appearing(run.job, frozenset({10}))] == [10]
    assert clock.slept == [1] * 8
    assert run.shown("progress") == ["checking whether an earlier run has started a deployment"]
    assert [d.id for d in search.appearing(run.job, frozenset({10}))] == [10]
    assert (len(clock.slept), len(run.told), server.count(DEPLOYMENTS)) == (8, 1, 10)
    run.job.changes += 1
    search.appearing(run.job, frozenset({10}))
    assert (len(clock.slept), len(run.told)) == (16, 2)


def test_one_that_appears_ends_the_wait(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock.of(monkeypatch)
    old, new = deployment(10), deployment(11)
    server.answers[DEPLOYMENTS] = ([old], [old], [new, old])
    search, run = searching(tmp_path, server, stage="")
    assert [d.id for d in search.appearing(run.job, frozenset({10}))] == [10, 11]
    assert clock.slept == [1, 1]
    assert server.asked[-1] == f"{DEPLOYMENTS}buildId=5"
