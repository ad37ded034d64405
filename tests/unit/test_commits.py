"""Notes from commits: which are the release's, and that what stands in them stays text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shipline import version
from shipline.release_notes import commits, render
from unit.checkout import commit, git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "one")
    git(folder, "tag", "v1.0.0")
    commit(folder, "two")
    git(folder, "tag", "--annotate", "--message=x", "v1.1.0-beta.1")
    commit(folder, "three\n\nFixes BUG-0001")
    git(folder, "tag", "v1.1.0-beta.2")
    commit(folder, "four")
    git(folder, "tag", "latest")
    return folder


def subjects(folder: Path, number: str, tag: str = "") -> list[str]:
    history = commits.of_release(folder, version.parse(number), tag)
    return [commit.subject for commit in history.commits]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1.1.0", ["four", "three", "two"]),  # what is new since the last stable version
        ("1.1", ["four", "three", "two"]),
        ("1.1.0-beta.3", ["four"]),
        ("1.1.0-beta.2", ["four", "three"]),  # a second run of it
        ("1.2.0", ["four"]),
        ("1.0.0", ["four", "three", "two", "one"]),  # what only higher versions have is new to it
    ],
)
def test_the_commits_since_the_last_version(checkout: Path, number: str, expected: list[str]) -> None:
    assert subjects(checkout, number) == expected


def test_the_tag_that_is_released_is_no_earlier_version(checkout: Path) -> None:
    git(checkout, "tag", "v1.1.0")
    commit(checkout, "five")
    git(checkout, "checkout", "--quiet", "v1.1.0")
    history = commits.of_release(checkout, version.parse("v1.1.0"), "v1.1.0")
    assert [c.subject for c in history.commits] == ["four", "three", "two"]
    assert str(history) == "3 commits since v1.0.0"
    assert "BUG-0001" in history.commits[1].message


def test_a_first_release_has_all_commits(checkout: Path) -> None:
    git(checkout, "tag", "--delete", "v1.0.0", "v1.1.0-beta.1", "v1.1.0-beta.2")
    history = commits.of_release(checkout, version.parse("1.0.0"), "")
    assert [c.subject for c in history.commits] == ["four", "three", "two", "one"]
    assert str(history) == "all 4 commits"


def test_tags_of_other_products_do_not_count(checkout: Path) -> None:
    git(checkout, "tag", "gadget/v3.0.0")
    git(checkout, "tag", "widget/v0.9.0", "HEAD~2")
    assert subjects(checkout, "1.1.0", "widget/v1.1.0") == ["four", "three"]
    assert subjects(checkout, "1.1.0", "v1.1.0") == ["four", "three", "two"]


def test_the_prefix_of_tags_counts_without_a_tag_of_this_run(checkout: Path) -> None:
    git(checkout, "tag", "release-1.0.9", "HEAD~3")
    git(checkout, "tag", "--annotate", "--message=x", "release-1.1.0", "HEAD~2")
    git(checkout, "tag", "other-1.4.0", "HEAD")
    history = commits.of_release(checkout, version.parse("1.5.0"), "", "release-")
    assert ([c.subject for c in history.commits], history.since) == (["four", "three"], "release-1.1.0")
    assert commits.of_release(checkout, version.parse("1.5.0"), "", "gadget-").since == ""


def test_without_an_earlier_tag_the_tag_of_another_prefix_is_named(checkout: Path) -> None:
    git(checkout, "tag", "--delete", "v1.0.0", "v1.1.0-beta.1", "v1.1.0-beta.2")
    git(checkout, "tag", "v1.5.0")
    assert commits.of_release(checkout, version.parse("1.5.0"), "").other_tag == ""
    git(checkout, "tag", "release-1.4.0", "HEAD~1")
    assert commits.of_release(checkout, version.parse("1.5.0"), "").other_tag == "release-1.4.0"


def test_a_release_branch_that_was_never_merged_ends_the_range(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "-b", "release/1.2")
    commit(checkout, "only on the branch")
    git(checkout, "tag", "v1.2.0")
    git(checkout, "checkout", "--quiet", "main")
    commit(checkout, "five")
    history = commits.of_release(checkout, version.parse("1.3.0"), "")
    assert ([c.subject for c in history.commits], history.since) == (["five"], "v1.2.0")


def test_a_lower_version_that_was_tagged_later_is_no_earlier_one(checkout: Path) -> None:
    commit(checkout, "five")
    git(checkout, "tag", "v1.0.5")
    git(checkout, "checkout", "--quiet", "v1.1.0-beta.2")
    assert subjects(checkout, "1.1.0-beta.2") == ["three"]


def test_a_tag_that_moves_on_is_no_version(checkout: Path) -> None:
    git(checkout, "tag", "v1")
    git(checkout, "tag", "v1.0")
    git(checkout, "tag", "v2.0", "v1.0.0")
    assert subjects(checkout, "1.1.0") == ["four", "three", "two"]
    assert commits.of_release(checkout, version.parse("2.1.0"), "").since == "v2.0"


def test_a_post_release_has_what_is_new_since_its_version(checkout: Path) -> None:
    git(checkout, "tag", "v1.1.0", "HEAD~1")
    assert subjects(checkout, "1.1.0.post1") == ["four"]
    assert subjects(checkout, "1.2.0rc2") == ["four"]


def test_tags_of_files_do_not_count(checkout: Path) -> None:
    git(checkout, "tag", "v1.0.7", "HEAD^{tree}")
    assert subjects(checkout, "1.1.0") == ["four", "three", "two"]


def test_a_higher_version_that_was_merged_is_no_earlier_one(checkout: Path) -> None:
    git(checkout, "tag", "v2.0.0-beta.1")
    commit(checkout, "five")
    history = commits.of_release(checkout, version.parse("1.9.0"), "")
    assert [c.subject for c in history.commits] == ["five", "four"]
    assert history.since == "v1.1.0-beta.2"


def test_the_highest_earlier_version_is_named_in_whatever_order_the_tags_were_made(checkout: Path) -> None:
    for name in ("v1.2.0", "v1.10.0-rc.2", "v1.10.0-rc10", "v1.10.0-rc.10", "v1.9.0", "v1.2.0-beta.9"):
        git(checkout, "tag", name)
        commit(checkout, name)
    assert commits.of_release(checkout, version.parse("1.10.0"), "").since == "v1.9.0"
    assert commits.of_release(checkout, version.parse("1.10.0-rc.11"), "").since == "v1.10.0-rc.10"
    assert commits.of_release(checkout, version.parse("2.0.0"), "").since == "v1.10.0-rc10"


def test_merges_are_left_out_and_what_they_bring_is_not(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "-b", "topic", "v1.0.0")
    commit(checkout, "on a branch")
    git(checkout, "checkout", "--quiet", "main")
    git(checkout, "merge", "--quiet", "--no-ff", "--message=Merge topic for BUG-0002", "topic")
    history = commits.of_release(checkout, version.parse("1.1.0-beta.3"), "")
    assert "BUG-0002" in history.commits[0].message
    kept = commits.choose(history.commits, ["merges"])
    assert sorted(commits.as_markdown(kept).splitlines()) == ["- four", "- on a branch"]


def test_what_git_revert_takes_back_is_left_out(checkout: Path) -> None:
    (checkout / "file").write_text("x")
    git(checkout, "add", "file")
    commit(checkout, "feat: taken back")
    git(checkout, "revert", "--no-edit", "HEAD")
    history = commits.of_release(checkout, version.parse("1.2.0"), "")
    assert [c.subject for c in history.commits] == ['Revert "feat: taken back"', "feat: taken back", "four"]
    assert [c.subject for c in commits.choose(history.commits, [])] == ["four"]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_shallow_checkout_says_how_to_fetch_the_rest(checkout: Path, tmp_path: Path, depth: int) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", checkout.as_uri(), str(shallow))
    with pytest.raises(ValueError, match=r"shallow.*fetch-depth: 0.*GIT_DEPTH: 0"):
        commits.of_release(shallow, version.parse("1.1.0"), "")


def test_a_shallow_checkout_that_reaches_the_tag_is_enough(checkout: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=4", checkout.as_uri(), str(shallow))
    git(shallow, "fetch", "--quiet", "--tags")
    assert subjects(shallow, "1.1.0") == ["four", "three", "two"]


def test_worktrees_and_folders_below_are_checkouts(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", str(tmp_path / "tree"), "v1.1.0-beta.2")
    (tmp_path / "tree" / "below").mkdir()
    assert subjects(tmp_path / "tree" / "below", "1.1.0") == ["three", "two"]


def test_what_the_repository_is_set_to_is_not_run(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    for name in ("core.pager", "core.fsmonitor", "gpg.program", "core.sshCommand", "diff.external"):
        git(checkout, "config", name, str(program))
    git(checkout, "config", "log.showSignature", "true")
    git(checkout, "config", "color.ui", "always")
    assert subjects(checkout, "1.2.0") == ["four"]
    assert not (tmp_path / "ran").exists()


def test_nothing_to_read_is_said_in_words(checkout: Path, tmp_path: Path) -> None:
    def problem(folder: Path, number: str = "1.1.0") -> str:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
            commits.of_release(folder, version.parse(number), "")
        return str(caught.value)

    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no git checkout" in problem(empty)
    git(empty, "init", "--quiet")
    assert "no commit yet" in problem(empty)
    git(checkout, "tag", "v1.1.0-rc.1")
    assert "no commits since v1.1.0-rc.1" in problem(checkout, "1.1.0-rc.2")


def test_without_git_the_error_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(ValueError, match="install it"):
        commits.of_release(checkout, version.parse("1.1.0"), "")


class Seen(HTMLParser):
    """The elements and the text of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def listed(subject: str) -> str:
    return commits.as_markdown([commits.Commit("0", subject, subject, merge=False)])


ODD = [
    "<script>alert(1)</script>",
    "<!-- hidden -->",
    "**bold** _it_ __init__ ~~gone~~ `code` snake_case",
    "[a](https://example.com) ![b](c) [x] done [^1]",
    "see https://example.com or www.example.com &lt; &#60;",
    "# title",
    "- item",
    "+ item",
    "1. one",
    "12) two",
    "1.5.0 is out",
    "---",
    "===",
    "> quoted",
    "```",
    "~~~",
    "| a | b |",
    "thanks @somebody",
    "\\",
    "a\x1bb \u202e c",
]


@pytest.mark.parametrize("subject", ODD)
def test_a_subject_stays_text(subject: str) -> None:
    shown = Seen(render.to_html(listed(subject)))
    assert shown.elements <= {"ul", "li"}
    assert shown.text.split() == subject.replace("\x1b", " ").replace("\u202e", " ").split()
    github = Seen(MarkdownIt("gfm-like", {"linkify": False}).render(listed(subject)))
    assert github.elements <= {"ul", "li"}


ORDINARY = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp", "Cs"])
MARKUP = st.sampled_from("#-+=_*~`<>[]()!|&\\@:/.1 aé")


@given(st.text(ORDINARY, min_size=1).filter(str.strip) | st.text(MARKUP, min_size=1).filter(str.strip))
def test_any_subject_stays_text(subject: str) -> None:
    shown = Seen(render.to_html(listed(subject)))
    assert shown.elements <= {"ul", "li"}
    assert shown.text.split() == subject.split()


def test_a_plain_subject_is_not_changed() -> None:
    assert listed("Don't crash on snake_case (#12), 1.5 times faster!") == (
        "- Don't crash on snake_case (#12), 1.5 times faster!"
    )
