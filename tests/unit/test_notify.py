"""What ``notify`` means: which listeners, which feedback, which key."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import Sources, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shipline.pipeline.model import Listener, Pipeline

CENTERCODE = "centercode: {url: https://cc.widget.test/, project: WidgetPro, release-type: Firmware}\n"
V3 = "v3: {url: https://api.widget.test, product-id: p-1, platforms: [windows]}\n"
COMMENT = "notify: {search: notes, comment: {listener: BugComment, message: 'Fixed in {version}'}}\n"
KEYS = {"SHIPLINE_CENTERCODE_API_KEY": "the-target's-key"}


def read(workspace: Path, text: str, environ: Mapping[str, str] | None = None) -> Pipeline:
    sources = Sources(
        Inputs.read({}, environ or {}), "-", text, Facts(tag="v1.4.0"), workspace, need_keys=environ is not None
    )
    return load(sources).pipeline


def problems(workspace: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read(workspace, text, environ)
    return [str(problem) for problem in caught.value.problems]


def one(pipeline: Pipeline) -> Listener:
    (listener,) = pipeline.notify
    return listener


def with_notes(text: str) -> str:
    return f"release: {{notes: {{text: '{text}'}}}}\n"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def test_a_comment_for_each_feedback_that_the_notes_name(tmp_path: Path) -> None:
    got = one(read(tmp_path, CENTERCODE + COMMENT + with_notes("BUG-0001, SUG-0023 (again: BUG-0001)"), KEYS))
    assert (got.name, got.kind, got.url, got.project) == (
        "notify:comment",
        "comment",
        "https://cc.widget.test",
        "WidgetPro",
    )
    assert got.feedback == ("BUG-0001", "SUG-0023")
    assert str(got.body["message"]) == "Fixed in 1.4.0"
    assert got.key is not None
    assert got.key.reveal() == "the-target's-key"
    assert (got.required, got.skip) == (False, "")


@pytest.mark.parametrize("text", ["CVE-2026-1234", "UTF-8", "SHA-256", "XBUG-0001x", "bug-0001", "A-BUG-0001-2"])
def test_what_only_looks_like_feedback(tmp_path: Path, text: str) -> None:
    assert one(read(tmp_path, CENTERCODE + COMMENT + with_notes(text))).feedback == ()


def test_feedback_of_some_types_only(tmp_path: Path) -> None:
    text = (
        CENTERCODE + COMMENT.replace("search", "types: [BUG, SUG], search") + with_notes("BUG-0001 JIRA-1234 SUG-0002")
    )
    assert one(read(tmp_path, text)).feedback == ("BUG-0001", "SUG-0002")


def test_feedback_that_is_listed_is_not_looked_for(tmp_path: Path) -> None:
    text = CENTERCODE + COMMENT.replace("search: notes", "feedback: [BUG-0007]") + with_notes("BUG-0001")
    assert one(read(tmp_path, text)).feedback == ("BUG-0007",)


def test_commits_and_notes_are_looked_at_unless_one_is_chosen(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=Mend it\n\nFixes BUG-0002")
    text = CENTERCODE + with_notes("BUG-0001").replace("}", ", first: true}", 1)
    assert one(read(tmp_path, text + COMMENT.replace("search: notes, ", ""))).feedback == ("BUG-0002", "BUG-0001")
    assert one(read(tmp_path, text + COMMENT.replace("notes", "commits", 1))).feedback == ("BUG-0002",)


def test_all_commits_are_searched_only_for_a_first_release(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=Fix BUG-0002")
    searching = COMMENT.replace("search: notes, ", "")
    (problem,) = problems(tmp_path, CENTERCODE + searching + with_notes("x"))
    assert "notify.search: the checkout has no tag of an earlier version: fetch the full history" in problem
    assert "set release.notes.first: true. Or set search: notes, or name the feedback" in problem
    (problem,) = problems(tmp_path, CENTERCODE + searching + "release: {version: 1.4.0, notes: {from: commits}}\n")
    assert "release.notes.from: the checkout has no tag" in problem
    git(tmp_path, "tag", "v1.3.0")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=Fix BUG-0003")
    assert one(read(tmp_path, CENTERCODE + searching + with_notes("x"))).feedback == ("BUG-0003",)


def test_without_a_checkout_the_commits_are_missed(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, CENTERCODE + COMMENT.replace("search: notes, ", ""))
    assert problem.startswith("<stdin>:2:1: notify.search: there is no git checkout here")
    assert "search: notes" in problem


def test_a_centercode_targets_own_notes_are_looked_at_too(tmp_path: Path) -> None:
    target = CENTERCODE.replace("Firmware}", "Firmware, notes: {text: BUG-0009}}")
    assert one(read(tmp_path, target + COMMENT + with_notes("BUG-0001"))).feedback == ("BUG-0001", "BUG-0009")


def test_a_list_with_a_listener_for_each_type(tmp_path: Path) -> None:
    text = """
notify:
  - types: [BUG]
    search: notes
    comment: {listener: BugComment, message: x, key-env: CC_BUG}
    macro: {listener: Close}
  - {types: [SUG], search: notes, comment: {listener: IdeaComment, message: x}, required: true}
"""
    got = read(
        tmp_path, CENTERCODE + text + with_notes("BUG-0001 SUG-0002"), {**KEYS, "CC_BUG": "the-listener-s-key"}
    ).notify
    assert [(n.name, n.listener, n.feedback) for n in got] == [
        ("notify:comment", "BugComment", ("BUG-0001",)),
        ("notify:macro", "Close", ("BUG-0001",)),
        ("notify:2:comment", "IdeaComment", ("SUG-0002",)),
    ]
    assert [n.key.reveal() for n in got if n.key] == ["the-listener-s-key", "the-target's-key", "the-target's-key"]
    assert [n.required for n in got] == [False, False, True]


def test_the_same_listener_twice_would_tell_twice(tmp_path: Path) -> None:
    text = "notify:\n" + "  - {search: notes, comment: {listener: A, message: x}}\n" * 2
    assert "one entry a listener" in problems(tmp_path, CENTERCODE + text)[0]


def test_without_a_centercode_section_url_and_project_are_needed(tmp_path: Path) -> None:
    said = problems(tmp_path, V3 + COMMENT, {"SHIPLINE_V3_TOKEN": "a-v3-token"})
    assert [line.split(": ")[1] for line in said] == ["notify.url", "notify.project", "centercode.api-key"]
    own = COMMENT.replace("{search", "{url: https://cc.widget.test/api/v1, project: P, search")
    got = one(read(tmp_path, V3 + own, {**KEYS, "SHIPLINE_V3_TOKEN": "a-v3-token"}))
    assert (got.url, got.project) == ("https://cc.widget.test", "P")


def test_it_comes_after_an_announcement(tmp_path: Path) -> None:
    builder = "buildmaster: {url: https://bm.widget.test, application: Widget}\n"
    assert "needs a v3 or centercode section" in problems(tmp_path, builder + COMMENT)[0]


@pytest.mark.parametrize(
    ("notify", "expected"),
    [
        ("{project: P}", "has neither comment nor macro"),
        ("{comment: {listener: A}}", "notify.comment.message: is missing"),
        ("{macro: {}}", "notify.macro.listener: is missing"),
        ("{macro: {listener: A}, feedback: [nonsense]}", "notify.feedback[0]: expected the key of a feedback"),
        ("{macro: {listener: A}, types: ['B-']}", "notify.types[0]: expected the beginning of a key"),
        ("{search: notes, comment: {listener: A, message: '{feedbak}'}}", "did you mean feedback?"),
        ("{search: notes, comment: {listener: A, message: '{build_number}'}}", "there is no buildmaster section"),
        ("{search: notes, macro: {listener: A, key-env: CC_NONE}}", "the variable CC_NONE is missing or empty"),
    ],
)
def test_problems_name_what_is_expected(tmp_path: Path, notify: str, expected: str) -> None:
    assert expected in "\n".join(problems(tmp_path, f"{CENTERCODE}notify: {notify}\n", KEYS))


def test_a_job_that_announces_nothing_needs_neither_key_nor_commits(tmp_path: Path) -> None:
    builder = "steps: build\nbuildmaster: {url: https://bm.widget.test, application: Widget}\n"
    text = builder + CENTERCODE + COMMENT.replace("search: notes, ", "")
    assert one(read(tmp_path, text, {"SHIPLINE_BUILDMASTER_API_KEY": "a-builders-key"})).feedback == ()
    skipped = CENTERCODE.replace("Firmware}", "Firmware, when: never}") + COMMENT.replace("search: notes, ", "")
    assert one(read(tmp_path, skipped, {})).feedback == ()


def test_notes_from_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for message, tag in (("old", "v1.3.0"), ("Mend <b>BUG-0001</b>", ""), ("New", "v1.4.0")):
        git(tmp_path, "commit", "--quiet", "--allow-empty", f"--message={message}")
        if tag:
            git(tmp_path, "tag", tag)
    got = read(tmp_path, V3 + CENTERCODE + "release: {notes: {from: commits}}\n")
    assert got.notes_from == "2 commits since v1.3.0"
    assert got.v3[0].notes == "- New\n- Mend \\<b\\>BUG-0001\\</b\\>"
    assert got.centercode[0].body == "<ul>\n<li>New</li>\n<li>Mend &lt;b&gt;BUG-0001&lt;/b&gt;</li>\n</ul>\n"


def test_notes_from_commits_fit_v3(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for number in range(3):
        git(tmp_path, "commit", "--quiet", "--allow-empty", f"--message={number} {'x' * 2000}")
    text = V3 + "release: {notes: {from: commits, first: true}}\n"
    assert "notes.from: the notes have 6" in problems(tmp_path, text)[0]
    got = read(tmp_path, text.replace("true", "true, too-long: truncate"))
    assert got.v3[0].notes.startswith("- 2 xxx")
    assert got.v3[0].notes.endswith("(shortened)")


def test_notes_from_commits_that_are_not_there(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, V3 + "release:\n  notes: {from: commits}\n")
    assert problem.startswith("<stdin>:3:17: release.notes.from: there is no git checkout here")
