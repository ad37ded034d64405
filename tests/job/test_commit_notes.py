"""Releases whose notes come from the commits: testers get what is new since the last version, or nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from job.initialized import git

if TYPE_CHECKING:
    from job.project import Project

CONFIG = """
tag-prefix: release-
release:
  version: 1.5.0
  notes: {{from: commits}}
centercode:
  url: {url}
  project: WidgetPro
  release-type: Firmware
"""


@pytest.fixture
def checkout(project: Project) -> Project:
    git(project.path, "init", "-q")
    project.config(CONFIG)
    return project


def commit(project: Project, *messages: str) -> None:
    for message in messages:
        git(project.path, "commit", "-q", "--allow-empty", "-m", message)


def posted(project: Project) -> str:
    (release,) = project.sandbox.admin("state")["centercode"]["releases"]
    body: str = release["body"]
    return body


def test_a_run_without_a_tag_counts_from_the_last_tag_with_the_prefix(checkout: Project) -> None:
    commit(checkout, "In 1.3.0")
    git(checkout.path, "tag", "release-1.3.0")
    commit(checkout, "In 1.4.0")
    git(checkout.path, "tag", "-a", "-m", "x", "release-1.4.0")
    git(checkout.path, "tag", "gadget-9.0.0")
    commit(checkout, "Turn both ways", "WIP", "Pair over Bluetooth")
    ended = checkout.shipline("run")
    assert ended.code == 0, ended.text
    assert posted(checkout) == "<ul>\n<li>Pair over Bluetooth</li>\n<li>Turn both ways</li>\n</ul>\n"


def test_an_old_repository_sends_nothing_until_it_says_that_this_is_the_first_release(checkout: Project) -> None:
    script = "".join(
        f"commit HEAD\ncommitter t <t@t> {number} +0000\ndata <<E\n{kind}: change {number}\nE\n\n"
        for number, kind in enumerate(["feat", "fix", "chore(deps)"] * 103)
    )
    checkout.write("import", script)
    git(checkout.path, "-c", "alias.load=!git fast-import --quiet <import", "load")
    ended = checkout.shipline("run")
    assert ended.code == 2
    for part in ("no tag of an earlier version", "fetch-depth: 0", "GIT_DEPTH: 0", "first: true", "200 of 309 commits"):
        assert part in ended.err
    assert checkout.changes() == []
    ended = checkout.shipline("run", "--release-notes-first", "true")
    assert ended.code == 0, ended.text
    body = posted(checkout)
    assert body.count("<li>") == 200
    assert body.index("<h3>Features</h3>") < body.index("<h3>Bug Fixes</h3>") < body.index("… and 6 earlier commits")
    assert "deps" not in body
    assert "change 307" in body
    assert "leave out 6 earlier ones" in ended.err


def test_the_plan_shows_the_groups(checkout: Project) -> None:
    commit(checkout, "feat: start")
    git(checkout.path, "tag", "release-1.4.0")
    commit(checkout, "feat(ui)!: turn `both` ways (#12)", "fix: Größe", "Merge two lists")
    planned = checkout.shipline("plan")
    assert planned.code == 0, planned.text
    assert "from 3 commits since release-1.4.0" in planned.out
    for line in ("<h3>Breaking Changes</h3>", "<strong>ui:</strong> turn `both` ways (#12)", "Größe", "Other Changes"):
        assert line in planned.out
