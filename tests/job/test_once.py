"""Nothing is done twice, nothing is taken for done that isn't, and nothing is announced that must not be."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from faults import wire
from faults.proxy import Asked, Proxy, Rule
from job.project import KEYS

if TYPE_CHECKING:
    from faults.proxy import Exchange
    from job.project import Project


def fault(project: Project, operation: str, **rule: Any) -> None:
    project.sandbox.admin("faults", {"operation": operation, "times": 1, "when": "before", "kind": "status", **rule})


def stages(project: Project, **testing: Any) -> None:
    pipeline = {"stages": [{"name": "Integration"}, {"name": "Testing", **testing}]}
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})


def announced(project: Project) -> int:
    return len(project.sandbox.admin("state")["centercode"]["releases"])


def entries(project: Project) -> list[dict[str, Any]]:
    """Those of the receipt, if it is there yet."""
    kept = [*project.path.glob(".shipline/*.json")]
    steps: list[dict[str, Any]] = json.loads(kept[0].read_text())["steps"] if kept else []
    return steps


def unnumbered(project: Project) -> None:
    project.config(build_number="")


def test_a_refused_announcement_is_never_taken_for_done(project: Project) -> None:
    fault(project, "project-release", status=400, body='{"message": "Duplicate link label"}')
    assert project.shipline("run").code == 4
    assert announced(project) == 0
    assert project.shipline("run").code == 0
    assert announced(project) == 1


@pytest.mark.parametrize(("status", "code"), [(409, 4), (303, 8)])
@pytest.mark.parametrize("when", ["before", "after_apply"])
def test_a_conflict_or_see_other_may_mean_it_was_posted(project: Project, status: int, code: int, when: str) -> None:
    fault(project, "project-release", status=status, when=when)
    assert project.shipline("run").code == code
    assert project.shipline("run").code == 8
    assert project.operations().count("project-release") == 1


def github(project: Project, attempt: int, run_id: str = "77") -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": run_id,
        "GITHUB_RUN_ATTEMPT": str(attempt),
        "GITHUB_OUTPUT": str(project.path / "output"),
        "GITHUB_STEP_SUMMARY": str(project.path / "summary"),
        "GITHUB_WORKSPACE": str(project.path),
    }


def test_an_older_receipt_is_no_proof_that_nothing_was_announced_since(project: Project) -> None:
    fault(project, "project-release", status=400)
    assert project.shipline("run", **github(project, 1)).code == 4
    kept = (project.path / ".shipline/widget-1.4.0.json").read_bytes()
    assert project.shipline("run", **github(project, 2)).code == 0
    project.write(".shipline/widget-1.4.0.json", kept)
    assert project.shipline("run", **github(project, 3)).code == 8
    assert announced(project) == 1


def test_an_attempt_that_failed_before_anything_was_sent_is_known_to_have_announced_nothing(project: Project) -> None:
    project.without("buildmaster")
    assert project.shipline("run", **github(project, 1), SHIPLINE_V3_TOKEN="expired").code == 3
    assert project.shipline("run", **github(project, 2)).code == 0
    assert project.shipline("run", "--receipt", "lost.json", **github(project, 2)).code == 8
    assert announced(project) == 1


def test_an_older_receipt_is_no_proof_that_no_build_was_created_since(project: Project) -> None:
    project.config(build_number="", pipeline="  pipeline: Full")
    assert project.shipline("run", **github(project, 1, "70")).code == 0
    kept = (project.path / ".shipline/widget-1.4.0.json").read_bytes()
    assert project.shipline("run", "--steps", "build", **github(project, 1)).code == 0
    project.write(".shipline/widget-1.4.0.json", kept)
    assert project.shipline("run", "--steps", "build", **github(project, 2)).code == 8
    assert project.operations().count("create-build") == 2


def test_a_failed_look_up_does_not_unfinish_a_finished_run(project: Project) -> None:
    project.config(build_number="", pipeline="  pipeline: Full")
    assert project.shipline("run").outputs["buildmaster-build-number"] == "1"
    fault(project, "get-releases", status=401)
    assert project.shipline("run").code == 3
    assert project.shipline("run").outputs["buildmaster-build-number"] == "2"


@pytest.mark.parametrize("operation", ["create-release-file", "publish-release"])
def test_an_empty_answer_does_not_publish_a_release_without_its_file(project: Project, operation: str) -> None:
    fault(project, operation, kind="empty")
    assert project.shipline("run").code == 8
    assert project.shipline("run").code == 0
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert (release["published"], len(release["files"])) == (True, 1)


def test_a_key_that_a_server_sends_back_reaches_no_output(project: Project) -> None:
    key = KEYS["SHIPLINE_CENTERCODE_API_KEY"]
    body = json.dumps({"id": "1", "status": "Published", "url": f"https://x.example.com/?k={key}"})
    fault(project, "project-release", status=201, body=body, headers={"Content-Type": "application/json"})
    assert project.shipline("run", **github(project, 1)).code == 0
    for file in ("output", "summary", ".shipline/widget-1.4.0.json"):
        assert key not in (project.path / file).read_text()


def test_a_signal_before_anything_was_sent_leaves_nothing_unknown(project: Project) -> None:
    fault(project, "project-release", status=429, headers={"Retry-After": "30"})
    process = project.start("run", "--network-retry-for", "2m")
    while "project-release" not in project.operations():
        time.sleep(0.05)
    time.sleep(0.5)
    assert project.cancel(process).code == 143
    assert project.shipline("run").code == 0
    assert announced(project) == 1


def test_outputs_of_what_is_done_are_there_when_the_first_look_up_fails(project: Project) -> None:
    finished = project.shipline("run").outputs
    fault(project, "get-releases", status=503, times=99)
    ended = project.shipline("run")
    assert ended.code == 7
    kept = {name: value for name, value in finished.items() if name not in ("result", "receipt")}
    assert kept.items() <= ended.outputs.items()


def test_a_conflict_without_a_number_is_refused_and_nothing_is_deployed(project: Project) -> None:
    unnumbered(project)
    fault(project, "create-build", status=409)
    assert project.shipline("run").code == 4
    assert "deploy-build" not in project.operations()


def test_an_accepted_build_whose_answer_is_empty_is_unknown_and_not_made_again(project: Project) -> None:
    unnumbered(project)
    fault(project, "create-build", kind="empty", when="after_apply")
    for _ in range(2):
        ended = project.shipline("run")
        assert ended.code == 8
        assert "buildmaster.build-id" in ended.line("NEXT:")
    assert len(project.sandbox.admin("state")["buildmaster"]["builds"]) == 1


def test_an_accepted_numbered_build_is_found_again(project: Project) -> None:
    fault(project, "create-build", kind="empty", when="after_apply")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert "looking whether it was applied" in ended.out
    assert project.operations().count("create-build") == 1


@pytest.mark.parametrize("kind", ["empty", "html"])
def test_a_lost_deploy_is_taken_up_once_it_shows(project: Project, kind: str) -> None:
    fault(project, "deploy-build", kind=kind, when="after_apply")
    first = project.shipline("run")
    assert first.code == (5 if kind == "empty" else 0)
    project.sandbox.admin("clock", {"advance": 7})
    assert project.shipline("run").code == 0
    deploys = [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == ["Integration", "Testing"]


def test_an_accepted_announcement_without_an_answer_is_done(project: Project) -> None:
    fault(project, "project-release", kind="empty", when="after_apply")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert "doesn't say its id" in ended.err
    assert project.shipline("run").code == 0
    assert announced(project) == 1


def test_a_second_run_at_the_same_time_is_refused(project: Project) -> None:
    stages(project, executing_seconds=120)
    first = project.start("run")
    while "deploy-build" not in project.operations():
        time.sleep(0.05)
    second = project.shipline("run")
    assert second.code == 4
    assert "another run is using the receipt" in second.err
    project.sandbox.admin("clock", {"advance": 300})
    first.communicate(timeout=60)
    assert announced(project) == 1


def test_publish_alone_judges_warnings(project: Project) -> None:
    stages(project, outcome="warned")
    assert project.shipline("run", "--steps", "build,deploy").code == 0
    assert project.shipline("run", "--steps", "publish", "--buildmaster-warned", "fail").code == 5
    assert announced(project) == 0
    ended = project.shipline("run", "--steps", "publish")
    assert (ended.code, ended.outputs["result"]) == (0, "warned")


def test_publish_alone_does_not_announce_a_stage_that_failed_in_part(project: Project) -> None:
    stages(project, targets=["a", {"name": "b", "outcome": "failed"}])
    assert project.shipline("run", "--steps", "build,deploy").code == 5
    ended = project.shipline("run", "--steps", "publish", "--buildmaster-timeout", "1s")
    assert ended.code == 6
    assert announced(project) == 0


@pytest.mark.parametrize("reject_older", ["on", "off"])
def test_a_build_that_a_later_one_has_overtaken_is_superseded(project: Project, reject_older: str) -> None:
    """BuildMaster rejects the older build by itself, unless the pipeline says otherwise."""
    project.sandbox.admin("config", {"reject_older": reject_older})
    project.config(pipeline="  pipeline: Full")
    assert project.shipline("run", "--steps", "build,deploy").code == 0
    later = ("--buildmaster-build-number", "8", "--receipt", "later.json")
    assert project.shipline("run", "--steps", "build,deploy", *later).code == 0
    ended = project.shipline("run")
    assert ended.code == 5
    assert ended.outputs["result"] == "superseded"
    assert "superseded" in ended.err
    assert announced(project) == 0


def test_a_build_that_is_rejected_for_a_later_one_while_it_waits_is_superseded(project: Project) -> None:
    project.config(pipeline="  pipeline: Full")

    def testing(seconds: float) -> None:
        pipeline = {"stages": ["Integration", {"name": "Testing", "pending_seconds": seconds}, "Production"]}
        application = {"id": 1, "name": "Widget", "pipelines": {"Full": pipeline}}
        project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})

    testing(10_000)
    with project.start("run") as older:
        while not any(r["query"].get("deploymentId") == "3" for r in project.sandbox.requests()):
            time.sleep(0.05)
        testing(0)
        later = project.shipline("run", "--buildmaster-build-number", "8", "--receipt", "later.json")
        out, err = older.communicate(timeout=60)
    assert (later.code, older.returncode, announced(project)) == (0, 5, 1)
    assert "result=superseded" in out
    assert "superseded: build 7 (id 1) was rejected, and build 8 is later" in err
    assert "NEXT: nothing: the later build's own run announces it" in out


def test_a_run_that_is_beaten_to_the_build_and_to_its_last_deployment_does_not_announce_too(project: Project) -> None:
    """Its look-up finds no build; when its POST comes, another run has made, deployed and announced it."""
    others = []

    def beat(exchange: Exchange) -> None:
        others.append(project.shipline("run").code)
        exchange.say(wire.http("400 Bad Request", b"Build 7 already exists."))

    with Proxy(("127.0.0.1", int(project.sandbox.url.rpartition(":")[2]))) as proxy:
        proxy.rule = Rule(Asked("POST", "/api/releases/builds/create", 1), wire.Fault("beaten", "exists", beat))
        beaten = ("run", "--receipt", "beaten.json", "--buildmaster-url", proxy.url, "--network-read-timeout", "50s")
        for why in ("another run made this build and may have posted it", "an earlier attempt"):
            ended = project.shipline(*beaten)
            assert ended.code == 8, ended.text
            assert why in ended.err
    assert others == [0]
    assert announced(project) == 1


def test_the_failed_one_of_two_targets_counts_when_a_deployment_is_taken_up(project: Project) -> None:
    targets = [{"name": "a", "outcome": "failed", "executing_seconds": 1}, {"name": "b", "executing_seconds": 120}]
    stages(project, targets=targets)
    fault(project, "deploy-build", kind="html", when="after_apply")
    project.shipline("run", "--buildmaster-stages", "Testing", "--buildmaster-force", "true")
    project.sandbox.admin("clock", {"advance": 30})
    process = project.start("run", "--buildmaster-stages", "Testing", "--buildmaster-force", "true")
    time.sleep(1.5)
    project.sandbox.admin("clock", {"advance": 300})
    process.communicate(timeout=60)
    assert process.returncode == 5
    assert announced(project) == 0


def test_a_first_stage_deployed_late_does_not_make_the_announcement_the_first(project: Project) -> None:
    project.config(pipeline="  pipeline: Full", stages="  stages: [Testing]")
    assert project.shipline("run", "--buildmaster-force", "true").code == 0
    ended = project.shipline("run", "--receipt", "lost.json", "--buildmaster-stages", "Integration\nTesting")
    assert ended.code == 8
    assert announced(project) == 1


def test_a_draft_is_published_when_that_is_asked_for_later(project: Project) -> None:
    assert project.shipline("run", "--v3-state", "draft").outputs["v3-release-state"] == "draft"
    ended = project.shipline("run")
    assert ended.outputs["v3-release-state"] == "published"
    assert project.operations().count("create-release-file") == 1


def test_a_stray_file_in_a_draft_is_not_published_with_it(project: Project) -> None:
    fault(project, "publish-release", status=400)
    assert project.shipline("run").code == 4
    project.write("dist/widget.zip", b"another")
    ended = project.shipline("run")
    assert ended.code == 4
    assert "its files differ" in ended.err
    assert project.shipline("run", "--v3-if-exists", "update").code == 0
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert [f["size"] for f in release["files"]] == [7]


def test_receipts_of_applications_with_the_same_slug_are_not_mixed(project: Project) -> None:
    for application in ("製品", "部品"):
        project.config(application=f"  application: {application}")
        ended = project.shipline("run")
    assert ended.code in (2, 4)
    project.config(application="  application: Widget")
    assert project.shipline("run", "--receipt", "one.json").code == 0
    ended = project.shipline("run", "--receipt", "one.json", "--buildmaster-application", "widget-")
    assert ended.code == 2
    assert "belongs to something else" in ended.err


def test_a_signal_while_the_announcement_is_under_way_says_that_it_may_be_made(project: Project) -> None:
    fault(project, "project-release", kind="delay", seconds=20)
    process = project.start("run")
    while not any(s["status"] == "sending" for s in entries(project) if s["name"] == "publish:centercode"):
        time.sleep(0.05)
    time.sleep(0.5)  # until it has left
    ended = project.cancel(process)
    assert ended.code == 143
    assert "why: Project Release was under way, and may have been applied" in ended.err
    assert ended.line("NEXT:") == "NEXT: run again: it says what to look at before that is sent again"
    assert entries(project)[-1]["status"] == "unknown"


def test_a_signal_during_the_look_up_of_an_optional_target_ends_the_run(project: Project) -> None:
    fault(project, "list-releases", kind="delay", seconds=20)
    process = project.start("run", "--v3-required", "false", "--network-retry-for", "1s")
    time.sleep(2)
    ended = project.cancel(process, signal.SIGTERM)
    assert ended.code == 143
    assert project.changes() == []


def test_latest_is_kept_in_the_receipt(project: Project) -> None:
    project.config(application="  application: Gadget", pipeline="")
    latest = ("--buildmaster-release", "latest")
    assert project.shipline("run", *latest).code == 0
    body = {"applicationName": "Gadget", "releaseNumber": "9.0", "pipelineName": "Standard"}
    url = f"{project.sandbox.url}/api/releases/create"
    assert requests.post(url, body, headers={"X-ApiKey": "sandbox-x"}, timeout=10).ok
    before = project.operations()
    ended = project.shipline("run", *latest)
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-release-number"] == "1.0"
    assert project.operations() == before


def test_a_finished_unnumbered_run_is_repeated_without_a_new_build_when_its_release_is_closed(project: Project) -> None:
    unnumbered(project)
    assert project.shipline("run").code == 0
    before = project.operations()
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert project.operations() == before


def test_another_ci_run_does_not_take_the_build_of_a_finished_one_for_its_own(project: Project) -> None:
    unnumbered(project)
    assert project.shipline("run", **github(project, 1)).code == 0
    before = project.operations()
    ended = project.shipline("run", **github(project, 1, run_id="78"))
    assert ended.code == 4, ended.text
    assert "release 1.4 is deployed: no build can be created in it" in ended.text
    assert project.operations() == before
    assert project.shipline("run", **github(project, 2)).code == 0


def test_a_build_of_another_release_is_not_taken(project: Project) -> None:
    unnumbered(project)
    assert project.shipline("run", "--steps", "build").code == 0
    project.write(".shipline/x", "")
    ended = project.shipline("run", "--buildmaster-release", "9.0", "--steps", "build")
    assert ended.code == 0, ended.text
    builds = project.sandbox.admin("state")["buildmaster"]["builds"]
    assert sorted(b["releaseNumber"] for b in builds) == ["1.4", "9.0"]


def test_targets_may_be_reordered(project: Project) -> None:
    url, product = project.sandbox.url, "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
    one = f"  - {{url: {url}, product-id: {product}, platforms: [linux]}}"
    two = f"  - {{url: {url}, product-id: other, platforms: [linux]}}"
    base = "release: {version: 1.4.0, notes: {text: x}}\nv3:\n"
    project.write("shipline.yml", f"{base}{one}\n")
    assert project.shipline("run").code == 0
    first = project.receipt()["outputs"]["v3-release-id"]
    project.write("shipline.yml", f"{base}{two}\n{one}\n")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["v3-release-id"] != first
    assert project.operations() == ["create-release", "create-release"]


def test_an_answer_without_an_id_is_not_believed(project: Project) -> None:
    project.without("buildmaster", "centercode")
    fault(project, "create-release", status=201, body='{"id": null}', headers={"Content-Type": "application/json"})
    ended = project.shipline("run")
    assert ended.code == 8, ended.text
    assert ended.line("NEXT:") == "NEXT: run again: the release is looked up and completed"
    assert "create-release-file" not in project.operations()


@pytest.mark.parametrize("operation", ["get-releases", "get-builds", "list-releases"])
def test_an_empty_look_up_is_not_taken_for_nothing_there(project: Project, operation: str) -> None:
    assert project.shipline("run", "--steps", "build").code == 0
    before = project.operations()
    fault(project, operation, kind="empty", times=9)
    ended = project.shipline("run", "--receipt", "other.json")
    assert ended.code == 4
    assert "the answer is empty" in ended.err
    assert project.operations() == before


def test_a_server_that_only_creates_gets_one_resend_and_its_conflict_is_adopted(project: Project) -> None:
    project.without("buildmaster")
    project.sandbox.admin("config", {"v3": "create-only"})
    fault(project, "create-release", kind="html", when="after_apply")
    assert project.shipline("run").code == 8
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert project.operations().count("create-release") == 2
    assert len(project.sandbox.admin("state")["v3"]["releases"]) == 1


def test_a_receipt_that_cannot_be_written_is_told_before_anything_is_sent(project: Project) -> None:
    project.write("file", "")
    ended = project.shipline("run", "--receipt", "file/receipt.json")
    assert ended.code == 2
    assert "no receipt can be written there" in ended.err
    assert project.changes() == []


def test_a_remote_artifact_may_appear_while_it_is_deployed(project: Project) -> None:
    stages(project, executing_seconds=240)
    process = project.start("run", "--artifacts", f"{project.sandbox.url}/files/late.bin")
    while project.operations().count("deploy-build") < 2:
        time.sleep(0.05)
    project.sandbox.put_file("late.bin", b"x" * 4096)
    project.sandbox.admin("clock", {"advance": 600})
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert release["files"][0]["size"] == 4096


def test_a_dead_link_of_an_optional_target_stops_only_that(project: Project) -> None:
    url = project.sandbox.url
    project.write(
        "shipline.yml",
        f"""
release: {{version: 1.4.0, notes: {{text: x}}}}
artifacts:
  - {{path: dist/*.zip, url: "{url}/files/widget.zip", label: good}}
  - {{url: "{url}/files/gone.bin", size: 1, label: gone}}
v3: {{url: "{url}", product-id: p, platforms: [linux], artifacts: [gone], required: false}}
centercode: {{url: "{url}", project: WidgetPro, release-type: Firmware, artifacts: [good]}}
network: {{retry-for: 1s}}
""",
    )
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert project.operations() == ["project-release"]
    assert "publish:v3" in ended.line("NEXT:")


def test_a_failed_look_up_still_gives_the_outputs_of_what_is_done(project: Project) -> None:
    assert project.shipline("run", "--steps", "build,deploy").code == 0
    ended = project.shipline("run", SHIPLINE_V3_TOKEN="revoked-token")
    assert ended.code == 3
    assert ended.outputs["failed-step"] == "publish:v3"
    assert ended.outputs["buildmaster-build-number"] == "7"
    assert "uses build 7" in ended.line("DONE:")


def test_ids_of_another_application_are_refused(project: Project) -> None:
    state = project.sandbox.admin("state")["buildmaster"]["releases"]
    gadget = next(r["id"] for r in state if r["applicationName"] == "Gadget")
    ended = project.shipline("run", "--buildmaster-release", f"id:{gadget}")
    assert ended.code == 4
    assert "belongs to application Gadget" in ended.err


def test_not_waited_for_is_told_again_by_the_next_run(project: Project) -> None:
    options = ("--buildmaster-wait", "false", "--steps", "build,deploy")
    first = project.shipline("run", *options)
    again = project.shipline("run", *options)
    assert again.code == 0, again.text
    assert again.outputs["buildmaster-deployment-id"] == first.outputs["buildmaster-deployment-id"]
    assert "was started before" in again.line("DONE:")


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


def test_a_deploy_that_is_applied_late_is_not_sent_twice(project: Project) -> None:
    fault(project, "deploy-build", kind="delay", seconds=6)
    ended = project.shipline("run", "--network-read-timeout", "1s")
    assert ended.code in (0, 8), ended.text
    time.sleep(1)
    assert project.shipline("run").code == 0
    deploys = [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == ["Integration", "Testing"]


def test_a_deploy_that_never_came_about_is_sent_by_the_next_run(project: Project) -> None:
    fault(project, "deploy-build", status=502)
    ended = project.shipline("run")
    assert ended.code == 8, ended.text
    assert ended.line("NEXT") == (
        "NEXT: run again: a deployment to Integration that was started is taken up, and if there is none it is"
    )
    again = project.shipline("run")
    assert again.code == 0, again.text
    assert "looking whether an earlier try has started a deployment" in again.out
    deploys = [(r["body"]["toStage"], r["status"]) for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == [("Integration", 502), ("Integration", 200), ("Testing", 200)]


def test_the_plan_says_at_its_step_what_is_not_known_and_what_was_not_looked_at(project: Project) -> None:
    project.environ["SHIPLINE_BUILDMASTER_START_TIME"] = "2099-01-01T00:00:00Z"
    fault(project, "deploy-build", status=500)
    assert project.shipline("run").code == 8
    planned = project.shipline("plan")
    assert planned.code == 0
    step = planned.out.partition("\ndeploy:Integration\n")[2].splitlines()
    assert step[0].startswith(
        "  unknown: whether a deployment to Integration was started is not known; look at the build"
    )
    assert step[1:3] == ["deploy:Testing", "  note: not looked at: deploy:Integration comes first"]
    project.environ["SHIPLINE_BUILDMASTER_API_KEY"] = "mine"
    refused = project.shipline("plan")
    assert refused.code == 3
    assert refused.out.startswith(
        "Plan for version 1.4.0: nothing is sent now\n\nrelease\nbuild\n  note: not looked at: release"
    )


def test_a_deployment_that_waits_for_its_start_time_is_taken_up_without_a_receipt(project: Project) -> None:
    project.config(stages="  stages: [Integration]")
    soon = (datetime.now(UTC) + timedelta(minutes=14)).isoformat(timespec="seconds")
    first = project.start("run", "--buildmaster-start-time", soon, "--receipt", "first.json")
    while "deploy-build" not in project.operations():
        time.sleep(0.05)
    first.kill()
    first.communicate()
    again = ["run", "--buildmaster-start-time", soon, "--receipt", "second.json"]
    second = project.start(*again, **github(project, 2))
    while not any(r["query"].get("deploymentId") for r in project.sandbox.requests()[-3:]):
        time.sleep(0.1)
    project.sandbox.admin("clock", {"advance": 900})
    out, err = second.communicate(timeout=60)
    assert project.operations().count("deploy-build") == 1, out + err
    assert "DONE: uses release 1.4" in out


def test_an_announcement_that_is_there_already_says_centercode_is_not_posted_again(project: Project) -> None:
    body = '{"status": 400, "description": "The release already exists."}'
    fault(project, "project-release", status=400, body=body, headers={"Content-Type": "application/json"})
    assert project.shipline("run").code == 4
    again = project.shipline("run")
    assert again.code == 8, again.text
    assert project.operations().count("project-release") == 1


def test_a_v3_server_that_has_been_asked_before_is_not_taken_for_one_that_only_creates(project: Project) -> None:
    fault(project, "list-releases", status=200, body="[]", headers={"Content-Type": "application/json"})
    fault(project, "list-releases", status=404)
    ended = project.shipline("run")
    assert ended.code == 4, ended.text
    assert not [r for r in project.changes() if r["service"] == "v3"]
    assert project.shipline("run").code == 0


def test_a_mistyped_address_does_not_stop_the_corrected_run(project: Project) -> None:
    wrong = project.shipline("run", "--buildmaster-url", "http://127.0.0.1:9")
    assert wrong.code == 7, wrong.text
    assert project.shipline("run").code == 0


def test_each_attempt_after_a_lost_receipt_asks_whether_there_is_a_build(project: Project) -> None:
    project.config(build_number="", pipeline="  pipeline: Full")
    assert project.shipline("run", **github(project, 1)).code == 0
    (project.path / ".shipline/widget-1.4.0.json").unlink()
    for attempt in (2, 3, 4):
        assert project.shipline("run", **github(project, attempt)).code == 8
    assert project.operations().count("create-build") == 1
    assert announced(project) == 1


def test_a_build_named_after_a_lost_receipt_is_not_announced_without_asking(project: Project) -> None:
    project.config(build_number="")
    build = project.shipline("run", **github(project, 1)).outputs["buildmaster-build-id"]
    (project.path / ".shipline/widget-1.4.0.json").unlink()
    assert project.shipline("run", **github(project, 2)).code == 8
    ended = project.shipline("run", "--buildmaster-build-id", build, **github(project, 3))
    assert ended.code == 8, ended.text
    assert announced(project) == 1


@pytest.mark.parametrize(("first", "second"), [("", "Integration"), ("Integration", "")])
def test_a_waiting_deployment_is_taken_up_when_other_stages_are_named(
    project: Project, first: str, second: str
) -> None:
    pending = {"name": "Integration", "pending_seconds": 1e6}
    pipelines = {"Full": {"stages": [pending, {"name": "Testing"}, {"name": "Production"}]}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [{"name": "Widget", "pipelines": pipelines}]}})
    limits = ("--buildmaster-pending-timeout", "1s")
    for named in (first, second):
        project.config(pipeline="  pipeline: Full", stages=f"  stages: [{named}]" if named else "")
        ended = project.shipline("run", *limits)
        assert ended.code == 6, ended.text
    assert project.operations().count("deploy-build") == 1
