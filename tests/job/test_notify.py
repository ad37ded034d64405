"""Testers hear of their own feedback: after the announcement, once, and never in its stead."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from job.project import CONFIG, NOTES
from job.situations import fault

if TYPE_CHECKING:
    from job.project import Project

COMMENT, MACRO = "project-feedback-comment", "project-feedback-macro"
STEP = "notify:comment:BUG-0001"
NOTIFY = """
notify:
  search: notes
  comment:
    listener: BugComment
    message: "Fixed in {{version}} ({{feedback}}): {{release_url}}"
    author: admin@centercode.com
"""
SMALL = """
release: {{version: 1.4.0, notes: {{file: CHANGELOG.md}}}}
centercode: {{url: {url}, project: WidgetPro, release-type: Firmware}}
network: {{retry-for: 1s}}
"""


@pytest.fixture(autouse=True)
def notes(project: Project) -> None:
    project.write("CHANGELOG.md", NOTES + "- Mends what BUG-0001 said.\n")
    project.config(SMALL + NOTIFY)


def git(project: Project, *arguments: str) -> None:
    identity = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=project.path, check=True, capture_output=True)


def comments(project: Project, key: str = "BUG-0001") -> list[str]:
    (found,) = [f for f in project.sandbox.admin("state")["centercode"]["feedback"] if f["key"] == key]
    return [comment["message"] for comment in found["comments"]]


def attempt(number: int) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": str(number)}


def test_a_comment_follows_the_announcement_once(project: Project) -> None:
    project.config(CONFIG + NOTIFY)
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert project.operations()[-2:] == ["project-release", COMMENT]
    sent = project.changes()[-1]
    assert sent["query"] == {"find": "BUG-0001"}
    page = ended.outputs["centercode-release-url"]
    assert sent["body"] == {"message": f"Fixed in 1.4.0 (BUG-0001): {page}", "author": "admin@centercode.com"}
    assert comments(project) == [sent["body"]["message"]]
    assert "commented on BUG-0001 (WidgetPro/BugComment)" in ended.line("DONE:")
    entry = project.receipt()["steps"][-1]
    assert (entry["name"], entry["status"]) == (STEP, "done")
    assert entry["requests"][0]["url"].endswith("/feedbackCommentListeners/BugComment?find=BUG-0001")
    again = project.shipline("run")
    assert again.code == 0
    assert again.outputs["result"] == "succeeded"
    assert project.operations().count(COMMENT) == 1


def test_the_plan_shows_what_is_sent(project: Project) -> None:
    project.config(SMALL + NOTIFY.replace("{{release_url}}", "ok") + "  macro: {{listener: ClosedInJIRA}}\n")
    (plan,) = [event for event in project.shipline("plan", "--format", "json").events if event["event"] == "plan"]
    planned = [r for step in plan["steps"] if step["name"].startswith("notify") for r in step["requests"]]
    assert project.changes() == []
    assert project.shipline("run").code == 0
    sent = project.changes()[1:]
    assert [r["operation"] for r in sent] == [COMMENT, MACRO]
    assert [(r["url"].removeprefix(project.sandbox.url), r["body"]) for r in planned] == [
        (f"{r['path']}?find={r['query']['find']}", r["body"]) for r in sent
    ]


def test_the_plan_shows_what_it_cannot_know_and_what_is_done(project: Project) -> None:
    assert "Fixed in 1.4.0 (BUG-0001): <release-url>" in project.shipline("plan").out
    assert project.shipline("run").code == 0
    assert "reuse: commented on BUG-0001 (WidgetPro/BugComment) already" in project.shipline("plan").out


def test_feedback_and_notes_from_the_commits(project: Project) -> None:
    git(project, "init", "--quiet")
    for message, tag in (("old, BUG-0007", "v1.3.0"), ("Mend <b>it</b>\n\nFixes BUG-0001", ""), ("*More*", "v1.4.0")):
        git(project, "commit", "--quiet", "--allow-empty", f"--message={message}")
        if tag:
            git(project, "tag", tag)
    project.config(
        (SMALL + NOTIFY).replace("file: CHANGELOG.md", "from: commits").replace("search: notes", "search: both")
    )
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert len(comments(project)) == 1
    assert project.operations() == ["project-release", COMMENT]
    (release,) = project.sandbox.admin("state")["centercode"]["releases"]
    assert release["body"] == "<ul>\n<li>*More*</li>\n<li>Mend &lt;b&gt;it&lt;/b&gt;</li>\n</ul>\n"


def test_feedback_that_is_not_there_is_left_alone_with_a_warning(project: Project) -> None:
    project.config(SMALL + NOTIFY.replace("search: notes", "feedback: [BUG-0999, BUG-0001]"))
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert "BUG-0999 (WidgetPro/BugComment) is unchanged" in ended.text
    assert len(comments(project)) == 1


def test_a_listener_that_is_not_there_ends_a_run_that_requires_it(project: Project) -> None:
    ended = project.shipline("run", "--notify-required", "true", "--notify-comment-listener", "Typo")
    assert ended.code == 4, ended.text
    assert "check the listener" in ended.line("NEXT:")
    assert project.shipline("run", "--notify-required", "true").code == 0
    assert len(comments(project)) == 1


def test_a_comment_whose_answer_was_lost_is_settled_as_a_person_says(project: Project) -> None:
    fault(project, COMMENT, status=500, when="after_apply")
    required = ("--notify-required", "true")
    assert project.shipline("run", *required).code == 8
    assert "centercode-on-unknown" in project.shipline("run", *required).line("NEXT:")
    assert project.shipline("run", *required, "--centercode-on-unknown", "assume").code == 0
    assert project.shipline("run", *required).code == 0
    assert len(comments(project)) == 1


def test_a_comment_is_sent_again_if_a_person_says_so(project: Project) -> None:
    fault(project, COMMENT, status=500, when="before")
    assert project.shipline("run", "--notify-required", "true").code == 8
    assert project.shipline("run", "--centercode-on-unknown", "resend").code == 0
    assert len(comments(project)) == 1
    assert project.operations().count("project-release") == 1


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_failure_is_a_warning_unless_it_is_required(project: Project, status: int) -> None:
    fault(project, COMMENT, status=status)
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "warned"
    assert f"{STEP} failed, and is not required" in ended.text
    assert STEP in ended.line("NOT DONE:")
    again = project.shipline("run", "--notify-required", "true")
    assert again.code == (8 if status == 500 else 0)
    assert project.operations().count("project-release") == 1
    assert project.operations().count(COMMENT) == (1 if status == 500 else 2)


def test_a_comment_whose_answer_was_lost_is_never_sent_again(project: Project) -> None:
    fault(project, COMMENT, status=502, when="after_apply")
    ended = project.shipline("run", "--notify-required", "true")
    assert ended.code == 8
    assert ended.outputs["failed-step"] == STEP
    assert "look at BUG-0001" in ended.text
    assert project.shipline("run", "--notify-required", "true").code == 8
    again = project.shipline("run")
    assert again.code == 0
    assert again.outputs["result"] == "warned"
    assert len(comments(project)) == 1


def test_without_its_receipt_a_later_attempt_sends_nothing(project: Project) -> None:
    assert project.shipline("run", **attempt(1)).code == 0
    lost = project.shipline("run", "--receipt", "lost.json", "--centercode-on-unknown", "assume", **attempt(2))
    assert lost.code == 0, lost.text
    assert "assumed sent" in lost.text
    assert len(comments(project)) == 1


@pytest.mark.parametrize("change", ["when: never", "required: false"])
def test_nothing_announced_nothing_told(project: Project, change: str) -> None:
    project.config(SMALL.replace("Firmware", f"Firmware, {change}") + NOTIFY)
    fault(project, "project-release", status=400)
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert COMMENT not in project.operations()
    assert "no announcement" in ended.text


def test_an_announcement_that_fails_ends_the_run_before_anybody_is_told(project: Project) -> None:
    fault(project, "project-release", status=400)
    ended = project.shipline("run")
    assert ended.code == 4
    assert STEP in ended.line("NOT DONE:")
    assert COMMENT not in project.operations()
    assert project.shipline("run").code == 0
    assert len(comments(project)) == 1


def test_a_build_that_failed_is_not_told_of(project: Project) -> None:
    pipeline = {"stages": [{"name": "Integration", "outcome": "failed"}, {"name": "Testing"}]}
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    project.config(CONFIG + NOTIFY)
    assert project.shipline("run").code == 5
    assert COMMENT not in project.operations()


def test_no_feedback_is_named(project: Project) -> None:
    project.write("CHANGELOG.md", NOTES)
    ended = project.shipline("run")
    assert ended.code == 0
    assert ended.outputs["result"] == "succeeded"
    assert "notify:comment skipped (no feedback is named in the notes)" in ended.line("DONE:")


def test_a_listener_may_have_its_own_key(project: Project) -> None:
    project.config((SMALL + NOTIFY).replace("listener: BugComment", "listener: BugComment\n    key-env: CC_COMMENT"))
    assert project.shipline("run", CC_COMMENT="").code == 2
    assert project.shipline("run", CC_COMMENT="not-the-sandbox-s-key").outputs["result"] == "warned"
    ended = project.shipline("run", "--notify-required", "true", CC_COMMENT="not-the-sandbox-s-key")
    assert ended.code == 3
    assert "CC_COMMENT" in ended.text
    assert "not-the-sandbox" not in ended.text
    assert project.shipline("run", CC_COMMENT="sandbox-comments").code == 0
    assert len(comments(project)) == 1


def test_a_macro_is_run_once(project: Project) -> None:
    project.config(SMALL + "notify: {{search: notes, macro: {{listener: ClosedInJIRA}}}}\n")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert "queued the macro on BUG-0001 (WidgetPro/ClosedInJIRA)" in ended.line("DONE:")
    made = project.receipt()["steps"][-1]["made"]
    assert "/feedbackMacroListeners/ClosedInJIRA/status/" in made["status-endpoint"]
    assert project.shipline("run").code == 0
    assert project.operations().count(MACRO) == 1


def test_a_draft_tells_nobody_anything_so_testers_are_not_told_either(project: Project) -> None:
    project.config(
        CONFIG.replace("state: published", "state: draft")
        + NOTIFY.replace("notify:\n", "notify:\n  url: {url}\n  project: WidgetPro\n", 1)
    )
    project.without("centercode")
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert COMMENT not in project.operations()
    assert "no announcement" in ended.line("DONE:")
