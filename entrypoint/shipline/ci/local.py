"""No CI system: a person's machine. The facts are what git knows of the checkout."""

from __future__ import annotations

import shutil

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
        asked = ("for-each-ref", "--points-at=HEAD", "--format=%(refname) %(objectname) %(HEAD)")
        refs = self._git(*asked, "refs/heads", "refs/tags")
        if refs is None:
            return Facts(ci=self.name)
        at_head = [line.split() for line in refs.splitlines()]
        tag, hint = _tag([name.removeprefix("refs/tags/") for name, *_ in at_head if name.startswith("refs/tags/")])
        for name, sha, *current in at_head:
            if current:
                branch = name.removeprefix("refs/heads/")
                return Facts(ci=self.name, tag=tag, tag_hint=hint, branch=branch, sha=sha)
        sha = self._git("rev-parse", "--verify", "--quiet", "HEAD") or ""  # of a commit that is no branch's
        return Facts(ci=self.name, tag=tag, tag_hint=hint, sha=sha)

    @property
    def _in_checkout(self) -> bool:
        folders = (self.workspace, *self.workspace.parents)
        return "GIT_DIR" in self.environ or any((folder / ".git").exists() for folder in folders)

    def _git(self, *arguments: str) -> str | None:
        """What git answers; None without git, without a commit, or when it has no answer."""
        git = shutil.which("git")
        if git is None or not self._in_checkout:
            return None
        import subprocess

        command = [git, "-C", str(self.workspace), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _tag(tags: list[str]) -> tuple[str, str]:
    """The tag of the commit, and why there is none: a version first, and of several versions none."""
    versions = [tag for tag in tags if version.PATTERN.fullmatch(tag)]
    if len(versions or tags) == 1:
        return (versions or tags)[0], ""
    if not tags:
        return "", ""
    count, kind = len(versions or tags), "version tags here" if versions else "tags here, and none is a version"
    shown = ", ".join((versions or tags)[:_SHOWN_TAGS]) + (", …" if count > _SHOWN_TAGS else "")
    return "", f"{_WORDS.get(count, count)} {kind}: {shown}"
