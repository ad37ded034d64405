"""The ``release`` section, which gives the version and the title, and the steps of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline import version as versions
from shipline.display import printable
from shipline.interpolation import Placeholder, Template
from shipline.pipeline.section import Section
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from shipline.inputs.document import Document
    from shipline.pipeline.model import StepName
    from shipline.pipeline.variables import Variables
    from shipline.version import Version


_STEPS: tuple[StepName, ...] = ("build", "deploy", "publish")


def version(release: Section, run_names: Variables, tag_hint: str) -> Version | None:
    """The version that ``release.version`` or the tag gives; None, and a problem, without a valid one.

    ``tag_hint``: why the CI system reports no tag; may be empty.
    """
    raw, prefix = release.text("version"), Section(release.document, ()).text("tag-prefix") or ""
    if raw is None and release.given("version"):
        return None
    if raw is None and "tag" not in run_names.values:
        why = f"; {tag_hint}" if tag_hint else ", and this run has no tag to take it from"
        flag = "pass --release-version 1.4.0, " if release.document.key_location(("release",)).line else ""
        ways = f"run it for a tag such as {printable(prefix) or 'v'}1.4.0, {flag}or "
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


def steps(document: Document) -> frozenset[StepName]:
    """The steps that are requested, else all that the given sections make possible."""
    given = {name for name in SERVICES if document.has((name,))}
    top = Section(document, ())
    unknown = any(len(path) == 1 for path in document.unusable)
    if not given and not unknown:  # an unknown section is reported, and was meant to be one of them
        location = document.locations[()]
        where = "in this file" if location.line else "in this file (there is none: shipline init writes one)"
        what = f"nothing to do: expected at least one of the sections {', '.join(SERVICES)}, {where} or as inputs"
        document.problems.add(location, (), what)
    text = top.text("steps")
    asked = [part.strip() for part in text.split(",")] if text else [step for _, step in top.entries("steps")]
    if not asked:
        building = {"build", "deploy"} if "buildmaster" in given else set()
        return frozenset(step for step in _STEPS if step in building or (step == "publish" and given - {"buildmaster"}))
    if given and "buildmaster" not in given and not {"build", "deploy"}.isdisjoint(asked):
        top.complain("build and deploy need a buildmaster section: add it, or write steps: publish", "steps")
    if given == {"buildmaster"} and "publish" in asked:
        top.complain("publish needs a v3 or centercode section: add one, or leave publish out", "steps")
    return frozenset(step for step in _STEPS if step in asked)
