"""The commands of the services: what a light command loads, what help shows, how values are read."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from shipline.cli.main import cli
from shipline.cli.service_commands import example
from shipline.services import openapi
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = [o for service in sorted(SERVICES) for o in openapi.operations(service).values()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.service}-{o.id}")
def test_help_shows_the_description_every_parameter_and_an_example(operation: openapi.Operation) -> None:
    shown = CliRunner().invoke(cli, [operation.service, operation.id, "--help"], terminal_width=10_000).output
    assert operation.description.split(". ")[0].rstrip(".") in shown
    assert example(operation) in shown
    for parameter in operation.parameters:
        assert f"{parameter.flag} " in shown
    flags = [p.flag for p in operation.parameters]
    assert len(flags) == len(set(flags))


def test_a_misspelled_operation_gets_a_suggestion() -> None:
    done = CliRunner().invoke(cli, ["buildmaster", "creat-build"])
    assert done.exit_code == 2
    assert "BuildMaster has no operation creat-build; did you mean create-build?" in done.output


def call(*arguments: str, **environ: str) -> Any:
    environment = {"SHIPLINE_V3_TOKEN": "sandbox-v3-token", "SHIPLINE_V3_URL": "https://v3.widget.test", **environ}
    return CliRunner().invoke(cli, ["v3", *arguments], env=environment, catch_exceptions=False)


@pytest.mark.disable_socket
def test_every_problem_is_reported_at_once_and_nothing_is_sent() -> None:
    done = call("create-release", "--name", "n" * 300, "--private", "yes", "--platforms", "windows")
    assert done.exit_code == 2
    for flag in ("--name: 300 characters", "--private: 'yes'", "--version: is missing", "--channel: is missing"):
        assert flag in done.output
    assert "problems in the input; nothing was sent" in done.output


@pytest.mark.disable_socket
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--url", ""], "--url, or SHIPLINE_V3_URL: is missing"),
        (["--url", "http://v3.widget.test"], "plain HTTP would show the key"),
        (["--url", "https://me:secret1@v3.widget.test"], "must not contain a user name or password"),
        (["--url", "https://v3.widget.test?key=secret1"], "has a ? or # part"),
        (["--read-timeout", "soon"], "--read-timeout: a duration is"),
    ],
)
def test_a_wrong_connection_is_invalid_input(arguments: list[str], text: str) -> None:
    done = call("get-release", "--id", "1", *arguments, SHIPLINE_V3_URL="")
    assert done.exit_code == 2
    assert text in done.output
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
        "url": "https://v3.widget.test/v3/releases",
        "body": {"name": "N", "productId": "p", "version": "1.2", "channel": "beta"},
    }


@pytest.mark.disable_socket
@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("{", "isn't JSON"),
        ("@missing.json", "isn't JSON"),
        ("[1]", "expected an object, {…}, found [1]"),
        ("null", "expected an object, {…}, found null"),
        ('{"size": NaN}', "NaN is no number that JSON has"),
        ('{"size": 1e999}', "1e999 is no number that JSON has"),
        ('{"a": {"name": "x", "name": "y"}}', "name is there 2 times"),
    ],
)
def test_unusable_data_is_invalid_input(data: str, text: str) -> None:
    done = call("create-release", "--name", "N", "--data", data)
    assert done.exit_code == 2
    assert "--data: " in done.output
    assert text in done.output


ENVIRONMENT = {
    **{f"SHIPLINE_{name}_URL": "https://example.com" for name in ("BUILDMASTER", "CENTERCODE", "V3")},
    "SHIPLINE_BUILDMASTER_API_KEY": "sandbox-build-key",
    "SHIPLINE_CENTERCODE_API_KEY": "sandbox-center-key",
    "SHIPLINE_V3_TOKEN": "sandbox-v3-token",
}


@pytest.mark.disable_socket
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.service}-{o.id}")
def test_every_example_is_valid(operation: openapi.Operation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("screenshot.png", "widget-1.4.0.zip"):
        (tmp_path / name).write_bytes(b"x")
    arguments = [*shlex.split(example(operation))[1:], "--dry-run"]
    done = CliRunner().invoke(cli, arguments, env=ENVIRONMENT, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["method"] == operation.method


@pytest.mark.disable_socket
@pytest.mark.parametrize(
    "arguments",
    [
        ["create-webhook", "--data", '{"name": "n", "url": "https://x.example.com", "token": "a+secret/one"}'],
        ["create-webhook", "--name", "n", "--token", "a+secret/one"],
        ["check-update", "--key", "a+secret/one", "--product-id", "p", "--platform", "w", "--version", "1.0"],
        ["get-latest-release", "--key", "a+secret/one", "--product-id", "p", "--platform", "w"],
    ],
)
def test_a_parameter_that_is_a_secret_is_not_shown(arguments: list[str]) -> None:
    more = {"create-webhook": ["--url", "https://x.example.com", "--events", "release.created"]}
    last = ["--account-id", "a"] if arguments[0] == "check-update" else more.get(arguments[0], [])
    done = call(*arguments, *last, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "secret" not in done.output
    assert "***" in done.output


def would_send(line: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli, [*shlex.split(line), "--dry-run"], env=ENVIRONMENT, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.output))


@pytest.mark.disable_socket
def test_empty_flags_are_not_sent_except_in_a_json_body() -> None:
    line = "buildmaster create-build --release-id 4 --build-number '' --application-name '' --var Note="
    assert would_send(line)["body"] == {"releaseId": "4", "$Note": ""}
    assert would_send("v3 update-release --id 1 --notes ''")["body"] == {"notes": ""}  # emptied on purpose


@pytest.mark.disable_socket
@pytest.mark.parametrize("platforms", ["windows,linux", "windows\nlinux\n", ' ["windows", "linux"]', "windows, linux,"])
def test_a_list_is_read_as_the_main_job_reads_it(platforms: str) -> None:
    line = "v3 create-release --name N --version 1.2 --channel stable --product-id P --platforms macos --platforms "
    assert would_send(line + shlex.quote(platforms))["body"]["platforms"] == ["macos", "windows", "linux"]
    assert would_send(line + "''")["body"]["platforms"] == ["macos"]


@pytest.mark.disable_socket
@pytest.mark.parametrize("source", ["-", "@-", "@body.json"])
def test_data_is_read_from_a_file_or_standard_input(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "body.json").write_text('{"notes": "New"}')
    line = ["v3", "update-release", "--id", "1", "--data", source, "--dry-run"]
    done = CliRunner().invoke(cli, line, env=ENVIRONMENT, input='{"notes": "New"}')
    assert json.loads(done.output)["body"] == {"notes": "New"}


@pytest.mark.disable_socket
def test_a_file_goes_as_the_body_or_in_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "big.zip").open("wb") as file:
        file.truncate(2_000_000_000)  # sparse; Centercode's limit is not the release server's
    place = "--release-id 0b7c3c1e-6f0d-4a53-9f0e-3d2c5a1b7e90 --filename big.zip --file big.zip"
    assert would_send(f"v3 upload-release-file {place} --as-form")["method"] == "PUT"


@pytest.mark.disable_socket
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            "v3 create-release --version 1.4-rc.1",
            "--version: '1.4-rc.1' does not match: x.x, x.x.x or x.x.x.x",
        ),
        ("centercode community-user-macro --find ''", "--find: is missing"),
        ("centercode project-release --start-date 2026-01-31", "becomes available, such as 2026-01-31T09:00:00Z"),
        (
            "centercode project-release --end-date '[2026-01-31][00:00:00AM]'",
            "on the 24-hour clock, without AM or PM: write 2026-01-31T00:00:00Z (UTC) or",
        ),
        ("v3 list-releases --all-pages --page 2", "--page: doesn't go together with --all-pages"),
        ("v3 list-releases --all-pages --limit 10", "--limit: doesn't go together with --all-pages"),
        ("buildmaster create-build --release-id 4 --release-number 1.4", "doesn't go together with --release-id"),
        ("buildmaster deploy-build --build-id 4 --build-number 1", "doesn't go together with --build-id"),
        ("buildmaster deploy-build --build-id four", "--build-id: 'four' does not match"),
        ("buildmaster deploy-build --build-id ''", "expected exactly one of --build-id, --build-number"),
        ("buildmaster create-build --release-id 4 --var A=1 --var '$A=2'", "--var: A appears twice"),
        ("centercode project-feedback-macro --timeout soon", "--timeout: a duration is"),
        ("centercode create-feedback --title T --attach Log=missing.log", "--attach Log: missing.log is unreadable"),
        ("centercode create-feedback --title T --attach Log=.", "--attach Log: . is unreadable: it isn't a file"),
    ],
)
def test_contradicting_or_malformed_flags_are_invalid_input(arguments: str, text: str) -> None:
    words = [*shlex.split(arguments), "--dry-run"]
    done = CliRunner().invoke(cli, words, env=ENVIRONMENT, catch_exceptions=False)
    assert done.exit_code == 2
    assert text in done.output


@pytest.mark.disable_socket
def test_a_form_of_two_gigabytes_is_refused_before_feedback_is_created(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(2_000_000_000)  # sparse: it takes no room
    line = f"centercode create-feedback --project-key W --feedback-key M --title T --attach Log={tmp_path}/big"
    done = CliRunner().invoke(cli, shlex.split(line), env=ENVIRONMENT, catch_exceptions=False)
    assert done.exit_code == 2
    assert "expected under 2000000000" in done.output


@pytest.mark.disable_socket
def test_json_has_no_github_command_and_the_same_data() -> None:
    done = call(
        "create-release-file",
        "--data",
        '{"name": "##[error]x", "url": "https://x.example.com/a", "size": 1, "secured": false, "releaseId": "r"}',
        "--dry-run",
    )
    assert "##[" not in done.output
    assert json.loads(done.output)["body"]["name"] == "##[error]x"


@pytest.mark.disable_socket
def test_given_html_is_sanitized_with_a_warning() -> None:
    environ = {"SHIPLINE_CENTERCODE_API_KEY": "sandbox-cc-key", "SHIPLINE_CENTERCODE_URL": "https://cc.widget.test"}
    html = '<p onclick="x()">New</p><script>alert(1)</script><a href="javascript:x()">a</a>'
    place = ["--project-key", "WidgetPro", "--release-type-key", "Firmware"]
    arguments = [
        "centercode",
        "project-release",
        *place,
        "--data",
        json.dumps({"title": "T", "releaseValue": "1", "body": html}),
        "--dry-run",
    ]
    done = CliRunner().invoke(cli, arguments, env=environ, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    sent = json.loads(done.stdout)["body"]["body"]
    assert sent.startswith("<p>New</p>")
    assert not [bad for bad in ("onclick", "script", "alert") if bad in sent]
    assert "removed from the HTML in body: " in done.stderr
    assert all(what in done.stderr for what in ("onclick of <p>", "<script>", 'href="javascript:x()" of <a>'))
