"""The commands of the services: what a light command loads, what help shows, how values are read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from shipline.cli import cli
from shipline.operations import example
from shipline.services import openapi

HEAVY = {"requests", "jsonschema", "yaml", "markdown_it", "nh3", "flask"}
OPERATIONS = [o for service in openapi.SERVICES for o in openapi.operations(service).values()]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["centercode", "--help"], ["centercode", "project-release", "--help"]]
)
def test_help_loads_neither_requests_nor_jsonschema(arguments: list[str]) -> None:
    code = f"import sys; sys.argv = ['shipline', *{arguments!r}]\nfrom shipline import cli\ntry:\n    cli.main()\n"
    code += "except SystemExit:\n    pass\nprint('LOADED', *sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & HEAVY
    assert "shipline" in loaded


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.service}-{o.id}")
def test_help_shows_the_description_every_parameter_and_an_example(operation: openapi.Operation) -> None:
    shown = CliRunner().invoke(cli, [operation.service, operation.id, "--help"], terminal_width=10_000).output
    assert operation.description.split(". ")[0].rstrip(".") in shown
    assert example(operation) in shown
    for parameter in operation.parameters:
        assert f"{parameter.flag} " in shown
    flags = [p.flag for p in operation.parameters]
    assert len(flags) == len(set(flags))


def test_a_misspelt_operation_is_an_error_that_knows_the_right_one() -> None:
    done = CliRunner().invoke(cli, ["buildmaster", "creat-build"])
    assert done.exit_code == 2
    assert "BuildMaster has no operation creat-build; did you mean create-build?" in done.output


def call(*arguments: str, **environ: str) -> Any:
    environment = {"SHIPLINE_V3_TOKEN": "sandbox-v3-token", "SHIPLINE_V3_URL": "https://v3.example.com", **environ}
    return CliRunner().invoke(cli, ["v3", *arguments], env=environment, catch_exceptions=False)


@pytest.mark.disable_socket
def test_every_problem_is_told_at_once_and_nothing_is_sent() -> None:
    done = call("create-release", "--name", "n" * 300, "--private", "yes", "--platforms", "windows")
    assert done.exit_code == 2
    for flag in ("--name: 300 characters", "--private: 'yes'", "--version: is missing", "--channel: is missing"):
        assert flag in done.output
    assert "problems in the input; nothing was sent" in done.output


@pytest.mark.disable_socket
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--url", ""], "--url, or SHIPLINE_V3_URL: is missing"),
        (["--url", "http://v3.example.com"], "plain HTTP would show the key"),
        (["--url", "https://me:secret1@v3.example.com"], "must not hold a user name or password"),
        (["--url", "https://v3.example.com?key=secret1"], "has a ? or # part"),
        (["--read-timeout", "soon"], "--read-timeout: a duration is"),
    ],
)
def test_a_wrong_connection_is_invalid_input(arguments: list[str], told: str) -> None:
    done = call("get-release", "--id", "1", *arguments, SHIPLINE_V3_URL="")
    assert done.exit_code == 2
    assert told in done.output
    assert "secret1" not in done.output


@pytest.mark.disable_socket
def test_a_missing_key_is_invalid_input_and_a_broken_one_is_not_shown() -> None:
    assert "SHIPLINE_V3_TOKEN: is missing" in call("get-release", "--id", "1", SHIPLINE_V3_TOKEN="").output
    broken = call("get-release", "--id", "1", SHIPLINE_V3_TOKEN="abc def-token").output
    assert "SHIPLINE_V3_TOKEN: has a space" in broken
    assert "def-token" not in broken


@pytest.mark.disable_socket
def test_a_dry_run_shows_the_request_and_sends_nothing() -> None:
    done = call(
        "create-release",
        "--data",
        '{"name": "N", "productId": "p"}',
        "--version",
        "1.2",
        "--channel",
        "beta",
        "--dry-run",
    )
    assert done.exit_code == 0
    assert json.loads(done.output) == {
        "method": "POST",
        "url": "https://v3.example.com/v3/releases",
        "body": {"name": "N", "productId": "p", "version": "1.2", "channel": "beta"},
    }


@pytest.mark.disable_socket
@pytest.mark.parametrize("data", ["{", "@missing.json", "[1]"])
def test_data_that_can_not_be_used_is_invalid_input(data: str) -> None:
    done = call("create-release", "--name", "N", "--data", data)
    assert done.exit_code == 2
    assert "--data" in done.output


@pytest.mark.disable_socket
def test_what_github_would_take_for_a_command_is_harmless_json() -> None:
    done = call(
        "create-release-file",
        "--data",
        '{"name": "##[error]x", "url": "https://x.example.com/a", "size": 1, "secured": false, "releaseId": "r"}',
        "--dry-run",
    )
    assert "##[" not in done.output
    assert json.loads(done.output)["body"]["name"] == "##[error]x"
