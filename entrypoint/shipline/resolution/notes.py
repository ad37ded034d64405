"""Release notes: the release's, or a target's own."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from shipline import artifacts
from shipline.record import dataclass
from shipline.resolution import keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shipline.commits import History
    from shipline.resolution.names import Names
    from shipline.resolution.section import Section
    from shipline.version import Version

_MAX_BYTES = 8 * 1024 * 1024


class Commits:
    """The release's commits, read when they are first asked for."""

    def __init__(self, workspace: Path, version: Version | None, tag: str) -> None:
        self._workspace = workspace
        self._version = version
        self._tag = tag
        self._history: History | None = None

    def read(self) -> History | None:
        """None: the version has a problem. Raises ValueError as ``commits.of_release`` does."""
        if self._history is None and self._version is not None:
            from shipline.commits import of_release

            self._history = of_release(self._workspace, self._version, self._tag)
        return self._history


@dataclass(frozen=True, slots=True)
class Source:
    """What notes are made from."""

    names: Names
    version: Version | None  # None: it has a problem
    workspace: Path
    allowed: tuple[Path, ...]  # folders outside the workspace
    commits: Commits
    keys: Mapping[str, str] = field(default_factory=dict)  # that must not stand in them, and where they come from


@dataclass(frozen=True, slots=True)
class Notes:
    """Markdown, and the setting it comes from."""

    text: str
    origin: str  # for people: a file's name, "text", the commits, or "none"
    section: Section
    name: str  # "file", "text" or "from"; empty: there are none
    too_long: Literal["fail", "truncate"]

    def bounded(self, target: Section, link: str) -> str:
        """For v3, at most 4096 characters; longer notes are cut, or a problem at the setting they come from."""
        from shipline import notes  # here, as not every run has some

        too_long = target.value("notes", "too-long") or self.too_long
        try:
            return notes.bounded(self.text, too_long, link)
        except ValueError as error:
            self.section.complain(str(error), "notes", self.name)
            return ""


def read(section: Section, source: Source, above: Notes | None = None) -> Notes:
    """The notes that ``section`` gives, else those of ``above``."""
    too_long: Literal["fail", "truncate"] = section.value("notes", "too-long") or "fail"
    if section.given("notes", "text"):
        return Notes(section.text("notes", "text") or "", "text", section, "text", too_long)
    if section.given("notes", "file"):
        text, shown = _of_file(section, source)
        _refuse_keys(section, text, source, "file")
        return Notes(text, shown, section, "file", too_long)
    if section.given("notes", "from"):
        text, shown = _of_commits(section, source.commits)
        _refuse_keys(section, text, source, "from")
        return Notes(text, shown, section, "from", too_long)
    return above or Notes("", "none", section, "", too_long)


def _refuse_keys(section: Section, text: str, source: Source, name: str) -> None:
    if what := keys.in_text(text, source.keys):
        section.complain(what, "notes", name)


def _of_commits(section: Section, found: Commits) -> tuple[str, str]:
    if section.text("notes", "from") is None:
        return "", ""
    from shipline.commits import as_markdown

    try:
        history = found.read()
    except ValueError as error:
        section.complain(str(error), "notes", "from")
        return "", ""
    text = as_markdown(history.commits) if history else ""
    if history and not text:
        section.complain(f"there is nothing but merges in {history}: expected what changed", "notes", "from")
    return text, str(history or "")


def _of_file(section: Section, source: Source) -> tuple[str, str]:
    from shipline import changelog

    raw, version = section.text("notes", "file"), source.version
    filled = None if raw is None else source.names.fill(section, raw, "notes", "file")
    if filled is None:
        return "", ""
    shown = str(filled)
    try:
        text = _content(artifacts.inside(shown, source.workspace, source.allowed))
        return (changelog.section(text, version, shown) if version is not None else "", shown)
    except FileNotFoundError:
        what = f"there is no file {shown}: expected a Markdown file, as a path relative to the workspace"
    except OSError as error:
        what = f"{shown} can't be read: {error.strerror}"
    except UnicodeDecodeError:
        what = f"{shown} isn't UTF-8: save it as UTF-8"
    except ValueError as error:
        what = str(error)
    section.complain(what, "notes", "file")
    return "", shown


def _content(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {_MAX_BYTES // 1024 // 1024} MiB: expected release notes")
    return content.decode("utf-8-sig")
