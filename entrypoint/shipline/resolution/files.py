"""Artifacts: local files and globs, remote URLs; each measured and given its link."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from shipline import artifacts as local_files
from shipline import values
from shipline.pipeline import Artifact
from shipline.record import dataclass
from shipline.text import Text, literal

if TYPE_CHECKING:
    from shipline.pipeline import Facts
    from shipline.resolution.names import Names
    from shipline.resolution.section import Document, Section

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://")


@dataclass(frozen=True, slots=True)
class Found:
    """The artifacts. Not ``complete``: some have a problem, which is reported."""

    items: tuple[Artifact, ...]
    complete: bool
    entries: tuple[Section, ...]  # of each artifact the setting that it comes from

    def chosen(self, target: Section, names: Names) -> tuple[Artifact, ...]:
        """Those whose labels one of the target's globs matches; without globs all."""
        patterns = list(target.entries("artifacts"))
        if not patterns:
            return self.items
        kept: set[int] = set()
        for index, raw in patterns:
            pattern = names.fill(target, raw, "artifacts", index)
            matching = {
                i for i, item in enumerate(self.items) if pattern and fnmatchcase(str(item.label), str(pattern))
            }
            kept |= matching
            if pattern and not matching and self.complete:
                labels = ", ".join(str(item.label) for item in self.items) or "there are no artifacts"
                target.complain(f"{pattern} matches no artifact's label: expected one of {labels}", "artifacts", index)
        return tuple(item for i, item in enumerate(self.items) if i in kept)


def find(document: Document, names: Names, late_names: Names, facts: Facts, workspace: Path) -> Found:
    """Every artifact of the ``artifacts`` setting, in its order, those of a glob sorted."""
    finder, top = _Finder(document, names, late_names, facts, workspace), document.section("artifacts")
    node = top.node()
    count = len(node.value) if node is not None and isinstance(node.value, tuple) else 0
    entries = [document.section("artifacts", index) for index in range(count)]
    found = [(item, entry) for entry in entries for item in finder.entry(entry)]
    complete = finder.complete and (node is not None or not top.given())
    return Found(tuple(item for item, _ in found), complete, tuple(entry for _, entry in found))


def allowed_folders(document: Document) -> tuple[Path, ...]:
    """The folders outside the workspace that files may come from."""
    return tuple(Path(folder) for _, folder in document.section().entries("allow-folders"))


class _Finder:
    def __init__(self, document: Document, names: Names, late_names: Names, facts: Facts, workspace: Path) -> None:
        self._top = document.section()
        self._names = names
        self._late_names = late_names  # a link may hold the build's number: it is sent after the build exists
        self._facts = facts
        self._workspace = workspace
        self._allowed = allowed_folders(document)
        self.complete = True

    def entry(self, entry: Section) -> list[Artifact]:
        items = self._local(entry) if entry.given("path") else [self._remote(entry)]
        self.complete &= None not in items
        return [item for item in items if item is not None]

    def _local(self, entry: Section) -> list[Artifact | None]:
        pattern = self._names.filled(entry, "path")
        if pattern is None:
            return [None]
        if _is_of_other_scheme(pattern, entry, "path"):
            return [None]
        if _SCHEME.match(pattern):
            entry.complain("is a link: give it as url, or give the path of a local file", "path")
            return [None]
        try:
            paths = local_files.find(pattern, self._workspace, self._allowed)
            found = [local_files.local(path, self._workspace) for path in paths]
        except ValueError as error:
            entry.complain(str(error), "path")
            return [None]
        items: list[Artifact | None] = []
        for file in found:
            names = self._late_names.with_values({"filename": file.filename, "path": file.shown_path})
            url, right = self._url_of(entry, names)
            label = names.fill(entry, raw, "label") if (raw := entry.text("label")) else literal(file.filename)
            artifact = Artifact(
                filename=file.filename,
                path=file.path,
                shown_path=file.shown_path,
                label=label or literal(file.filename),
                url=url,
                size=file.size,
                sha256=file.sha256,
                md5=file.md5,
            )
            items.append(artifact if right and label is not None else None)
        urls = [str(item.url) for item in items if item is not None and item.url is not None]
        if len(set(urls)) < len(urls):
            what = (
                f"{len(found)} files match and all get the link {urls[0]}: expected a URL with {{filename}} or {{path}}"
            )
            entry.complain(what, "url" if entry.given("url") else "path")
        return items

    def _url_of(self, entry: Section, names: Names) -> tuple[Text | None, bool]:
        """The link of a local file, None for none, and whether what is set for it is right."""
        if entry.given("url"):
            url = _url(entry, entry.text("url"), names, "url")
            return url, url is not None
        raw = self._top.text("artifacts-url")
        if raw == "ci":
            raw = self._facts.artifact_base_url
            if not raw:
                what = f"ci has no artifact URL in this run (CI system: {self._facts.ci}): expected a URL template"
                self._top.complain(what, "artifacts-url")
                return None, False
        if raw is None:
            return None, not self._top.given("artifacts-url")
        url = _url(self._top, raw, names, "artifacts-url")
        return url, url is not None

    def _remote(self, entry: Section) -> Artifact | None:
        raw = entry.text("url")
        url = _url(entry, raw, self._late_names.without({"filename": "the URL is what names the file"}), "url")
        if raw is None or url is None:
            return None
        filename = unquote(urlsplit(url.fill({})).path.rpartition("/")[2])
        if not filename:
            entry.complain("ends with /: expected the URL of a file", "url")
            return None
        size = entry.value("size")
        names = self._late_names.with_values({"filename": filename})
        label = names.fill(entry, text, "label") if (text := entry.text("label")) else literal(filename)
        shown = url.fill({})
        if label is None:
            return None
        return Artifact(
            filename=filename,
            path=None,
            shown_path=shown,
            label=label,
            url=url,
            size=size if isinstance(size, int) else None,
            sha256=None,
            md5=None,
        )


def _is_of_other_scheme(text: str, section: Section, name: str) -> bool:
    scheme = _SCHEME.match(text)
    if not scheme or scheme[1].lower() in {"http", "https"}:
        return False
    section.complain(f"only http and https links are possible, found {scheme[1]}", name)
    return True


def _url(section: Section, raw: str | None, names: Names, name: str) -> Text | None:
    """A filled and checked URL; None, and a problem, if it can't be one."""
    url = None if raw is None else names.for_url().fill(section, raw, name)
    if url is None:
        return None
    sample = url.fill(dict.fromkeys(url.names, "0"))
    if _is_of_other_scheme(sample, section, name):
        return None
    try:
        values.http_url(sample)
    except ValueError as error:
        section.complain(str(error), name)
        return None
    if "//" in urlsplit(sample).path:
        section.complain("has an empty path segment (//) once its names are filled in", name)
        return None
    return url
