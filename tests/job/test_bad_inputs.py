"""Each bad config ends in exit 2 at its line, and nothing is sent to anybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from job.project import KEYS
from shipline.cli.main import cli

if TYPE_CHECKING:
    from job.project import Project

INVALID = sorted((Path(__file__).parents[1] / "examples/pipeline/invalid").iterdir())


def test_there_are_enough() -> None:
    assert len(INVALID) >= 40


@pytest.mark.parametrize("file", INVALID, ids=lambda f: f.name)
def test_run_refuses_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/widget-1.4.0.zip").write_bytes(b"zip")
    # A request would need an address: every name and every host but this machine is out of reach in tests.
    ended = CliRunner().invoke(cli, ["run", "--config", str(file), "--ci", "local"], env=KEYS)
    assert ended.exit_code == 2, ended.output
    lines = re.findall(r"^# expect: ([0-9]+:[0-9]*)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    assert lines
    for line in lines:
        assert f"{file.name}:{line}: " in ended.stderr
    assert ended.stdout.splitlines()[-3:] == [
        "DONE: nothing",
        "NOT DONE: everything",
        "NEXT: fix the configuration and run again",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_all_problems_are_told_at_once_and_before_any_request(project: Project) -> None:
    project.config(application="  aplication: Widget", version="  version: 1.10", stages="  stages: [Testing, Testing]")
    ended = project.shipline("run", "--v3-channel", "x" * 300, SHIPLINE_CENTERCODE_IF_EXISTS="maybe")
    assert ended.code == 2
    for part in (
        "shipline.yml:3:12: release.version: expected text, found the number 1.10: quote it",
        "buildmaster.aplication",
        "did you mean application",
        "buildmaster.stages",
        "--v3-channel: v3.channel",
        "SHIPLINE_CENTERCODE_IF_EXISTS: centercode.if-exists",
    ):
        assert part in ended.err
    assert project.sandbox.requests() == []


def test_a_long_key_that_stands_where_a_name_should_is_not_half_shown(project: Project) -> None:
    key = "eyJhbGciOiJSUzI1NiJ9." + "Ab9-_x" * 20 + ".sig"  # longer than what is shown of a name
    project.write("shipline.yml", f"{key}: 1\n{key}: 2\nrelease: {{version: 1.4.0}}\nv3: *{key}\n")
    for arguments in (("validate",), ("plan", "--format", "json"), ("doctor",), ("matrix", "shipline.yml")):
        ended = project.shipline(*arguments, SHIPLINE_V3_TOKEN=key)
        assert ended.code == 2
        assert "eyJhb" not in ended.text


def test_a_secret_in_the_file_or_as_a_flag_is_refused_and_not_repeated(project: Project) -> None:
    project.config(application="  application: Widget\n  api-key: very-secret-key")
    ended = project.shipline("validate")
    assert ended.code == 2
    assert "SHIPLINE_BUILDMASTER_API_KEY" in ended.err
    assert "very-secret-key" not in ended.text
    ended = project.shipline("validate", "--buildmaster-api-key", "very-secret-key")
    assert ended.code == 2
    assert "SHIPLINE_BUILDMASTER_API_KEY" in ended.err
    assert "very-secret-key" not in ended.text


def test_an_unknown_flag_gets_a_suggestion(project: Project) -> None:
    ended = project.shipline("run", "--buildmaster-aplication", "x")
    assert ended.code == 2
    assert "--buildmaster-application" in ended.err
    ended = project.shipline("run", "--stages", "Testing")
    assert "No such option '--stages'. Did you mean '--buildmaster-stages'?" in ended.err
    assert "--steps" not in ended.err


@pytest.mark.parametrize(
    ("name", "meant"), [("journl", "journal"), ("buildmastr", "buildmaster"), ("valdate", "validate")]
)
def test_an_unknown_command_gets_a_suggestion(project: Project, name: str, meant: str) -> None:
    ended = project.shipline(name)
    assert ended.code == 2
    assert f"No such command '{name}'. Did you mean '{meant}'?" in ended.err


def test_validate_needs_no_key_and_no_network(project: Project) -> None:
    ended = project.shipline("validate", **dict.fromkeys(KEYS, ""))
    assert ended.code == 0, ended.text
    assert ended.out.startswith("valid: version 1.4.0")
    assert project.sandbox.requests() == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--nope"], "No such option '--nope'"),
        (["plan", "--release-version"], "requires an argument"),
        (["validate", "--config", "shipline.yml", "other.yml"], "not both"),
        (["run", "--buildmaster-api-key", "whatever-it-is"], "set the variable SHIPLINE_BUILDMASTER_API_KEY"),
    ],
)
def test_a_command_line_that_cant_be_read_ends_as_any_wrong_input(
    project: Project, arguments: list[str], says: str
) -> None:
    ended = project.shipline(*arguments)
    assert ended.code == 2
    assert says in ended.err
    assert "whatever-it-is" not in ended.text
    assert ended.outputs["result"] == "failed"
    assert ended.line("NEXT") == f"NEXT: shipline {arguments[0]} --help lists the options"
    assert project.operations() == []
