"""A ``v3`` target, and the limits of v3."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from shipline import values
from shipline.inputs.document import dotted
from shipline.interpolation import Template, literal
from shipline.pipeline import urls
from shipline.pipeline.model import V3Target
from shipline.pipeline.section import Section
from shipline.version import Pep440, Version

if TYPE_CHECKING:
    from shipline.pipeline.artifacts import ArtifactSet
    from shipline.pipeline.target import ReleaseContext


_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){1,3}")
_MAX_NAME_LENGTH = 256
_MAX_URL_LENGTH = 2048
_MAX_IN_APPLICATION = 10
_MAX_SIZE_IN_APPLICATION = 2**31 - 1
_MAX_NOTES_IN_APPLICATION = 4095  # bytes


def resolve(target: Section, context: ReleaseContext) -> V3Target:
    """The target with every default; values that have a problem are empty."""
    skip, notes = context.skip(target), context.notes_for(target)
    artifacts = context.artifacts.choose(target, context.names)
    title = context.title_for(target, context.version_text())
    bounded = "" if skip else notes.bounded(context.facts.run_url)
    if not skip:
        _check_limits(target, title, artifacts)
        if (size := len(bounded.encode("utf-8", "replace"))) > _MAX_NOTES_IN_APPLICATION:
            what = (
                f"the notes have {size:,} bytes, and LexActivator holds {_MAX_NOTES_IN_APPLICATION:,} in an application"
            )
            notes.section.warn(f"{what}: shorten them, or give v3 its own by v3.notes", "notes", notes.setting)
    return V3Target(
        name=target.target_name,
        url=urls.service_url(target, "url", suffix="/v3"),
        releases_url=urls.service_url(target, "releases-url", suffix="/v3") if target.given("releases-url") else None,
        key=context.keys.of(target, "token", used=context.publishing and not skip),
        product_id=target.text("product-id") or "",
        version=_version(target, context, skipped=bool(skip)),
        channel=_channel(target, context, skipped=bool(skip)),
        platforms=tuple(platform for _, platform in context.names.entries(target, "platforms")),
        skip=skip,
        title=title,
        notes=bounded,
        artifacts=artifacts.items,
        **target.fields("private", "attach", "upload-form", "state", "if-exists", "required"),
    )


def _check_limits(target: Section, title: Template, artifacts: ArtifactSet) -> None:
    """Report what v3 can't hold, as far as it is known before the build exists."""
    titled = target if target.given("title") else Section(target.document, ("release",))
    _check_length(title, _MAX_NAME_LENGTH, titled, "title")
    attach = target.value("attach")
    _check_application(target, artifacts if attach != "none" else None)
    if attach == "upload":
        _check_uploads(target, artifacts)
    elif attach == "link":
        _check_links(target, artifacts)


def _check_application(target: Section, artifacts: ArtifactSet | None) -> None:
    """Warn about what an application can't hold. Source: LexActivator 3.46, the structures of LexTypes.h."""
    entries = artifacts.entries if artifacts else ()
    counts = {"files": len(entries), "platforms": len([*target.entries("platforms")])}
    for name, count in counts.items():
        if count > _MAX_IN_APPLICATION:
            what = f"the release has {count} {name}, and LexActivator holds {_MAX_IN_APPLICATION} in an application"
            choice = "artifacts" if name == "files" else name
            target.warn(f"{what}: choose fewer by {choice}, or make a second target", choice)
    for artifact, entry in entries:
        if what := size_warning(artifact.filename, artifact.size):
            entry.warn(what, "path" if entry.given("path") else "size")


def size_warning(filename: str, size: int | None) -> str:
    """What an application sees of a size beyond its 32 bits; empty for a size that fits, or that isn't known."""
    if size is None or size <= _MAX_SIZE_IN_APPLICATION:
        return ""
    seen = (size + 2**31) % 2**32 - 2**31
    shown = f"{seen:,}" if seen >= 0 else "a negative number"
    what = f"{filename} has {size:,} bytes, and an application with LexActivator sees {shown}"
    return f"{what}: it must not rely on the size"


def _check_links(target: Section, artifacts: ArtifactSet) -> None:
    artifacts.need_urls(target, "the release would have no file for it", "write attach: none", "attach")
    for artifact, entry in artifacts.entries:
        _check_length(artifact.label, _MAX_NAME_LENGTH, entry, "label")
        if artifact.url is None:
            continue
        if entry.given("url"):
            _check_length(artifact.url, _MAX_URL_LENGTH, entry, "url")
        else:
            _check_length(artifact.url, _MAX_URL_LENGTH, Section(entry.document, ()), "artifacts-url")
    for label, count in Counter(str(artifact.label) for artifact in artifacts.items).items():
        if count > 1:
            target.complain(f"{count} artifacts have the label {label}: expected one release file a name", "attach")


def _check_uploads(target: Section, artifacts: ArtifactSet) -> None:
    if not target.given("releases-url"):
        target.missing(": attach: upload needs it", "https://releases.example.com", "releases-url")
    names: dict[str, str] = {}
    for artifact, entry in artifacts.entries:
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


def _check_length(text: Template, limit: int, section: Section, name: str) -> None:
    """Report a text that is too long once its names are filled in; names that get their value later don't count.

    Source of the limits: v3 "Create a release", "Create a release file".
    """
    length = sum(len(part) for part in text.parts if isinstance(part, str))
    if length > limit:
        what = f"has {length} characters after Shipline has replaced its names: v3 accepts at most {limit}"
        section.complain(what, name)


def _version(target: Section, context: ReleaseContext, *, skipped: bool) -> str:
    if target.given("version"):
        text = context.names.filled(target, "version")
        if text is not None and not _VERSION.fullmatch(text):
            target.complain(f"expected two to four numbers such as 1.4.0, found {text}", "version")
        return text or ""
    if context.version is None:
        return ""
    if skipped:
        return context.version.core
    try:
        derived, warning = derive_version(context.version)
    except ValueError as error:
        target.complain(str(error), "version")
        return ""
    if warning:
        target.warn(warning, "version")
    return derived


def _channel(target: Section, context: ReleaseContext, *, skipped: bool) -> str:
    if target.given("channel"):
        channel = context.names.filled(target, "channel") or ""
        if not skipped:
            _check_length(literal(channel), _MAX_NAME_LENGTH, target, "channel")
        return channel
    if not context.prerelease or context.version is None:
        return "stable"
    word = context.version.word.lower()
    if not skipped and not word.isalpha():
        target.missing(f", and {context.version.text} has no word to take it from", "beta", "channel")
    return word


def derive_version(version: Version) -> tuple[str, str]:
    """Return the version that v3 accepts (2 to 4 numbers, no suffix), and a warning or an empty text.

    A pre-release with a counter needs the fourth place: ``1.5.0-beta.3`` becomes ``1.5.0.3``. Raises ValueError for a
    version that v3 can't hold, or that would be another version's there.
    """
    if why := _unfit(version):
        raise ValueError(f"{version.text} {why}")
    if version.prerelease:
        derived = ".".join((*(*version.numbers, "0")[:3], version.counter))
        effect = "apps that report three numbers won't see it as an update"
    else:
        derived = version.core
        effect = f"another build of {derived} is the same release there" if version.public != version.text else ""
    return derived, f"v3 gets version {derived} for {version.text}: {effect}" if effect else ""


def _unfit(version: Version) -> str:
    """Why v3 can't hold a version, and what to set; empty if it can."""
    epoch, _, post, dev = version.pep440 or Pep440(0, None, None, None)
    fourth = f"{'.'.join((*version.numbers, '0', '0')[:3])}.{post or dev or 0}"
    two_to_four = "set v3.version to two to four numbers"
    reasons = (
        (epoch, f"has an epoch, and v3 has no place for one: {two_to_four}"),
        (post is not None, f"would be {fourth} in v3, as a pre-release of {version.core} is: {two_to_four}"),
        (dev is not None, f"would be {fourth} in v3, as an alpha, beta or rc is: {two_to_four}"),
        (len(version.numbers) == 1, f'is one number, and v3 needs two: set v3.version, such as "{version.core}.0"'),
        (version.prerelease and not version.counter, f"would be {version.core} in v3, as the final is: {two_to_four}"),
        (
            version.prerelease and len(version.numbers) == 4,  # noqa: PLR2004
            f"has four numbers and a pre-release number, and v3 has no fifth place: {two_to_four}",
        ),
    )
    return next((why for applies, why in reasons if applies), "")
