"""What a folder tells of its project: its name, its CI system, what its build makes and where its notes are."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline import version as versions
from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT = 10  # seconds
_CHANGELOGS = ("changelog.md", "changes.md", "history.md", "release-notes.md", "releasenotes.md")
_CI_FILES = ((".github", "github"), (".gitlab-ci.yml", "gitlab"), ("Jenkinsfile", "jenkins"))
_BUILD_FOLDERS = ("dist", "out", "build", "publish")
_NO_RELEASE = frozenset({"", ".map", ".txt", ".log", ".json", ".d", ".o", ".html", ".js", ".css"})


@dataclass(frozen=True, slots=True)
class Build:
    """What the build makes (a glob), and how; no command: the example's own stands in for it."""

    artifacts: str
    command: str = ""


# By a file at the top of the project; the first that is there.
_BUILDS = {
    "pom.xml": Build("target/*.jar", "mvn --batch-mode package"),
    "build.gradle": Build("build/libs/*.jar", "./gradlew build"),
    "build.gradle.kts": Build("build/libs/*.jar", "./gradlew build"),
    "pyproject.toml": Build("dist/*.whl", "python3 -m pip wheel --no-deps --wheel-dir dist ."),
    "Makefile": Build("dist/*.zip", "make dist"),
}
_STAND_IN = Build("dist/*.zip")


@dataclass(frozen=True, slots=True)
class Project:
    """``name`` is the repository's, else the folder's. ``top`` is the checkout's folder; None: this is no checkout."""

    folder: Path
    top: Path | None
    name: str
    ci: str  # empty: nothing tells
    changelog: str  # empty: none
    build: Build
    tags: str  # a pattern of the tags that are versions, as GitHub takes it
    tagged: bool  # whether the commit that is checked out has a version's tag

    @property
    def slug(self) -> str:
        """The name as file names, cache keys and shells take it."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-.") or "project"


def look(folder: Path) -> Project:
    """Reads the folder and asks git; writes nothing."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    host, path = _remote(_git(folder, "remote", "get-url", "origin"))
    tags = [tag for tag in _git(folder, "tag", "--list").splitlines() if versions.PATTERN.fullmatch(tag)]
    here = _git(folder, "tag", "--points-at", "HEAD").splitlines()
    return Project(
        folder=folder,
        top=Path(top) if top else None,
        name=path.rpartition("/")[2] or folder.resolve().name,
        ci=_ci(folder, host),
        changelog=next((f.name for f in _files(folder) if f.name.lower() in _CHANGELOGS), ""),
        build=_build(folder),
        tags="v*" if not tags or any(tag.startswith("v") for tag in tags) else "[0-9]*",
        tagged=any(versions.PATTERN.fullmatch(tag) for tag in here),
    )


def _ci(folder: Path, host: str) -> str:
    found = next((name for file, name in _CI_FILES if (folder / file).exists()), "")
    return found or next((name for name in ("github", "gitlab") if name in host), "")


def _build(folder: Path) -> Build:
    """What the build has made, if it has run here; else what a build of this kind makes."""
    kind = next((build for name, build in _BUILDS.items() if (folder / name).is_file()), _STAND_IN)
    if any(folder.glob(kind.artifacts)):
        return kind
    for name in _BUILD_FOLDERS:
        endings = Counter(file.suffix.lower() for file in _files(folder / name))
        if made := [ending for ending, _ in endings.most_common() if ending not in _NO_RELEASE]:
            return Build(f"{name}/*{made[0]}", kind.command or ("" if made[0] == ".zip" else "make dist"))
    return kind


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(file for file in folder.iterdir() if file.is_file())
    except OSError:  # no such folder
        return


def _remote(url: str) -> tuple[str, str]:
    """Host and path of ``https://host/acme/widget.git`` and ``git@host:acme/widget.git``; no host: a folder."""
    if "://" in url:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    else:
        host, _, path = url.rpartition("@")[2].rpartition(":")
    return host, path.replace("\\", "/").strip("/").removesuffix(".git")


def _git(folder: Path, *arguments: str) -> str:
    """What git answers; empty without git, without a checkout, or when it has no answer."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603
            [git, "-C", str(folder), *arguments], capture_output=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
