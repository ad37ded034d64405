"""Release notes: the release's, or a target's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shipline import notes as markdown

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.resolution.names import Names
    from shipline.resolution.section import Section
    from shipline.version import Version

_MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Notes:
    """Markdown, and the setting it comes from."""

    text: str
    origin: str  # for people: a file's name, "text", or "none"
    section: Section
    name: str  # "file" or "text"; empty: there are none
    too_long: Literal["fail", "truncate"]

    def bounded(self, target: Section, link: str) -> str:
        """For v3, at most 4096 characters; longer notes are cut, or a problem at the setting they come from."""
        too_long = target.value("notes", "too-long") or self.too_long
        try:
            return markdown.bounded(self.text, too_long, link)
        except ValueError as error:
            self.section.complain(str(error), "notes", self.name)
            return ""


def read(section: Section, names: Names, version: Version | None, workspace: Path, above: Notes | None = None) -> Notes:
    """The notes that ``section`` gives, else those of ``above``."""
    too_long: Literal["fail", "truncate"] = section.value("notes", "too-long") or "fail"
    if section.given("notes", "text"):
        return Notes(section.text("notes", "text") or "", "text", section, "text", too_long)
    if section.given("notes", "file"):
        text, shown = _of_file(section, names, version, workspace)
        return Notes(text, shown, section, "file", too_long)
    return above or Notes("", "none", section, "", too_long)


def _of_file(section: Section, names: Names, version: Version | None, workspace: Path) -> tuple[str, str]:
    raw = section.text("notes", "file")
    filled = None if raw is None else names.fill(section, raw, "notes", "file")
    if filled is None:
        return "", ""
    shown = str(filled)
    try:
        text = _content(workspace / shown)
        return (markdown.section(text, version, shown) if version is not None else "", shown)
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
