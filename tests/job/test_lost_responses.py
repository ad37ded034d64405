"""A request whose response is lost, empty or unusable is settled, or reported as unknown; it is never sent twice."""

from __future__ import annotations

import base64
import json
import signal
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from job.project import KEYS
from job.situations import announced, entries, fault, github, unnumbered

if TYPE_CHECKING:
    from job.project import Project


def test_a_refused_announcement_is_never_taken_for_done(project: Project) -> None:
    fault(project, "project-release", status=400, body='{"message": "Duplicate link label"}')
    assert project.shipline("run").code == 4
    assert announced(project) == 0
    assert project.shipline("run").code == 0
    assert announced(project) == 1


@pytest.mark.parametrize(("status", "code"), [(409, 4), (303, 8)])
@pytest.mark.parametrize("when", ["before", "after_apply"])
def test_a_conflict_or_see_other_may_mean_it_was_posted(project: Project, status: int, code: int, when: str) -> None:
    fault(project, "project-release", status=status, when=when)
    assert project.shipline("run").code == code
    assert project.shipline("run").code == 8
    assert project.operations().count("project-release") == 1


@pytest.mark.parametrize("operation", ["create-release-file", "publish-release"])
def test_an_empty_answer_does_not_publish_a_release_without_its_file(project: Project, operation: str) -> None:
    fault(project, operation, kind="empty")
    assert project.shipline("run").code == 8
    assert project.shipline("run").code == 0
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert (release["published"], len(release["files"])) == (True, 1)


def test_a_key_that_a_server_sends_back_reaches_no_output(project: Project) -> None:
    key = KEYS["SHIPLINE_CENTERCODE_API_KEY"]
    body = json.dumps({"id": "1", "status": "Published", "url": f"https://x.example.com/?k={key}"})
    fault(project, "project-release", status=201, body=body, headers={"Content-Type": "application/json"})
    assert project.shipline("run", **github(project, 1)).code == 0
    for file in ("output", "summary", ".shipline/widget-1.4.0.json"):
        assert key not in (project.path / file).read_text()


@pytest.mark.parametrize("key", ["sandbox-center+/=%'\"key", "0123456789abcdef" * 2])
def test_no_form_of_a_key_that_a_server_sends_back_reaches_the_log(project: Project, key: str) -> None:
    data = key.encode()
    forms = {
        "percent": "".join(f"%{byte:02x}" for byte in data),
        "numeric": "".join(f"&#{byte};" for byte in data),
        "numeric, hex": "".join(f"&#x{byte:X};" for byte in data),
        "hex": data.hex(),
        "octal": "".join(f"\\{byte:03o}" for byte in data),
        "base64 in lines": "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 20)),
        "other letter case": key.upper() if key.isalnum() else key,
    }
    fault(project, "project-release", status=400, body=json.dumps({"message": "no key: " + " , ".join(forms.values())}))
    ended = project.shipline("run", SHIPLINE_CENTERCODE_API_KEY=key)
    assert ended.code == 4
    shown = "".join(ended.text.split())
    assert "nokey:" in shown
    assert [name for name, form in forms.items() if "".join(form.split()) in shown] == []


def test_an_accepted_build_whose_answer_is_empty_is_unknown_and_not_made_again(project: Project) -> None:
    unnumbered(project)
    fault(project, "create-build", kind="empty", when="after_apply")
    for _ in range(2):
        ended = project.shipline("run")
        assert ended.code == 8
        assert "buildmaster.build-id" in ended.line("NEXT:")
    assert len(project.sandbox.admin("state")["buildmaster"]["builds"]) == 1


def test_an_accepted_numbered_build_is_found_again(project: Project) -> None:
    fault(project, "create-build", kind="empty", when="after_apply")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert "checking whether it was applied" in ended.out
    assert project.operations().count("create-build") == 1


@pytest.mark.parametrize("kind", ["empty", "html"])
def test_a_lost_deploy_is_taken_up_once_it_shows(project: Project, kind: str) -> None:
    fault(project, "deploy-build", kind=kind, when="after_apply")
    first = project.shipline("run")
    assert first.code == (5 if kind == "empty" else 0)
    project.sandbox.admin("clock", {"advance": 7})
    assert project.shipline("run").code == 0
    deploys = [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == ["Integration", "Testing"]


def test_an_accepted_announcement_without_an_answer_is_done(project: Project) -> None:
    fault(project, "project-release", kind="empty", when="after_apply")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert "lacks its id" in ended.err
    assert project.shipline("run").code == 0
    assert announced(project) == 1


def test_an_answer_without_an_id_is_not_believed(project: Project) -> None:
    project.without("buildmaster", "centercode")
    fault(project, "create-release", status=201, body='{"id": null}', headers={"Content-Type": "application/json"})
    ended = project.shipline("run")
    assert ended.code == 8, ended.text
    assert ended.line("NEXT:") == "NEXT: run again: Shipline looks up the release and completes it"
    assert "create-release-file" not in project.operations()


@pytest.mark.parametrize("operation", ["get-releases", "get-builds", "list-releases"])
def test_an_empty_look_up_is_not_taken_for_nothing_there(project: Project, operation: str) -> None:
    assert project.shipline("run", "--steps", "build").code == 0
    before = project.operations()
    fault(project, operation, kind="empty", times=9)
    ended = project.shipline("run", "--receipt", "other.json")
    assert ended.code == 4
    assert "the response is empty" in ended.err
    assert project.operations() == before


def test_a_server_that_only_creates_gets_one_resend_and_its_conflict_is_adopted(project: Project) -> None:
    project.without("buildmaster")
    project.sandbox.admin("config", {"v3": "create-only"})
    fault(project, "create-release", kind="html", when="after_apply")
    assert project.shipline("run").code == 8
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert project.operations().count("create-release") == 2
    assert len(project.sandbox.admin("state")["v3"]["releases"]) == 1


def test_a_deploy_that_is_applied_late_is_not_sent_twice(project: Project) -> None:
    fault(project, "deploy-build", kind="delay", seconds=6)
    ended = project.shipline("run", "--network-read-timeout", "1s")
    assert ended.code in (0, 8), ended.text
    time.sleep(1)
    assert project.shipline("run").code == 0
    deploys = [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == ["Integration", "Testing"]


def test_a_deploy_that_never_came_about_is_sent_by_the_next_run(project: Project) -> None:
    fault(project, "deploy-build", status=502)
    ended = project.shipline("run")
    assert ended.code == 8, ended.text
    assert ended.line("NEXT") == (
        "NEXT: run again: Shipline continues a started deployment to Integration, else starts one"
    )
    again = project.shipline("run")
    assert again.code == 0, again.text
    assert "checking whether an earlier run has started a deployment" in again.out
    deploys = [(r["body"]["toStage"], r["status"]) for r in project.changes() if r["operation"] == "deploy-build"]
    assert deploys == [("Integration", 502), ("Integration", 200), ("Testing", 200)]


def test_the_plan_says_at_its_step_what_is_not_known_and_what_was_not_looked_at(project: Project) -> None:
    project.environ["SHIPLINE_BUILDMASTER_START_TIME"] = "2099-01-01T00:00:00Z"
    fault(project, "deploy-build", status=500)
    assert project.shipline("run").code == 8
    summary = project.path / "summary.md"
    planned = project.shipline("plan", SHIPLINE_CI="github", GITHUB_STEP_SUMMARY=str(summary))
    assert (planned.code, planned.outputs["result"]) == (8, "unknown")
    assert "an't determine whether a deployment to Integration was started" in summary.read_text()
    planned = project.shipline("plan")
    assert planned.code == 8
    as_json = project.shipline("plan", "--format", "json")
    assert as_json.code == 8
    assert [event["result"] for event in as_json.events if event["event"] in ("plan", "result")] == ["unknown"] * 2
    step = planned.out.partition("\ndeploy:Integration\n")[2].splitlines()
    assert step[0].startswith(
        "  unknown: can't determine whether a deployment to Integration was started; open http://"
    )
    assert "check the build's deployments" in step[0]
    assert step[1:3] == ["deploy:Testing", "  note: unchecked: deploy:Integration comes first"]
    project.environ["SHIPLINE_BUILDMASTER_API_KEY"] = "mine"
    refused = project.shipline("plan")
    assert refused.code == 3
    assert refused.out.startswith(
        "Plan for version 1.4.0: nothing is sent now\n\nrelease\nbuild\n  note: unchecked: release"
    )


def test_an_announcement_that_is_there_already_says_centercode_is_not_posted_again(project: Project) -> None:
    body = '{"status": 400, "description": "The release already exists."}'
    fault(project, "project-release", status=400, body=body, headers={"Content-Type": "application/json"})
    assert project.shipline("run").code == 4
    again = project.shipline("run")
    assert again.code == 8, again.text
    assert project.operations().count("project-release") == 1


def test_a_v3_server_that_has_been_asked_before_is_not_taken_for_one_that_only_creates(project: Project) -> None:
    fault(project, "list-releases", status=200, body="[]", headers={"Content-Type": "application/json"})
    fault(project, "list-releases", status=404)
    ended = project.shipline("run")
    assert ended.code == 4, ended.text
    assert not [r for r in project.changes() if r["service"] == "v3"]
    assert project.shipline("run").code == 0


def test_a_signal_before_anything_was_sent_leaves_nothing_unknown(project: Project) -> None:
    quota = json.dumps({"status": 429, "description": "API calls quota exceeded"})
    fault(project, "project-release", status=429, headers={"Retry-After": "30"}, body=quota)
    process = project.start("run", "--network-retry-for", "2m")
    while "project-release" not in project.operations():
        time.sleep(0.05)
    time.sleep(0.5)
    assert project.cancel(process).code == 143
    assert project.shipline("run").code == 0
    assert announced(project) == 1


def test_a_signal_while_the_announcement_is_under_way_says_that_it_may_be_made(project: Project) -> None:
    fault(project, "project-release", kind="delay", seconds=20)
    process = project.start("run")
    while not any(s["status"] == "sending" for s in entries(project) if s["name"] == "publish:centercode"):
        time.sleep(0.05)
    time.sleep(0.5)  # until it has left
    ended = project.cancel(process)
    assert ended.code == 143
    assert "why: Project Release didn't end, and may have been applied" in ended.err
    assert ended.line("NEXT:") == "NEXT: run again: Shipline then names what to check before it sends this again"
    assert entries(project)[-1]["status"] == "unknown"


def test_a_signal_during_the_look_up_of_an_optional_target_ends_the_run(project: Project) -> None:
    fault(project, "list-releases", kind="delay", seconds=20)
    process = project.start("run", "--v3-required", "false", "--network-retry-for", "1s")
    time.sleep(2)
    ended = project.cancel(process, signal.SIGTERM)
    assert ended.code == 143
    assert project.changes() == []
