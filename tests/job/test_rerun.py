"""A later run continues from the receipt, and announces nothing that an earlier one may have announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from job.runners import ci
from job.situations import announced, entries, fault, github, unnumbered

if TYPE_CHECKING:
    from job.project import Project


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


def test_outputs_of_what_is_done_are_there_when_the_first_look_up_fails(project: Project) -> None:
    finished = project.shipline("run").outputs
    fault(project, "get-releases", status=503, times=99)
    ended = project.shipline("run")
    assert ended.code == 7
    kept = {name: value for name, value in finished.items() if name not in ("result", "receipt")}
    assert kept.items() <= ended.outputs.items()


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


@pytest.fixture
def latest(project: Project) -> Project:
    """A project that uses the latest release, whose pipeline creates the next one after its last stage."""
    project.config(application="  application: Gadget\n  release: latest", pipeline="")
    completed = {"stages": ["Integration", "Testing"], "on_completed": ["create_new_release", "cancel_other_releases"]}
    gadget = {"name": "Gadget", "pipelines": {"Standard": completed}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [gadget]}})
    return project


def test_latest_is_kept_in_the_receipt(latest: Project) -> None:
    assert latest.shipline("run").code == 0
    numbers = {r["number"]: r["status"] for r in latest.sandbox.admin("state")["buildmaster"]["releases"]}
    assert numbers == {"1.0": "deployed", "1.1": "active"}
    before = latest.operations()
    ended = latest.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-release-number"] == "1.0"
    assert latest.operations() == before


def test_without_its_receipt_another_attempt_builds_nothing_in_a_later_release(latest: Project) -> None:
    assert latest.shipline("run", **github(latest, 1)).code == 0
    before = latest.operations()
    ended = latest.shipline("run", "--receipt", "other.json", **github(latest, 2))
    assert ended.code == 8, ended.text
    assert "can't determine whether this run has created a build" in ended.text
    assert "if not, name the release in buildmaster.release" in ended.line("NEXT:")
    assert latest.operations() == before


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
    assert "release 1.4.0 is deployed: no build can be created in it" in ended.text
    assert project.operations() == before
    assert project.shipline("run", **github(project, 2)).code == 0


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


def test_a_receipt_that_cannot_be_written_is_told_before_anything_is_sent(project: Project) -> None:
    project.write("file", "")
    ended = project.shipline("run", "--receipt", "file/receipt.json")
    assert ended.code == 2
    assert "no receipt can be written there" in ended.err
    assert project.changes() == []


def test_a_failed_look_up_still_gives_the_outputs_of_what_is_done(project: Project) -> None:
    assert project.shipline("run", "--steps", "build,deploy").code == 0
    ended = project.shipline("run", SHIPLINE_V3_TOKEN="revoked-token")
    assert ended.code == 3
    assert ended.outputs["failed-step"] == "publish:v3"
    assert ended.outputs["buildmaster-build-number"] == "7"
    assert "uses build 7" in ended.line("DONE:")


def test_not_waited_for_is_told_again_by_the_next_run(project: Project) -> None:
    options = ("--buildmaster-wait", "false", "--steps", "build,deploy")
    first = project.shipline("run", *options)
    again = project.shipline("run", *options)
    assert again.code == 0, again.text
    assert again.outputs["buildmaster-deployment-id"] == first.outputs["buildmaster-deployment-id"]
    assert "was started before" in again.line("DONE:")


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


def forgotten(project: Project) -> None:
    for receipt in (project.path / ".shipline").glob("*.json"):
        receipt.unlink()


def test_a_job_that_publishes_believes_its_own_run_s_receipt_that_knows_nothing_of_earlier_runs(
    project: Project,
) -> None:
    jobs = (("deploy", "build,deploy"), ("publish", "publish"))
    for run, expected in ((1, [0, 0]), (2, [0, 8])):
        forgotten(project)
        ended = [project.shipline("run", "--steps", steps, **ci("github", run, 1, job)) for job, steps in jobs]
        assert [one.code for one in ended] == expected, ended[-1].text
    assert announced(project) == 1


@pytest.mark.parametrize("system", ["gitlab", "jenkins"])
def test_a_retry_without_a_receipt_or_a_number_finds_the_build_of_its_ci_run(project: Project, system: str) -> None:
    project.config(build_number="", pipeline="  pipeline: Full")
    for code in (0, 8):
        forgotten(project)
        ended = project.shipline("run", **ci(system, 1, 1, "release"))
        assert ended.code == code, ended.text
    assert project.operations().count("create-build") == 1
    assert project.operations().count("deploy-build") == 2
    assert announced(project) == 1


@pytest.mark.parametrize("system", ["gitlab", "jenkins"])
def test_a_job_that_only_announces_warns_that_it_found_neither_receipt_nor_journal(
    project: Project, system: str
) -> None:
    project.without("buildmaster", "v3")
    warning = "there is no receipt of this job and no journal"
    ended = project.shipline("run", **ci(system, 1, 1, "release"))
    assert (ended.code, warning in ended.text) == (0, True), ended.text
    ended = project.shipline("run", **ci(system, 1, 1, "release"))
    assert (ended.code, warning in ended.text) == (0, False), ended.text
    assert announced(project) == 1


def test_products_whose_letters_a_receipt_s_name_can_not_hold_have_receipts_of_their_own(project: Project) -> None:
    project.without("buildmaster", "v3")
    for name in ("Насос", "Робот"):  # noqa: RUF001
        assert project.shipline("run", "--centercode-project", name).code == 4
    assert len([*(project.path / ".shipline").glob("*.json")]) == 2


def test_a_receipt_of_a_newer_format_is_identified_as_such(project: Project) -> None:
    project.write(".shipline/widget-1.4.0.json", '{"receipt": 2, "steps": []}')
    ended = project.shipline("run")
    assert ended.code == 2, ended.text
    assert "a newer Shipline wrote this receipt (format 2" in ended.err
    assert project.changes() == []


@pytest.mark.parametrize("operation", ["create-build", "deploy-build", "project-release"])
def test_an_id_below_zero_is_read_back(project: Project, operation: str) -> None:
    made: Any = {"id": -1, "number": "7", "buildId": 1, "pipelineStageName": "Integration", "status": "pending"}
    body = json.dumps([made] if operation == "deploy-build" else made)
    fault(project, operation, status=200, body=body, headers={"Content-Type": "application/json"})
    code = 0 if operation == "project-release" else 4  # the sandbox has no such build or deployment
    assert [project.shipline("run").code for _ in range(2)] == [code, code]
    assert "-1" in {value for step in entries(project) for value in step["made"].values()}


def test_an_earlier_build_of_this_version_that_reached_the_last_stage_may_have_been_announced(project: Project) -> None:
    project.config(build_number="", pipeline="  pipeline: Full")
    project.without("v3")
    for run, code in ((1, 0), (2, 8)):
        forgotten(project)
        ended = project.shipline("run", **ci("gitlab", run, 1, "release"))
        assert ended.code == code, ended.text
    assert announced(project) == 1
