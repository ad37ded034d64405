"""Deployments: parents, children, time, order and outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest


def listed(client, **filters):
    return client.bm("/builds/deployments", **filters).json()


def test_parent_waits_and_executes_and_its_child_appears_then(client):
    build = client.build(client.release())
    parent = client.bm("/builds/deploy", buildId=build["id"]).json()
    assert parent["status"] == "pending"
    assert parent["pipelineStageName"] == "Integration"
    assert parent["started"] == parent["createdOn"]
    assert (parent["plan"], parent["ended"], parent["createdBy"]) == (None, None, "API")
    assert listed(client, buildId=build["id"]) == []
    client.advance(5)
    assert client.deployment(parent["id"])["status"] == "executing"
    (child,) = listed(client, buildId=build["id"])
    assert child["id"] != parent["id"]
    assert (child["status"], child["plan"], child["createdBy"]) == ("executing", "Deploy", "SYSTEM")
    assert "ended" not in child
    client.advance(5)
    (child,) = listed(client, buildId=build["id"])
    assert child["status"] == "succeeded"
    assert child["ended"] > child["started"]
    parent = client.deployment(parent["id"])
    assert parent["status"] == "succeeded"
    assert "plan" not in parent
    assert client.deployment(child["id"]) == child


@pytest.mark.parametrize(("switch", "kind"), [("array", list), ("object", dict), ("empty", list)])
def test_answer_to_deploy_in_three_forms(client, switch, kind):
    client.switch(deploy_answer=switch)
    answer = client.bm("/builds/deploy", buildId=client.build(client.release())["id"]).json()
    assert isinstance(answer, kind)
    assert (answer == []) == (switch == "empty")


def test_filters_of_deployments(client):
    build = client.build(client.release())
    client.deploy(build, "Integration")
    client.deploy(build, "Testing")
    assert [d["pipelineStageName"] for d in listed(client)] == ["Testing", "Integration"]
    assert len(listed(client, applicationName="Widget", releaseNumber="1.4", buildNumber="1")) == 2
    assert len(listed(client, buildId=build["id"], pipelineStageName="Testing", status="SUCCEEDED")) == 1
    assert listed(client, status="failed") == []
    assert listed(client, environmentName="QA") == []
    assert client.bm("/builds/deployments", deploymentId="x").status_code == 400


def test_stages_have_an_order_unless_forced(client):
    build = client.build(client.release())
    answer = client.bm("/builds/deploy", buildId=build["id"], toStage="Testing")
    assert answer.status_code == 400
    assert "Integration" in answer.text
    assert client.bm("/builds/deploy", buildId=build["id"], toStage="Testing", force="maybe").status_code == 400
    client.deploy(build, "Testing", force="true")
    assert client.bm("/builds/deploy", buildId=build["id"], toStage="Nowhere").status_code == 400


def test_without_a_stage_the_next_one_is_taken(client):
    build = client.build(client.release())
    stages = []
    for _ in range(2):
        stages.append(client.bm("/builds/deploy", buildId=build["id"]).json()["pipelineStageName"])
        client.advance(10)
    assert stages == ["Integration", "Testing"]
    assert client.bm("/builds/deploy", buildId=build["id"]).status_code == 400


def test_the_last_stage_marks_build_and_release_deployed(client):
    release = client.release()
    build = client.build(release)
    client.deploy(build, "Integration")
    assert client.bm("/builds", buildId=build["id"]).json()[0]["status"] == "active"
    client.deploy(build, "Testing")
    (after,) = client.bm("/builds", buildId=build["id"]).json()
    assert (after["status"], after["furthestStage"]) == ("deployed", "Testing")
    (release,) = client.bm("", releaseId=release["id"]).json()
    assert (release["status"], release["furthestBuildId"]) == ("deployed", build["id"])
    assert client.bm("/builds/create", releaseId=release["id"]).status_code == 400
    client.deploy(build, "Testing")  # again, as a roll-back would


def test_canceled_releases_and_rejected_builds_are_not_deployed(client):
    release = client.release()
    rejected, build = client.build(release), client.build(release)
    assert client.bm("/builds/reject", method="DELETE", buildId=rejected["id"]).text == ""
    (found,) = client.bm("/builds", status="rejected").json()
    assert (found["id"], found["rejectedBy"]) == (rejected["id"], "API")
    assert client.bm("/builds/deploy", buildId=rejected["id"]).status_code == 400
    client.bm("/cancel", releaseId=release["id"])
    assert client.bm("/builds/deploy", buildId=build["id"]).status_code == 400
    assert [b["status"] for b in client.bm("/builds", releaseId=release["id"]).json()] == ["rejected", "rejected"]


def test_a_newer_build_rejects_the_older_one_in_its_stage(client):
    release = client.release()
    older, newer = client.build(release), client.build(release)
    client.deploy(older, "Integration")
    client.deploy(newer, "Integration")
    assert [b["status"] for b in client.bm("/builds").json()] == ["active", "rejected"]
    client.switch(reject_older="off")
    client.deploy(client.build(release), "Integration")
    assert [b["status"] for b in client.bm("/builds").json()] == ["active", "active", "rejected"]


@pytest.mark.parametrize("outcome", ["warned", "failed"])
def test_outcome_by_a_variable_of_the_build_or_the_deployment(client, outcome):
    by_build = client.build(client.release("1"), **{"$SandboxOutcome": outcome})
    assert client.deployment(client.deploy(by_build, "Integration")["id"])["status"] == outcome
    by_deploy = client.build(client.release("2"))
    parent = client.deploy(by_deploy, "Integration", **{"$SandboxOutcome": outcome})
    assert client.deployment(parent["id"])["status"] == outcome
    assert listed(client, buildId=by_deploy["id"])[0]["status"] == outcome
    next_stage = client.bm("/builds/deploy", buildId=by_deploy["id"], toStage="Testing").status_code
    assert next_stage == (400 if outcome == "failed" else 200)


def test_events_of_a_completed_pipeline_cancel_older_releases_and_create_the_next(client):
    events = ["cancel_other_releases", "create_new_release"]
    pipeline = {"stages": [{"name": "Only", "environment": {"id": 3, "name": "Live"}}], "on_completed": events}
    release = {"number": "1.2.9-rc", "pipeline": "Short", "targetDate": "2027-03-01T00:00:00"}
    application = {"name": "Widget", "pipelines": {"Short": pipeline}, "releases": [release]}
    older = client.release("1.1")
    client.build(older)
    client.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    (seeded,) = client.bm("", releaseNumber="1.2.9-rc").json()
    assert seeded["targetDate"] == "2027-03-01T00:00:00"
    client.deploy(client.build(seeded), "Only")
    found = {r["number"]: r["status"] for r in client.bm("", applicationName="Widget").json()}
    assert found == {"1.1": "canceled", "1.2.9-rc": "deployed", "1.2.10-rc": "active"}
    assert [b["status"] for b in client.bm("/builds", releaseId=older["id"]).json()] == ["rejected"]
    (child,) = listed(client, environmentName="Live")
    assert child["environmentId"] == 3


@pytest.mark.parametrize(("shown", "statuses"), [("all", ["succeeded"] * 2), ("parent", ["succeeded", "failed"])])
def test_status_of_a_failed_deployment_is_overridden_by_hand(client, shown, statuses):
    client.switch(override_shown=shown)
    build = client.build(client.release(), **{"$SandboxOutcome": "failed"})
    parent = client.deploy(build, "Integration")
    client.sandbox.admin(f"deployments/{parent['id']}", {"outcome": "overridden"})
    assert [client.deployment(parent["id"] + n)["status"] for n in (0, 1)] == statuses
    assert client.bm("/builds/deploy", buildId=build["id"], toStage="Testing").status_code == 200


def test_a_failed_last_stage_marks_nothing_deployed(client):
    build = client.build(client.release(), **{"$SandboxOutcome": "failed"})
    client.deploy(build, "Testing", force="true")
    assert client.bm("/builds", buildId=build["id"]).json()[0]["status"] == "active"


def test_several_targets_make_several_children_and_the_worst_counts(client):
    targets = ["web", {"name": "db", "outcome": "failed", "executing_seconds": 30}]
    pipelines = {"Wide": {"stages": [{"name": "Both", "targets": targets, "pending_seconds": 1}]}}
    client.sandbox.admin("seed", {"buildmaster": {"applications": [{"name": "Widget", "pipelines": pipelines}]}})
    build = client.build(client.release(pipelineName="Wide"))
    parent = client.bm("/builds/deploy", buildId=build["id"]).json()
    client.advance(6)
    assert [d["status"] for d in listed(client, buildId=build["id"])] == ["executing", "succeeded"]
    client.advance(25)
    assert [d["status"] for d in listed(client, buildId=build["id"])] == ["failed", "succeeded"]
    assert client.deployment(parent["id"])["status"] == "failed"
    client.switch(parent_outcome="succeeded")
    again = client.bm("/builds/deploy", buildId=build["id"], toStage="Both").json()
    client.advance(31)
    assert client.deployment(again["id"])["status"] == "succeeded"
    assert "failed" in {d["status"] for d in listed(client, buildId=build["id"])}


def test_stages_without_targets_and_pipelines_without_stages_answer_with_nothing(client):
    pipelines = {"None": {"stages": []}, "Idle": {"stages": [{"name": "Only", "targets": []}]}}
    client.sandbox.admin("seed", {"buildmaster": {"applications": [{"name": "Widget", "pipelines": pipelines}]}})
    for name in pipelines:
        build = client.build(client.release(name, pipelineName=name))
        answer = client.bm("/builds/deploy", buildId=build["id"])
        assert (answer.status_code, answer.json()) == (200, [])


def test_start_time_keeps_it_pending(client):
    build = client.build(client.release())
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    parent = client.bm("/builds/deploy", buildId=build["id"], startTime=later).json()
    client.advance(3000)
    assert client.deployment(parent["id"])["status"] == "pending"
    assert listed(client, buildId=build["id"]) == []
    client.advance(700)
    assert client.deployment(parent["id"])["status"] == "succeeded"


@pytest.mark.parametrize(
    ("text", "fits"), [("23:59", True), ("2026-01-31", True), ("noon", False), ("2026-13-01", False)]
)
def test_start_time_without_date_or_time(client, text, fits):
    build = client.build(client.release())
    answer = client.bm("/builds/deploy", buildId=build["id"], startTime=text)
    assert answer.status_code == (200 if fits else 400)


def test_a_deployment_can_be_ended_by_hand(client):
    build = client.build(client.release())
    parent = client.bm("/builds/deploy", buildId=build["id"]).json()
    client.sandbox.admin(f"deployments/{parent['id']}", {"outcome": "canceled"})
    (child,) = listed(client, buildId=build["id"])
    for found in (client.deployment(parent["id"]), child):
        assert (found["status"], found["canceledBy"]) == ("failed", "SYSTEM")


def test_environment_of_a_stage(client):
    stage = {"name": "QA", "environment": {"id": 7, "name": "QA servers"}}
    application = {"name": "Widget", "pipelines": {"Env": {"stages": [stage]}}}
    client.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    client.deploy(client.build(client.release(pipelineName="Env")), "QA")
    (found,) = listed(client, environmentId=7)
    assert found["environmentName"] == "QA servers"
