"""Git commands: whose repository they read, and that they end."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from shipline import git
from shipline.cancellation import cancel_token
from shipline.ci.local import Local
from shipline.errors import CanceledError
from shipline.init import project
from shipline.release_notes import commits
from shipline.version import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def repository(folder: Path, tag: str) -> Path:
    folder.mkdir()
    identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("commit", "-qm", tag, "--allow-empty"), ("tag", tag)):
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture
def hanging_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    yield tmp_path
    cancel_token.reset()


def test_facts_notes_and_init_read_the_folders_repository_despite_git_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook git sets GIT_DIR, and everything must still come from one repository."""
    first, second = repository(tmp_path / "a", "v1.0.0"), repository(tmp_path / "b", "v9.9.9")
    for name, path in (("GIT_DIR", ".git"), ("GIT_WORK_TREE", "."), ("GIT_INDEX_FILE", ".git/index")):
        monkeypatch.setenv(name, str(second / path))
    assert Local({"GIT_DIR": str(second / ".git")}, first).facts().tag == "v1.0.0"
    assert [commit.subject for commit in commits.of_release(first, parse("1.0.0"), "v1.0.0").commits] == ["v1.0.0"]
    found = project.inspect(first)
    assert (found.top, found.tagged) == (first, True)


def test_git_dir_does_not_make_a_folder_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = repository(tmp_path / "other", "v9.9.9")
    (tmp_path / "plain").mkdir()
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert Local({"GIT_DIR": str(other / ".git")}, tmp_path / "plain").facts().tag == ""


def test_a_command_that_fails_has_no_output(tmp_path: Path) -> None:
    folder = repository(tmp_path / "a", "v1.0.0")
    assert git.output(folder, "rev-parse", "--verify", "--quiet", "no-such-branch") is None
    assert git.output(tmp_path, "rev-parse", "HEAD") is None
    completed = git.run(tmp_path, "no-such-command")
    assert completed.exit_code != 0
    assert "no-such-command" in completed.stderr


def test_long_input_and_output_pass(tmp_path: Path) -> None:
    folder = repository(tmp_path / "a", "v1.0.0")
    text = "v1.0.0\n" * 50_000
    completed = git.run(folder, "cat-file", "--batch-check=%(objectname)", stdin=text)
    assert completed.stdout.count("\n") == 50_000


def test_a_cancel_ends_a_hanging_git(hanging_git: Path) -> None:
    threading.Timer(0.3, cancel_token.cancel, [15]).start()
    started = time.monotonic()
    with pytest.raises(CanceledError):
        git.run(hanging_git, "log")
    assert time.monotonic() - started < 1.3


def test_a_hanging_git_ends_at_its_timeout(hanging_git: Path) -> None:
    with pytest.raises(TimeoutError):
        git.run(hanging_git, "log", timeout=0.3)
