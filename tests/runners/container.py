"""The container engine that `tests/runners/engine` sets up, and the project as it lies in the work tree."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# Seconds: only what hangs takes so long, also on a machine that does three things at once.
LONGEST = 600.0
# What the engine gives a job to run in; the Dockerfile's base is the same image under another name.
STAND_IN = "localhost/debian-python:bookworm"


@dataclass(frozen=True)
class Ended:
    """What a container left."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Engine:
    """podman, as CONTAINERS_CONF has it."""

    image: str = ""

    def podman(self, *arguments: str, timeout: float = LONGEST) -> str:
        """What podman prints; AssertionError with what it said if it fails."""
        done = subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"podman {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run(self, *arguments: str, options: tuple[str, ...] = (), timeout: float = LONGEST) -> Ended:
        """The image with these arguments, as a CI system starts it: no terminal, removed afterwards."""
        command = ["podman", "run", "--rm", *options, self.image, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)


def checkout(folder: Path, *parts: str) -> Path:
    """A copy of the work tree, or of these parts, as it would be committed, in a git repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *parts],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = PROJECT / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    commit(folder)
    return folder


def commit(folder: Path, remote: str = "https://github.com/acme/widget.git") -> None:
    """Everything in ``folder`` as one commit on main, with the remote from which act takes the repository's name."""
    person = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    fresh = not (folder / ".git").exists()
    steps = [["init", "--quiet", "--initial-branch=main"], ["remote", "add", "origin", remote]] if fresh else []
    for step in [*steps, ["add", "--all"]]:
        subprocess.run(["git", *step], cwd=folder, check=True, capture_output=True)
    # A second attempt runs on the very commit of the first.
    if fresh or subprocess.run(["git", "diff", "--cached", "--quiet"], cwd=folder, check=False).returncode:
        commit = [*person, "commit", "--quiet", "--allow-empty", "--message", "Work"]
        subprocess.run(["git", *commit], cwd=folder, check=True, capture_output=True)
