"""The notes that `shipline init` chooses: a changelog, or commits whose notes it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from job.initialized import config, git, on_a_terminal, shipline

if TYPE_CHECKING:
    from pathlib import Path


def test_notes_from_commits_are_shown(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    empty = shipline(tmp_path, "init", "--centercode-project", "WidgetPro")
    assert "release notes from the commits (the checkout has no commit yet)\n" in empty.out
    for message in ("Turn both ways", "WIP", "Pair over Bluetooth"):
        git(tmp_path, "commit", "-qm", message, "--allow-empty")
    ended = shipline(tmp_path, "init", "--force", "--centercode-project", "WidgetPro")
    assert (
        "release notes from the commits (all 3 commits):\n  | - Pair over Bluetooth\n  | - Turn both ways\n"
        in ended.out
    )
    assert config(tmp_path)["release"]["notes"] == {"from": "commits", "first": True}
    git(tmp_path, "tag", "v1.0.0", "HEAD~1")
    ended = shipline(tmp_path, "init", "--force", "--centercode-project", "WidgetPro")
    assert "(1 commit since v1.0.0):\n  | - Pair over Bluetooth\n" in ended.out
    assert config(tmp_path)["release"]["notes"] == {"from": "commits"}


@pytest.mark.parametrize(("tag", "more"), [("", "… and 5 more lines"), ("release-1.4.0", "")])
def test_an_old_repository_without_its_tags_is_no_first_release(tag: str, more: str, widget: Path) -> None:
    (widget / "CHANGELOG.md").unlink()
    git(widget, "init", "-q")
    for number in range(5 if tag else 25):
        git(widget, "commit", "-qm", f"change {number}", "--allow-empty")
    if tag:
        git(widget, "tag", tag)
    ended = shipline(widget, "init", "--centercode-project", "WidgetPro")
    assert ended.code == 0, ended.text
    assert (
        "  | - change 4\n" in ended.out
        if tag
        else f"  | - change 5\n  | {more}\nfor the first release, set first" in ended.out
    )
    assert config(widget)["release"]["notes"] == {"from": "commits"}
    checked = shipline(widget, "validate", "--release-version", "1.5.0")
    assert checked.code == 2
    assert "no tag of an earlier version" in checked.err


def test_on_a_terminal_notes_from_commits_are_a_choice(widget: Path) -> None:
    (widget / "CHANGELOG.md").unlink()
    git(widget, "init", "-q")
    git(widget, "commit", "-qm", "Turn both ways", "--allow-empty")
    said = on_a_terminal(widget, "gitlab\nn\nn\ny\n\n\nhttps://cc.widget.test\nWidgetPro\nBeta\nn\n")
    assert (
        said.index("| - Turn both ways") < said.index("Use notes from the commits?") < said.index("write CHANGELOG.md")
    )
    assert config(widget)["release"]["notes"] == {"file": "CHANGELOG.md"}
