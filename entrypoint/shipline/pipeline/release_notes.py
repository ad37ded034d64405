"""Release notes of the release and of single targets: from a text, a file or the commits."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shipline import local_files
from shipline.display import counted, escape_markdown, listed, printable
from shipline.pipeline import secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from shipline.pipeline.section import Section
    from shipline.pipeline.variables import Variables
    from shipline.release_notes import changelog
    from shipline.release_notes.commits import History
    from shipline.version import Version


_MAX_SHOWN = 5
_MAX_BYTES = 8 * 1024 * 1024
_SOURCES = ("text", "file", "from")
_PASSWORD = re.compile(r"://[^/\s@:]*:[^/\s@]+@")
# Not git@host:path, user@host in a URL, widget@1.4.0 (a package) or logo@2x.png.
_EMAIL = re.compile(
    r"(?<![\w.+/@-])[\w.+-]{1,64}@(?![0-9]+x\.|v?[0-9]+\.[0-9])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!:\S|[\w/@-])"
)


class Source(NamedTuple):
    """What notes are read from."""

    release: Section
    names: Variables
    version: Version | None  # None: it has a problem
    workspace: Path
    folder: str  # that paths are relative to, itself relative to the workspace
    allowed: tuple[Path, ...]  # folders outside the workspace
    commits: Callable[[], History | None]
    tag_prefix: str  # the text before the version in the product's tags
    keys: Mapping[str, str]  # keys that notes must not contain, and where each comes from


class Notes(NamedTuple):
    """Release notes in Markdown, and the setting they come from."""

    text: str
    origin: str  # for people: a file's name, "text", the commits, or "none"
    section: Section
    setting: str  # where problems of the text are reported: "file", "text" or "from"; "header" without any of them
    too_long: Literal["fail", "truncate"]
    footer: str = ""  # the end of the text, which shortening keeps

    def bounded(self, link: str) -> str:
        """Return the notes for v3; longer ones are cut with a warning, or a problem of their setting."""
        from shipline.release_notes import render

        try:
            text, warning = render.bounded(self.text, self.too_long, link, self.footer)
        except ValueError as error:
            self.section.complain(str(error), "notes", self.setting)
            return ""
        if warning:
            self.section.warn(warning, "notes", self.setting)
        return text

    def html(self) -> str:
        """Return the notes for Centercode, with a warning about what testers won't see."""
        from shipline.release_notes import render

        try:
            html, removed = render.rendered(self.text)
        except ValueError as error:
            self.section.complain(str(error), "notes", self.setting)
            return ""
        if removed:
            what = f"Centercode's testers won't see {listed(removed, _MAX_SHOWN)}: put what is text in backticks"
            self.section.warn(what, "notes", self.setting)
        return html


class _Settings(NamedTuple):
    """The settings of a section's notes; those that it doesn't give are the release's."""

    section: Section
    source: Source

    def owner(self, *names: str) -> Section:
        """Return the section that gives one of these settings, else the release's."""
        given = any(self.section.given("notes", name) for name in names)
        return self.section if given else self.source.release

    def value(self, name: str) -> Any:
        return self.owner(name).value("notes", name)

    def filled(self, name: str) -> str:
        """Return a template's text with its names filled in; empty if it is unset or has a problem."""
        owner = self.owner(name)
        raw = owner.text("notes", name)
        filled = None if raw is None else self.source.names.fill(owner, raw, "notes", name)
        return str(filled or "").strip("\n")


def commit_reader(workspace: Path, version: Version | None, tag: str, prefix: str) -> Callable[[], History | None]:
    """Return a function that reads the release's commits on its first call only.

    It returns None if the version has a problem. It raises ValueError as ``commits.of_release`` does.
    """

    @cache
    def read() -> History | None:
        from shipline.release_notes.commits import of_release

        return None if version is None else of_release(workspace, version, tag, prefix)

    return read


def read(section: Section, source: Source) -> Notes:
    """Return the notes of the release or of a target; problems are reported at their setting."""
    settings = _Settings(section, source)
    owner = settings.owner(*_SOURCES)
    name = next((name for name in _SOURCES if owner.given("notes", name)), "")
    text, origin = "", name or "none"
    if name == "text":
        text = owner.text("notes", "text") or ""
    elif name:
        text, origin = (_read_file if name == "file" else _read_commits)(owner, settings)
        if what := secrets.find_secret(text, source.keys):
            owner.complain(what, "notes", name)
    plain = text.replace("\\", "")  # Markdown may have \\@
    unsigned = _PASSWORD.sub("://", plain)
    if unsigned != plain:
        owner.warn("the notes contain a URL with a password, and every reader gets it: remove it", "notes", name)
    if emails := _EMAIL.findall(unsigned):
        many = f"{len(emails)} email addresses" if len(emails) > 1 else "an email address"
        owner.warn(f"the notes contain {many}: remove {emails[0]} unless readers should see it", "notes", name)
    parts = (settings.filled("header"), text, settings.filled("footer"))
    return Notes(
        "\n\n".join(filter(None, parts)), origin, owner, name or "header", settings.value("too-long"), parts[-1]
    )


def _read_commits(owner: Section, settings: _Settings) -> tuple[str, str]:
    """Return the list of commits and its description; both are empty after a problem."""
    if owner.text("notes", "from") is None:
        return "", ""
    from shipline.release_notes import commits

    try:
        history = settings.source.commits()
    except ValueError as error:
        owner.complain(str(error), "notes", "from")
        return "", ""
    if history is None:
        return "", ""
    most, exclude = settings.value("max"), settings.value("exclude")
    kept = commits.choose(history.commits, [text for text in exclude if isinstance(text, str)])
    listed, left = kept[:most], len(kept[most:])
    if not history.since and not settings.value("first"):
        first = f"set first: true: the notes then list {len(listed)} of {len(history.commits)} commits"
        what = f"{history.without_earlier_tag}. For the first release, {first}"
        owner.complain(what, "notes", "from")
        return "", ""
    if not kept:
        what = f"exclude leaves out all of {history}: change it, or write the notes to a file"
        owner.complain(what, "notes", "from")
    if history.since and settings.value("first"):
        what = f"first has no effect, as {history.since} is earlier: remove it, so that missing tags are an error"
        settings.owner("first").warn(what, "notes", "first")
    text = commits.as_markdown(listed)
    if left:
        text += f"\n\n… and {counted(left, 'earlier commit')}"
        what = f"the notes list {most} commits and leave out {left} earlier ones: change max or exclude to list others"
        owner.warn(what, "notes", "from")
    return text, str(history)


def _read_file(owner: Section, settings: _Settings) -> tuple[str, str]:
    """Return the version's section of a file and the file's name; the text is empty after a problem."""
    from shipline.release_notes import changelog

    source, shown = settings.source, settings.filled("file")
    if not shown:
        return "", ""
    shown = local_files.below(source.folder, shown)
    version = source.version
    try:
        text = _content(local_files.inside(shown, source.workspace, source.allowed))
        if version is None:
            return "", shown
        chosen = changelog.section(text, version, shown, source.tag_prefix)
        prereleases = changelog.prereleases(text, version, shown, source.tag_prefix)
    except FileNotFoundError:
        what = f"there is no file {shown}: expected a Markdown file, as a path relative to the workspace"
    except OSError as error:
        what = f"{shown} is unreadable: {error.strerror}"
    except UnicodeDecodeError:
        what = f"{shown} isn't UTF-8: save it as UTF-8"
    except ValueError as error:
        what = str(error)
    else:
        if chosen.warning:
            owner.warn(chosen.warning, "notes", "file")
        return "\n\n".join((chosen.text, *_choose_prereleases(prereleases, owner, settings))), shown
    owner.complain(what, "notes", "file")
    return "", shown


def _choose_prereleases(sections: Iterable[changelog.Section], owner: Section, settings: _Settings) -> Iterator[str]:
    """Yield the sections of a final version's pre-releases with their headings, or warn that they are left out."""
    if settings.value("prereleases") == "include":
        for heading, text, _ in sections:
            # Only what begins a line would need more of it escaped.
            yield f"##{escape_markdown(f' {heading}', sparingly=True)}\n\n{text}"
    elif names := [printable(section.heading) for section in sections]:
        what = f"the notes don't include the sections {', '.join(names)}: set prereleases to include, or to omit"
        if not settings.owner("prereleases").given("notes", "prereleases"):
            owner.warn(what, "notes", "file")


def _content(path: Path) -> str:
    """Read a file of at most 8 MiB as UTF-8. Raises ValueError and OSError."""
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {_MAX_BYTES // 1024 // 1024} MiB: expected release notes")
    return content.decode("utf-8-sig")
