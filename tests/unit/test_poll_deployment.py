"""Waiting for deployments: what counts as ended, as failed and as too late, by what BuildMaster answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import DeploymentFailedError, SupersededError, TimedOutError
from shipline.run.results import RunValues
from shipline.run.step import Decision
from shipline.run.steps.await_deployment import AwaitDeployment
from shipline.run.steps.deploy import Deploy, StageDetails
from shipline.run.steps.poll_deployment import DeploymentPoll
from shipline.services.buildmaster import BuildMaster
from unit.responding_server import Clock, Server, StepRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILD = "LIST /api/releases/builds?buildId=5"
LIST = "LIST /api/releases/builds/deployments?buildId=5"
PARENT = "LIST /api/releases/builds/deployments?deploymentId=10"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers[BUILD] = [build()]
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock.of(monkeypatch)


def build(**more: Any) -> dict[str, Any]:
    return {"id": 5, "number": "7", "status": "active", "applicationName": "Widget", **more}


def deployment(status: str, number: int = 10, **more: Any) -> dict[str, Any]:
    return {"id": number, "status": status, "pipelineStageName": "Testing", "buildId": 5, **more}


class Waiting(StepRun):
    """A run that has started deployment 10 of build 5."""

    def __init__(self, folder: Path, server: Server, **settings: Any) -> None:
        super().__init__(folder, server.url, build_id=5, buildmaster="stages: [Testing]")
        assert self.job.pipeline.buildmaster is not None
        self.settings = self.job.pipeline.buildmaster._replace(**settings)
        self.client = BuildMaster(self.settings, self.job.pipeline.network)
        self.step = Deploy(self.settings, self.client, "Testing", last=True)

    def ended(self, parents: tuple[int, ...] = (10,), before: tuple[int, ...] = (), stage: str = "Testing") -> str:
        return DeploymentPoll(self.client, self.settings, self.job, parents, before, stage, last=True).run(self.step)

    @property
    def progress(self) -> list[str]:
        return self.shown("progress")


def test_a_deployment_is_followed_to_its_end(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[PARENT] = ([deployment("pending")], [deployment("executing")], [deployment("succeeded")])
    server.answers[LIST] = ([deployment("executing", 11)], [deployment("succeeded", 11)])
    server.answers[BUILD] = [build(number="7.1")]
    run = Waiting(tmp_path, server)
    assert run.ended().startswith("deployed to Testing (succeeded, ")
    assert [line.rpartition(",")[0] for line in run.progress] == [
        "deployment to Testing: pending",
        "deployment to Testing: executing",
        "deployment to Testing: succeeded",
    ]
    assert len(clock.slept) == 3
    values = run.job.values
    assert (values.deployment_status, values.stage, values.build_number) == ("succeeded", "Testing", "7.1")
    assert (run.record.status, run.record.made["buildmaster-build-number"]) == ("done", "7.1")
    assert round(run.record.seconds or 0) == round(sum(clock.slept))
    assert run.job.changes
    assert [e["limit"] for e in run.told if e["event"] == "waiting"] == [600, 1800, 1800, 1800]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (("succeeded", "failed"), "failed after"),
        (("failed", "succeeded"), "failed after"),
        (("succeeded", "Stuck"), "ended as stuck (a status this version doesn't know, so it counts as failed) after"),
        (("warned", "failed"), "failed after"),
    ],
)
def test_the_worst_of_all_counts(
    tmp_path: Path, server: Server, clock: Clock, statuses: tuple[str, str], said: str
) -> None:
    parent, child = statuses
    server.answers[PARENT] = [deployment(parent)]
    server.answers[LIST] = [deployment("succeeded", 12), deployment(child, 11)]
    run = Waiting(tmp_path, server)
    with pytest.raises(DeploymentFailedError) as raised:
        run.ended()
    assert raised.value.what.startswith(f"the deployment to Testing {said} ")
    assert clock.slept == []
    assert run.job.values.stage == "Testing"


def test_a_canceled_deployment_is_told_as_one(tmp_path: Path, server: Server) -> None:
    server.answers[PARENT] = [deployment("succeeded", canceledBy="Somebody")]
    run = Waiting(tmp_path, server)
    with pytest.raises(DeploymentFailedError, match="the deployment to Testing was canceled after"):
        run.ended()
    assert run.job.values.deployment_status == "canceled"


def test_what_was_there_before_does_not_count(tmp_path: Path, server: Server) -> None:
    server.answers[PARENT] = [deployment("succeeded")]
    server.answers[LIST] = [deployment("failed", 3), deployment("executing", 4), deployment("succeeded", 11)]
    assert Waiting(tmp_path, server).ended(before=(3, 4)).startswith("deployed to Testing (succeeded")


def test_one_that_was_taken_up_is_known_by_its_newest_child(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[LIST] = (
        [],
        [deployment("executing", 11), deployment("succeeded", 12)],
        [deployment("warned", 11), deployment("succeeded", 12)],
    )
    run = Waiting(tmp_path, server)
    assert run.ended(parents=()).startswith("deployed to Testing (warned")
    assert run.job.values.deployment_id == "12"
    assert all("pipelineStageName=Testing" in asked for asked in server.asked if asked.startswith(LIST))
    assert run.shown() == ["the deployment to Testing succeeded with warnings"]
    assert run.job.report.warned
    assert len(clock.slept) == 2
    assert run.progress[0].startswith("deployment to Testing: pending")


def test_one_of_two_that_is_missing_is_pending(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[PARENT] = [deployment("succeeded")]
    other = "LIST /api/releases/builds/deployments?deploymentId=20"
    server.answers[other] = ([], [deployment("executing", 20)], [deployment("succeeded", 20)])
    run = Waiting(tmp_path, server)
    run.ended(parents=(10, 20))
    assert [line.rpartition(",")[0].rpartition(" ")[2] for line in run.progress] == [
        "pending",
        "executing",
        "succeeded",
    ]
    assert len(clock.slept) == 2


def test_the_stage_of_one_that_named_none_is_learnt(tmp_path: Path, server: Server) -> None:
    server.answers[PARENT] = [deployment("succeeded", pipelineStageName="Integration")]
    run = Waiting(tmp_path, server)
    assert run.ended(stage="").startswith("deployed to Integration (succeeded")
    assert run.job.values.stage == "Integration"
    assert server.count(f"{LIST}&pipelineStageName=Integration") == 1
    assert run.progress[0].startswith("deployment: succeeded")


@pytest.mark.parametrize("status", ["warned", "failed"])
def test_warnings_may_count_as_failure(tmp_path: Path, server: Server, status: str) -> None:
    server.answers[PARENT] = [deployment(status)]
    run = Waiting(tmp_path, server, warned="fail")
    with pytest.raises(DeploymentFailedError):
        run.ended()
    assert run.shown() == []
    assert run.job.values.deployment_status == status


def test_a_build_that_is_rejected_meanwhile(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[PARENT] = [deployment("executing")]
    server.answers[BUILD] = ([build()], [build(status="Rejected")])
    with pytest.raises(DeploymentFailedError, match=r"^build 7 \(id 5\) was rejected"):
        Waiting(tmp_path, server).ended()
    assert len(clock.slept) == 19  # the build is looked at with each tenth look at the deployment
    assert server.count(BUILD) == 2


@pytest.mark.parametrize("on_failure", ["leave", "reject"])
def test_a_failed_deployment_of_a_rejected_build_reports_both(
    tmp_path: Path, server: Server, clock: Clock, on_failure: str
) -> None:
    server.answers[PARENT] = ([deployment("executing")], [deployment("failed")])
    server.answers[BUILD] = [build(status="rejected")]
    run = Waiting(tmp_path, server, on_failure=on_failure)
    step, details = Deploy(run.settings, run.client, "Testing", last=True), StageDetails("Testing", parents=(10,))
    with pytest.raises(DeploymentFailedError) as raised:
        step.act(run.job, Decision(wait="30m", details=details))
    assert re.fullmatch(
        r"build 7 \(id 5\) was rejected; the deployment to Testing failed after [\d.]+ s", raised.value.what
    )
    assert server.count("POST") == 0  # it isn't rejected again


@pytest.mark.parametrize("status", ["executing", "canceled", "failed"])
def test_a_build_that_is_rejected_for_a_later_one_is_superseded(
    tmp_path: Path, server: Server, clock: Clock, status: str
) -> None:
    server.answers[PARENT] = [deployment(status)]
    server.answers[BUILD] = [build(status="Rejected", releaseId=3)]
    others = [{**build(releaseId=3), "id": 4}, {**build(releaseId=3), "id": 8, "number": "9"}]
    server.answers["LIST /api/releases/builds?releaseId=3"] = [*others, build(status="Rejected", releaseId=3)]
    with pytest.raises(SupersededError, match=r"superseded: .*build 9 is later"):
        Waiting(tmp_path, server).ended()
    assert len(clock.slept) < 20


def test_a_build_that_is_purged_meanwhile_leaves_its_number(tmp_path: Path, server: Server) -> None:
    server.answers[PARENT] = [deployment("succeeded")]
    server.answers[BUILD] = []
    run = Waiting(tmp_path, server)
    run.ended()
    assert run.job.values.build_number is None


def test_each_minute_says_that_it_still_waits(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[PARENT] = [deployment("executing")]
    run = Waiting(tmp_path, server, timeout=300.0)
    with pytest.raises(TimedOutError) as raised:
        run.ended()
    assert 300 <= sum(clock.slept) < 313
    assert len(run.progress) == 5
    assert raised.value.what.startswith("the deployment to Testing is still executing after 5 min")
    assert raised.value.what.endswith(" (buildmaster.timeout)")
    assert raised.value.why == "BuildMaster continues it"
    assert raised.value.todo == "run again to continue waiting: Shipline doesn't deploy it twice"


@pytest.mark.parametrize(("timeout", "setting"), [(60.0, "pending-timeout"), (20.0, "timeout")])
def test_pending_has_a_limit_of_its_own(
    tmp_path: Path, server: Server, clock: Clock, timeout: float, setting: str
) -> None:
    server.answers[PARENT] = [deployment("pending")]
    with pytest.raises(TimedOutError) as raised:
        Waiting(tmp_path, server, timeout=timeout, pending_timeout=20.0).ended()
    assert raised.value.what.endswith(f" (buildmaster.{setting})")
    assert raised.value.todo.endswith(" (an approval may be missing)")
    assert 20 <= sum(clock.slept) < 24


@pytest.mark.parametrize(("start", "seconds"), [(60, 80), (-3600, 20), (None, 20)])
def test_what_passes_before_the_start_time_is_not_counted(
    tmp_path: Path, server: Server, clock: Clock, start: int | None, seconds: int
) -> None:
    moment = None if start is None else (datetime.now(UTC) + timedelta(seconds=start)).isoformat()
    server.answers[PARENT] = [deployment("pending")]
    with pytest.raises(TimedOutError, match=r"still pending after 2[0-9] s"):
        Waiting(tmp_path, server, start_time=moment, pending_timeout=20.0).ended()
    assert seconds - 1 <= sum(clock.slept) < seconds + 9


def test_no_time_at_all_is_one_look(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[PARENT] = [deployment("pending")]
    with pytest.raises(TimedOutError):
        Waiting(tmp_path, server, pending_timeout=0.0).ended()
    assert clock.slept == []


def awaiting(run: Waiting, stage: str = "Testing") -> AwaitDeployment:
    return AwaitDeployment(run.settings._replace(stages=(stage,) if stage else ()), run.client)


def test_publishing_alone_waits_for_what_somebody_else_deploys(tmp_path: Path, server: Server, clock: Clock) -> None:
    server.answers[LIST] = ([], [], [deployment("executing", 11)], [deployment("succeeded", 11)])
    run = Waiting(tmp_path, server)
    step = awaiting(run)
    decision = step.decide(run.job)
    assert decision.wait == "until the build has succeeded in Testing (timeout 30 min)"
    assert step.act(run.job, decision) == "deployed to Testing (succeeded)"
    assert len(clock.slept) == 2
    assert run.progress == [
        "waiting until the build has succeeded in Testing (timeout 30 min)",
        "still waiting: Testing executing, 0.5 s",
    ]
    assert run.outputs() == {
        "buildmaster-build-id": "5",
        "buildmaster-stage": "Testing",
        "buildmaster-deployment-id": "11",
        "buildmaster-deployment-status": "succeeded",
    }
    assert run.job.changes
    assert {"event": "waiting", "status": "waiting", "limit": 1800} in run.told


def test_publishing_alone_gives_up_in_the_end(tmp_path: Path, server: Server, clock: Clock) -> None:
    run = Waiting(tmp_path, server, timeout=60.0)
    step = awaiting(run, "")
    with pytest.raises(TimedOutError, match="the build has no succeeded deployment in any stage after 1 min"):
        step.act(run.job, step.decide(run.job))
    assert 60 <= sum(clock.slept) < 68


def test_publishing_alone_says_each_minute_that_it_still_waits(tmp_path: Path, server: Server, clock: Clock) -> None:
    run = Waiting(tmp_path, server, timeout=300.0)
    step = awaiting(run)
    with pytest.raises(TimedOutError):
        step.act(run.job, step.decide(run.job))
    first, *others = run.progress
    assert first == "waiting until the build has succeeded in Testing (timeout 5 min)"
    assert len(others) == 4
    assert others[0].startswith("still waiting: no deployment to Testing yet, 1 min")


def test_any_stage_counts_where_none_is_named_and_the_newest_is_told(tmp_path: Path, server: Server) -> None:
    moments = [f"2026-05-04T10:00:0{second}Z" for second in range(5)]
    server.answers[LIST] = [
        deployment("succeeded", 11, pipelineStageName="Testing", createdOn=moments[0]),
        deployment("warned", 12, pipelineStageName="Integration", createdOn=moments[2]),
        deployment("failed", 13, pipelineStageName="Live", createdOn=moments[4]),
    ]
    run = Waiting(tmp_path, server)
    step = awaiting(run, "")
    decision = step.decide(run.job)
    assert decision.reuse == "deployed to Integration already (warned)"
    assert decision.made.deployment_id == "12"
    assert step.act(run.job, decision) == decision.reuse
    assert run.shown() == ["the deployment to Integration succeeded with warnings"]
    with pytest.raises(DeploymentFailedError):
        awaiting(Waiting(tmp_path, server, warned="fail"), "").decide(run.job)


def test_without_a_build_it_is_waited_for_later(tmp_path: Path, server: Server) -> None:
    run = Waiting(tmp_path, server)
    run.job.values = RunValues()
    assert awaiting(run).decide(run.job).wait
    assert server.asked == []
    assert awaiting(run).key(run.job) == f"await|{server.url}||Testing"
