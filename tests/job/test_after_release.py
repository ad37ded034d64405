"""What people do with a release that a run has made: promote it, publish it, take it back."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from job.situations import announced, fault, github

if TYPE_CHECKING:
    from job.project import Project

RETRACT = ("retract", "1.4.0", "--yes")


def deployed(project: Project, stage: str) -> list[str]:
    """The releases whose builds were deployed to a stage, in order."""
    found = project.sandbox.admin("state")["buildmaster"]["deployments"]
    return [d["releaseNumber"] for d in found if d["pipelineStageName"] == stage and d["parentId"]]


def v3(project: Project) -> dict[str, bool]:
    """Whether each version is published."""
    return {r["version"]: r["published"] for r in project.sandbox.admin("state")["v3"]["releases"]}


def release(project: Project, *versions: str) -> Project:
    """Release versions as drafts."""
    project.config(pipeline="  pipeline: Full", state="  state: draft")
    project.write("CHANGELOG.md", "## 1.4.0\n\nNew.\n\n## 1.3.0\n\nOld.\n")
    for version in versions:
        ended = project.shipline("run", "--release-version", version)
        assert ended.code == 0, ended.text
    return project


@pytest.fixture
def drafted(project: Project) -> Project:
    """Version 1.4.0 as a draft."""
    return release(project, "1.4.0")


@pytest.fixture
def second(project: Project) -> Project:
    """Version 1.4.0 as a draft, and 1.3.0 before it."""
    return release(project, "1.3.0", "1.4.0")


def without_files(project: Project) -> None:
    """Remove what the run has read, but its config."""
    shutil.rmtree(project.path / "dist")
    (project.path / "CHANGELOG.md").unlink()


def do(project: Project, *arguments: str, **environ: str) -> list[str]:
    """Run a command that succeeds; returns the changes that it has requested."""
    before = len(project.operations())
    ended = project.shipline(*arguments, **environ)
    assert ended.code == 0, ended.text
    return project.operations()[before:]


def refused(project: Project, *arguments: str, code: int = 4) -> str:
    """Run a command that changes nothing; returns its errors."""
    before = project.operations()
    ended = project.shipline(*arguments)
    assert ended.code == code, ended.text
    assert ended.line("DONE")
    assert project.operations() == before
    return ended.err


def test_a_draft_is_deleted_its_build_rejected_and_the_last_good_one_deployed(second: Project) -> None:
    without_files(second)
    everything = (*RETRACT, "--redeploy", "Testing", "--redeploy", "Integration")
    assert do(second, *everything) == ["delete-release", "reject-build", "deploy-build", "deploy-build"]
    assert v3(second) == {"1.3.0": False}
    for stage in ("Integration", "Testing"):
        assert deployed(second, stage) == ["1.3.0", "1.4.0", "1.3.0"]
    assert do(second, *everything) == []
    shutil.rmtree(second.path / ".shipline")
    assert do(second, *everything) == []
    assert announced(second) == 2
    err = refused(second, "retract", "1.3.0", "--yes", "--redeploy", "Testing")
    assert "no other build has succeeded in Testing" in err


def test_it_shows_what_is_left_to_do_by_hand_and_is_recorded(drafted: Project) -> None:
    ended = drafted.shipline(*RETRACT)
    assert ended.code == 0, ended.text
    (posted,) = drafted.sandbox.admin("state")["centercode"]["releases"]
    stays = "by hand: version 1.4.0 stays in Integration, Testing until another build is deployed there"
    assert stays in ended.out
    assert f"archive it by hand ({posted['url']})" in ended.line("NEXT")
    recorded = {step["name"]: step["status"] for step in drafted.receipt()["steps"]}
    assert recorded["retract:v3"] == recorded["reject"] == recorded["publish:centercode"] == "done"
    again = drafted.shipline("run")
    assert again.code == 5
    assert "was rejected" in again.err
    assert "publish:v3" in again.line("NOT DONE")
    assert "v3-release-id" not in again.outputs


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param("delete-release", marks=pytest.mark.nightly),
        pytest.param("reject-build", marks=pytest.mark.nightly),
        "deploy-build",
    ],
)
def test_a_lost_response_is_looked_up(second: Project, operation: str) -> None:
    fault(second, operation, when="after_apply", status=502)
    assert do(second, *RETRACT, "--redeploy", "Testing") == ["delete-release", "reject-build", "deploy-build"]
    assert deployed(second, "Testing") == ["1.3.0", "1.4.0", "1.3.0"]


@pytest.mark.nightly
def test_a_refused_step_is_done_by_the_next_try(second: Project) -> None:
    fault(second, "reject-build", status=400)
    retract = (*RETRACT, "--redeploy", "Testing")
    assert second.shipline(*retract).code == 4
    assert do(second, *retract) == ["reject-build", "deploy-build"]


def test_the_shared_journal_records_it_for_all_runners(project: Project) -> None:
    for command in (["init", "-q", "--bare", "journal.git"], ["init", "-q"]):
        subprocess.run(["git", *command], cwd=project.path, check=True)
    project.environ = {"SHIPLINE_JOURNAL_STORE": "git", "SHIPLINE_JOURNAL_REMOTE": str(project.path / "journal.git")}
    release(project, "1.4.0")
    for arguments, sent in (
        (("promote", "1.4.0", "--to-stage", "Production"), ["deploy-build"]),
        (("run",), []),
        (RETRACT, ["delete-release", "reject-build"]),
    ):
        shutil.rmtree(project.path / ".shipline")  # another runner
        assert do(project, *arguments) == sent
    assert '"name": "retract:v3"' in project.shipline("journal", "show").out


def test_wrong_input_is_refused_and_nothing_is_changed(drafted: Project) -> None:
    for arguments, code, message in (
        (("retract", "9.9.9", "--yes"), 4, "application Widget has no release 9.9.9"),
        (("promote", "9.9.9", "--to-stage", "Production"), 4, "application Widget has no release 9.9.9"),
        (("publish", "9.9.9", "--release-notes-text", "x"), 4, "application Widget has no release 9.9.9"),
        ((*RETRACT, "--redeploy", "Tests"), 4, "stages with deployments: Integration, Testing"),
        ((*RETRACT, "--redeploy", "Testing"), 4, "no other build has succeeded in Testing"),
        (("retract", "1.4.0"), 2, "there is no terminal: pass --yes"),
        (("retract", "new", "--yes"), 2, "expected a version, found new"),
        ((*RETRACT, "--config", "shipline.yml\nother.yml"), 2, "names several products"),
        (("promote", "1.4.0"), 2, "to-stage: is missing"),
        (("publish", "1.4.0", "--release-notes-text", "Other"), 4, "notes"),
    ):
        assert message in refused(drafted, *arguments, code=code)
    moon = drafted.shipline("promote", "1.4.0", "--to-stage", "Moon")
    assert (moon.code, "Stage Moon not found" in moon.err) == (4, True)


@pytest.mark.processes
@pytest.mark.parametrize("answer", [b"n\n", b"\x04"])
def test_it_prompts_on_a_terminal(drafted: Project, answer: bytes) -> None:
    before = drafted.operations()
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    process = drafted.start("retract", "1.4.0", stdin=theirs, stderr=theirs)
    out, _ = process.communicate(timeout=60)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 130, out
    assert "retract:v3: Delete a release" in out
    assert drafted.operations() == before


def test_a_signal_ends_the_prompt(drafted: Project) -> None:
    before = drafted.operations()
    ours, theirs = pty.openpty()
    process = drafted.start("retract", "1.4.0", stdin=theirs, stderr=theirs)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(ours, 65536)
    ended = drafted.cancel(process, signal.SIGINT)
    os.close(theirs)
    os.close(ours)
    assert ended.code == 130
    assert ended.line("result=") == "result=canceled"
    assert drafted.operations() == before


def test_promote_deploys_the_existing_build_to_one_more_stage(drafted: Project) -> None:
    files = {name: (drafted.path / name).read_bytes() for name in ("dist/widget.zip", "CHANGELOG.md")}
    without_files(drafted)
    promote = ("promote", "1.4.0", "--to-stage", "Production")
    assert do(drafted, *promote) == ["deploy-build"]
    assert deployed(drafted, "Production") == ["1.4.0"]
    assert do(drafted, *promote) == []
    for name, content in files.items():
        drafted.write(name, content)
    assert do(drafted, "run") == []


def test_a_run_after_promote_announces_only_with_the_receipt(drafted: Project) -> None:
    drafted.config(pipeline="  pipeline: Full", state="  state: draft", build_number="")
    shutil.rmtree(drafted.path / ".shipline")
    other_run = {**github(drafted, 1), "GITHUB_RUN_NUMBER": "41"}
    assert do(drafted, "promote", "1.4.0", "--to-stage", "Production", **other_run) == ["deploy-build"]
    drafted.config(pipeline="  pipeline: Full", state="  state: draft")
    refused(drafted, "run", code=8)


def test_publish_publishes_the_draft_and_nothing_else(drafted: Project) -> None:
    assert do(drafted, "publish", "1.4.0") == ["publish-release"]
    assert v3(drafted) == {"1.4.0": True}
    assert do(drafted, "publish", "1.4.0") == []
    assert announced(drafted) == 1
    err = refused(drafted, *RETRACT)
    assert "is published in v3 (" in err
    assert "publish a newer version" in err


def test_a_retraction_of_another_build_reports_nothing_as_done(drafted: Project) -> None:
    before = drafted.operations()
    ended = drafted.shipline(*RETRACT, "--buildmaster-build-number", "4711")
    assert ended.code == 4
    assert "there is no build 4711 of this release" in ended.err
    assert ended.line("DONE:") == "DONE: nothing"
    assert not [o for o in drafted.operations()[len(before) :] if not o.startswith(("get-", "list-"))]


def test_the_wrappers_reach_each_command(second: Project) -> None:
    """By their input ``command``, with the version as an input or by the tag."""
    given = {"SHIPLINE_INPUT_RELEASE_VERSION": "1.4.0"}
    for command, more, sent in (
        ("promote", {"SHIPLINE_INPUT_TO_STAGE": '["Production"]\n', **given}, ["deploy-build"]),
        ("promote", {"SHIPLINE_INPUT_TO_STAGE": "Production"}, []),
        ("status", given, []),
        ("publish", given, ["publish-release"]),
        (
            "retract",
            {"SHIPLINE_INPUT_RELEASE_VERSION": "1.3.0", "SHIPLINE_YES": "true"},
            ["delete-release", "reject-build"],
        ),
    ):
        tagged = {**github(second, 1), "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.4.0"}
        assert do(second, "run", SHIPLINE_INPUT_COMMAND=command, **tagged, **more) == sent
        assert "succeeded" in (second.path / "output").read_text(), command
        (second.path / "output").unlink()
    assert deployed(second, "Production") == ["1.4.0"]
    assert v3(second) == {"1.4.0": True}
    for command, message in (("promote", "to-stage: is missing"), ("retract", "set SHIPLINE_YES to true")):
        ended = second.shipline("run", SHIPLINE_INPUT_COMMAND=command, **given)
        assert (ended.code, message in ended.text) == (2, True), ended.text


def test_publish_creates_nothing(drafted: Project) -> None:
    drafted.without("buildmaster")
    assert do(drafted, *RETRACT) == ["delete-release"]
    assert do(drafted, *RETRACT) == []
    assert "v3 has no release" in refused(drafted, "retract", "9.9.9", "--yes")
    assert "v3 has no release of version 1.4.0" in refused(drafted, "publish", "1.4.0")
