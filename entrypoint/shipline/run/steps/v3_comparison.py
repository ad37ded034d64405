"""Comparison of a v3 release with the settings: what differs, in the words of an error."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from shipline.display import excerpt
from shipline.errors import RefusedError
from shipline.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.pipeline.model import V3Target
    from shipline.services.v3 import Release


READ_ONLY = "v3 can't change a published release: use a new version"
SHOWN_LENGTH = 60  # characters


def differences(target: V3Target, notes: str, release: Release, placeholders: Mapping[str, str]) -> list[str]:
    """How a release differs from the target and its notes, one entry for each field."""
    title = target.title.fill(placeholders)
    fields = {
        "version": (target.version, release.version),
        "channel": (target.channel, release.channel),
        "name": (release.name if target.title.matches(release.name, placeholders) else title, release.name),
        "private": (str(target.private).lower(), str(release.private).lower()),
    }
    lines = itertools.zip_longest(_lines(notes), _lines(release.notes), fillvalue="")
    changed = ((f"notes, line {number}", pair) for number, pair in enumerate(lines, 1) if pair[0] != pair[1])
    fields |= dict(itertools.islice(changed, 1))
    return [f"{name}: {_expected(*map(redact, pair))}" for name, pair in fields.items() if pair[0] != pair[1]]


def _expected(ours: str, theirs: str) -> str:
    """Both texts; if they differ too late to be shown, from shortly before the difference on."""
    equal = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
    start = equal - SHOWN_LENGTH // 3 if equal > SHOWN_LENGTH // 2 else 0
    cut = "… " if start else ""
    return f'expected "{cut}{excerpt(ours[start:], SHOWN_LENGTH)}", got "{cut}{excerpt(theirs[start:], SHOWN_LENGTH)}"'


def refusal(differing: Sequence[str], *, published: bool = False) -> RefusedError:
    """The error for a change that v3 accepted and then reported with these differences."""
    todo = "compare the draft in v3 with the settings and artifacts, and run again with v3.if-exists set to update"
    return RefusedError(
        "v3 accepted the release, but reports something else than was sent",
        why="; ".join(differing),
        todo=READ_ONLY if published else todo,
    )


def conflict(release: Release, why: str) -> RefusedError:
    """The error for an existing release that can't be completed."""
    todo = "set v3.if-exists to update to change the draft, or delete it"
    if release.published:
        todo = READ_ONLY
    if release.archived:
        todo = "restore it in v3, or use a new version"
    where = f"v3 has version {release.version} in channel {release.channel} already"
    return RefusedError(f"{where} (id {release.id}, {release.state})", why=why, todo=todo)


def not_for(version: str, platforms: Sequence[str]) -> tuple[str, ...]:
    """A warning for platforms that no release is for: only ``if-exists: update`` adds them, and only to a draft."""
    names = ", ".join(platforms)
    what = f"v3 has version {version} already, but not for {names}: customers there don't get it from this run"
    return (what,) if names else ()


def _lines(notes: str) -> list[str]:
    """The notes' lines without what a server may change: line endings, and blanks at the end of a line or the text."""
    return [line.rstrip() for line in notes.strip().splitlines()]
