"""Runs `shipline init` in a project of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

import fork_server
from job.project import Ended

if TYPE_CHECKING:
    from pathlib import Path


def shipline(folder: Path, *arguments: str, **environ: str) -> Ended:
    kept = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    environ = {**kept, **environ}
    if fork_server.shared:
        return Ended(*fork_server.shared.run(arguments, folder, environ))
    done = subprocess.run(
        [sys.executable, "-m", "shipline", *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def git(folder: Path, *arguments: str) -> None:
    person = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *arguments], cwd=folder, check=True, capture_output=True)


def config(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / "shipline.yml").read_text())
    return loaded


def on_a_terminal(folder: Path, typed: str) -> str:
    """Everything shown; ends with the program."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "shipline", "init"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TERM": "dumb", "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b""
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(30) == 0, said.decode()
    return said.decode()
