"""Notes from commits: which commits are left out, and how the rest are grouped."""

from __future__ import annotations

import re

import pytest

from shipline.inputs import catalogue
from shipline.release_notes.commits import Commit, as_markdown, choose

DEFAULT: list[str] = catalogue.by_name()["release-notes-exclude"].default
SHA = "0123456789abcdef0123456789abcdef0123456"


def made(*messages: str) -> list[Commit]:
    """Commits with these messages, newest first; the SHA of each ends in its position."""
    return [Commit(f"{SHA}{at}", text.splitlines()[0], text, merge=False) for at, text in enumerate(messages)]


def kept(*messages: str, exclude: list[str]) -> list[str]:
    return [commit.subject for commit in choose(made(*messages), exclude)]


def notes(*messages: str) -> str:
    return as_markdown(made(*messages))


def headings(*messages: str) -> list[str]:
    return re.findall(r"^### (.*)$", notes(*messages), re.MULTILINE)


@pytest.mark.parametrize(
    "subject",
    ["fixup! feat: one", "squash! feat: one", "WIP", "WIP: dock", "wip on main", "chore(deps): bump a from 1 to 2"],
)
def test_what_is_no_change_for_readers_is_left_out_by_default(subject: str) -> None:
    assert kept(subject, "feat: two", exclude=DEFAULT) == ["feat: two"]


@pytest.mark.parametrize(
    "subject",
    [
        "Wipe the disk on a reset",
        "Fixup of the dock",
        "chore(deps)!: require Windows 10",
        "chore(deps-dev): bump a",
        "chore: tidy",
        "Merge two lists into one",
        "feat: WIP",
        "feat: dock (#12)",
    ],
)
def test_what_only_looks_like_it_stays(subject: str) -> None:
    assert kept(subject, exclude=DEFAULT) == [subject]


def test_merges_are_the_commits_with_several_parents() -> None:
    merge = Commit(SHA, "Merge pull request #12 from x/y", "", merge=True)
    assert choose([merge], DEFAULT) == []
    assert choose([merge], ["docs"]) == [merge]


def test_patterns_are_beginnings_in_whole_words_and_any_case() -> None:
    subjects = ("docs: a", "DOCS(api): b", "docstrings: c", "See the docs", "chore(deps-dev): d", "a.b", "axb")
    left = kept(*subjects, exclude=["docs", "chore(deps*)", "a.b"])
    assert left == ["docstrings: c", "See the docs", "axb"]
    assert kept("feat(api)!: a", exclude=["feat(api)!"]) == []
    assert kept("WIP", "fixup! x", exclude=[]) == ["WIP", "fixup! x"]


def test_a_commit_without_a_subject_is_left_out() -> None:
    assert choose([Commit(SHA, "\x1b", "\x1b", merge=False)], []) == []


def test_a_commit_and_its_revert_are_left_out_together() -> None:
    revert = f'Revert "feat: dock"\n\nThis reverts commit {SHA}2.'
    assert kept("fix: a", revert, "feat: dock", exclude=DEFAULT) == ["fix: a"]
    again = f'Reapply "feat: dock"\n\nThis reverts commit {SHA}1.'
    assert kept(again, f'Revert "feat: dock"\n\nThis reverts commit {SHA}2.', "feat: dock", exclude=DEFAULT) == [
        "feat: dock"
    ]


def test_a_revert_of_what_was_released_before_or_of_a_merge_stays() -> None:
    revert = f'Revert "feat: dock"\n\nThis reverts commit {SHA}9.'
    assert kept(revert, "feat: two", exclude=DEFAULT) == ['Revert "feat: dock"', "feat: two"]
    merge = Commit(f"{SHA}9", "Merge branch 'dock'", "", merge=True)
    assert [commit.subject for commit in choose([*made(revert), merge], DEFAULT)] == ['Revert "feat: dock"']


def test_types_are_groups_in_a_fixed_order() -> None:
    assert headings(
        "Tidy up",
        "chore: a",
        "ci: b",
        "build: c",
        "test: d",
        "refactor: e",
        "style: f",
        "docs: g",
        "revert: feat: h",
        "deps: i",
        "perf: j",
        "security: k",
        "fix: l",
        "Feat: m",
        "feature!: n",
    ) == [
        "Breaking Changes",
        "Features",
        "Bug Fixes",
        "Security",
        "Performance Improvements",
        "Dependencies",
        "Reverts",
        "Documentation",
        "Styles",
        "Code Refactoring",
        "Tests",
        "Build System",
        "Continuous Integration",
        "Miscellaneous Chores",
        "Other Changes",
    ]


def test_types_may_be_in_capitals() -> None:
    assert notes("FIX: a") == "### Bug Fixes\n\n- a"


def test_a_group_lists_scopes_and_what_follows_the_type() -> None:
    assert notes("feat(ui): turns both ways (#12)", "fix: Größe stimmt", "feat: dock", "Tidy up") == (
        "### Features\n\n- **ui:** turns both ways (#12)\n- dock\n\n"
        "### Bug Fixes\n\n- Größe stimmt\n\n### Other Changes\n\n- Tidy up"
    )


@pytest.mark.parametrize(
    "messages",
    [
        ("feat: a", "Tidy up"),  # not most
        ("net: fix a leak", "usb: fix a crash", "Widget: new dock"),  # subsystems, not types
        ("Features: all of them",),
    ],
)
def test_other_subjects_are_one_list_as_they_are(messages: tuple[str, ...]) -> None:
    assert notes(*messages) == "\n".join(f"- {message}" for message in messages)


def test_a_breaking_change_comes_first_and_in_its_group() -> None:
    assert notes("feat: dock", "feat(api)!: new keys") == (
        "### Breaking Changes\n\n- **api:** new keys\n\n### Features\n\n- dock\n- **api:** new keys"
    )


@pytest.mark.parametrize("separator", ["BREAKING CHANGE", "BREAKING-CHANGE"])
def test_a_footer_says_what_breaks(separator: str) -> None:
    message = f"fix(radio): drop\n\nA body.\n\n{separator}: phones before 2019\ncan't pair.\nSigned-off-by: Sam\n\nEnd."
    broken = notes(message).split("\n\n")[1]
    assert broken == "- **radio:** phones before 2019 can't pair."
    assert "A body" not in notes(message)


@pytest.mark.parametrize(
    "below",
    ["Refs: #12", "Closes #12", "* fix: dock", "---------", "fix(ui): dock", f"(cherry picked from commit {SHA}0)"],
)
def test_what_breaks_may_have_paragraphs(below: str) -> None:
    broken = notes(f"feat!: radio\n\nBREAKING CHANGE: old phones\n\nUpdate the phone\nfirst.\n\n{below}\n\nEnd.\n")
    assert broken.split("\n\n")[1] == "- old phones Update the phone first."


def test_a_breaking_change_of_any_commit_is_listed() -> None:
    assert headings("Drop phones\n\nBREAKING CHANGE: a", "fix: b", "fix: c") == [
        "Breaking Changes",
        "Bug Fixes",
        "Other Changes",
    ]


def test_a_revert_lists_what_it_reverts() -> None:
    assert notes('Revert "feat(ui): dock" (#13)', "fix: a").endswith("### Reverts\n\n- feat(ui): dock (#13)")


def test_markup_in_groups_stays_text() -> None:
    shown = notes("feat(`a` <b>): **x** <script> `c`", "fix!: [a](https://example.com)\n\nBREAKING CHANGE: <i>*y*")
    for text in ("\\`a\\` \\<b\\>", "\\*\\*x\\*\\* \\<script\\> \\`c\\`", "\\[a\\](https\\://", "\\<i\\>\\*y\\*"):
        assert text in shown
