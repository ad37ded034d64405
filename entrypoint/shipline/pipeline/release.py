"""The ``release`` section: the version and the title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline import version as versions
from shipline.display import printable
from shipline.interpolation import Placeholder, Template
from shipline.pipeline.section import Section

if TYPE_CHECKING:
    from shipline.pipeline.variables import Variables
    from shipline.version import Version


def version(release: Section, run_names: Variables, tag_hint: str) -> Version | None:
    """The version that ``release.version`` or the tag gives; None, and a problem, without a valid one.

    ``tag_hint``: why the CI system reports no tag; may be empty.
    """
    raw, prefix = release.text("version"), Section(release.document, ()).text("tag-prefix") or ""
    if raw is None and release.given("version"):
        return None
    if raw is None and "tag" not in run_names.values:
        why = f"; {tag_hint}" if tag_hint else ", and this run has no tag to take it from"
        ways = f"run it for a tag such as {printable(prefix) or 'v'}1.4.0, pass --release-version 1.4.0, or "
        release.missing(why, "1.4.0", "version", "" if tag_hint else ways)
        return None
    absent = dict(run_names.absent)
    if "tag" in absent:
        absent["tag"] += "; to release without one, set --release-version 1.4.0"
    filled = run_names._replace(absent=absent).fill(release, raw or "{tag}", "version")
    if filled is None:
        return None
    if prefix and raw in (None, "{tag}"):
        from_tag = versions.from_tag(str(filled), prefix)
        if from_tag is None:
            shown = f"{printable(prefix)} and a version (tag-prefix), such as {printable(prefix)}1.4.0"
            release.complain(f"the tag is {printable(str(filled))}: expected {shown}", "version")
        return from_tag
    try:
        return versions.parse(str(filled))
    except ValueError as error:
        release.complain(f"expected a version, found {printable(str(filled))}: {error}", "version")
        return None


def title(
    release: Section, late_names: Variables, version: Version | None, *, has_buildmaster: bool
) -> Template | None:
    """The release's title, by default the application and the version; None: each target has its own default."""
    if (raw := release.text("title")) is not None:
        return late_names.fill(release, raw, "title")
    return Template((Placeholder("application"), f" {version.text if version else ''}")) if has_buildmaster else None
