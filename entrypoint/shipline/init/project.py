"""What a folder reveals about its project: name, CI system, changelog, tags, and what the build makes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shipline import git
from shipline import version as versions
from shipline.ci.facts import host_and_repository
from shipline.inputs import catalogue

_CHANGELOGS = ("changelog.md", "changes.md", "history.md", "release-notes.md", "releasenotes.md")
_CI_FILES = ((".github", "github"), (".gitlab-ci.yml", "gitlab"), ("Jenkinsfile", "jenkins"))
_BUILD_FOLDERS = ("dist", "out", "build", "publish")
_NEVER_RELEASED = frozenset({"", ".map", ".txt", ".log", ".json", ".d", ".o", ".html", ".js", ".css"})


class Build(NamedTuple):
    """A build's artifacts and command."""

    artifacts: str  # a glob
    command: str = ""  # empty: the pipeline archives the sources

    @property
    def folder(self) -> str:
        """The folder of the artifacts, without wildcards."""
        return re.split(r"/[^/]*[*?\[]", self.artifacts, maxsplit=1)[0]


# By the first of these files that is at the top of the project.
_BUILDS = {
    "pom.xml": Build("target/*.jar", "mvn --batch-mode package"),
    "build.gradle": Build("build/libs/*.jar", "./gradlew build"),
    "build.gradle.kts": Build("build/libs/*.jar", "./gradlew build"),
    "pyproject.toml": Build("dist/*.whl", "python3 -m pip wheel --no-deps --wheel-dir dist ."),
    "Makefile": Build("dist/*.zip", "make dist"),
}
_DEFAULT_BUILD = Build("dist/*.zip")
_SHOWN_LINES = 20
_AFTER_ALL = "9" * 30  # a version


class CommitNotes(NamedTuple):
    """What release notes from the commits would be now."""

    lines: tuple[str, ...]  # Markdown
    origin: str  # "3 commits since v1.3.0", or why there are none
    first: bool  # True if no commit has a version's tag

    @property
    def complete(self) -> bool:
        """True if they are few enough to be shown."""
        return len(self.lines) <= _SHOWN_LINES

    @property
    def shown(self) -> list[str]:
        """The lines to show, and how many more there are."""
        more = len(self.lines) - _SHOWN_LINES
        return [*self.lines[:_SHOWN_LINES], *([f"… and {more} more lines"] if more > 0 else [])]


class Project(NamedTuple):
    """The project in a folder."""

    folder: Path
    top: Path | None  # of the checkout; None: the folder isn't in one
    name: str  # of the repository, else of the folder
    ci: str  # empty: unknown
    changelog: str  # empty: none
    build: Build
    tags: str  # GitHub's pattern for the tags that are versions
    tagged: bool  # True if the checked-out commit has a version's tag
    first: bool = False  # True if notes from the commits are accepted without an earlier version

    @property
    def slug(self) -> str:
        """The name in a form for file names, cache keys and shells."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-.") or "project"


def inspect(folder: Path) -> Project:
    """Inspect a folder and its git repository; writes nothing."""
    top = git.output(folder, "rev-parse", "--show-toplevel")
    host, path = host_and_repository(git.output(folder, "remote", "get-url", "origin") or "")
    tags = _version_tags(folder)
    return Project(
        folder=folder,
        top=Path(top) if top else None,
        name=path.rpartition("/")[2] or folder.resolve().name,
        ci=_ci(folder, host),
        changelog=next((f.name for f in _files(folder) if f.name.lower() in _CHANGELOGS), ""),
        build=_build(folder),
        tags="v*" if not tags or any(tag.startswith("v") for tag in tags) else "[0-9]*",
        tagged=bool(_version_tags(folder, "--points-at=HEAD")),
    )


def commit_notes(folder: Path) -> CommitNotes:
    """Return the notes that `from: commits` would make for a next version."""
    from shipline.release_notes import commits

    try:
        history = commits.of_release(folder, versions.parse(_AFTER_ALL), "")
    except ValueError as error:
        return CommitNotes((), str(error), first=git.output(folder, "rev-parse", "--quiet", "--verify", "HEAD") is None)
    kept = commits.choose(history.commits, catalogue.by_name()["release-notes-exclude"].default)
    first = not history.since and not history.other_tag
    return CommitNotes(tuple(commits.as_markdown(kept).splitlines()), str(history), first)


def ignore_file(project: Project, build: Build) -> str:
    """Return .gitignore with the lines that are missing: the receipts, and what the build makes; empty if none is."""
    file = project.folder / ".gitignore"
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, ValueError):  # a folder, or not UTF-8: it stays as it is
        return ""
    tracked = git.output(project.folder, "ls-files", build.folder)
    wanted = [".shipline/", *([f"{build.folder}/"] if build == project.build and not tracked else [])]
    missing = [line for line in wanted if line not in map(str.strip, text.splitlines())]
    if not missing:
        return ""
    end = "\n" if text and not text.endswith("\n") else ""
    return text + end + "".join(f"{line}\n" for line in missing)


def _version_tags(folder: Path, *options: str) -> list[str]:
    """List the repository's tags that are versions."""
    tags = git.output(folder, "for-each-ref", "--format=%(refname:strip=2)", *options, "refs/tags") or ""
    return [tag for tag in tags.splitlines() if versions.parsed(tag)]


def _ci(folder: Path, host: str) -> str:
    """Return the CI system that has files here, else the one that hosts the repository."""
    found = next((name for file, name in _CI_FILES if (folder / file).exists()), "")
    return found or next((name for name in ("github", "gitlab") if name in host), "")


def _build(folder: Path) -> Build:
    """Return the build, with artifacts that exist already, else with those that such a build makes."""
    kind = next((build for name, build in _BUILDS.items() if (folder / name).is_file()), _DEFAULT_BUILD)
    if any(folder.glob(kind.artifacts)):
        return kind
    for name in _BUILD_FOLDERS:
        endings = Counter(file.suffix.lower() for file in _files(folder / name))
        ending = next((ending for ending, _ in endings.most_common() if ending not in _NEVER_RELEASED), "")
        if ending:
            return Build(f"{name}/*{ending}", kind.command or ("" if ending == ".zip" else "make dist"))
    return kind


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder by name; none if it doesn't exist."""
    try:
        yield from sorted(file for file in folder.iterdir() if file.is_file())
    except OSError:
        return
