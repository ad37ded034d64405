"""One stage of a build: what is found there decides whether it is deployed, waited for or left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import DeploymentFailedError, RefusedError, ShiplineError, SupersededError, UnknownOutcomeError
from shipline.services.buildmaster import BuildMaster
from shipline.steps.create_build import CreateBuild
from shipline.steps.deploy import Deploy
from shipline.steps.ensure_release import EnsureRelease
from unit.answering import Clock, Server, Told, job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.steps import Job

BUILD = "GET /api/releases/builds?buildId=5"
LIST = "GET /api/releases/builds/deployments?buildId=5"
BY_ID = "GET /api/releases/builds/deployments?deploymentId="
POST = "POST /api/releases/builds/deploy"
BEFORE, CREATED, AFTER = (f"2026-05-04T10:{minute}:00Z" for minute in ("00", "01", "02"))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers[BUILD] = [
            {"id": 5, "number": "7", "status": "active", "applicationName": "Widget", "createdOn": CREATED}
        ]
        yield made


def deployment(status: str, number: int = 10, **more: Any) -> dict[str, Any]:
    known = {"id": number, "status": status, "pipelineStageName": "Testing", "buildId": 5, "createdOn": AFTER}
    return {**known, **more}


class Deploying:
    """A job with build 5 that deploys it to one stage."""

    def __init__(self, folder: Path, server: Server, stage: str = "Testing", **settings: Any) -> None:
        self.told = Told()
        self.job: Job = job(folder, server.url, told=self.told, buildmaster="")
        self.job.values["buildmaster-build-id"] = "5"
        assert self.job.pipeline.buildmaster is not None
        self.settings = replace(self.job.pipeline.buildmaster, stages=(stage,) if stage else (), **settings)
        self.client = BuildMaster(self.settings, self.job.pipeline.network)
        self.step = Deploy(self.settings, self.client, stage, last=True)

    def journal(self, status: str, made: dict[str, str] | None = None, **details: Any) -> dict[str, Any]:
        entry = self.job.receipt.begin(self.step.name, self.step.key(self.job))
        entry |= {"status": status, "made": made or {}, **details}
        return entry

    def created(self) -> None:
        """As if this receipt had created the build."""
        entry = self.job.receipt.begin("build", "build|…")
        entry |= {"status": "done", "requests": [{}]}

    def acted(self) -> str:
        decision = self.step.decide(self.job)
        self.job.make(decision.made)
        return self.step.act(self.job, decision)

    def failure(self) -> ShiplineError:
        with pytest.raises(ShiplineError) as raised:
            self.acted()
        return raised.value


def test_a_stage_is_deployed_and_waited_for(tmp_path: Path, server: Server) -> None:
    server.answers[POST] = [deployment("pending", 10), deployment("pending", 12)]
    server.answers[f"{BY_ID}10"] = [deployment("succeeded", 10)]
    server.answers[f"{BY_ID}12"] = [deployment("succeeded", 12)]
    run = Deploying(tmp_path, server, deploy_variables={}, force=True)
    run.created()
    decision = run.step.decide(run.job)
    assert run.job.moving
    assert decision.wait == "at most 30m, of that 10m pending"
    assert decision.details == {"before": [], "stage": "Testing", "doubtful": False, "attempt": 1}
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert server.bodies[server.asked.index(POST)] == b"buildId=5&toStage=Testing&force=true"
    assert run.step.outputs(run.job) == {
        "buildmaster-stage": "Testing",
        "buildmaster-deployment-id": "10,12",
        "buildmaster-deployment-status": "succeeded",
        "buildmaster-build-number": "7",
    }
    entry = run.job.receipt.find(run.step.key(run.job)) or {}
    assert (entry["attempt"], entry["before"], entry["status"]) == (1, [], "done")
    assert server.count(BY_ID) == 2


def test_what_the_receipt_knows_is_not_asked_for(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server)
    made = {
        "buildmaster-deployment-id": "10",
        "buildmaster-deployment-status": "warned",
        "buildmaster-stage": "Testing",
    }
    run.journal("done", made)
    assert run.acted() == "deployed to Testing already (warned)"
    assert [e["text"] for e in run.told] == ["the deployment to Testing succeeded with warnings"]
    assert not run.job.moving
    assert server.asked == []
    run.journal("sent", {"buildmaster-deployment-id": "10,12"}, before=[3])
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 10 to Testing was started before"
    assert decision.details == {"parents": ["10", "12"], "before": [3]}
    assert run.job.moving


def test_one_that_runs_is_waited_for(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock.of(monkeypatch)
    old = deployment("failed", 3, createdOn=BEFORE)
    server.answers[LIST] = ([old, deployment("executing", 11)], [old, deployment("succeeded", 11)])
    run = Deploying(tmp_path, server)
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 11 to Testing is executing already"
    assert decision.details == {"parents": [], "before": [3], "stage": "Testing"}
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert server.count("POST") == 0


@pytest.mark.parametrize("status", ["sending", "sent", "unknown"])
def test_a_lost_deploy_that_shows_is_taken_up_without_a_search(tmp_path: Path, server: Server, status: str) -> None:
    server.answers[LIST] = [deployment("failed", 3), deployment("executing", 11)]
    server.answers[f"{BY_ID}12"] = [deployment("pending", 12)]
    run = Deploying(tmp_path, server)
    run.journal(status, before=[3])
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 11 to Testing was started before"
    assert decision.details == {"parents": [], "before": [3], "stage": "Testing"}
    assert server.asked == [f"{LIST}&pipelineStageName=Testing"]


def test_a_lost_deploy_that_waits_unseen_is_found(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock.of(monkeypatch)
    server.answers[LIST] = server.answers["GET /api/releases/builds/deployments?applicationName"] = [
        deployment("failed", 3, createdOn=BEFORE)
    ]
    server.answers[f"{BY_ID}4"] = [deployment("pending", 4)]
    server.answers[f"{BY_ID}5"] = [deployment("pending", 5, pipelineStageName="Live")]
    run = Deploying(tmp_path, server)
    run.journal("unknown", before=[3])
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 4 to Testing was started before"
    assert decision.details == {"parents": [4], "before": [3], "stage": "Testing"}


def lost(run: Deploying, age: float = 60, **details: Any) -> None:
    """The journal of a deploy that an earlier run sent ``age`` seconds ago."""
    at = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    line = {"status": "unknown", "at": at, **details.pop("line", {})}
    run.journal("unknown", **{"before": [], "requests": [line], **details})


@pytest.mark.parametrize(("before", "shown"), [([], "none"), ([3, 4], "none but what was there before it (id 3, 4)")])
def test_a_lost_deploy_that_is_nowhere_before_its_start_time_is_unknown(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, before: list[int], shown: str
) -> None:
    Clock.of(monkeypatch)
    server.answers[LIST] = [deployment("failed", number) for number in before]
    run = Deploying(tmp_path, server, start_time="2026-05-04T20:00:00Z")
    lost(run, before=before)
    error = run.failure()
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == "whether a deployment to Testing was started is not known"
    assert error.why.endswith(f"BuildMaster shows {shown}")
    assert error.todo == run.step.lost
    assert error.todo.startswith("look at the build in BuildMaster: once a deployment to Testing runs, run again ")
    assert server.count("POST") == 0


@pytest.mark.parametrize(("age", "waited"), [(60, 8), (5, 15), (0, 20), (-3600, 20)])
def test_a_lost_deploy_that_is_nowhere_is_sent_again_by_a_later_run(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, age: float, waited: float
) -> None:
    clock = Clock.of(monkeypatch)
    server.answers[LIST] = [deployment("failed", 3)]
    run = Deploying(tmp_path, server)
    lost(run, age, before=[3], attempt=1)
    decision = run.step.decide(run.job)
    assert waited <= sum(clock.slept) <= waited + 1
    assert decision.note == "an earlier try's request has started no deployment: sent again"
    assert decision.calls[0].request(run.job.values).form == {"buildId": "5", "toStage": "Testing"}
    assert decision.details == {"before": [3], "stage": "Testing", "doubtful": False, "attempt": 1}
    server.answers[POST] = deployment("pending", 10)
    server.answers[f"{BY_ID}10"] = [deployment("succeeded", 10)]
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert (run.job.receipt.find(run.step.key(run.job)) or {})["attempt"] == 2
    assert run.step.lost.startswith("run again: a deployment to Testing that was started is taken up")


def test_a_lost_deploy_is_not_sent_again_where_absence_is_not_shown(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock.of(monkeypatch)
    unnamed = Deploying(tmp_path, server, stage="")  # it could be the following one's
    lost(unnamed)
    assert isinstance(unnamed.failure(), UnknownOutcomeError)
    accepted = Deploying(tmp_path, server)
    lost(accepted, line={"accepted": True})
    assert isinstance(accepted.failure(), UnknownOutcomeError)
    server.answers[BUILD] = [{"id": 5, "number": "7", "status": "active"}]  # no date: which ids are later isn't known
    undated = Deploying(tmp_path, server)
    lost(undated)
    assert isinstance(undated.failure(), UnknownOutcomeError)
    assert server.count("POST") == 0


def test_a_lost_deploy_is_not_sent_again_by_the_same_run(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock.of(monkeypatch)
    server.answers[POST] = 502
    run = Deploying(tmp_path, server)
    run.created()
    decision = run.step.decide(run.job)
    with pytest.raises(UnknownOutcomeError):
        run.step.act(run.job, decision)
    with pytest.raises(UnknownOutcomeError):
        run.step.decide(run.job)
    assert 8 <= sum(clock.slept) <= 9
    assert server.count("POST") == 1


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_one_that_failed_is_deployed_again_if_that_is_wanted(tmp_path: Path, server: Server, status: str) -> None:
    server.answers[LIST] = [deployment("succeeded", 3, createdOn=BEFORE), deployment(status, 11)]
    run = Deploying(tmp_path, server)
    decision = run.step.decide(run.job)
    assert decision.note == f"deployment 11 to Testing has {status}: deployed again, attempt 3"
    assert decision.details["before"] == [3, 11]
    assert not decision.details["doubtful"]
    never = Deploying(tmp_path, server, redeploy="never")
    error = never.failure()
    assert isinstance(error, DeploymentFailedError)
    assert error.what == (f"the deployment to Testing has {status} before (id 11), and buildmaster.redeploy is never")
    assert error.todo == "set buildmaster.redeploy to failed, or deploy it in BuildMaster"
    assert never.job.values["buildmaster-deployment-status"] == status
    unnamed = Deploying(tmp_path, server, stage="")
    assert isinstance(unnamed.failure(), RefusedError)
    unnamed.created()
    decision = unnamed.step.decide(unnamed.job)
    assert decision.calls[0].request(unnamed.job.values).form == {"buildId": "5", "toStage": "Testing"}


def test_where_no_stage_is_named_the_first_deployment_tells_which_it_is(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [
        deployment("warned", 3, pipelineStageName="Integration"),
        deployment("failed", 4, pipelineStageName="Testing"),
    ]
    run = Deploying(tmp_path, server, stage="")
    assert run.acted() == "deployed to Integration already (warned)"
    assert run.job.values["buildmaster-deployment-id"] == "3"
    assert run.job.console.warned
    (tmp_path / "receipt.json").unlink()
    strict = Deploying(tmp_path, server, stage="", warned="fail")
    assert isinstance(strict.failure(), DeploymentFailedError)


def test_an_empty_answer_is_a_failure_and_the_next_run_looks_before_it_sends_again(
    tmp_path: Path, server: Server
) -> None:
    run = Deploying(tmp_path, server)
    run.created()
    server.answers[POST] = []
    assert run.failure().what == "BuildMaster started no deployment to Testing: its answer is empty"
    entry = run.job.receipt.find(run.step.key(run.job)) or {}
    assert (entry["status"], entry["attempt"], entry["made"]) == ("failed", 1, {})
    assert run.step.decide(run.job).details["doubtful"]


def test_without_a_receipt_it_is_looked_again_before_it_is_deployed(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock.of(monkeypatch)
    running = [deployment("executing", 11)]
    server.answers[LIST] = ([], [], running, running, [deployment("succeeded", 11)])
    run = Deploying(tmp_path, server)
    decision = run.step.decide(run.job)
    assert decision.details["doubtful"]
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert clock.slept[0] == 1
    assert server.count("POST") == 0


def test_a_start_time_hides_what_an_earlier_attempt_may_have_started(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock.of(monkeypatch)
    run = Deploying(tmp_path, server, start_time="2026-05-04T10:00:00Z")
    error = run.failure()
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == "whether an earlier attempt has started a deployment to Testing is not known"
    assert server.count("POST") == 0


def test_what_is_not_waited_for_is_started_all_the_same(tmp_path: Path, server: Server) -> None:
    server.answers[POST] = deployment("pending")
    run = Deploying(tmp_path, server, wait=False)
    run.created()
    assert run.acted() == "started a deployment to Testing, not waited for"
    assert run.acted() == "deployment 10 to Testing was started before, not waited for"
    assert server.count("POST") == 1


def test_a_deploy_refused_because_a_later_build_has_passed_is_superseded(tmp_path: Path, server: Server) -> None:
    mine = {"id": 5, "number": "7", "status": "rejected", "applicationName": "Widget", "releaseId": 3}
    server.answers |= {BUILD: [mine], POST: "Build 7 is rejected."}
    server.answers["GET /api/releases/builds?releaseId=3"] = [
        mine,
        {**mine, "id": 6, "number": "8", "status": "active"},
    ]
    run = Deploying(tmp_path, server, on_failure="reject")
    run.created()
    failure = run.failure()
    assert isinstance(failure, SupersededError)
    assert failure.what == "superseded: build 7 (id 5) was rejected, and build 8 is later"
    assert not server.count("POST /api/releases/builds/reject")


def test_the_build_of_a_failed_deployment_is_rejected_if_that_is_wanted(tmp_path: Path, server: Server) -> None:
    server.answers[POST] = deployment("pending")
    server.answers[f"{BY_ID}10"] = [deployment("failed")]
    server.answers["POST /api/releases/builds/reject"] = 200
    run = Deploying(tmp_path, server, on_failure="reject")
    run.created()
    assert run.failure().todo == "the build was rejected: mend the cause and release a new build"
    assert (run.job.receipt.find(run.step.key(run.job)) or {})["status"] == "failed"
    assert server.asked[-1] == "POST /api/releases/builds/reject"


def test_a_build_that_is_not_known_is_one_to_come(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server, on_failure="reject")
    run.job.values = {}
    decision = run.step.decide(run.job)
    assert [call.operation.id for call in (*decision.calls, *decision.otherwise)] == ["deploy-build", "reject-build"]
    assert not run.job.moving
    assert server.asked == []
    assert run.step.key(run.job) == f"deploy|{server.url}||Testing"


def test_a_page_is_that_of_the_build_if_its_application_is_known(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server)
    step = CreateBuild(run.settings, run.client, may_create=True)
    assert step.outputs(run.job)["buildmaster-url"] == server.url
    run.job.values["application-id"] = "3"
    assert step.outputs(run.job)["buildmaster-url"] == f"{server.url}/applications/3/builds/build?buildId=5"
    run.job.values = {"application-id": "3"}
    assert set(step.outputs(run.job).values()) == {""}


def test_a_build_without_a_release_is_used_as_it_is(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server, build_id=5)
    release = EnsureRelease(run.settings, run.client, may_create=True).decide(run.job)
    assert release.reuse == "build 5 belongs to no release"
    assert release.made == {"application": "Widget", "release_number": ""}
    build = CreateBuild(run.settings, run.client, may_create=True).decide(run.job)
    assert build.reuse == "uses build 7 (id 5, active)"
    assert build.made == {"buildmaster-build-id": "5", "buildmaster-build-number": "7", "build_number": "7"}
