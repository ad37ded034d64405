"""No CI system: a person's machine. The facts are what git knows of the checkout."""

from __future__ import annotations

import shutil
import subprocess

from shipline.ci import System
from shipline.pipeline import Facts

_TIMEOUT = 10  # seconds


class Local(System):
    """A terminal."""

    one_log = False

    def facts(self) -> Facts:
        return Facts(
            ci=self.name,
            tag=self._git("describe", "--tags", "--exact-match"),
            branch=self._git("symbolic-ref", "--short", "--quiet", "HEAD"),
            sha=self._git("rev-parse", "--verify", "--quiet", "HEAD"),
        )

    def _git(self, *arguments: str) -> str:
        """What git answers; empty without git, without a checkout, or when it has no answer."""
        git = shutil.which("git")
        if git is None:
            return ""
        command = [git, "-C", str(self.workspace), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""
