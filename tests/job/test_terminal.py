"""What a person sees on a terminal, and what a log gets that isn't one."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from job.project import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from job.project import Project

_WIDTH = 72
_ERASED = "\r\x1b[2K"
_SHIPLINE = [sys.executable, "-m", "shipline"]


def on_terminal(arguments: list[str], folder: Path, redirection: str = "", **environ: str) -> tuple[int, str]:
    """The exit code, and every character that the terminal got."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, _WIDTH, 0, 0))
    everything = {"PATH": os.environ["PATH"], "TERM": "xterm", **KEYS, **environ}
    command = ["bash", "-c", f'"$@" {redirection}', "bash", *_SHIPLINE, *arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=everything, stdin=slave, stdout=slave, stderr=slave, close_fds=True
    )
    os.close(slave)
    got = b""
    while chunk := _read(master):
        got += chunk
    os.close(master)
    return process.wait(), got.decode().replace("\r\n", "\n")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux's way to say that the other end is closed
        return b""


def live(shown: str) -> list[str]:
    """The lines that were drawn at the foot, and erased again."""
    return [part.rpartition("\n")[2] for part in shown.split(_ERASED)[:-1]]


def left(shown: str) -> str:
    """What stays on the terminal: everything but what was erased, and colours."""
    return re.sub(r"\x1b\[[0-9]*m", "", re.sub(r"[^\n]*\r\x1b\[2K", "", shown))


def test_a_run_says_at_its_foot_what_it_is_at(project: Project) -> None:
    code, shown = on_terminal(["run"], project.path)
    assert code == 0, shown
    feet = [line for line in live(shown) if line]
    assert any(
        re.fullmatch(r"\[3/6\] deploy:Integration, (pending|executing), [0-9]+ s of at most [0-9]+ min", f)
        for f in feet
    )
    assert all(len(line) < _WIDTH for line in feet)
    assert "\x1b[32mDONE:\x1b[0m" in shown
    assert [line.partition(":")[0] for line in left(shown).strip().splitlines()[-3:]] == ["DONE", "NOT DONE", "NEXT"]
    assert "\x1b" not in left(shown)
    assert not re.search(r"^\[[0-9]/", left(shown), re.MULTILINE), "a foot was left behind"


def test_a_run_that_fails_leaves_its_error_and_no_foot(project: Project) -> None:
    stages = {"stages": [{"name": "Integration"}, {"name": "Testing", "outcome": "failed"}]}
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": stages}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    code, shown = on_terminal(["run"], project.path)
    assert code == 5, shown
    assert "\x1b[31merror:\x1b[0m deploy:Testing" in shown
    assert "NEXT: check its log in BuildMaster" in left(shown)
    assert "\x1b" not in left(shown)


@pytest.mark.parametrize(
    ("environ", "arguments", "colours", "foot"),
    [
        ({}, [], True, True),
        ({"NO_COLOR": "1"}, [], False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, [], False, True),
        ({"NO_COLOR": ""}, [], True, True),
        ({"TERM": "dumb"}, [], False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, [], True, False),
        ({}, ["--quiet"], True, False),
        ({}, ["--format", "json"], False, False),
        ({}, ["--ci", "gitlab"], False, False),
        ({"FORCE_COLOR": "1"}, ["--ci", "gitlab"], True, False),
    ],
)
def test_colours_and_foot_keep_to_the_rules(
    project: Project, environ: dict[str, str], arguments: list[str], colours: bool, foot: bool
) -> None:
    code, shown = on_terminal(["run", *arguments], project.path, **environ)
    assert code == 0, shown
    assert ("\x1b[32m" in shown) == colours
    assert (_ERASED in shown) == foot


@pytest.mark.parametrize("command", ["validate", "plan", "run"])
def test_what_is_piped_has_neither(project: Project, command: str) -> None:
    ended = project.shipline(command)
    assert ended.code == 0
    assert "\x1b" not in ended.text
    assert "\r" not in ended.text


def test_a_stream_that_is_a_file_has_neither_while_the_other_is_a_terminal(project: Project) -> None:
    for redirection, kept in (("2>told.txt", "1 problem in the input"), (">told.txt", "DONE: nothing")):
        code, shown = on_terminal(["run"], project.path, redirection, SHIPLINE_V3_TOKEN="")
        assert code == 2
        assert "\x1b[" in shown
        told = (project.path / "told.txt").read_text()
        assert kept in told
        assert "\x1b" not in told


def test_what_is_piped_has_colours_if_they_are_forced(project: Project) -> None:
    environ = {"PATH": os.environ["PATH"], "FORCE_COLOR": "1", **KEYS}
    done = subprocess.run(
        [*_SHIPLINE, "run"], cwd=project.path, env=environ, capture_output=True, text=True, check=True
    )
    assert "\x1b[32mDONE:\x1b[0m" in done.stdout
    assert "\r" not in done.stdout


def test_the_demo_on_a_terminal(tmp_path: Path) -> None:
    code, shown = on_terminal(["demo"], tmp_path, http_proxy="http://192.0.2.1:3128")  # the sandbox is here
    assert code == 0, shown
    assert "What testers see in Centercode" in left(shown)
    assert any(line.startswith("[4/6] deploy:Testing, ") for line in live(shown))
    assert "\x1b" not in left(shown)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_the_demo_without_colours(tmp_path: Path, environ: dict[str, str]) -> None:
    code, shown = on_terminal(["demo"], tmp_path, **environ)
    assert code == 0, shown
    assert "\x1b" not in shown.replace(_ERASED, "")


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", ">/dev/full", ">/dev/full 2>&1"])
def test_a_log_that_goes_nowhere_changes_nothing(project: Project, closed: str) -> None:
    """A stream that was closed, a full disk, a terminal that is gone."""
    environ = {"PATH": os.environ["PATH"], **KEYS}
    done = subprocess.run(
        ["bash", "-c", f'"$@" {closed}', "bash", *_SHIPLINE, "run"], cwd=project.path, env=environ, check=False
    )
    assert done.returncode == 0
    assert project.receipt()["result"] == "succeeded"


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--format", "json", "--parallel", "0"],
        ["run", "--format=json", "--report", "/proc/nowhere/r.html"],
        ["plan", "--format", "json", "--bogus", "1"],
        ["doctor", "--format", "json", "--bogus"],
        ["validate", "--format", "json", "--config", "nothere.yml"],
    ],
)
def test_what_is_wrong_with_the_command_line_is_told_in_the_format_asked_for(
    project: Project, arguments: list[str]
) -> None:
    ended = project.shipline(*arguments)
    assert ended.code == 2
    *_, last = [json.loads(line) for line in ended.out.splitlines()]
    assert (last["event"], last["exit_code"]) == ("result", 2)
