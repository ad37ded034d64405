"""``shipline explain``, ``completion`` and ``help``: what a person at a terminal gets, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shipline.errors import DOCUMENTATION

if TYPE_CHECKING:
    from job.project import Project

CODES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "130")


@pytest.mark.parametrize("code", CODES)
def test_an_exit_code_is_explained(project: Project, code: str) -> None:
    for what in (code, f"exit-{code}", f"exit {code}"):
        ended = project.shipline("explain", what)
        assert ended.code == 0, ended.text
        assert ended.out.startswith(f"## Exit {code}\n")
        assert f"{DOCUMENTATION}/errors/#exit-{code}\n" in ended.out


def test_143_has_the_section_of_130(project: Project) -> None:
    assert project.shipline("explain", "143").out == project.shipline("explain", "130").out


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("release .* is deployed", "release … is …: no build can be created in it"),
        ("release 1.4.0 is deployed: no build can be created in it", "release … is …: no build can be created in it"),
        ("certificate can't be verified", "…: the certificate can't be verified"),
        ("NO SECURE CONNECTION", "…: no secure connection"),
    ],
)
def test_words_of_a_message_find_what_to_do(project: Project, what: str, message: str) -> None:
    ended = project.shipline("explain", what)
    assert ended.code == 0, ended.text
    assert message in ended.out.splitlines()
    assert "\n  do: " in ended.out
    assert "Messages of exit 4" in ended.out


@pytest.mark.parametrize("what", ["99", "exit-9", "no such message anywhere", "(", "missing.json"])
def test_what_nothing_explains_is_exit_2(project: Project, what: str) -> None:
    ended = project.shipline("explain", what)
    assert ended.code == 2
    assert "Traceback" not in ended.text
    assert "xpected" in ended.err


def test_a_receipt_is_explained_with_what_its_run_did(project: Project) -> None:
    stages = [{"name": "Integration"}, {"name": "Testing", "outcome": "failed"}]
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": {"stages": stages}}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    assert project.shipline("run").code == 5
    ended = project.shipline("explain", ".shipline/widget-1.4.0.json")
    assert ended.code == 0, ended.text
    lines = ended.out.splitlines()
    assert lines[0] == "widget 1.4.0: failed, exit code 5"
    assert lines[1] == "Failed step: deploy:Testing"
    assert any(line.startswith("- deploy:Integration: done (") for line in lines)
    assert any(line.startswith("- deploy:Testing: failed (") for line in lines)
    assert "## Exit 5" in lines


def test_a_damaged_receipt_is_exit_2(project: Project) -> None:
    project.write("receipt.json", "{")
    ended = project.shipline("explain", "receipt.json")
    assert ended.code == 2
    assert "damaged" in ended.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(project: Project, shell: str) -> None:
    ended = project.shipline("completion", shell)
    assert ended.code == 0
    assert "_SHIPLINE_COMPLETE" in ended.out


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("shipline expl", ["plain,explain"]),
        ("shipline run --check-links ", ["plain,fail", "plain,warn", "plain,skip"]),
        ("shipline run --v3-state p", ["plain,published"]),
        ("shipline run --config sh", ["file,sh"]),
        ("shipline explain .ship", ["file,.ship"]),
        ("shipline completion f", ["plain,fish"]),
        ("shipline plan prod", ["file,prod"]),
        ("shipline run --artifacts dist/", ["file,dist/"]),
        ("shipline run --buildmaster-wait t", ["plain,true"]),
        ("shipline help buildmaster create-b", ["plain,create-build"]),
    ],
)
def test_a_shell_completes_commands_values_and_files(project: Project, words: str, completions: list[str]) -> None:
    *_, last = split = words.split(" ")
    ended = project.shipline(_SHIPLINE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(split) - 1))
    assert ended.out.splitlines() == completions, last


BASH = """
compopt() { COMPREPLY+=("$2"); }
try() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=(); _shipline_completion shipline; echo "${COMPREPLY[@]}"; }
try shipline run --v3-state ""
try shipline run --v3-state = p
try shipline run --config = sh
"""
FISH = """
for line in "shipline run --v3-state " "shipline run --v3-state=p" "shipline run --config=sh"
    echo (complete -C $line)
end
"""


@pytest.mark.parametrize(
    ("shell", "lines", "shown"),
    [
        ("bash", BASH, ["draft published", "published", "default"]),
        pytest.param(
            "fish",
            FISH,
            ["draft published", "--v3-state=published", "--config=shipline.yml"],
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_its_script_completes_in_the_shell(project: Project, shell: str, lines: str, shown: list[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    program = project.write("bin/shipline", f"#!{sys.executable}\nfrom shipline.cli.main import main\nmain()\n")
    program.chmod(0o755)
    script = project.shipline("completion", shell).out + lines
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(project.path)}
    ran = subprocess.run(
        [shell], input=script, text=True, capture_output=True, env=environ, cwd=project.path, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == shown


def test_help_of_a_command_has_sections_and_the_common_settings(project: Project) -> None:
    shown = project.shipline("help", "run")
    assert shown.out == project.shipline("run", "--help").out
    assert "BuildMaster:\n" in shown.out
    assert "--buildmaster-application APPLICATION" in shown.out
    assert "--network-retry-for" not in shown.out
    assert "more options: shipline run --help-all" in shown.out
    everything = project.shipline("run", "--help-all").out
    assert "--network-retry-for DURATION" in everything
    assert "more options" not in everything


def test_help_of_no_command_is_exit_2(project: Project) -> None:
    assert project.shipline("help", "rnu").code == 2
