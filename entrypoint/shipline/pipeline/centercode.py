"""A ``centercode`` target."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from shipline import values
from shipline.interpolation import Template
from shipline.pipeline import urls
from shipline.pipeline.artifacts import link_settings, link_url
from shipline.pipeline.model import CentercodeTarget, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.pipeline.section import Section
    from shipline.pipeline.target import ReleaseContext


_SERVER_ZONE = timezone(timedelta(hours=-8))
END_OF_RELEASE = "12:00 am (Centercode's time, PST)"
"""When a release ends on its end date, for people."""


def resolve(target: Section, context: ReleaseContext) -> CentercodeTarget:
    """The target with every default; values that have a problem are empty."""
    skip, endpoint = context.skip(target), urls.endpoint(target)
    raw, project = target.text("subtitle"), endpoint.project if endpoint else target.text("project") or ""
    start, end = _dates(target)
    buckets = [_bucket_file(target, raw, i, context) for i, raw in target.entries("bucket-files")]
    used = context.publishing and not skip
    artifacts = context.artifacts.choose(target, context.names)
    if not skip and not buckets:
        artifacts.need_urls(target, "testers would have no download", "name bucket-files")
    return CentercodeTarget(
        name=target.target_name,
        url=endpoint.url if endpoint else urls.service_url(target, "url", suffix="/api/v1"),
        key=context.keys.of(target, "api-key", used=used, embedded=endpoint.key if endpoint else None),
        project=project,
        release_type=endpoint.release_type if endpoint else target.text("release-type") or "",
        title=context.title_for(target, f"{project} {context.version_text()}".strip()),
        subtitle=None if raw is None else context.late_names.fill(target, raw, "subtitle"),
        body=context.notes_for(target).html(),
        start_date=start,
        end_date=end,
        bucket_files=tuple(bucket for bucket in buckets if bucket is not None),
        artifacts=artifacts.items,
        skip=skip,
        pages=tuple(_pages(target.section("links"), context)),
        **target.section("links").fields("open-in-new-window", "include-in-download-block", "log-download-attempts"),
        **target.fields("click-through-notice", "if-exists", "on-unknown", "required"),
    )


def _pages(links: Section, context: ReleaseContext) -> Iterator[Page]:
    """The links that aren't artifacts: each has a URL, or settings with one."""
    for label in links.value("pages") or ():
        path = ("pages", label) if links.text("pages", label) is not None else ("pages", label, "url")
        url = link_url(links, links.text(*path), context.late_names, *path)
        if url is not None:
            yield Page(label, url, link_settings(links.section("pages", label)))


def _dates(target: Section) -> tuple[str | None, str | None]:
    """The start and end date, as Centercode takes them.

    A release ends at 12:00 am of its end date in Centercode's time zone, whatever the time of that date is (help page
    "Creating resources"). So the date stays as it is written, with a time at which it is the same date there.
    """
    start, end = target.instant("start-date"), target.instant("end-date")
    sent_start = values.utc(start) if start else None
    if end is None:
        return sent_start, None
    ends = datetime.combine(end.date(), time(), _SERVER_ZONE)
    if start is not None and end <= start:
        target.complain("isn't after start-date", "end-date")
    elif ends < datetime.now(UTC) or (start is not None and ends <= start):
        before = "is in the past" if ends < datetime.now(UTC) else "is before start-date"
        target.warn(f"{before}: testers won't see the release, which ends at {END_OF_RELEASE} of that day", "end-date")
    return sent_start, values.utc(max(end.replace(tzinfo=UTC), ends))


def _bucket_file(target: Section, raw: str, index: str | int, context: ReleaseContext) -> Template | None:
    """A path from the bucket's root (Centercode release automation guide, "FTP Bucket Files")."""
    text = context.late_names.fill(target, raw, "bucket-files", index)
    if text is None:
        return None
    if "\\" in str(text) or not {"", ".", ".."}.isdisjoint(str(text).removeprefix("/").split("/")):
        what = "expected a path from the bucket's root with / between folders, such as Builds/Widget.exe"
        target.complain(what, "bucket-files", index)
    first, *rest = text.parts
    return Template((first.removeprefix("/"), *rest)) if isinstance(first, str) else text
