"""The plan in the review: a page of Markdown, and one comment of the pull request or merge request."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from comments_server import BOT_TOKEN, TOKEN, Comments
from job.project import KEYS
from job.situations import github

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Ended, Project

PLAN = ("plan", "--comment")
FORK = "which GitHub gives no secrets"


@pytest.fixture
def comments() -> Iterator[Comments]:
    with Comments() as server:
        yield server


def pull_request(project: Project, comments: Comments, head: str = "acme/widget") -> dict[str, str]:
    """The environment of a run for pull request 5 from a branch of ``head``."""
    sides: dict[str, Any] = {"head": {"repo": {"full_name": head}}, "base": {"repo": {"full_name": "acme/widget"}}}
    event = project.write("event.json", json.dumps({"pull_request": {"number": 5, **sides}}))
    found = {"GITHUB_EVENT_PATH": str(event), "GITHUB_EVENT_NAME": "pull_request", "GITHUB_HEAD_REF": "topic"}
    return {**github(project, 1), **found, **comments.github()}


def merge_request(comments: Comments) -> dict[str, str]:
    return {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", **comments.gitlab()}


def commented(project: Project, *arguments: str, code: int = 0, **environ: str) -> Ended:
    """Plan; no request of it changes anything in a service, and the token isn't shown."""
    before = project.operations()
    ended = project.shipline(*arguments, **environ)
    assert ended.code == code, ended.text
    assert project.operations() == before
    assert TOKEN not in ended.text
    return ended


def notes(project: Project, text: str, version: str = "1.4.0") -> None:
    project.write("CHANGELOG.md", f"# Changelog\n\n## {version}\n\n{text}\n")


def test_a_page_shows_notes_requests_and_what_is_announced_now(project: Project) -> None:
    project.config(state="  state: published")
    assert project.shipline("run").code == 0
    notes(project, "- Widgets **hum**.", "1.5.0")
    given = ("--release-version", "1.5.0", "--buildmaster-build-number", "8")
    ended = commented(project, "plan", *given, "--format", "markdown")
    assert ended.err == ""
    for line in (
        "### 📝 Widget 1.5.0: planned",
        "| Stage Testing | release 1.4.0, build 7 | release 1.5.0, a new build |",
        "| v3 stable | version 1.4.0, published | version 1.5.0, published |",
        "- 🔹 **Create build**: Create Build in BuildMaster",
        "<li>Widgets <strong>hum</strong>.</li>",
    ):
        assert line in ended.out.splitlines()
    assert (
        "**Publish to customers**: Create a release, Create a release file, Publish a release in Cryptlex" in ended.out
    )
    assert "Deploy Build in BuildMaster; waits: timeout 30" in ended.out


def test_a_page_is_short_whatever_it_shows(project: Project) -> None:
    targets = "".join(
        f"  - {{url: {project.sandbox.url}, project: WidgetPro, release-type: {kind}, title: '{kind} {number}'}}\n"
        for number, kind in enumerate(["Firmware", "Software"])
    )
    project.config(stages="  stages: [" + ", ".join(f"Stage{n}" for n in range(20)) + "]")
    project.without("centercode")
    config = (project.path / "shipline.yml").read_text()
    project.write("shipline.yml", f"{config}\ncentercode:\n{targets}")
    notes(project, "".join(f"- item {number}\n" for number in range(300)))
    ended = commented(project, "plan", "--format", "markdown")
    assert len(ended.out.splitlines()) <= 60
    assert "… and " in ended.out
    assert "more lines</p>" in ended.out
    assert ended.out.count("<ul>") == ended.out.count("</ul>")


def test_a_changed_draft_is_shown_with_the_difference(project: Project) -> None:
    project.config(state="  state: draft", if_exists="  if-exists: update")
    assert project.shipline("run").code == 0
    notes(project, "- Widgets hum.")
    ended = commented(project, "plan", "--format", "markdown", "--v3-if-exists", "update")
    assert "| v3 stable | nothing; version 1.4.0, draft | version 1.4.0, draft |" in ended.out
    assert "+- Widgets hum." in ended.out
    assert "| Centercode WidgetPro/Firmware | version 1.4.0, posted | version 1.4.0 |" in ended.out


def test_only_plan_has_a_page(project: Project) -> None:
    for command in (["run"], ["validate"], ["status", "1.4.0"]):
        ended = commented(project, *command, "--format", "markdown", code=2)
        assert "markdown is for plan" in ended.err


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_one_comment_is_created_and_then_updated(project: Project, comments: Comments, system: str) -> None:
    environ = pull_request(project, comments) if system == "github" else merge_request(comments)
    comments.comments = {number: f"text {number}" for number in range(1, 151)}
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **environ)
    assert "comment: created" in ended.out
    assert "comment: up to date" in commented(project, *PLAN, "--release-version", "1.4.0", **environ).out
    notes(
        project,
        "- Widgets hum for @alice, #12, acme/x#12, GH-12, g/p!12 and &12: [p](https://e.test/p#12).\n\n  /close\n",
    )
    assert "comment: updated" in commented(project, *PLAN, "--release-version", "1.4.0", **environ).out
    assert comments.changes == ["POST", "PUT" if system == "gitlab" else "PATCH"]
    body = comments.comments.pop(151)
    assert body.startswith("<!-- shipline plan of widget -->\n### 📝 Widget 1.4.0: planned\n")
    assert len(body.splitlines()) <= 60
    assert [*comments.comments.values()] == [f"text {number}" for number in range(1, 151)]
    assert "Widgets hum for" in body
    assert '<a href="https://e.test/p#12">' in body
    for alive in ("@alice", "#12,", "GH-12", "!12", "&amp;12", "\n/close"):
        assert alive not in body, "nobody is notified, and no command is run"


def test_a_comment_of_somebody_who_knows_the_marker_is_left_alone(project: Project, comments: Comments) -> None:
    planted = "<!-- shipline plan of widget -->\nNothing will change."
    comments.comments, comments.people = {1: planted}, {1}
    environ = {**pull_request(project, comments), "GITHUB_TOKEN": BOT_TOKEN}
    for done in ("created", "up to date"):
        assert f"comment: {done}" in commented(project, *PLAN, "--release-version", "1.4.0", **environ).out
    assert [*comments.comments] == [1, 2]
    assert comments.comments[1] == planted


def test_a_canceled_plan_is_reported_and_not_commented(project: Project, comments: Comments) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environ = pull_request(project, comments)
        process = project.start(*PLAN, "--release-version", "1.4.0", "--buildmaster-url", url, **environ)
        client, _ = silent.accept()
        with client:
            ended = project.cancel(process)
    assert ended.code == 143
    assert "::error title=shipline%3A release::release: the run was canceled" in ended.text
    assert "release, build, deploy:Integration" in ended.line("NOT DONE")
    assert comments.comments == {}


def test_a_comment_shows_that_there_is_no_plan(project: Project, comments: Comments) -> None:
    environ = pull_request(project, comments)
    commented(project, *PLAN, "--release-version", "1.4.0", **environ)
    project.write(".shipline/widget-1.4.0.json", "{")
    commented(project, *PLAN, "--release-version", "1.4.0", code=2, **environ)
    (body,) = comments.comments.values()
    assert "### ❌ No plan" in body
    assert ".shipline/widget-1.4.0.json" in body.replace("\\", "")


def test_each_product_has_its_own_comment(project: Project, comments: Comments) -> None:
    config = (project.path / "shipline.yml").read_text()
    config = "\n".join(line for line in config.splitlines() if "build-number" not in line)
    project.write("products/widget.yml", config)
    gadget = config.replace("application: Widget", "application: Gadget").replace("Firmware", "Software")
    project.write("products/gadget.yml", gadget.replace("product-id: ", "product-id: 0"))
    (project.path / "shipline.yml").unlink()
    environ = pull_request(project, comments)
    ended = project.shipline("plan", "products/*.yml", "--comment", "--release-version", "1.4.0", **environ)
    assert ended.code in (0, 4), ended.text
    heads = sorted(body.partition("\n")[0] for body in comments.comments.values())
    assert heads == ["<!-- shipline plan of gadget -->", "<!-- shipline plan of widget -->"]
    ended = commented(project, "plan", "products/*.yml", "--release-version", "1.4.0", "--format", "markdown")
    assert sorted(line for line in ended.out.split("\n\n") if line.startswith("### ")) == [
        "### 📝 Gadget 1.4.0: planned",
        "### 📝 Widget 1.4.0: planned",
    ]


def test_without_a_tag_the_version_is_the_one_after_the_last(project: Project, comments: Comments) -> None:
    notes(project, "- Widgets hum.", "Unreleased")
    for command in (
        ["init", "-q"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x", "--allow-empty"],
        ["tag", "v1.4.0"],
    ):
        subprocess.run(["git", *command], cwd=project.path, check=True)
    project.config(version="")
    commented(project, *PLAN, **pull_request(project, comments))
    (body,) = comments.comments.values()
    assert "Widget 1.4.1: planned" in body
    assert "Widgets hum." in body


def test_a_fork_without_rights_and_keys_gets_only_the_summary(project: Project, comments: Comments) -> None:
    comments.refuse = 403
    environ = {**pull_request(project, comments, "octocat/widget"), **dict.fromkeys(KEYS, "")}
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **environ)
    assert project.sandbox.requests() == []
    assert comments.comments == {}
    assert "comment: not written (GitHub responded 403" in ended.out
    assert "wasn't written" not in ended.text
    summary = (project.path / "summary").read_text()
    assert FORK in summary
    assert "Widgets <strong>turn</strong>" in summary
    # With the keys, but without rights to comment.
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **pull_request(project, comments, "octocat/widget"))
    assert "### What a run sends" in (project.path / "summary").read_text()


def test_a_missing_right_is_a_warning_that_names_it(project: Project, comments: Comments) -> None:
    comments.refuse = 403
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **pull_request(project, comments))
    assert "pull-requests: write" in ended.out
    environ = {**merge_request(comments), "GITLAB_TOKEN": ""}
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **environ)
    assert "set the masked variable GITLAB_TOKEN" in ended.out
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **github(project, 1))
    assert "comment: none, because this run is for no pull request" in ended.out


@pytest.mark.parametrize("listed", [b"null", b'[{"body": 1}]', b"[" * 100_000])
def test_a_list_of_something_else_is_a_warning(project: Project, comments: Comments, listed: bytes) -> None:
    comments.listed = listed
    ended = commented(project, *PLAN, "--release-version", "1.4.0", **pull_request(project, comments))
    assert "the comment wasn't written: GitHub responded with something other than" in ended.text
    assert comments.changes == []


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_wrong_input_is_shown_in_the_comment_and_beside_the_line(
    project: Project, comments: Comments, system: str
) -> None:
    environ = pull_request(project, comments) if system == "github" else merge_request(comments)
    commented(project, *PLAN, "--release-version", "1.4.0", **environ)
    config = (project.path / "shipline.yml").read_text()
    project.write("shipline.yml", config.replace("stages:", "stagse:"))
    ended = commented(project, *PLAN, "--release-version", "1.4.0", code=2, **environ)
    (body,) = comments.comments.values()
    assert "### ❌ No plan" in body
    assert "did you mean stages?" in body
    if system == "github":
        assert "::error file=shipline.yml,line=" in ended.out
    else:
        (issue,) = json.loads((project.path / ".shipline-reports/codequality.json").read_text())
        assert issue["location"]["path"] == "shipline.yml"
    shutil.rmtree(project.path / ".shipline-reports", ignore_errors=True)
