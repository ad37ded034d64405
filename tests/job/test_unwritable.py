"""Disks, paths, streams and numbers that Shipline can't use: each has an error with its own advice."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from job.project import IN_PROCESS, KEYS, Ended
from job.situations import announced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from job.project import Project

pytestmark = pytest.mark.skipif(os.name == "nt" or IN_PROCESS, reason="shells and devices of POSIX")
DIGITS = "9" * 5000
RECEIPT = ".shipline/widget-1.4.0.json"
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_RUN_NUMBER": "7", "GITHUB_RUN_ATTEMPT": "1"}
GITLAB = {"GITLAB_CI": "true", "CI_PIPELINE_IID": "7", "CI_PIPELINE_ID": "8", "CI_JOB_ID": "9"}
JENKINS = {"JENKINS_URL": "https://ci.example.com/", "BUILD_NUMBER": "7", "JOB_NAME": "widget"}


def shell(project: Project, script: str, **environ: str) -> Ended:
    """Carry out a script of bash, in which ``shipline`` is the program."""
    script = f'shipline() {{ {sys.executable} -m shipline "$@"; }}; {script}'
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI"))}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=project.path,
        env={**inherited, **KEYS, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in ended.text
    assert "report it" not in ended.text
    return ended


def mounted(options: str) -> Callable[[Path], object]:
    """A tiny file system at the receipt's folder; it is gone with the test's folder."""

    def mount(folder: Path) -> None:
        (folder / ".shipline").mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder / ".shipline")]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("file systems are mounted by root alone")
        if "size" in options:
            (folder / ".shipline/other").write_bytes(b"x" * 4096)

    return mount


def linked(target: str) -> Callable[[Path], object]:
    return lambda folder: (folder / ".shipline").symlink_to(target)


UNWRITABLE: dict[str, tuple[Callable[[Path], object] | None, str, str, str]] = {
    "full disk": (mounted("size=8k"), "shipline run", "No space left", "free space on this machine's disk"),
    "read-only": (mounted("ro"), "shipline run", "Read-only", "name a path outside the read-only file system"),
    "limit": (None, "ulimit -f 0; shipline run", "File too large", "raise the limit on the size of files"),
    "long name": (None, f"shipline run --receipt {'a' * 300}", "File name too long", "name a shorter path"),
    "long path": (None, f"shipline run --receipt {'folder/' * 900}r", "File name too long", "name a shorter path"),
    "device": (None, "shipline run --receipt /dev/full", "found the device /dev/full", ""),
    "folder": (None, "shipline run --receipt dist", "found the folder dist", ""),
    "lock is a folder": (
        lambda folder: (folder / ".shipline/.widget-1.4.0.json.lock").mkdir(parents=True),
        "shipline run",
        "Is a directory",
        "remove the folder that has the name of a needed file",
    ),
    "file in the way": (
        lambda folder: (folder / ".shipline").write_text(""),
        "shipline run",
        "Not a directory",
        "remove the file or link that has the name of a needed folder",
    ),
    "broken link": (linked("nowhere"), "shipline run", "File exists", "remove the file or link"),
    "loop of links": (linked(".shipline"), "shipline run", RECEIPT, "remove the"),
    "link out of the workspace": (
        linked("/"),
        "shipline run",
        "is a link to /, outside the workspace",
        "remove the link",
    ),
    "report to a device": (None, "shipline run --report /dev/full", "expected a new file", ""),
    "report with a long name": (
        None,
        f"shipline run --report {'a' * 300}",
        "File name too long",
        "name a shorter path",
    ),
}


@pytest.mark.parametrize(("prepare", "script", "words", "advice"), UNWRITABLE.values(), ids=UNWRITABLE.keys())
def test_nothing_is_sent_that_can_not_be_recorded(
    project: Project, prepare: Callable[[Path], object] | None, script: str, words: str, advice: str
) -> None:
    if prepare:
        prepare(project.path)
    try:
        ended = shell(project, script)
    finally:
        subprocess.run(["umount", project.path / ".shipline"], capture_output=True, check=False)
    assert ended.code in (2, 4), ended.text
    assert words in ended.err
    assert advice in ended.err
    assert project.changes() == []


def test_a_link_out_of_the_workspace_is_refused_by_plan_too(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    linked(str(elsewhere))(project.path)
    for command in ("plan", "run"):
        assert project.shipline(command).code == 2
    assert [*elsewhere.iterdir()] == []
    # Whoever names the path means it.
    assert shell(project, f"shipline run --receipt {elsewhere}/receipt.json").code == 0


def test_a_receipt_that_is_a_link_out_of_the_workspace_is_refused(project: Project, tmp_path: Path) -> None:
    foreign = tmp_path.parent / f"{tmp_path.name}.json"
    project.write(RECEIPT, "")
    (project.path / RECEIPT).unlink()
    (project.path / RECEIPT).symlink_to(foreign)
    ended = project.shipline("run")
    assert ended.code == 2, ended.text
    assert f"is a link to {foreign}" in ended.err
    assert not foreign.exists()


def test_a_run_goes_on_without_standard_output_and_says_so(project: Project) -> None:
    ended = shell(project, "shipline run >/dev/full")
    assert ended.code == 0, ended.text
    assert ended.err.count("standard output can't be written (No space left on device): it is incomplete") == 1
    assert announced(project) == 1
    assert shell(project, "shipline run >/dev/full 2>&1").code == 0
    assert announced(project) == 1


@pytest.mark.parametrize(
    "command", ["--version", "--help", "run --help", "schema pipeline", "matrix", "v3 list-releases --product-id p"]
)
def test_output_that_can_not_be_written_is_an_error(project: Project, command: str) -> None:
    ended = shell(
        project,
        f"shipline {command} --url {project.sandbox.url} >/dev/full"
        if "v3" in command
        else f"shipline {command} >/dev/full",
    )
    assert ended.code == 4, ended.text
    assert "error: the output can't be written" in ended.err
    assert "free space on this machine's disk" in ended.err


def test_a_change_whose_response_can_not_be_written_may_have_been_sent(project: Project) -> None:
    create = f"create-release --version 9.9 --channel stable --platforms linux --name W --product-id {'p' * 8}"
    ended = shell(project, f"shipline v3 {create} --url {project.sandbox.url} >/dev/full")
    assert ended.code == 4, ended.text
    assert "it may have been sent: check the service before you send it again" in ended.err


@pytest.mark.parametrize(
    "environ",
    [
        {**GITHUB, "GITHUB_OUTPUT": "/dev/full", "GITHUB_STEP_SUMMARY": "/dev/full"},
        {**GITHUB, "GITHUB_OUTPUT": "/nowhere/output", "GITHUB_STEP_SUMMARY": "/"},
        {**GITHUB, "GITHUB_OUTPUT": "a" * 5000, "GITHUB_STEP_SUMMARY": "a" * 300},
        GITLAB,
    ],
)
def test_results_that_the_ci_system_s_files_can_not_take_are_a_warning(
    project: Project, environ: dict[str, str]
) -> None:
    project.write(".shipline-reports", "in the place of GitLab's folder")
    ended = shell(project, "shipline run", **environ)
    assert ended.code == 0, ended.text
    assert "warning: the CI system didn't take the outputs or the summary: " in ended.text
    assert announced(project) == 1


@pytest.mark.parametrize(
    ("environ", "name"),
    [(environ, name) for environ in (GITHUB, GITLAB, JENKINS) for name, value in environ.items() if value.isdigit()]
    + [(GITHUB, "COLUMNS"), (GITLAB, "CI_NODE_INDEX"), (GITLAB, "CI_NODE_TOTAL"), (JENKINS, "EXECUTOR_NUMBER")],
)
def test_a_number_without_end_from_the_ci_system_is_no_bug(
    project: Project, environ: dict[str, str], name: str
) -> None:
    ended = shell(project, "shipline run", **{**environ, name: DIGITS})
    assert ended.code == 0, ended.text[-2000:]
    assert announced(project) == 1


@pytest.mark.parametrize(
    "setting",
    [
        "buildmaster-build-id",
        "buildmaster-timeout",
        "journal-lease",
        "network-retry-for",
        "parallel",
        "release-notes-max",
        "release-version",
        "shard",
        "v3-version",
    ],
)
@pytest.mark.parametrize("form", [DIGITS, f"{DIGITS}s", f"{DIGITS}.0", f"{DIGITS}/{DIGITS}"], ids=["", "s", ".0", "of"])
def test_a_number_without_end_in_a_setting_is_invalid(project: Project, setting: str, form: str) -> None:
    ended = project.shipline("run", f"--{setting}", form)
    assert ended.code == 2, ended.text[-2000:]
    assert setting in ended.err
    assert project.changes() == []


@pytest.mark.parametrize("text", ['{{"receipt": {}}}', '{{"receipt": 1, "steps": {}}}'])
def test_a_number_without_end_in_the_receipt_is_explained_to_people(project: Project, text: str) -> None:
    project.write(RECEIPT, text.format(DIGITS))
    ended = project.shipline("run")
    assert ended.code == 2, ended.text
    assert "the receipt is damaged (a number has too many digits)" in ended.err
    assert project.changes() == []


def test_a_deleted_folder_is_named(project: Project) -> None:
    for command in ("run", "validate", "--version", "v3 list-releases"):
        ended = shell(project, f"mkdir gone; cd gone; rmdir ../gone; shipline {command}")
        assert ended.code == 2, ended.text
        assert ended.err.startswith("error: the current folder can't be used: No such file or directory\n  do: ")


@pytest.mark.parametrize("missing", ["", "/nowhere"])
def test_neither_a_home_nor_a_place_for_temporary_files_is_needed(project: Project, missing: str) -> None:
    ended = shell(project, "shipline run", HOME=missing, TMPDIR=missing, XDG_CACHE_HOME=missing)
    assert ended.code == 0, ended.text
