"""One stage of a build: what is found there decides whether it is deployed, waited for or left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import DeploymentFailedError, RefusedError, SupersededError, UnknownOutcomeError
from shipline.run.evidence import Origin
from shipline.run.records import RequestRecord
from shipline.run.results import RunValues
from shipline.run.steps.create_build import CreateBuild
from shipline.run.steps.deploy import Deploy, StageDetails
from shipline.run.steps.ensure_release import EnsureRelease
from shipline.services.buildmaster import BuildMaster
from unit.responding_server import Clock, Server, StepRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.run.records import Status

BUILD = "LIST /api/releases/builds?buildId=5"
LIST = "LIST /api/releases/builds/deployments?buildId=5"
BY_ID = "LIST /api/releases/builds/deployments?deploymentId="
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


class Deploying(StepRun):
    """A job with build 5 that deploys it to one stage."""

    def __init__(self, folder: Path, server: Server, stage: str = "Testing", **settings: Any) -> None:
        super().__init__(folder, server.url, build_id=5, buildmaster="")
        assert self.job.pipeline.buildmaster is not None
        self.settings = self.job.pipeline.buildmaster._replace(stages=(stage,) if stage else (), **settings)
        self.client = BuildMaster(self.settings, self.job.pipeline.network)
        self.step = Deploy(self.settings, self.client, stage, last=True)

    def created(self) -> None:
        """As if this receipt had created the build."""
        record = self.job.receipt.begin("build", "build|…")
        record.status, record.requests = "done", [request()]


def request(**more: Any) -> RequestRecord:
    known = {"method": "POST", "url": "https://bm.widget.test", "fingerprint": "f", "status": "unknown", "at": AFTER}
    return RequestRecord.from_json({**known, **more})


def test_a_stage_is_deployed_and_waited_for(tmp_path: Path, server: Server) -> None:
    server.answers[POST] = [deployment("pending", 10), deployment("pending", 12)]
    server.answers[f"{BY_ID}10"] = [deployment("succeeded", 10)]
    server.answers[f"{BY_ID}12"] = [deployment("succeeded", 12)]
    run = Deploying(tmp_path, server, deploy_variables={}, force=True)
    run.created()
    decision = run.step.decide(run.job)
    assert run.job.evidence.origin == Origin("started")
    assert decision.wait == "timeout 30 min (10 min in pending)"
    assert decision.details == StageDetails("Testing", search=True)
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert run.job.evidence.origin == Origin("started", (10, 12))
    assert server.bodies[server.asked.index(POST)] == b"buildId=5&toStage=Testing&force=true"
    assert run.outputs() == {
        "buildmaster-build-id": "5",
        "buildmaster-build-number": "7",
        "buildmaster-stage": "Testing",
        "buildmaster-deployment-id": "10,12",
        "buildmaster-deployment-status": "succeeded",
    }
    assert (run.record.attempt, run.record.before, run.record.status) == (1, [], "done")
    assert server.count(BY_ID) == 2 + 5  # it also looks for one that was started by hand


def test_a_deployment_that_the_receipt_shows_as_started_is_waited_for(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server)
    run.recorded("sent", {"buildmaster-deployment-id": "10,12"}, before=[3])
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 10 to Testing was started before"
    assert decision.details == StageDetails(before=(3,), parents=(10, 12))
    assert run.job.evidence.origin == Origin()  # the receipt is the evidence
    assert server.asked == []


def test_one_that_runs_is_waited_for(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock.of(monkeypatch)
    old = deployment("failed", 3, createdOn=BEFORE)
    server.answers[LIST] = ([old, deployment("executing", 11)], [old, deployment("succeeded", 11)])
    run = Deploying(tmp_path, server)
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 11 to Testing is executing already"
    assert decision.details == StageDetails("Testing", before=(3,))
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert server.count("POST") == 0


@pytest.mark.parametrize("status", ["sending", "sent", "unknown"])
def test_a_lost_deploy_that_shows_is_taken_up_without_a_search(tmp_path: Path, server: Server, status: Status) -> None:
    server.answers[LIST] = [deployment("failed", 3), deployment("executing", 11)]
    server.answers[f"{BY_ID}12"] = [deployment("pending", 12)]
    run = Deploying(tmp_path, server)
    run.recorded(status, before=[3])
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 11 to Testing was started before"
    assert decision.details == StageDetails("Testing", before=(3,))
    assert server.asked == [f"{LIST}&pipelineStageName=Testing"]


def test_a_lost_deploy_that_waits_unseen_is_found(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock.of(monkeypatch)
    server.answers[LIST] = server.answers["LIST /api/releases/builds/deployments?applicationName"] = [
        deployment("failed", 3, createdOn=BEFORE)
    ]
    server.answers[f"{BY_ID}4"] = [deployment("pending", 4)]
    server.answers[f"{BY_ID}5"] = [deployment("pending", 5, pipelineStageName="Live")]
    run = Deploying(tmp_path, server)
    run.recorded("unknown", before=[3])
    decision = run.step.decide(run.job)
    assert decision.reuse == "deployment 4 to Testing was started before"
    assert decision.details == StageDetails("Testing", before=(3,), parents=(4,))


def lost(run: Deploying, age: float = 60, **details: Any) -> None:
    """The journal of a deploy that an earlier run sent ``age`` seconds ago."""
    at = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    run.recorded("unknown", **{"before": [], "requests": [request(at=at, **details.pop("line", {}))], **details})


@pytest.mark.parametrize(("before", "shown"), [([], "none"), ([3, 4], "none except earlier ones (id 3, 4)")])
def test_a_lost_deploy_that_is_nowhere_before_its_start_time_is_unknown(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, before: list[int], shown: str
) -> None:
    Clock.of(monkeypatch)
    server.answers[LIST] = [deployment("failed", number) for number in before]
    run = Deploying(tmp_path, server, start_time="2026-05-04T20:00:00Z")
    lost(run, before=before)
    error = run.failure()
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == "can't determine whether a deployment to Testing was started"
    assert error.why.endswith(f"BuildMaster lists {shown}")
    assert error.todo == run.step.lost_response_advice
    assert "check the build's deployments: once one to Testing runs, run again " in error.todo
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
    assert decision.note == "an earlier run's request started no deployment: sent again"
    assert decision.calls[0].request(run.job.placeholders).form == {"buildId": "5", "toStage": "Testing"}
    assert decision.details == StageDetails("Testing", before=(3,))
    server.answers[POST] = deployment("pending", 10)
    server.answers[f"{BY_ID}10"] = [deployment("succeeded", 10)]
    assert run.step.act(run.job, decision).startswith("deployed to Testing (succeeded")
    assert run.record.attempt == 2
    assert run.step.lost_response_advice.startswith("run again: Shipline continues a started deployment to Testing")


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
    assert decision.details == StageDetails("Testing", before=(3, 11), search=True, attempt=3)
    never = Deploying(tmp_path, server, redeploy="never")
    error = never.failure()
    assert isinstance(error, DeploymentFailedError)
    assert error.what == (f"the deployment to Testing has {status} before (id 11), and buildmaster.redeploy is never")
    assert error.todo == "set buildmaster.redeploy to failed, or deploy it in BuildMaster"
    assert never.job.values.deployment_status == status
    unnamed = Deploying(tmp_path, server, stage="")
    assert isinstance(unnamed.failure(), RefusedError)
    unnamed.created()
    decision = unnamed.step.decide(unnamed.job)
    assert decision.calls[0].request(unnamed.job.placeholders).form == {"buildId": "5", "toStage": "Testing"}


def test_where_no_stage_is_named_the_first_deployment_tells_which_it_is(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [
        deployment("warned", 3, pipelineStageName="Integration"),
        deployment("failed", 4, pipelineStageName="Testing"),
    ]
    run = Deploying(tmp_path, server, stage="")
    assert run.act() == "deployed to Integration already (warned)"
    assert run.job.values.deployment_id == "3"
    assert run.job.report.warned
    (tmp_path / "receipt.json").unlink()
    strict = Deploying(tmp_path, server, stage="", warned="fail")
    assert isinstance(strict.failure(), DeploymentFailedError)


def test_an_empty_answer_is_a_failure_and_the_next_run_looks_before_it_sends_again(
    tmp_path: Path, server: Server
) -> None:
    run = Deploying(tmp_path, server)
    run.created()
    server.answers[POST] = []
    assert run.failure().what == "BuildMaster started no deployment to Testing: the response is empty"
    assert (run.record.status, run.record.attempt, run.record.made) == ("failed", 1, {})
    assert run.step.decide(run.job).details == StageDetails("Testing", doubtful=True, search=True)


def test_without_a_receipt_it_is_looked_again_before_it_is_deployed(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock.of(monkeypatch)
    running = [deployment("executing", 11)]
    server.answers[LIST] = ([], [], running, running, [deployment("succeeded", 11)])
    run = Deploying(tmp_path, server)
    decision = run.step.decide(run.job)
    assert decision.details == StageDetails("Testing", doubtful=True, search=True)
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
    assert error.what == "can't determine whether an earlier attempt has started a deployment to Testing"
    assert server.count("POST") == 0


def test_what_is_not_waited_for_is_started_all_the_same(tmp_path: Path, server: Server) -> None:
    server.answers[POST] = deployment("pending")
    run = Deploying(tmp_path, server, wait=False)
    run.created()
    assert run.act() == "started a deployment to Testing, not waited for"
    assert run.act() == "deployment 10 to Testing was started before, not waited for"
    assert server.count("POST") == 1


def test_a_deploy_refused_because_a_later_build_has_passed_is_superseded(tmp_path: Path, server: Server) -> None:
    mine = {"id": 5, "number": "7", "status": "rejected", "applicationName": "Widget", "releaseId": 3}
    server.answers |= {BUILD: [mine], POST: "Build 7 is rejected."}
    server.answers["LIST /api/releases/builds?releaseId=3"] = [
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
    assert run.failure().todo == "fix the cause and release a new build"
    assert run.record.status == "failed"
    assert server.asked[-1] == "POST /api/releases/builds/reject"


def test_a_build_that_is_not_known_is_one_to_come(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server, on_failure="reject")
    run.job.values = RunValues()
    decision = run.step.decide(run.job)
    assert [call.operation.id for call in (*decision.calls, *decision.otherwise)] == ["deploy-build", "reject-build"]
    assert run.job.evidence.origin == Origin()
    assert server.asked == []
    assert run.step.key(run.job) == f"deploy|{server.url}||Testing"


def test_a_page_is_that_of_the_build_if_its_application_is_known(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server)
    for values, url in [
        (RunValues(build_id=5), server.url),
        (RunValues(build_id=5, application_id="3"), f"{server.url}/applications/3/builds/build?buildId=5"),
        (RunValues(application_id="3"), None),
    ]:
        assert values.outputs(run.job.pipeline).get("buildmaster-url") == url


@pytest.mark.parametrize(
    ("release", "page"),
    [("1.4", "/applications/my-application/builds/1.4/7%2Fa/build"), ("", "/applications/3/builds/build?buildId=5")],
)
def test_page_of_an_application_with_a_slug(tmp_path: Path, server: Server, release: str, page: str) -> None:
    run = StepRun(tmp_path, server.url, buildmaster="application-slug: my-application")
    values = RunValues(build_id=5, build_number="7/a", application_id="3", release_number=release)
    assert values.outputs(run.job.pipeline)["buildmaster-url"] == server.url + page


def test_a_build_without_a_release_is_used_as_it_is(tmp_path: Path, server: Server) -> None:
    run = Deploying(tmp_path, server, build_id=5)
    release = EnsureRelease(run.settings, run.client, may_create=True).decide(run.job)
    assert release.reuse == "build 5 belongs to no release"
    assert release.made == RunValues(application="Widget", release_number="")
    assert release.made.to_made() == {"application": "Widget", "release_number": ""}
    build = CreateBuild(run.settings, run.client, may_create=True).decide(run.job)
    assert build.reuse == "uses build 7 (id 5, active)"
    assert build.made == RunValues(build_id=5, build_number="7")
    assert build.made.to_made() == {
        "buildmaster-build-id": "5",
        "buildmaster-build-number": "7",
        "build_number": "7",
    }
