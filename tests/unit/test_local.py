"""What a checkout says where there is no CI system."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.ci.local import Local

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=first")
    return tmp_path


@pytest.mark.parametrize(
    ("tags", "tag", "hint"),
    [
        ([], "", ""),
        (["v2.1.0"], "v2.1.0", ""),
        (["nightly"], "nightly", ""),
        (["a-first", "v2.1.0", "z-last"], "v2.1.0", ""),
        (["v2.1.0", "nightly", "v2.2.0"], "", "two version tags here: v2.1.0, v2.2.0"),
        (["latest", "nightly"], "", "two tags here, and none is a version: latest, nightly"),
        ([f"v1.{n}" for n in range(7)], "", "7 version tags here: v1.0, v1.1, v1.2, v1.3, v1.4 and 2 more"),
    ],
)
def test_the_tag_of_the_commit(checkout: Path, tags: list[str], tag: str, hint: str) -> None:
    for name in tags:
        git(checkout, "tag", name)
    git(checkout, "config", "column.ui", "always")
    facts = Local({}, checkout).facts()
    assert (facts.tag, facts.tag_hint) == (tag, hint)
    assert (facts.branch, facts.sha) == ("main", git(checkout, "rev-parse", "HEAD"))


def test_an_annotated_tag_counts_and_one_of_another_commit_does_not(checkout: Path) -> None:
    git(checkout, "tag", "v1.0.0")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message=second")
    assert Local({}, checkout).facts().tag == ""
    git(checkout, "tag", "--annotate", "--message=Widget", "v2.0.0")
    assert Local({}, checkout).facts().tag == "v2.0.0"


def test_a_commit_that_is_no_branchs_has_no_branch(checkout: Path) -> None:
    sha = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "v1.0.0")
    git(checkout, "checkout", "--quiet", "--detach")
    facts = Local({}, checkout).facts()
    assert (facts.tag, facts.branch, facts.sha) == ("v1.0.0", "", sha)
    git(checkout, "commit", "--quiet", "--allow-empty", "--message=second")
    facts = Local({}, checkout).facts()
    assert (facts.tag, facts.branch, facts.sha) == ("", "", git(checkout, "rev-parse", "HEAD"))


def test_the_branch_that_is_checked_out_of_several_with_this_commit(checkout: Path) -> None:
    git(checkout, "branch", "another")
    git(checkout, "checkout", "--quiet", "-b", "feature/widgets")
    facts = Local({}, checkout).facts()
    assert (facts.branch, facts.sha) == ("feature/widgets", git(checkout, "rev-parse", "HEAD"))


def test_a_folder_that_is_no_checkout(tmp_path: Path) -> None:
    facts = Local({}, tmp_path).facts()
    assert (facts.ci, facts.tag, facts.branch, facts.sha, facts.tag_hint) == ("local", "", "", "", "")


@pytest.mark.parametrize(
    ("prefix", "tag"),
    [("widget-v", "widget-v1.4.0"), ("gadget-", "gadget-v2.0.0"), ("", ""), ("other-", ""), ("tool-", "")],
)
def test_the_tag_of_a_product_among_several(checkout: Path, prefix: str, tag: str) -> None:
    for name in ("widget-v1.4.0", "gadget-v2.0.0", "tool-1.0", "tool-1.1"):
        git(checkout, "tag", name)
    facts = Local({}, checkout).facts().of_product(prefix)
    assert facts.tag == tag
    assert ("tags here, and none is a version" in facts.tag_hint) == (not tag)


def test_a_tag_that_a_ci_system_reports_is_kept() -> None:
    facts = Facts(tag="gadget-v2.0.0")
    assert facts.of_product("widget-v") == facts
