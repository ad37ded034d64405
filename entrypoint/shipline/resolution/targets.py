"""The ``v3`` and ``centercode`` sections: one target or a list of them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipline import values
from shipline import version as versions
from shipline.document import dotted
from shipline.pipeline import CentercodeTarget, V3Target
from shipline.record import dataclass
from shipline.resolution import notes as notes_of
from shipline.resolution import urls
from shipline.text import Text, literal

if TYPE_CHECKING:
    from shipline.pipeline import Artifact, Facts
    from shipline.resolution.files import Found
    from shipline.resolution.keys import Keys
    from shipline.resolution.names import Names
    from shipline.resolution.notes import Notes
    from shipline.resolution.section import Section
    from shipline.version import Version

_V3_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){1,3}")
_V3_NAME_LENGTH = 256
_V3_URL_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Context:
    """What every target is made from."""

    names: Names
    late_names: Names
    version: Version | None  # None: it has a problem
    prerelease: bool
    notes: Notes
    notes_source: notes_of.Source
    title: Text | None
    found: Found
    keys: Keys
    facts: Facts
    publishing: bool  # whether this job announces

    def skip(self, target: Section) -> str:
        """Why ``when`` skips the target; empty: it doesn't."""
        when = target.value("when")
        shown = self.version.text if self.version else "the version"
        if when == "never":
            return "when: never"
        if when == "stable" and self.prerelease:
            return f"when: stable, and {shown} is a pre-release"
        if when == "prerelease" and not self.prerelease:
            return f"when: prerelease, and {shown} isn't a pre-release"
        return ""

    def notes_for(self, target: Section) -> Notes:
        return notes_of.read(target, self.notes_source, above=self.notes)

    def title_for(self, target: Section, default: str) -> Text:
        raw = target.text("title")
        title = self.title if raw is None else self.late_names.fill(target, raw, "title")
        return title or literal(default)

    def dotted_version(self) -> str:
        return self.version.text if self.version else ""


def v3(target: Section, name: str, context: Context) -> V3Target:
    """One v3 target."""
    skip, attach = context.skip(target), target.value("attach")
    notes = context.notes_for(target)
    artifacts = context.found.chosen(target, context.names)
    title = context.title_for(target, context.dotted_version())
    if not skip:
        _check_v3(target, attach, artifacts, title, context)
    return V3Target(
        name=name,
        url=urls.service_url(target, "url", suffix="/v3"),
        releases_url=urls.service_url(target, "releases-url", suffix="/v3") if target.given("releases-url") else None,
        key=context.keys.of(target, "token", used=context.publishing and not skip),
        product_id=target.text("product-id") or "",
        version=_v3_version(target, context, skipped=bool(skip)),
        channel=_v3_channel(target, context, skipped=bool(skip)),
        platforms=tuple(platform for _, platform in context.names.entries(target, "platforms")),
        private=target.value("private"),
        attach=attach,
        upload_form=target.value("upload-form"),
        state=target.value("state"),
        if_exists=target.value("if-exists"),
        required=target.value("required"),
        skip=skip,
        title=title,
        notes="" if skip else notes.bounded(target, context.facts.run_url),
        artifacts=artifacts,
    )


def _check_v3(target: Section, attach: str, artifacts: tuple[Artifact, ...], title: Text, context: Context) -> None:
    titled = target if target.given("title") else target.document.section("release")
    _check_length(title, _V3_NAME_LENGTH, titled, "title")
    if attach == "none":
        return
    chosen = {id(artifact) for artifact in artifacts}
    entries = zip(context.found.items, context.found.entries, strict=True)
    if attach == "upload":
        _check_uploads(target, [(artifact, entry) for artifact, entry in entries if id(artifact) in chosen])
        return
    for artifact, entry in entries:
        if id(artifact) not in chosen:
            continue
        _check_length(artifact.label, _V3_NAME_LENGTH, entry, "label")
        if artifact.url is not None and entry.given("url"):
            _check_length(artifact.url, _V3_URL_LENGTH, entry, "url")
        elif artifact.url is not None:
            _check_length(artifact.url, _V3_URL_LENGTH, entry.document.section(), "artifacts-url")
        if artifact.url is None:
            what = f"{artifact.shown_path} has no URL to link: give it a url, set artifacts-url, or attach: none"
            target.complain(what, "attach")
    for label, count in Counter(str(artifact.label) for artifact in artifacts).items():
        if count > 1:
            target.complain(f"{count} artifacts have the label {label}: expected one release file a name", "attach")


def _check_uploads(target: Section, artifacts: list[tuple[Artifact, Section]]) -> None:
    """What the release server takes, as far as it is known before the build exists."""
    if not target.given("releases-url"):
        target.missing(": attach: upload needs it", "https://releases.example.com", "releases-url")
    names: dict[str, str] = {}
    for artifact, entry in artifacts:
        name, setting = str(artifact.label), "label" if entry.given("label") else "path"
        sample = artifact.label.fill(dict.fromkeys(artifact.label.names, "000"))
        if artifact.path is None:
            choice = dotted((*target.path, "artifacts"))
            what = f"isn't a local file, and attach: upload needs one: give a path, or leave it out by {choice}"
            entry.complain(what, "url")
        elif not re.fullmatch(values.UPLOAD_NAME, sample):
            what = f"{name} can't be uploaded to v3 under this name: expected {values.UPLOAD_NAME_RULE}"
            entry.complain(what if entry.given("label") else f"{what}, or such a label", setting)
        elif name.casefold() in names:
            same = f"{artifact.shown_path} and {names[name.casefold()]} have the same name for v3's release server"
            entry.complain(f"{same}: expected labels that differ by more than case", setting)
        names.setdefault(name.casefold(), artifact.shown_path)


def _check_length(text: Text, limit: int, section: Section, name: str) -> None:
    """v3's limits are of what is sent (v3 "Create a release", "Create a release file"); late names don't count."""
    length = sum(len(part) for part in text.parts if isinstance(part, str))
    if length > limit:
        what = f"has {length} characters once its names are filled in: expected at most {limit}, as v3 takes no more"
        section.complain(what, name)


def _v3_version(target: Section, context: Context, *, skipped: bool) -> str:
    if target.given("version"):
        text = context.names.filled(target, "version")
        if text is not None and not _V3_VERSION.fullmatch(text):
            target.complain(f"expected two to four numbers such as 1.4.0, found {text}", "version")
        return text or ""
    if context.version is None:
        return ""
    if skipped:
        return context.version.core
    try:
        derived, warning = versions.for_v3(context.version)
    except ValueError as error:
        target.complain(str(error), "version")
        return ""
    if warning:
        target.warn(warning, "version")
    return derived


def _v3_channel(target: Section, context: Context, *, skipped: bool) -> str:
    if target.given("channel"):
        channel = context.names.filled(target, "channel") or ""
        if not skipped:
            _check_length(literal(channel), _V3_NAME_LENGTH, target, "channel")
        return channel
    if not context.prerelease or context.version is None:
        return "stable"
    word = context.version.word.lower()
    if not skipped and not word.isalpha():
        target.missing(f", and {context.version.text} has no word to take it from", "beta", "channel")
    return word


def centercode(target: Section, name: str, context: Context) -> CentercodeTarget:
    """One Centercode target."""
    skip = context.skip(target)
    from shipline import notes

    endpoint = urls.endpoint(target)
    raw, project = target.text("subtitle"), endpoint.project if endpoint else target.text("project") or ""
    start, end = _dates(target)
    buckets = [_bucket_file(target, raw, i, context) for i, raw in target.entries("bucket-files")]
    notice = target.value("click-through-notice")
    used = context.publishing and not skip
    return CentercodeTarget(
        name=name,
        url=endpoint.url if endpoint else urls.service_url(target, "url", suffix="/api/v1"),
        key=context.keys.of(target, "api-key", used=used, embedded=endpoint.key if endpoint else None),
        project=project,
        release_type=endpoint.release_type if endpoint else target.text("release-type") or "",
        title=context.title_for(target, f"{project} {context.dotted_version()}".strip()),
        subtitle=None if raw is None else context.late_names.fill(target, raw, "subtitle"),
        body=notes.to_html(context.notes_for(target).text),
        start_date=start,
        end_date=end,
        click_through_notice=notice,
        bucket_files=tuple(bucket for bucket in buckets if bucket is not None),
        open_in_new_window=target.value("links", "open-in-new-window"),
        include_in_download_block=target.value("links", "include-in-download-block"),
        log_download_attempts=target.value("links", "log-download-attempts"),
        artifacts=context.found.chosen(target, context.names),
        if_exists=target.value("if-exists"),
        on_unknown=target.value("on-unknown"),
        required=target.value("required"),
        skip=skip,
    )


def _dates(target: Section) -> tuple[str | None, str | None]:
    start, end = target.instant("start-date"), target.instant("end-date")
    if start is not None and end is not None and end <= start:
        target.complain("isn't after start-date", "end-date")
    elif end is not None and end < datetime.now(UTC):
        target.warn("is in the past: testers won't see the release", "end-date")
    return (values.utc(start) if start else None, values.utc(end) if end else None)


def _bucket_file(target: Section, raw: str, index: str | int, context: Context) -> Text | None:
    """A path from the bucket's root (Centercode release automation guide, "FTP Bucket Files")."""
    text = context.late_names.fill(target, raw, "bucket-files", index)
    if text is None:
        return None
    if "\\" in str(text) or not {"", ".", ".."}.isdisjoint(str(text).removeprefix("/").split("/")):
        what = "expected a path from the bucket's root with / between folders, such as Builds/Widget.exe"
        target.complain(what, "bucket-files", index)
    first, *rest = text.parts
    return Text((first.removeprefix("/"), *rest)) if isinstance(first, str) else text
