"""Every operation of the three services, called through the command line against the sandbox."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
from jsonschema import Draft202012Validator

from job.project import KEYS, PRODUCT
from shipline.cli.service_commands import example
from shipline.services import openapi

if TYPE_CHECKING:
    from pathlib import Path

    from job.project import Ended, Project


class Shell:
    """Runs commands as a person would, and keeps which operations answered as their file describes."""

    def __init__(self, project: Project) -> None:
        url = project.sandbox.url
        urls = {f"SHIPLINE_{name}": url for name in ("BUILDMASTER_URL", "CENTERCODE_URL", "V3_URL", "V3_RELEASES_URL")}
        project.environ |= urls | {"SHIPLINE_NETWORK_RETRY_FOR": "1s"}
        self.project = project
        self.called: set[str] = set()

    def __call__(self, line: str, *more: str) -> Any:
        """The answer to a command that must succeed, checked against its documented form."""
        service, name, *rest = [*shlex.split(line), *more]
        done = self.project.shipline(service, name, *rest)
        assert done.code == 0, done.err
        assert "wait" in line or not done.err
        operation = openapi.find(service, name)
        if "text/csv" in operation.answer_media and not done.out.startswith(("{", "[")):
            return done.out
        answer = json.loads(done.out)
        schema = openapi.with_definitions(service, operation.answer_schema)
        if not {"--wait", "--attach"} & set(rest):
            assert not [e.message for e in Draft202012Validator(schema).iter_errors(answer)] or answer is None
        self.called.add(name)
        return answer

    def refused(self, line: str, code: int) -> Ended:
        done = self.project.shipline(*shlex.split(line))
        assert done.code == code, done.text
        return done


@pytest.fixture
def shell(project: Project) -> Shell:
    return Shell(project)


def test_every_operation_of_buildmaster(shell: Shell) -> None:
    shell("buildmaster health")
    release = shell(
        "buildmaster create-release --application-name Widget --release-number 1.4 --pipeline-name Standard"
    )
    shell(
        "buildmaster create-release-from-template --application-name Widget --release-number 1.5 --template Default "
        "--pipeline-name Full --var 'Note=a b' --release-name Summer"
    )
    shell("buildmaster cancel-release --release-number 1.5 --application-name Widget --reason 'too early'")
    named = "buildmaster get-releases --application-name Widget --status"
    assert [r["releaseName"] for r in shell(f"{named} canceled")] == ["Summer"]
    shell("buildmaster restore-release --release-number 1.5 --application-name Widget")
    assert shell(f"{named} canceled") == []
    build = shell(f"buildmaster create-build --release-id {release['id']} --var Branch=main --build-number 7")
    shell(f"buildmaster deploy-build --build-id {build['id']} --to-stage Integration --force true")
    (found,) = shell("buildmaster get-builds --application-name Widget --release-number 1.4 --build-number 7")
    assert found["id"] == build["id"]
    shell(f"buildmaster get-deployments --build-id {build['id']} --status pending")
    alone = shell("buildmaster create-build --application-name Widget --pipeline-name Standard")
    assert (alone.get("releaseId"), alone["pipelineName"]) == (None, "Standard")
    deploy = f"buildmaster deploy-build --build-id {alone['id']} --wait --to-stage"
    assert shell(f"{deploy} Integration")["status"] == "succeeded"
    failed = shell.refused(f"{deploy} Testing --var SandboxOutcome=failed", 5)
    assert "the deployment to Testing has ended as failed" in failed.err
    shell(f"buildmaster reject-build --build-id {build['id']}")
    (rejected,) = shell("buildmaster get-builds --status rejected")
    assert rejected["id"] == build["id"]
    assert shell.called == set(openapi.operations("buildmaster"))


@pytest.mark.parametrize(
    ("switches", "more", "code", "said"),
    [
        ({"parent_outcome": "succeeded"}, "--var SandboxOutcome=failed", 5, "has ended as failed"),
        ({"deploy_answer": "empty"}, "", 5, "no deployment was started"),
        ({"deploy_answer": "array"}, "--timeout 0s --start-time 2100-01-01", 6, "still pending after 0 s"),
    ],
    ids=["child", "none", "late"],
)
def test_deploy_that_is_waited_for_and_does_not_succeed(
    shell: Shell, switches: dict[str, str], more: str, code: int, said: str
) -> None:
    shell.project.sandbox.admin("config", switches)
    shell("buildmaster create-build --application-name Widget --pipeline-name Standard")
    assert said in shell.refused(f"buildmaster deploy-build --build-id 1 --wait {more}", code).err


def test_every_operation_of_centercode_as_its_help_shows_it(shell: Shell) -> None:
    shell.project.write("screenshot.png", b"\x89PNG")
    for operation in openapi.operations("centercode").values():
        shell(example(operation).removeprefix("shipline "))
    assert shell.called == set(openapi.operations("centercode"))
    comments = shell(
        "centercode project-feedback-lookup --project-key WidgetPro --report-element-key FeedbackDetails "
        "--find BUG-0001"
    )
    assert "keep up the good work" in json.dumps(comments)


def test_comments_and_data_may_be_any_json_and_a_release_its_title_alone(shell: Shell) -> None:
    bug = "--project-key WidgetPro --find BUG-0001"
    comment = f"centercode project-feedback-comment {bug} --listener-key BugComment --data"
    assert shell(comment, '["a", 1]')["message"] == '["a", 1]'
    assert shell(comment, '"It turns"')["message"] == "It turns"
    assert shell(f"centercode project-feedback-data {bug} --listener-key CrashLog --data 0")["fields"][0]["value"] == ""
    both = shell.refused(f"{comment} [] --author me", 2)
    assert "--data: must be a JSON object together with --author" in both.err
    release = "centercode project-release --project-key WidgetPro --release-type-key Firmware"
    assert shell(f"{release} --title Soon")["title"] == "Soon"


def test_every_operation_of_v3(shell: Shell) -> None:
    shell("v3 list-webhook-events")
    address = "--url http://127.0.0.1:9/hook"
    hook = shell(f"v3 create-webhook --name n {address} --token t0ken-of-hook --events release.created --active true")
    shell("v3 list-webhooks")
    shell(f"v3 get-webhook --id {hook['id']}")
    assert shell(f"v3 update-webhook --id {hook['id']} --active false")["active"] is False
    release = shell(
        f"v3 create-release --name Widget --version 1.4.0 --channel stable --platforms windows --platforms linux "
        f"--product-id {PRODUCT} --notes '# New'"
    )
    key = release["id"]
    assert shell(f"v3 update-release --id {key} --notes better --product-id {PRODUCT}")["notes"] == "better"
    shell.project.write("widget.zip", b"PK")
    shell(f"v3 upload-release-file --release-id {key} --filename widget.zip --file widget.zip")
    link = {"name": "notes.txt", "url": "https://dl.example.com/n.txt", "size": 1, "secured": False, "releaseId": key}
    linked = shell("v3 create-release-file --data", json.dumps(link))
    assert [f["name"] for f in shell(f"v3 list-release-files --release-id {key}")] == ["widget.zip", "notes.txt"]
    shell(f"v3 get-release-file --id {linked['id']}")
    shell(f"v3 delete-release-file --id {linked['id']}")
    shell(f"v3 publish-release --id {key}")
    assert shell(f"v3 get-release --id {key}")["published"] is True
    shell(f"v3 list-releases --product-id {PRODUCT} --all-pages")
    customer = f"--product-id {PRODUCT} --platform windows --key sandbox-license --account-id {release['tenantId']}"
    shell(f"v3 check-update {customer} --version 1.3.0")
    shell(f"v3 get-latest-release {customer}")
    shell(f"v3 check-allowed --id {key} --key sandbox-license --account-id {release['tenantId']}")
    other = shell(f"v3 create-release --name Other --version 1.5 --channel beta --product-id {PRODUCT}")["id"]
    shell(f"v3 upload-release-file --release-id {other} --filename widget.zip --file widget.zip")
    shell.project.sandbox.admin("config", {"v3_uploads": "form"})
    upload = f"v3 upload-release-file --release-id {other} --filename form.zip --file widget.zip"
    assert "or the server expects a form" in shell.refused(upload, 4).err
    assert shell(f"{upload} --as-form")["size"] == len(b"PK")
    shell.project.sandbox.admin("config", {"v3_uploads": "raw"})
    shell(f"v3 delete-uploaded-file --release-id {other} --filename widget.zip")
    shell(f"v3 delete-release --id {other}")
    assert [r["id"] for r in shell("v3 list-my-releases")] == [key]
    for kind in ("platform", "channel"):
        made = shell(f"v3 create-release-{kind} --name beta --display-name Beta --product-ids {PRODUCT}")
        assert shell(f"v3 list-release-{kind}s") == [made]
    shell("v3 list-webhook-event-logs")
    shell(f"v3 delete-webhook --id {hook['id']}")
    assert shell.called == set(openapi.operations("v3"))


def test_an_update_check_shows_whether_the_license_allows_the_release(shell: Shell) -> None:
    seed = {"v3": {"licenses": [{"key": "sandbox-old", "maxAllowedReleaseVersion": "1.4"}]}}
    shell.project.sandbox.admin("seed", seed)
    for version in ("1.4.0", "2.0.0"):
        wanted = f"--name W --version {version} --channel stable --platforms windows --product-id {PRODUCT}"
        made = shell(f"v3 create-release {wanted}")
        shell(f"v3 publish-release --id {made['id']}")
    app = f"--product-id {PRODUCT} --platform windows --version 1.3.0 --account-id {made['tenantId']}"
    for license_key, allowed, offered in (("sandbox-old", False, "1.4.0"), ("sandbox-new", True, "2.0.0")):
        check = f"v3 check-update {app} --key {license_key}"
        assert "allowed" not in shell(check)
        found = shell(f"{check} --check-allowed")
        assert (found["version"], found["allowed"]) == ("2.0.0", allowed)
        assert shell(f"{check} --allowed true")["version"] == offered
        shell.project.environ["SHIPLINE_V3_TOKEN"] = ""
        assert shell(check)["version"] == "2.0.0", "an app has no token"
        shell.project.environ["SHIPLINE_V3_TOKEN"] = KEYS["SHIPLINE_V3_TOKEN"]
    assert shell(f"v3 check-update {app} --key sandbox-old --version 1.4.0 --allowed true --check-allowed") is None


def test_each_form_of_an_allowance_is_read_as_lexactivator_does(shell: Shell) -> None:
    made = shell(
        f"v3 create-release --name W --version 2.0 --channel stable --platforms windows --product-id {PRODUCT}"
    )
    shell(f"v3 publish-release --id {made['id']}")
    app = f"--product-id {PRODUCT} --platform windows --version 1.3.0 --account-id {made['tenantId']} --key sandbox-new"
    fault = {"operation": "check-allowed", "headers": {"Content-Type": "application/json"}}
    for body, allowed in (("true", True), ("false", False), ('{"allowed": true}', True), ("{}", False)):
        shell.project.sandbox.admin("faults", {**fault, "status": 200, "body": body})
        assert shell(f"v3 check-update {app} --check-allowed")["allowed"] is allowed
    for status, code in ((404, 4), (429, 7), (500, 7)):
        shell.project.sandbox.admin("faults", {**fault, "status": status, "times": 20, "body": "{}"})
        assert "Check whether a license allows" in shell.refused(f"v3 check-update {app} --check-allowed", code).err
        requests.delete(f"{shell.project.sandbox.url}/_sandbox/faults", timeout=60)


@pytest.mark.parametrize("token", ["e", "1", "release.created", 'a"b', "true"])
def test_a_webhooks_token_is_masked_in_its_field_and_nowhere_else(shell: Shell, token: str) -> None:
    def stored() -> Any:
        v3 = f"{shell.project.sandbox.url}/v3/webhooks"
        headers = {"Authorization": f"Bearer {KEYS['SHIPLINE_V3_TOKEN']}"}
        (hook,) = requests.get(v3, headers=headers, timeout=60).json()
        assert hook["token"] == token
        return hook | {"token": "***"}

    address = "--url http://127.0.0.1:9/release.created"
    create = f"v3 create-webhook --name release.created {address} --events release.created --token"
    planned = shell.project.shipline(*shlex.split(create), token, "--dry-run")
    body = {"name": "release.created", "url": "http://127.0.0.1:9/release.created", "events": ["release.created"]}
    assert json.loads(planned.out)["body"] == {**body, "token": "***"}
    hook = shell(create, token)
    assert hook == stored()
    assert shell(f"v3 get-webhook --id {hook['id']}") == stored()
    assert shell("v3 list-webhooks") == shell("v3 list-webhooks --all-pages") == [stored()]
    assert shell(f"v3 update-webhook --id {hook['id']} --active false --token", token) == stored()
    again = shell.project.shipline("v3", "update-webhook", "--id", hook["id"], "--data", json.dumps(stored()))
    assert again.code == 2
    assert "--token: is how Shipline shows a secret" in again.err


@pytest.mark.parametrize(
    ("member", "shown"),
    [
        ('"notes": "a sandbox-7 b"', "a *** b"),
        ('"size": 7001', "a number"),
    ],
)
def test_a_key_in_an_answer_is_masked_in_its_text_or_an_error(shell: Shell, member: str, shown: str) -> None:
    shell.project.environ |= {"SHIPLINE_V3_TOKEN": "sandbox-7", "SHIPLINE_BUILDMASTER_API_KEY": "7001"}
    rule = {"operation": "get-release", "status": 200, "body": f'{{"id": "7", "more": [{{{member}}}]}}'}
    shell.project.sandbox.admin("faults", {**rule, "headers": {"Content-Type": "application/json"}})
    done = shell.project.shipline("v3", "get-release", "--id", "7")
    if "***" in shown:
        assert json.loads(done.out) == {"id": "7", "more": [{"notes": shown}]}
        return
    assert (done.code, done.out) == (4, "")
    assert f"in {shown}" in done.err
    assert "SHIPLINE_BUILDMASTER_API_KEY" in done.err or "SHIPLINE_V3_TOKEN" in done.err


def test_a_secret_argument_is_not_in_the_log(shell: Shell) -> None:
    hook = "v3 create-webhook --name n --url http://127.0.0.1:9/ --token t0ken-7 --events no-t0ken-7"
    assert "There is no event no-***." in shell.refused(hook, 4).err
    app = f"--product-id {PRODUCT} --platform windows --version 1.0 --account-id other --key sandbox-t0ken-7 -v"
    ended = shell.refused(f"v3 check-update {app}", 4)
    assert "key=***" in ended.err
    assert "t0ken-7" not in ended.text


def test_an_answer_that_says_where_to_go_on_is_followed(shell: Shell) -> None:
    macro = "centercode project-feedback-macro --project-key WidgetPro --listener-key ClosedInJIRA --find BUG-0001"
    assert shell(f"{macro} --wait")["status"] == "Succeeded"
    shell.project.write("a.png", b"\x89PNG")
    shell.project.write("crash.log", b"boom")
    feedback = "centercode create-feedback --project-key WidgetPro --feedback-key Mobile --data"
    body = '{"submitter": "jim@centercode.com", "title": "Dark", "description": "It is.", "topic": 23795}'
    made = shell(feedback, body, "--attach", "Screenshot=a.png", "--attach", "CrashLog=crash.log")
    assert [a["fileName"] for a in made["attachments"]] == ["a.png", "crash.log"]
    assert {a["feedbackKey"] for a in made["attachments"]} == {made["key"]}


def test_data_that_the_listener_does_not_save_is_told(shell: Shell) -> None:
    """T-42: it is accepted all the same."""
    data = "centercode project-feedback-data --project-key WidgetPro --listener-key CrashLog --find BUG-0001"
    done = shell.project.shipline(*shlex.split(f"{data} --crashlog a.log --data"), '{"crashLogs": "b.log"}')
    assert done.code == 0, done.err
    assert "warning: Project Feedback Data: accepted, but not saved: crashLogs; check that the listener" in done.err
    assert json.loads(done.out)["fields"][0]["matched"] is True
    done = shell.project.shipline(*shlex.split(f"{data} --crashlog a.log"))
    assert not done.err


def test_files_that_can_not_be_attached_are_told_before_or_after_the_feedback_is_made(shell: Shell) -> None:
    shell.project.write("a.log", b"boom")
    start = (
        "centercode create-feedback --project-key WidgetPro --feedback-key Mobile --submitter jim --title T "
        "--description D"
    )
    missing = shell.refused(f"{start} --attach CrashLog=missing.log", 2)
    assert "missing.log is unreadable" in missing.err
    assert shell.project.operations() == []
    two = shell.refused(f"{start} --attach CrashLog=a.log --attach CrashLog=a.log", 4)
    assert "exists, but attaching the files failed" in two.err
    assert "CrashLog takes one file, got 2" in two.err
    assert shell.project.operations() == ["create-feedback"]


def test_an_upload_that_fails_says_what_was_made_and_what_is_left(shell: Shell) -> None:
    for name in ("a.png", "b.png"):
        shell.project.write(name, b"\x89PNG")
    shell.project.sandbox.admin("faults", {"operation": "upload-file-attachment", "status": 413, "body": "too large"})
    start = "centercode create-feedback --project-key WidgetPro --feedback-key Mobile --submitter jim --title T"
    failed = shell.refused(f"{start} --description D --attach Screenshot=a.png --attach Screenshot=b.png", 4)
    assert "SUG-0024 exists, but a.png wasn't attached to Screenshot" in failed.err
    assert "/project/feedback/view.html" in failed.err
    assert "upload-file-attachment: to create it again would double it" in failed.err
    assert "missing files: Screenshot=a.png, Screenshot=b.png" in failed.err
    assert failed.out == ""
    assert shell.project.operations() == ["create-feedback", "upload-file-attachment"]


def test_what_is_waited_for_is_told_beside_the_answer_and_without_the_key(shell: Shell) -> None:
    macro = "centercode project-feedback-macro --project-key WidgetPro --listener-key ClosedInJIRA --find BUG-0001"
    shell.project.environ["GITHUB_ACTIONS"] = "true"
    done = shell.project.shipline(*shlex.split(macro), "--wait", "-v")
    assert json.loads(done.out)["status"] == "Succeeded"
    assert "apiKey" not in done.err
    assert "/status/" in done.err


def test_an_accepted_request_whose_answer_is_empty_must_not_be_sent_again(shell: Shell) -> None:
    shell.project.sandbox.admin("faults", {"operation": "community-user-macro", "status": 202, "body": ""})
    unknown = shell.refused("centercode community-user-macro --listener-key Enrich --find jim --wait", 8)
    assert "accepted" in unknown.err
    assert "don't send it again" in unknown.err
    assert "bug" not in unknown.err


CSV = "centercode community-user-data-package --report-element-key Names"
ROWS = 'Name,Text\r\nA,"x\n::error::b\n##[error]c"\r\n'


@pytest.mark.parametrize("text", ["Name,sandbox-Text", ROWS])
def test_csv_is_passed_on_as_it_is_but_for_commands_in_a_log(shell: Shell, text: str) -> None:
    rule = {"operation": "community-user-data-package", "status": 200, "times": None, "body": text}
    shell.project.sandbox.admin("faults", {**rule, "headers": {"Content-Type": "text/csv; charset=utf-8"}})
    assert shell.project.shipline(*shlex.split(CSV)).out.rstrip("\n") == text.replace("\r\n", "\n").rstrip("\n")
    masked = shell.project.shipline(*shlex.split(CSV), SHIPLINE_V3_TOKEN="sandbox-Text").out
    assert masked.rstrip("\n") == text.replace("\r\n", "\n").replace("sandbox-Text", "***").rstrip("\n")
    log = shell.project.shipline(*shlex.split(CSV), GITHUB_ACTIONS="true").out
    assert not [line for line in log.splitlines() if line.startswith("::") or "##[" in line]
    with (shell.project.path / "rows.csv").open("wb") as file:
        environ = {**os.environ, **KEYS, **shell.project.environ, "GITHUB_ACTIONS": "true"}
        subprocess.run([sys.executable, "-m", "shipline", *shlex.split(CSV)], env=environ, stdout=file, check=True)
    assert (shell.project.path / "rows.csv").read_bytes().rstrip(b"\n") == text.encode().rstrip(b"\n")


OBEYED = 'Name\r\n"a\r::error::b\r\x0b ::warning::c"\r\n\x1b]0;title\x07\x1b[2J\x9b2J,d\r\n'


@pytest.mark.parametrize("ci", [{"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}], ids=["github", "gitlab"])
def test_csv_in_a_log_has_nothing_that_a_terminal_or_a_ci_system_obeys(shell: Shell, ci: dict[str, str]) -> None:
    rule = {"operation": "community-user-data-package", "status": 200, "times": None, "body": OBEYED}
    shell.project.sandbox.admin("faults", {**rule, "headers": {"Content-Type": "text/csv; charset=utf-8"}})
    environ = {**os.environ, **KEYS, **shell.project.environ}
    command = [sys.executable, "-m", "shipline", *shlex.split(CSV)]
    log = subprocess.run(command, env={**environ, **ci}, capture_output=True, check=True).stdout.decode()
    lines = log.replace("\r\n", "\n").rstrip("\n").split("\n")
    assert [line.isprintable() or "\u200b" in line for line in lines] == [True] * 3
    assert not [line for line in re.split(r"[\r\n\x0b]", log) if line.lstrip().startswith("::")]
    piped = subprocess.run(command, env=environ, capture_output=True, check=True).stdout.decode()
    assert piped.rstrip("\n") == OBEYED.rstrip("\n")


@pytest.mark.parametrize("command", ["v3 list-releases {}", "v3 {}", "{}", "schema {}", "sandbox --port {}", "init {}"])
def test_a_key_among_the_arguments_is_not_repeated(shell: Shell, command: str) -> None:
    key = KEYS["SHIPLINE_V3_TOKEN"]
    arguments = [key if part == "{}" else part for part in command.split()]
    ended = shell.project.shipline(*arguments)
    assert ended.code == 2
    assert "***" in ended.err
    assert "ken" not in ended.text.replace("token", "")
    said = shell.project.shipline(*(arguments[:-1]), "\x1b[2J\n::error::x", GITHUB_ACTIONS="true")
    assert "\x1b" not in said.text
    assert not [line for line in said.text.splitlines() if line.lstrip().startswith("::")]


def test_the_key_goes_nowhere_else(shell: Shell) -> None:
    for endpoint in ("http://127.0.0.2:9/api/v1/status/1", f"{shell.project.sandbox.url}/elsewhere/1"):
        body = json.dumps({"statusEndpoint": endpoint})
        shell.project.sandbox.admin("faults", {"operation": "community-user-macro", "status": 202, "body": body})
        refused = shell.refused("centercode community-user-macro --listener-key Enrich --find jim --wait", 4)
        assert "which isn't under" in refused.err
    assert shell.project.operations() == ["community-user-macro"] * 2


def test_every_page_or_none(shell: Shell) -> None:
    element = {"fields": {"First L. Name": "string"}, "results_per_page": 4}
    seed = {"centercode": {"endpoints": {"userDataPackages": {"Names": element}}}}
    shell.project.sandbox.admin("seed", seed)
    package = "centercode community-user-data-package --report-element-key Names"
    assert len(shell(package)["data"]) == 4
    assert len(shell(f"{package} --all-pages")["data"]) == 10
    shell.project.sandbox.admin("faults", {"operation": "community-user-data-package", "kind": "html", "times": None})
    failed = shell.refused(f"{package} --all-pages", 4)
    assert failed.out == ""
    csv = "centercode project-feedback-data-package --project-key WidgetPro --report-element-key FeedbackExport"
    assert shell(csv).splitlines()[0].startswith("ID,")
    assert "CSV" in shell.refused(f"{csv} --all-pages", 4).err


def test_errors_have_the_exit_codes_of_the_main_job(shell: Shell) -> None:
    assert "is missing" in shell.refused("buildmaster create-release --application-name Widget", 2).err
    assert "responded 404" in shell.refused("v3 get-release --id 00000000-0000-4000-8000-000000000000", 4).err
    shell.project.environ["SHIPLINE_V3_TOKEN"] = "wrong-token-here"
    denied = shell.refused("v3 get-release --id 1", 3)
    assert "the key is from SHIPLINE_V3_TOKEN" in denied.err
    shell.project.environ["SHIPLINE_V3_URL"] = "http://127.0.0.1:9"
    shell.refused("v3 list-releases", 7)


@pytest.mark.parametrize(
    ("script", "arguments", "told"),
    [
        ("comment_on_fixed_bugs.py", ["BUG-0001"], "BUG-0001: Fixed."),
        ("deploy_a_build.py", ["1"], "pending"),
        ("drafts.py", [PRODUCT], "1.4.0 stable"),
    ],
)
def test_the_python_examples(shell: Shell, script: str, arguments: list[str], told: str, pytestconfig: Any) -> None:
    if script == "drafts.py":
        shell(f"v3 create-release --name W --version 1.4.0 --channel stable --product-id {PRODUCT}")
    path: Path = pytestconfig.rootpath / "examples" / "python" / script
    environ = {**os.environ, **KEYS, **shell.project.environ}
    command = [sys.executable, path, *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
