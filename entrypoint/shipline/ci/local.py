"""No CI system: a person's machine. The facts are what git knows of the checkout."""

from __future__ import annotations

import shutil
import subprocess

from shipline import version
from shipline.ci import System
from shipline.pipeline import Facts

_TIMEOUT = 10  # seconds
_SHOWN_TAGS = 5
_WORDS = {2: "two", 3: "three"}


class Local(System):
    """A terminal."""

    one_log = False

    def facts(self) -> Facts:
        tag, hint = self._tag()
        return Facts(
            ci=self.name,
            tag=tag,
            tag_hint=hint,
            branch=self._git("symbolic-ref", "--short", "--quiet", "HEAD"),
            sha=self._git("rev-parse", "--verify", "--quiet", "HEAD"),
        )

    def _tag(self) -> tuple[str, str]:
        """The tag of the commit, and why there is none: a version first, and of several versions none."""
        tags = self._git("for-each-ref", "--points-at=HEAD", "--format=%(refname:strip=2)", "refs/tags").splitlines()
        versions = [tag for tag in tags if version.PATTERN.fullmatch(tag)]
        if len(versions or tags) == 1:
            return (versions or tags)[0], ""
        if not tags:
            return "", ""
        count, kind = len(versions or tags), "version tags here" if versions else "tags here, and none is a version"
        shown = ", ".join((versions or tags)[:_SHOWN_TAGS]) + (", …" if count > _SHOWN_TAGS else "")
        return "", f"{_WORDS.get(count, count)} {kind}: {shown}"

    def _git(self, *arguments: str) -> str:
        """What git answers; empty without git, without a checkout, or when it has no answer."""
        git = shutil.which("git")
        if git is None:
            return ""
        command = [git, "-C", str(self.workspace), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
