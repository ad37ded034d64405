"""The main job from end to end, as a release engineer sees it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from shipline import schemas
from shipline_sandbox import welcome

if TYPE_CHECKING:
    from job.project import Project

pytestmark = pytest.mark.processes

ZIP = b"PK" + b"w" * 2046
ALL = [
    "create-release",
    "create-build",
    "deploy-build",
    "deploy-build",
    "create-release",
    "create-release-file",
    "publish-release",
    "project-release",
]


def test_everything_is_released(project: Project) -> None:
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    state = project.sandbox.admin("state")

    (build,) = state["buildmaster"]["builds"]
    assert build["number"] == "7"
    assert build["variables"] == {"$Branch": "main", "$Zip": f"{project.sandbox.url}/files/widget.zip"}
    stages = {d["pipelineStageName"] for d in state["buildmaster"]["deployments"] if d["status"] == "succeeded"}
    assert stages == {"Integration", "Testing"}

    (release,) = state["v3"]["releases"]
    assert (release["name"], release["version"], release["channel"]) == ("Widget 1.4.0", "1.4.0", "stable")
    assert release["published"] is True
    assert release["notes"] == "- Widgets **turn** <both> ways."
    (file,) = release["files"]
    assert (file["name"], file["size"], file["secured"]) == ("widget.zip", 2048, False)
    assert file["checksum"] == hashlib.md5(ZIP, usedforsecurity=False).hexdigest()

    (posted,) = state["centercode"]["releases"]
    assert posted["title"] == "Widget 1.4.0"
    assert posted["releaseValue"] == "1.4.0"
    assert posted["body"] == "<ul>\n<li>Widgets <strong>turn</strong>  ways.</li>\n</ul>\n"
    (link,) = posted["links"]
    assert (link["label"], link["size"], link["sizeUnit"]) == ("widget.zip", 2, "KB")
    assert link["url"] == f"{project.sandbox.url}/files/widget.zip"


def test_outputs_and_the_last_lines_say_what_happened(project: Project) -> None:
    ended = project.shipline("run")
    outputs = ended.outputs
    assert outputs["result"] == "succeeded"
    assert outputs["buildmaster-release-number"] == "1.4.0"
    assert outputs["buildmaster-build-number"] == "7"
    assert outputs["buildmaster-stage"] == "Testing"
    assert outputs["buildmaster-deployment-status"] == "succeeded"
    assert outputs["v3-release-state"] == "published"
    assert outputs["centercode-release-status"] == "Published"
    assert outputs["centercode-release-url"].startswith(project.sandbox.url)
    assert outputs["receipt"] == ".shipline/widget-1.4.0.json"
    assert [line.partition(":")[0] for line in ended.out.splitlines()[-3:]] == ["DONE", "NOT DONE", "NEXT"]
    assert ended.line("NOT DONE:") == "NOT DONE: nothing"


def test_a_second_run_with_the_receipt_sends_nothing(project: Project) -> None:
    first = project.shipline("run")
    before = project.operations()
    second = project.shipline("run")
    assert second.code == 0, second.text
    assert project.operations() == before == ALL
    assert second.outputs == first.outputs


def test_the_receipt_is_valid_and_holds_no_key(project: Project) -> None:
    project.shipline("run")
    receipt = project.receipt()
    Draft202012Validator(schemas.load("receipt")).validate(receipt)
    assert receipt["result"] == "succeeded"
    assert {step["name"]: step["status"] for step in receipt["steps"]} == dict.fromkeys(
        ["release", "build", "deploy:Integration", "deploy:Testing", "publish:v3", "publish:centercode"], "done"
    )
    assert receipt["artifacts"][0]["sha256"] == hashlib.sha256(ZIP).hexdigest()
    assert "sandbox-" not in json.dumps(receipt)


def test_run_sends_what_plan_printed(project: Project) -> None:
    planned = project.shipline("plan", "--format", "json")
    assert planned.code == 0, planned.text
    assert project.changes() == []
    plan = next(event for event in planned.events if event["event"] == "plan")
    ended = project.shipline("run")
    made = {f"<{name}>": value for name, value in ended.outputs.items()}
    made["<application>"] = "Widget"

    def filled(text: str) -> str:
        for placeholder, value in made.items():
            text = text.replace(placeholder, value)
        return text

    expected = [json.loads(filled(json.dumps(r))) for step in plan["steps"] for r in step["requests"]]
    sent = [
        {"method": r["method"], "url": project.sandbox.url + r["path"], "body": r["body"]} for r in project.changes()
    ]
    assert sent == expected
    assert "<" not in json.dumps([r["url"] for r in sent])


def test_plan_changes_nothing_and_shows_requests_and_notes(project: Project) -> None:
    ended = project.shipline("plan")
    assert ended.code == 0
    assert project.changes() == []
    assert f"POST {project.sandbox.url}/api/releases/builds/create" in ended.out
    assert "Release notes for v3, from CHANGELOG.md" in ended.out
    assert ended.line("DONE:") == "DONE: nothing"
    assert not (project.path / ".shipline").exists()


def test_plan_after_run_says_what_is_there(project: Project) -> None:
    project.shipline("run")
    ended = project.shipline("plan")
    assert ended.line("NOT DONE:") == "NOT DONE: nothing"
    assert "uses build 7" in ended.out
    assert "POST" not in ended.out


def test_flat_inputs_without_a_file_do_the_same(project: Project) -> None:
    (project.path / "shipline.yml").unlink()
    url = project.sandbox.url
    project.environ = {
        "INPUT_RELEASE-VERSION": "v1.4.0",
        "INPUT_RELEASE-NOTES-FILE": "CHANGELOG.md",
        "INPUT_ARTIFACTS": "dist/*.zip => " + url + "/files/{filename}",
        "SHIPLINE_INPUT_BUILDMASTER_URL": url,
        "INPUT_BUILDMASTER-APPLICATION": "Widget",
        "INPUT_BUILDMASTER-PIPELINE": "Standard",
        "INPUT_BUILDMASTER-BUILD-NUMBER": "7",
        "INPUT_BUILDMASTER-VARIABLES": "Branch=main\nZip={artifact_url}",
        "INPUT_BUILDMASTER-STAGES": "Integration\nTesting",
        "INPUT_BUILDMASTER-FORCE": "",
        "SHIPLINE_V3_URL": url,
        "SHIPLINE_V3_PRODUCT_ID": "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11",
        "SHIPLINE_V3_PLATFORMS": "windows, linux",
        "SHIPLINE_CENTERCODE_URL": url,
    }
    ended = project.shipline(
        "run",
        "--v3-state",
        "published",
        "--centercode-project",
        "WidgetPro",
        "--centercode-release-type",
        "Firmware",
    )
    assert ended.code == 0, ended.text
    flat = project.changes()
    assert [r["operation"] for r in flat] == ALL

    project.sandbox.admin("reset", {})
    project.sandbox.put_file("widget.zip", ZIP)
    project.environ = {}
    project.config()
    (project.path / ".shipline/widget-1.4.0.json").unlink()
    assert project.shipline("run").code == 0
    from_file = project.changes()

    def essence(requests: list[dict[str, object]]) -> list[object]:
        return [
            {k: v for k, v in r["body"].items() if k != "releaseId"} if isinstance(r["body"], dict) else r["body"]
            for r in requests
        ]

    assert essence(from_file) == essence(flat)


def test_the_config_that_the_sandbox_shows_releases_as_it_is(project: Project) -> None:
    project.write("shipline.yml", welcome.config(project.sandbox.url))
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    state = project.sandbox.admin("state")
    assert [one["title"] for one in state["centercode"]["releases"]] == ["Widget 1.4.0"]
    assert [one["published"] for one in state["v3"]["releases"]] == [True]
    printed = welcome.text(project.sandbox.url)
    for line in (*welcome.config(project.sandbox.url).splitlines(), *welcome.KEYS.splitlines(), welcome.COMMAND):
        assert f"  {line}\n" in printed
