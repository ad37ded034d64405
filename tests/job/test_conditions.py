"""Steps, targets, conditions, and the order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from job.project import Project


def test_without_buildmaster_it_only_announces(project: Project) -> None:
    project.without("buildmaster")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert project.operations() == ["create-release", "create-release-file", "publish-release", "project-release"]
    (posted,) = project.sandbox.admin("state")["centercode"]["releases"]
    assert posted["title"] == "WidgetPro 1.4.0"


def test_publish_alone_waits_for_the_last_named_stage(project: Project) -> None:
    assert project.shipline("run", "--steps", "build").code == 0
    ended = project.shipline("run", "--steps", "publish", "--buildmaster-timeout", "1s", "--receipt", "other.json")
    assert ended.code == 6
    assert ended.outputs["failed-step"] == "await:Testing"
    assert project.operations() == ["create-release", "create-build"]

    assert project.shipline("run", "--steps", "deploy").code == 0
    ended = project.shipline("run", "--steps", "publish")
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-build-number"] == "7"
    assert project.operations().count("create-build") == 1
    assert "project-release" in project.operations()


def test_when_skips_a_target_and_says_why(project: Project) -> None:
    ended = project.shipline("run", "--centercode-when", "prerelease")
    assert ended.code == 0
    assert "publish:centercode: skipped: " in ended.out
    assert "prerelease" in ended.out
    assert ended.outputs["centercode-release-status"] == "skipped"
    assert ended.outputs["result"] == "succeeded"
    assert "project-release" not in project.operations()


def test_an_optional_target_that_fails_is_a_warning(project: Project) -> None:
    ended = project.shipline("run", "--v3-required", "false", SHIPLINE_V3_TOKEN="not-known-here")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert "publish:v3 failed, and is not required" in ended.err
    assert "project-release" in project.operations()


def test_a_required_target_that_fails_stops_before_centercode(project: Project) -> None:
    rule = {"operation": "create-release-file", "times": 1, "when": "before", "kind": "status", "status": 400}
    project.sandbox.admin("faults", rule)
    ended = project.shipline("run")
    assert ended.code == 4
    assert "project-release" not in project.operations()
    assert project.shipline("run").code == 0
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert len(release["files"]) == 1


def test_lists_of_targets_each_with_its_own_title_notes_and_artifacts(project: Project) -> None:
    url = project.sandbox.url
    project.write("dist/tool.zip", b"t" * 10)
    project.sandbox.put_file("tool.zip", b"t" * 10)
    project.write(
        "shipline.yml",
        f"""
release: {{version: 1.4.0-beta.3, notes: {{text: "For everybody"}}, title: "Widget {{version}}"}}
artifacts:
  - {{path: dist/widget.zip, url: "{url}/files/widget.zip"}}
  - {{path: dist/tool.zip, url: "{url}/files/tool.zip", label: Tool}}
v3:
  - {{url: "{url}", product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11, platforms: [linux], artifacts: ["*.zip"]}}
  - {{url: "{url}", product-id: other, platforms: [linux], when: stable}}
centercode:
  - {{url: "{url}", project: WidgetPro, release-type: Firmware, title: "Try {{version}}", artifacts: [Tool],
     notes: {{text: "For *testers*"}}}}
  - {{url: "{url}", project: WidgetPro, release-type: Restricted, key-env: SECOND_KEY, artifacts: [Tool]}}
""",
    )
    ended = project.shipline("run", SECOND_KEY="sandbox-restricted")
    assert ended.code == 0, ended.text
    state = project.sandbox.admin("state")
    (draft,) = state["v3"]["releases"]
    assert (draft["version"], draft["channel"]) == ("1.4.0.3", "beta")
    assert [f["name"] for f in draft["files"]] == ["widget.zip"]
    assert "publish:v3:2: skipped: " in ended.out
    first, second = state["centercode"]["releases"]
    assert first["title"] == "Try 1.4.0-beta.3"
    assert first["body"] == "<p>For <em>testers</em></p>\n"
    assert [link["label"] for link in first["links"]] == ["Tool"]
    assert second["title"] == "Widget 1.4.0-beta.3"


def test_a_draft_is_told_as_not_visible_and_is_no_warning(project: Project) -> None:
    assert (
        "  note: the release stays a draft: customers can't see it yet"
        in project.shipline("plan", "--v3-state", "draft").out.splitlines()
    )
    run = ("run", "--v3-state", "draft", "--release-notes-text", "Widgets turn.")
    ended = project.shipline(*run, "--report", "r.html")
    assert ended.code == 0
    assert ended.line("NEXT") == "NEXT: publish the v3 draft when customers may see it: shipline publish 1.4.0"
    assert "warning" not in ended.text
    assert ended.outputs["result"] == "succeeded"
    assert ended.outputs["v3-release-state"] == "draft"
    action = (project.path / "r.html").read_text().partition('<div class="act">')[2].partition("</div>")[0]
    assert '<code>shipline publish 1.4.0</code><button class="copy"' in action
    assert "Publishing can&#39;t be undone" in action
    summary = {"SHIPLINE_CI": "github", "GITHUB_STEP_SUMMARY": str(project.path / "summary.md")}
    assert project.shipline(*run, **summary).code == 0
    assert "```sh\n  shipline publish 1.4.0\n" in (project.path / "summary.md").read_text().partition("### Steps")[0]


def test_a_dead_link_stops_before_the_first_announcement(project: Project) -> None:
    ended = project.shipline("run", "--artifacts", "dist/*.zip => " + project.sandbox.url + "/files/gone.zip")
    assert ended.code == 4
    assert f"a link failed to download: {project.sandbox.url}/files/gone.zip: the server responds 404" in ended.err
    assert "set check-links to warn (announce with a warning) or skip (no check)" in ended.err
    assert project.operations() == ["create-release", "create-build", "deploy-build", "deploy-build"]


@pytest.mark.parametrize(("mode", "result"), [("warn", "warned"), ("skip", "succeeded")])
def test_a_dead_link_can_be_let_through(project: Project, mode: str, result: str) -> None:
    link = "dist/*.zip => " + project.sandbox.url + "/files/gone.zip"
    ended = project.shipline("run", "--artifacts", link, "--check-links", mode)
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == result


def test_the_size_of_a_remote_artifact_comes_from_its_server(project: Project) -> None:
    ended = project.shipline("run", "--artifacts", project.sandbox.url + "/files/widget.zip")
    assert ended.code == 0, ended.text
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert release["files"][0]["size"] == 2048


def test_wait_false_starts_the_last_stage_only(project: Project) -> None:
    ended = project.shipline("run", "--buildmaster-wait", "false", "--steps", "build,deploy")
    assert ended.code == 0, ended.text
    assert "not waited for" in ended.out
    assert project.operations().count("deploy-build") == 2


def test_an_adopted_build_is_not_announced_twice_without_a_receipt(project: Project) -> None:
    assert project.shipline("run").code == 0
    before = project.operations()
    ended = project.shipline("run", "--receipt", "lost.json")
    assert ended.code == 8
    assert "not by a run that this receipt shows" in ended.err
    assert project.shipline("run", "--receipt", "lost.json").code == 8
    assert project.operations() == before


def test_a_receipt_begun_after_the_loss_does_not_count_as_the_first(project: Project) -> None:
    assert project.shipline("run").code == 0
    assert project.shipline("run", "--receipt", "lost.json", "--steps", "build,deploy").code == 0
    ended = project.shipline("run", "--receipt", "lost.json")
    assert ended.code == 8
    assert project.operations().count("project-release") == 1
