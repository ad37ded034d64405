"""No CI system: a person's machine. The facts are what git knows of the checkout."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from shipline.pipeline import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT = 10  # seconds


def detect(environ: Mapping[str, str]) -> bool:
    del environ
    return True


def facts(environ: Mapping[str, str], workspace: Path) -> Facts:
    del environ
    return Facts(
        ci="local",
        tag=_git(workspace, "describe", "--tags", "--exact-match"),
        branch=_git(workspace, "symbolic-ref", "--short", "--quiet", "HEAD"),
        sha=_git(workspace, "rev-parse", "--verify", "--quiet", "HEAD"),
    )


def _git(workspace: Path, *arguments: str) -> str:
    """What git answers; empty without git, without a checkout, or when it has no answer."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [git, "-C", str(workspace), *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
