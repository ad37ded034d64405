"""The ``artifacts`` setting: local files and globs, which are measured, and remote URLs, each with its link."""

from __future__ import annotations

import glob
import os
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from shipline import checksums, local_files, values
from shipline.display import suggest
from shipline.interpolation import Template, literal
from shipline.pipeline.model import Artifact, LinkSettings
from shipline.pipeline.section import Section, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shipline.ci.facts import Facts
    from shipline.inputs.document import Document
    from shipline.pipeline.variables import Variables


_PRESETS = {
    "ci": "https://dl.example.com/{version}/{filename}",
    "github-release": "https://github.com/OWNER/REPOSITORY/releases/download/{tag}/{filename}",
    "gitlab-release": "https://gitlab.com/GROUP/PROJECT/-/releases/{tag}/downloads/{filename}",
    "gitlab-package": "https://gitlab.com/api/v4/projects/ID/packages/generic/PACKAGE/{version}/{filename}",
}
"""The presets of ``artifacts-url``, and a URL to write where the CI system has none for them."""
_LINK_SETTINGS = [name.replace("_", "-") for name in LinkSettings._fields]
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://")


class ArtifactSet(NamedTuple):
    """Artifacts, each with the setting that it comes from. Not ``complete``: others have a problem."""

    entries: tuple[tuple[Artifact, Section], ...]
    complete: bool

    @property
    def items(self) -> tuple[Artifact, ...]:
        """The artifacts without their settings."""
        return tuple(artifact for artifact, _ in self.entries)

    def need_urls(self, target: Section, result: str, way_out: str, *names: str) -> None:
        """Report the artifacts without a URL: what would result in the target, and a way out beside the usual ones."""
        without = [artifact.shown_path for artifact, _ in self.entries if artifact.url is None]
        if without:
            what = f"{_listed(without, 'has', 'have')} no URL to link, so {result}"
            target.complain(f"{what}: give a url, set artifacts-url, or {way_out}", *names)

    def choose(self, target: Section, names: Variables) -> ArtifactSet:
        """The artifacts whose labels one of the target's globs matches; without globs all."""
        patterns = list(target.entries("artifacts"))
        if not patterns:
            return self
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
        return self._replace(entries=tuple(entry for i, entry in enumerate(self.entries) if i in kept))


def allowed_folders(document: Document) -> tuple[Path, ...]:
    """The folders outside the workspace that files may come from."""
    return tuple(Path(folder) for _, folder in Section(document, ()).entries("allow-folders"))


def base_folder(document: Document, config: str | None, workspace: Path) -> str:
    """The folder that paths are relative to, itself relative to the workspace; empty: the workspace."""
    top = Section(document, ())
    given = top.text("base-dir")
    if given is None:
        return ""
    folder = local_files.below(PurePath(config or "").parent.as_posix(), given)
    if not os.path.isdir(workspace / folder):  # noqa: PTH112 - raises nothing, such as for a long name
        top.complain(f"there is no folder {folder}: expected one, relative to the product's config file", "base-dir")
    return folder


class Finder(NamedTuple):
    """Finds the files of the ``artifacts`` setting, and the link of each."""

    document: Document
    names: Variables
    late_names: Variables  # for links, which may contain the build's number: they are sent after the build exists
    facts: Facts
    workspace: Path
    progress: Callable[[str], None]  # receives how far it is; an empty text at the end
    folder: str  # that paths are relative to, itself relative to the workspace
    publishing: bool  # whether this job announces

    def find(self) -> ArtifactSet:
        """Every artifact of the setting, in its order; those of a glob are sorted, and no file is linked twice."""
        setting = Section(self.document, ("artifacts",))
        complete = setting.usable() or not setting.given()
        entries: list[tuple[Artifact, Section]] = []
        by_path: defaultdict[str, list[Artifact]] = defaultdict(list)
        sections = [setting.section(i) for i in range(len(self.document.get(setting.path)) if setting.usable() else 0)]
        allowed = allowed_folders(self.document)
        paths = [self._paths(entry, allowed) if entry.given("path") else None for entry in sections]
        measures = self._measure(chain.from_iterable(filter(None, paths)))
        for entry, local in zip(sections, paths, strict=True):
            for artifact in [self._remote(entry)] if local is None else self._local(entry, local, measures):
                if artifact is None:
                    complete = False
                elif not any(_is_repeated(artifact, earlier) for earlier in by_path[artifact.shown_path]):
                    entries.append((artifact, entry))
                    by_path[artifact.shown_path].append(artifact)
        empty = [(artifact.shown_path, entry) for artifact, entry in entries if artifact.path and not artifact.size]
        if empty:
            subject = _listed([shown for shown, _ in empty], "is", "are")
            empty[0][1].warn(f"{subject} empty (0 bytes): check the job that builds it", "path")
        return ArtifactSet(tuple(entries), complete)

    def _measure(self, paths: Iterable[Path]) -> dict[Path, checksums.Measures | ValueError]:
        """The measures of the files; MD5 is v3's checksum of release files."""
        announced = [target for target in targets(self.document, "v3") if target.value("when") != "never"]
        md5 = self.publishing and any(target.value("attach") != "none" for target in announced)
        return checksums.measure(paths, self.workspace, md5=md5, progress=self.progress)

    def _paths(self, entry: Section, allowed: Sequence[Path]) -> list[Path]:
        """The files that an entry's path or glob matches; none if it has a problem."""
        pattern = self.names.filled(entry, "path")
        if pattern is None or _has_other_scheme(pattern, entry, "path"):
            return []
        if _SCHEME.match(pattern):
            entry.complain("is a link: give it as url, or give the path of a local file", "path")
            return []
        try:
            pattern = local_files.below(glob.escape(self.folder) if self.folder else "", pattern)
            return local_files.find(pattern, self.workspace, allowed)
        except ValueError as error:
            entry.complain(str(error), "path")
            return []

    def _local(
        self, entry: Section, paths: list[Path], measures: dict[Path, checksums.Measures | ValueError]
    ) -> list[Artifact | None]:
        """The artifacts of an entry's files; None for each one that has a problem, and if there is none."""
        found: list[Artifact | None] = [] if paths else [None]
        for path in paths:
            measured = measures[path]
            if isinstance(measured, ValueError):
                entry.complain(str(measured), "path")
                found.append(None)
                continue
            shown_path = local_files.shown_path(path, self.workspace)
            names = self.late_names.with_values({"filename": path.name, "path": shown_path})
            url, valid = self._link(entry, names)
            label = _label(entry, names, path.name)
            if label is None or not valid:
                found.append(None)
            else:
                found.append(Artifact(path.name, path, shown_path, label, url, *measured, link_settings(entry)))
        urls = [str(artifact.url) for artifact in found if artifact is not None and artifact.url is not None]
        if len(set(urls)) < len(urls):
            same = f"{len(paths)} files match and all get the link {urls[0]}"
            setting = "url" if entry.given("url") else "path"
            entry.complain(f"{same}: expected a URL with {{filename}} or {{path}}", setting)
        return found

    def _link(self, entry: Section, names: Variables) -> tuple[Template | None, bool]:
        """The link of a local file, None without one, and whether the setting that gives it is valid."""
        if entry.given("url"):
            url = link_url(entry, entry.text("url"), names, "url")
            return url, url is not None
        top = Section(self.document, ())
        raw = top.text("artifacts-url")
        if raw is None:
            return None, not top.given("artifacts-url")
        if raw in _PRESETS:
            preset = self.facts.artifact_urls.get(raw)
            if preset is None:
                what = f"this run has no {raw} URL ({_describe(self.facts)}): write the URL instead, such as"
                top.complain(f"{what} {_PRESETS[raw]}", "artifacts-url")
                return None, False
            raw, filename = preset.template, names.values["filename"]
            if preset.replaced:
                renamed = re.sub(preset.replaced, ".", filename)
                if not filename.isascii() or renamed != renamed.strip("."):
                    what = f"the CI system gives {filename} another name that Shipline can't predict: rename the file"
                    entry.complain(f"{what}, or give its url", "path")
                    return None, False
                names = names.with_values({"filename": renamed})
        elif re.fullmatch(r"[\w-]+", raw):
            what = f"expected a URL or one of {', '.join(_PRESETS)}, found {raw}{suggest(raw, _PRESETS)}"
            top.complain(what, "artifacts-url")
            return None, False
        url = link_url(top, raw, names, "artifacts-url")
        return url, url is not None

    def _remote(self, entry: Section) -> Artifact | None:
        """The file elsewhere that an entry links; None if it has a problem."""
        names = self.late_names.without({"filename": "the URL is what names the file"})
        url = link_url(entry, entry.text("url"), names, "url")
        if url is None:
            return None
        shown = url.fill({})
        filename = unquote(urlsplit(shown).path.rpartition("/")[2])
        if not filename:
            entry.complain("ends with /: expected the URL of a file", "url")
            return None
        size, label = entry.value("size"), _label(entry, self.late_names.with_values({"filename": filename}), filename)
        if label is None:
            return None
        size = size if isinstance(size, int) else None
        return Artifact(filename, None, shown, label, url, size, None, None, link_settings(entry))


def link_settings(section: Section) -> LinkSettings:
    """The settings of one link; None for those of the target's links."""
    given = section.value() or {}
    return LinkSettings(*(section.value(name) if name in given else None for name in _LINK_SETTINGS))


def _is_repeated(artifact: Artifact, earlier: Artifact) -> bool:
    """True if two entries would link a file twice. Two URLs with two labels are intended: a mirror."""
    return artifact.url == earlier.url or artifact.label == earlier.label


def _listed(names: list[str], singular: str, plural: str) -> str:
    """The subject of a sentence with its verb in the right form: ``a.zip and 2 more have``."""
    return f"{names[0]} {singular}" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more {plural}"


def _describe(facts: Facts) -> str:
    return f"CI system: {facts.ci}; tag: {facts.tag or 'none'}"


def _label(entry: Section, names: Variables, filename: str) -> Template | None:
    """The entry's label, by default the file's name; None if it has a problem."""
    raw = entry.text("label")
    return literal(filename) if not raw else names.fill(entry, raw, "label")


def _has_other_scheme(text: str, section: Section, *name: str) -> bool:
    scheme = _SCHEME.match(text)
    if not scheme or scheme[1].lower() in {"http", "https"}:
        return False
    section.complain(f"only http and https links are possible, found {scheme[1]}", *name)
    return True


def link_url(section: Section, raw: str | None, names: Variables, *name: str) -> Template | None:
    """A filled and checked URL; None, and a problem, if it can't be one."""
    url = None if raw is None else names.fill(section, raw, *name, in_url=True)
    if url is None:
        return None
    sample = url.fill(dict.fromkeys(url.names, "0"))
    if _has_other_scheme(sample, section, *name):
        return None
    try:
        values.http_url(sample)
    except ValueError as error:
        section.complain(str(error), *name)
        return None
    if sample.count("//") > 1 and "//" in urlsplit(sample).path:
        section.complain("has an empty path segment (//) after Shipline has replaced its names", *name)
        return None
    return url
