"""Each exit code, what was done by then, and that running again is safe."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job.situations import announced, fault

if TYPE_CHECKING:
    from job.project import Project


LAUNCH = Path(__file__).parents[1] / "faults/launch.py"


def stage_outcome(project: Project, stage: str, **settings: object) -> None:
    pipeline = {"stages": [{"name": s, **(settings if s == stage else {})} for s in ("Integration", "Testing")]}
    project.sandbox.admin(
        "seed", {"buildmaster": {"applications": [{"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}]}}
    )


def test_a_missing_key_is_found_before_anything_is_sent(project: Project) -> None:
    ended = project.shipline("run", SHIPLINE_CENTERCODE_API_KEY="")
    assert ended.code == 2
    assert "SHIPLINE_CENTERCODE_API_KEY" in ended.err
    assert project.sandbox.requests() == []


def test_a_wrong_key_is_exit_3_before_the_first_post(project: Project) -> None:
    ended = project.shipline("run", SHIPLINE_V3_TOKEN="expired-token-of-somebody")
    assert ended.code == 3
    assert "v3: " in ended.err
    assert "401" in ended.err
    assert "expired-token" not in ended.text
    assert project.changes() == []


def test_a_failed_deployment_is_exit_5_and_nothing_is_announced(project: Project) -> None:
    stage_outcome(project, "Testing", outcome="failed")
    ended = project.shipline("run")
    assert ended.code == 5
    assert ended.outputs["result"] == "failed"
    assert ended.outputs["failed-step"] == "deploy:Testing"
    assert ended.outputs["buildmaster-build-number"] == "7"
    assert ended.line("DONE:").partition("deployed to Integration (succeeded, ")[1]
    assert ended.line("NOT DONE:") == "NOT DONE: deploy:Testing, publish:v3, publish:centercode"
    assert "/errors/#exit-5" in ended.err
    assert "project-release" not in project.operations()


@pytest.mark.parametrize("shown", ["all", "parent"])
def test_failed_deployment_whose_status_was_overridden_is_not_deployed_again(project: Project, shown: str) -> None:
    stage_outcome(project, "Testing", outcome="failed")
    project.sandbox.admin("config", {"override_shown": shown})
    ended = project.shipline("run")
    assert ended.code == 5
    project.sandbox.admin(f"deployments/{ended.outputs['buildmaster-deployment-id']}", {"outcome": "overridden"})
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert project.operations().count("deploy-build") == 2
    assert announced(project) == 1


def test_a_status_without_end_fills_neither_log_nor_receipt(project: Project) -> None:
    endless = {"id": 1, "status": "Q" * 2_000_000, "buildId": 1, "pipelineStageName": "Integration"}
    project.sandbox.admin(
        "faults", {"operation": "get-deployments", "status": 200, "times": None, "body": json.dumps([endless])}
    )
    ended = project.shipline("run", "--report", "report.html")
    assert ended.code == 4
    assert ended.outputs["result"] == "failed"
    assert len(ended.text) < 20_000
    assert all(file.stat().st_size < 200_000 for file in project.path.rglob("*") if file.is_file())


def test_a_failed_deployment_is_deployed_again_by_the_next_run(project: Project) -> None:
    stage_outcome(project, "Testing", outcome="failed")
    assert project.shipline("run").code == 5
    stage_outcome(project, "Testing", outcome="succeeded")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    deploys = [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == ["Integration", "Testing", "Testing"]
    step = next(s for s in project.receipt()["steps"] if s["name"] == "deploy:Testing")
    assert step["attempt"] == 2


def test_redeploy_never_leaves_a_failed_stage_alone(project: Project) -> None:
    stage_outcome(project, "Testing", outcome="failed")
    assert project.shipline("run").code == 5
    before = project.operations()
    assert project.shipline("run", "--buildmaster-redeploy", "never").code == 5
    assert project.operations() == before


def test_on_failure_reject_rejects_the_build(project: Project) -> None:
    stage_outcome(project, "Integration", outcome="failed")
    ended = project.shipline("run", "--buildmaster-on-failure", "reject")
    assert ended.code == 5
    assert project.operations()[-1] == "reject-build"
    assert _rejection(project) == ["done", "sent"]
    again = project.shipline("run")
    assert again.code == 5
    assert "rejected" in again.err


@pytest.mark.parametrize(("status", "settled"), [(403, "refused"), (500, "unknown")])
def test_a_build_that_could_not_be_rejected_is_told_and_kept(project: Project, status: int, settled: str) -> None:
    stage_outcome(project, "Integration", outcome="failed")
    fault(project, "reject-build", status=status)
    ended = project.shipline("run", "--buildmaster-on-failure", "reject")
    assert ended.code == 5
    assert "could not be rejected" in ended.text
    assert _rejection(project) == [settled, settled]


def _rejection(project: Project) -> list[str]:
    """The receipt's word on rejecting the build, and on the request that asked for it."""
    entry = next(step for step in project.receipt()["steps"] if step["name"] == "reject")
    return [entry["status"], *(request["status"] for request in entry["requests"])]


@pytest.mark.parametrize(("policy", "code", "result"), [("accept", 0, "warned"), ("fail", 5, "failed")])
def test_a_deployment_that_warned(project: Project, policy: str, code: int, result: str) -> None:
    stage_outcome(project, "Testing", outcome="warned")
    ended = project.shipline("run", "--buildmaster-warned", policy)
    assert ended.code == code
    assert ended.outputs["result"] == result
    assert ended.outputs["buildmaster-deployment-status"] == "warned"


def test_an_empty_answer_to_deploy_is_a_failure(project: Project) -> None:
    project.sandbox.admin("config", {"deploy_answer": "empty"})
    ended = project.shipline("run")
    assert ended.code == 5
    assert "the response is empty" in ended.err


def test_an_array_as_answer_to_deploy_works(project: Project) -> None:
    project.sandbox.admin("config", {"deploy_answer": "array"})
    assert project.shipline("run").code == 0


def test_an_old_server_with_number_and_name_only_works(project: Project) -> None:
    project.sandbox.admin("config", {"fields": "old"})
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-build-number"] == "7"


def test_pending_too_long_is_exit_6_and_waits_on_when_run_again(project: Project) -> None:
    stage_outcome(project, "Integration", pending_seconds=240)
    ended = project.shipline("run", "--buildmaster-pending-timeout", "1s")
    assert ended.code == 6
    assert "still pending" in ended.err
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert project.operations().count("deploy-build") == 2


def test_executing_too_long_is_exit_6(project: Project) -> None:
    stage_outcome(project, "Integration", executing_seconds=600)
    ended = project.shipline("run", "--buildmaster-timeout", "1s")
    assert ended.code == 6
    assert "still executing" in ended.err


def test_a_service_that_is_down_is_exit_7(project: Project) -> None:
    fault(project, "get-releases", status=503, times=99)
    ended = project.shipline("run")
    assert ended.code == 7
    assert project.changes() == []


def test_a_lost_centercode_answer_is_exit_8_and_never_sent_again(project: Project) -> None:
    fault(project, "project-release", status=502, when="after_apply")
    ended = project.shipline("run")
    assert ended.code == 8
    assert ended.outputs["result"] == "unknown"
    assert "on-unknown" in ended.line("NEXT:")
    assert project.shipline("run").code == 8
    assert project.operations().count("project-release") == 1
    plan = project.shipline("plan")
    assert plan.code == 8
    assert "can't determine whether 1.4.0 was posted to Centercode" in plan.out

    assumed = project.shipline("run", "--centercode-on-unknown", "assume")
    assert assumed.code == 0
    assert project.operations().count("project-release") == 1


def test_resend_posts_again_when_told_to(project: Project) -> None:
    fault(project, "project-release", status=502, when="before")
    assert project.shipline("run").code == 8
    assert project.shipline("run", "--centercode-on-unknown", "resend").code == 0
    assert len(project.sandbox.admin("state")["centercode"]["releases"]) == 1


def test_a_refused_announcement_is_sent_again(project: Project) -> None:
    fault(project, "project-release", status=400, body=json.dumps({"status": 400, "description": "Title is too odd."}))
    ended = project.shipline("run")
    assert ended.code == 4
    assert "Title is too odd." in ended.err
    assert ended.outputs["failed-step"] == "publish:centercode"
    assert ended.outputs["v3-release-state"] == "published"
    assert project.shipline("run").code == 0
    assert len(project.sandbox.admin("state")["centercode"]["releases"]) == 1


def test_a_redirect_is_refused_and_not_followed(project: Project) -> None:
    fault(project, "get-releases", status=302, headers={"Location": "https://elsewhere.example.com/"}, times=9)
    ended = project.shipline("run")
    assert ended.code == 4
    assert "redirect to https://elsewhere.example.com/" in ended.err


def test_html_instead_of_json_is_explained(project: Project) -> None:
    fault(project, "get-releases", kind="html", times=9)
    ended = project.shipline("run")
    assert ended.code == 4
    assert "a web page" in ended.err


def test_a_canceled_run_stops_at_once_and_goes_on_later(project: Project) -> None:
    stage_outcome(project, "Integration", executing_seconds=300)
    process = project.start("run")
    deadline = time.monotonic() + 20
    while "deploy-build" not in project.operations() and time.monotonic() < deadline:
        time.sleep(0.05)
    asked = time.monotonic()
    ended = project.cancel(process, signal.SIGTERM)
    assert time.monotonic() - asked < 2
    assert ended.code == 143
    assert ended.outputs["result"] == "canceled"
    assert ended.outputs["buildmaster-build-number"] == "7"
    stage_outcome(project, "Integration")
    project.sandbox.admin("clock", {"advance": 600})
    assert project.shipline("run").code == 0
    assert project.operations().count("deploy-build") == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="holds the look-up of a name by a mutex of Linux")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_look_up_of_a_name_that_does_not_end_does_not_hold_a_canceled_run(
    project: Project, number: signal.Signals, code: int
) -> None:
    reached = project.path / "reached"
    process = project.start("run", by=(str(LAUNCH), "dns-stuck", str(reached)))
    deadline = time.monotonic() + 30
    while not reached.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    ended = project.cancel(process, number)
    assert ended.code == code
    assert ended.outputs["result"] == "canceled"
    assert project.sandbox.requests() == []


def test_a_damaged_receipt_is_refused(project: Project) -> None:
    project.write(".shipline/widget-1.4.0.json", '{"receipt": 1, "steps": [')
    ended = project.shipline("run")
    assert ended.code == 2
    assert "damaged" in ended.err
    assert project.sandbox.requests() == []


def test_a_receipt_of_something_else_is_refused(project: Project) -> None:
    project.write("NEW.md", "New")
    project.shipline("run", "--receipt", "kept.json")
    ended = project.shipline(
        "run", "--receipt", "kept.json", "--release-version", "1.5.0", "--release-notes-file", "NEW.md"
    )
    assert ended.code == 2
    assert "belongs to something else" in ended.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_show_a_character_does_not_end_the_run(project: Project, encoding: str) -> None:
    ended = project.shipline("run", "--release-title", "Widget → λ", PYTHONIOENCODING=encoding)
    assert ended.code == 0, ended.text


def test_a_reader_that_goes_away_does_not_end_the_run(project: Project) -> None:
    process = project.start("run")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert announced(project) == 1


def test_verbose_shows_each_request_without_keys(project: Project) -> None:
    ended = project.shipline("run", "-v")
    assert f"POST {project.sandbox.url}/api/v1/projects/WidgetPro/releaseTypes/Firmware: 201 in" in ended.out
