"""Releases and builds: found, created, adopted or refused."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests

from job.situations import fault, stages
from sample import PRODUCT

if TYPE_CHECKING:
    from job.project import Project

ONLY_BUILD = ("--steps", "build")


def test_a_missing_release_without_a_pipeline_is_refused_with_what_is_there(project: Project) -> None:
    project.config(pipeline="", application="  application: Gadget")
    ended = project.shipline("run")
    assert ended.code == 4
    assert "has no release 1.4.0" in ended.err
    assert "its releases are 1.0 (active)" in ended.err
    assert project.changes() == []


def test_unknown_name_is_refused_with_the_names_that_the_key_can_see(project: Project) -> None:
    assert project.shipline("run").code == 0
    project.sandbox.admin("config", {"v3_products": "strict"})
    new = ("--steps", "build,deploy", "--buildmaster-release", "2.0")
    published = ("--steps", "publish", "--centercode-on-unknown", "assume")
    for flags, said in (
        ((*new, "--buildmaster-application", "Widge"), "buildmaster.application; this key can see: Widget, Gadget"),
        ((*new, "--buildmaster-stages", "Tests"), "buildmaster.stages; this key can see: Testing, Integration"),
        ((*published, "--v3-product-id", "27d6"), f"v3.product-id; this key can see: {PRODUCT}"),
    ):
        ended = project.shipline("run", "--receipt", "other.json", *flags)
        assert ended.code == 4
        assert f"; check {said}" in ended.line("NEXT:")
        (project.path / "other.json").unlink()


def test_a_release_is_created_from_a_template(project: Project) -> None:
    project.config(pipeline="  template: Default")
    assert project.shipline("run", *ONLY_BUILD).code == 0
    assert project.operations() == ["create-release-from-template", "create-build"]


def test_the_latest_active_release_is_used_and_kept(project: Project) -> None:
    project.config(pipeline="", application="  application: Gadget")
    ended = project.shipline("run", "--buildmaster-release", "latest", *ONLY_BUILD)
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-release-number"] == "1.0"


def test_a_canceled_release_is_refused(project: Project) -> None:
    project.shipline("run", *ONLY_BUILD)
    state = project.sandbox.admin("state")["buildmaster"]["releases"]
    release_id = next(r["id"] for r in state if r["number"] == "1.4.0")
    cancel = f"{project.sandbox.url}/api/releases/cancel"
    assert requests.post(cancel, {"releaseId": release_id}, headers={"X-ApiKey": "sandbox-x"}, timeout=10).ok
    ended = project.shipline("run", *ONLY_BUILD)
    assert ended.code == 4
    assert "is canceled" in ended.err


def test_each_version_has_a_release_of_its_own(project: Project) -> None:
    new = ("--buildmaster-build-number", "8", "--release-notes-text", "x")
    assert project.shipline("run", "--release-version", "3.4.0", "--release-notes-text", "x").code == 0
    ended = project.shipline("run", "--release-version", "3.4.1", *new)
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-release-number"] == "3.4.1"


def test_a_deployed_release_takes_no_new_build_but_a_rerun_goes_through(project: Project) -> None:
    shared, new = ("--buildmaster-release", "1.4"), ("--buildmaster-build-number", "8", "--release-notes-text", "x")
    assert project.shipline("run", *shared).code == 0
    ended = project.shipline("run", *shared, "--release-version", "1.4.1", *new)
    assert ended.code == 4
    assert "release 1.4 is deployed: no build can be created in it" in ended.err
    assert 'buildmaster.release: "{version}"' in ended.line("NEXT:")
    assert project.shipline("run", *shared).code == 0
    assert project.shipline("run", *new, "--steps", "build,deploy").code == 0
    ended = project.shipline("run", "--buildmaster-build-number", "9", "--receipt", "other.json")
    assert ended.code == 4
    assert "release 1.4.0 is deployed: no build can be created in it" in ended.err
    assert ended.line("NEXT:").startswith("NEXT: release a new version")


def test_a_build_with_the_same_number_is_adopted_or_refused(project: Project) -> None:
    project.shipline("run", *ONLY_BUILD)
    adopted = project.shipline("run", *ONLY_BUILD, "--receipt", "other.json")
    assert adopted.code == 0
    assert "uses build 7" in adopted.out
    refused = project.shipline("run", *ONLY_BUILD, "--receipt", "third.json", "--buildmaster-if-build-exists", "fail")
    assert refused.code == 4
    assert project.operations().count("create-build") == 1


def test_build_id_uses_that_build_and_its_release(project: Project) -> None:
    made = project.shipline("run", *ONLY_BUILD).outputs
    project.config(build_number="")
    ended = project.shipline("run", "--buildmaster-build-id", made["buildmaster-build-id"], "--receipt", "other.json")
    assert ended.code == 0, ended.text
    assert project.operations().count("create-build") == 1
    assert ended.outputs["buildmaster-build-number"] == "7"
    assert ended.outputs["buildmaster-release-number"] == "1.4.0"


def test_without_a_number_buildmaster_numbers_it_and_a_finished_receipt_starts_a_new_build(project: Project) -> None:
    project.config(build_number="")
    first = project.shipline("run", *ONLY_BUILD)
    assert first.outputs["buildmaster-build-number"] == "1"
    assert project.shipline("run", *ONLY_BUILD).outputs["buildmaster-build-number"] == "2"


def test_without_stages_only_the_first_is_deployed_and_never_moved_on(project: Project) -> None:
    project.config(stages="")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-stage"] == "Integration"
    assert project.shipline("run", "--receipt", "lost.json", "--centercode-on-unknown", "assume").code == 0
    assert project.operations().count("deploy-build") == 1


def test_force_start_time_and_deploy_variables_are_sent(project: Project) -> None:
    ended = project.shipline(
        "run",
        "--buildmaster-stages",
        "Testing",
        "--buildmaster-force",
        "true",
        "--buildmaster-start-time",
        "2020-01-01T00:00:00+02:00",
        "--buildmaster-deploy-variables",
        "Build={build_number}",
    )
    assert ended.code == 0, ended.text
    (deploy,) = [r["body"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploy["force"] == "true"
    assert deploy["startTime"] == "2020-01-01T00:00:00+02:00"
    assert deploy["$Build"] == "7"


def test_a_running_deployment_is_taken_up_and_not_doubled(project: Project) -> None:
    made = project.shipline(
        "run", "--buildmaster-wait", "false", "--buildmaster-stages", "Integration", "--steps", "build,deploy"
    )
    assert made.code == 0, made.text
    project.sandbox.admin("clock", {"advance": 7})
    ended = project.shipline("run", "--receipt", "other.json")
    assert ended.code == 0, ended.text
    stages = [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert stages == ["Integration", "Testing"]


def test_an_outage_while_a_deployment_runs_is_waited_out(project: Project) -> None:
    stages(project, executing_seconds=8)
    process = project.start("run", "--steps", "build,deploy")
    while "deploy-build" not in project.operations():
        time.sleep(0.05)
    fault(project, "get-deployments", status=503, times=6)  # longer than network.retry-for
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert project.operations().count("deploy-build") == 2
    assert "at the last check" in out
