"""The commits of a release: those that no earlier version's tag has.

They are read by the program git: it knows every kind of checkout (worktrees, alternates, new formats), CI runners have
it and the image carries it, and a library that knows as much is twice as large.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from shipline import version as versions
from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from shipline.version import Version

_TIMEOUT = 60  # seconds
_MOST = 5000
_SHALLOW = (
    "the checkout is shallow and doesn't reach the tag of an earlier version: fetch the whole history "
    "(GitHub: fetch-depth: 0 of actions/checkout; GitLab: the variable GIT_DEPTH: 0; Jenkins: no shallow clone)"
)
# Nothing here may wait, write, page, or run what the repository's own settings name.
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
# Hooks set these, and they name another repository than the workspace's (`git rev-parse --local-env-vars`).
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
_OPTIONS = ("--no-pager", "-c", "safe.directory=*")  # a container's user seldom owns the workspace
_LOG = ("log", "--no-show-signature", "--no-color", "--no-decorate", "--encoding=UTF-8", f"--max-count={_MOST + 1}")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
# What CommonMark, tables, strikethrough and the usual autolinks could read as more than text.
_MARKUP = re.compile(r"[\\`*\[\]<>~|@]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
_BLOCK_START = re.compile(r"^([0-9]*)(?=[#+=.)-])")


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    subject: str
    message: str  # the subject too
    merge: bool


@dataclass(frozen=True, slots=True)
class History:
    """``commits``: newest first. ``since``: the tag of the highest earlier version; empty: there is none."""

    commits: tuple[Commit, ...]
    since: str

    def __str__(self) -> str:
        count = len(self.commits)
        plural = "s" * (count != 1)
        return f"{count} commit{plural} since {self.since}" if self.since else f"all {count} commit{plural}"


def of_release(workspace: Path, version: Version, tag: str) -> History:
    """The commits that lead to HEAD and to no tag of an earlier version; without such a tag all of them.

    A release's own pre-releases aren't earlier versions of it: 1.5.0 after 1.5.0-beta.3 has all that is new since 1.4.
    ``tag`` is the release's own; what stands before the version in it (``widget/v1.5.0``) all its tags have. Raises
    ValueError if that can't be read, if there are none, or if there are too many to be the changes of a release.
    """
    _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", otherwise="the checkout has no commit yet")
    tags = _git(workspace, "for-each-ref", "--merged=HEAD", "--format=%(refname:strip=2)", "refs/tags")
    earlier = _earlier(tags.splitlines(), version, _prefix(tag, version))
    wanted = "\n".join(("HEAD", *(f"^refs/tags/{name}" for name in earlier), ""))
    log = _git(workspace, *_LOG, "-z", "--format=%H%x1f%P%x1f%s%x1f%B", "--stdin", given=wanted)
    history = History(tuple(map(_commit, filter(None, log.split("\0")))), earlier[0] if earlier else "")
    if not _ends(workspace).isdisjoint(commit.sha for commit in history.commits):
        raise ValueError(_SHALLOW)
    if not history.commits:
        raise ValueError(f"there are no commits since {history.since}: expected what changed")
    if len(history.commits) > _MOST:
        after = f"since {history.since}" if history.since else "and no tag of an earlier version"
        raise ValueError(f"there are more than {_MOST} commits {after}: are the tags fetched?")
    return history


def as_markdown(commits: Iterable[Commit]) -> str:
    """A list of the subjects, merges left out; whatever stands in them stays text."""
    subjects = (_plain(commit.subject) for commit in commits if not commit.merge)
    return "\n".join(f"- {subject}" for subject in subjects if subject)


def _prefix(tag: str, version: Version) -> str:
    return tag.removesuffix(version.text).removesuffix("v") if tag.endswith(version.text) else ""


def _earlier(tags: Iterable[str], version: Version, prefix: str) -> list[str]:
    """Those of earlier versions, the highest first."""
    found = ((name, _version(name.removeprefix(prefix))) for name in tags if name.startswith(prefix))
    earlier = [(_order(other), name) for name, other in found if other is not None and _is_earlier(other, version)]
    return [name for _, name in sorted(earlier, reverse=True)]


def _version(text: str) -> Version | None:
    try:
        return versions.parse(text)
    except ValueError:
        return None


def _is_earlier(other: Version, version: Version) -> bool:
    """A higher version may have been merged too: what it has is new to a lower one all the same."""
    return _order(other) < _order(version) and (bool(version.prerelease) or _core(other) != _core(version))


def _order(version: Version) -> tuple[tuple[int, ...], bool, list[tuple[str, int]]]:
    """What versions are sorted by (semver.org, 11), but that ``rc10`` comes after ``rc9``, as people mean it."""
    numbers = tuple(int(number or "0") for number in _core(version))
    parts = [re.fullmatch(r"(.*?)([0-9]*)", part) for part in version.prerelease.split(".")]
    return numbers, not version.prerelease, [(part[1], int(part[2] or "0")) for part in parts if part]


def _core(version: Version) -> tuple[str, ...]:
    """1.4 is 1.4.0."""
    return (*(number.lstrip("0") for number in version.numbers), "", "")[:4]


def _commit(record: str) -> Commit:
    sha, parents, subject, message = record.split("\x1f", 3)
    return Commit(sha, subject, message, merge=" " in parents)


def _ends(workspace: Path) -> frozenset[str]:
    """The commits where a shallow checkout's history is cut off."""
    file = workspace / _git(workspace, "rev-parse", "--git-path", "shallow").strip()
    return frozenset(file.read_text(encoding="ascii").split()) if file.is_file() else frozenset()


def _plain(subject: str) -> str:
    text = " ".join(_CONTROL.sub(" ", subject).split())
    return _BLOCK_START.sub(r"\1\\", _MARKUP.sub(r"\\\g<0>", text))


def _git(workspace: Path, *arguments: str, given: str = "", otherwise: str = "") -> str:
    """What git answers. Raises ValueError with what it says, or ``otherwise``, if it fails."""
    import subprocess

    git = shutil.which("git")
    if git is None:
        raise ValueError("the commits are read by git, and there is none on this machine: install it")
    command = [git, "-C", str(workspace), *_OPTIONS, *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=given.encode(),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            env={name: text for name, text in os.environ.items() if name not in _ELSEWHERE} | _ENVIRONMENT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"the commits can't be read: {type(error).__name__}") from None
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    said = " ".join(done.stderr.decode("utf-8", "replace").split())
    if "not a git repository" in said:
        raise ValueError("there is no git checkout here: expected one, with its history and tags")
    raise ValueError(otherwise or f"the commits can't be read, git says: {said[:200]}")
