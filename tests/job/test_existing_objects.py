"""A run adopts, waits for or refuses what exists already: builds, deployments, drafts, links, and other runs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from faults import wire
from faults.proxy import Asked, Proxy, Rule
from job.situations import announced, fault, github, stages, unnumbered

if TYPE_CHECKING:
    from faults.proxy import Exchange
    from job.project import Project


def test_a_conflict_without_a_number_is_refused_and_nothing_is_deployed(project: Project) -> None:
    unnumbered(project)
    fault(project, "create-build", status=409)
    assert project.shipline("run").code == 4
    assert "deploy-build" not in project.operations()


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
        while not any((r["body"] or {}).get("deploymentId") == "3" for r in project.sandbox.requests()):
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
        for why in ("another run made this build and may have posted it", "that run may have posted it"):
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
    project.sandbox.put_file("widget.zip", b"another")
    ended = project.shipline("run")
    assert ended.code == 4
    assert "file widget.zip: expected 7 bytes, got 2048" in ended.err
    assert project.shipline("run", "--v3-if-exists", "update").code == 0
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert [f["size"] for f in release["files"]] == [7]


def test_a_build_of_another_release_is_not_taken(project: Project) -> None:
    unnumbered(project)
    assert project.shipline("run", "--steps", "build").code == 0
    project.write(".shipline/x", "")
    ended = project.shipline("run", "--buildmaster-release", "9.0", "--steps", "build")
    assert ended.code == 0, ended.text
    builds = project.sandbox.admin("state")["buildmaster"]["builds"]
    assert sorted(b["releaseNumber"] for b in builds) == ["1.4.0", "9.0"]


def test_ids_of_another_application_are_refused(project: Project) -> None:
    state = project.sandbox.admin("state")["buildmaster"]["releases"]
    gadget = next(r["id"] for r in state if r["applicationName"] == "Gadget")
    ended = project.shipline("run", "--buildmaster-release", f"id:{gadget}")
    assert ended.code == 4
    assert "belongs to application Gadget" in ended.err


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
    while not any((r["body"] or {}).get("deploymentId") for r in project.sandbox.requests()[-3:]):
        time.sleep(0.1)
    project.sandbox.admin("clock", {"advance": 900})
    out, err = second.communicate(timeout=60)
    assert project.operations().count("deploy-build") == 1, out + err
    assert "DONE: uses release 1.4.0" in out


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


def test_a_mistyped_address_does_not_stop_the_corrected_run(project: Project) -> None:
    wrong = project.shipline("run", "--buildmaster-url", "http://127.0.0.1:9")
    assert wrong.code == 7, wrong.text
    assert project.shipline("run").code == 0


def test_a_recorded_stage_that_failed_when_somebody_repeated_it_is_not_announced(project: Project) -> None:
    project.config(pipeline="  pipeline: Full")
    fault(project, "publish-release", status=400)
    assert project.shipline("run").code == 4
    failing = {"stages": ["Integration", {"name": "Testing", "outcome": "failed"}, "Production"]}
    application = {"id": 1, "name": "Widget", "pipelines": {"Full": failing}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    form = {"buildId": "1", "toStage": "Testing", "force": "true"}
    url, headers = f"{project.sandbox.url}/api/releases/builds/deploy", {"X-ApiKey": "sandbox-operator"}
    assert requests.post(url, form, headers=headers, timeout=10).ok
    project.sandbox.admin("clock", {"advance": 60})  # while it is pending, no list shows it
    ended = project.shipline("run")
    assert ended.code == 5, ended.text
    assert announced(project) == 0
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert release["published"] is False


@pytest.mark.parametrize("who", ["an earlier run", "somebody"])
def test_a_redeployment_that_no_list_shows_yet_is_taken_up(project: Project, who: str) -> None:
    stages(project, outcome="failed")
    limits = ("--buildmaster-pending-timeout", "1s")
    assert project.shipline("run").code == 5
    stages(project, pending_seconds=1e6)
    if who == "somebody":
        (build,) = (r["body"]["buildId"] for r in project.changes()[-1:])
        body, key = {"buildId": build, "toStage": "Testing", "force": "true"}, {"X-ApiKey": "sandbox-x"}
        url = f"{project.sandbox.url}/api/releases/builds/deploy"
        assert requests.post(url, body, headers=key, timeout=10).ok
    else:
        assert project.shipline("run", *limits).code == 6
        (project.path / ".shipline/widget-1.4.0.json").unlink()
    ended = project.shipline("run", *limits)
    assert ended.code == 6, ended.text
    assert project.operations().count("deploy-build") == 3
