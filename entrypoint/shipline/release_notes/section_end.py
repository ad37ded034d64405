"""Where a version's section ends before the next version heading: at which heading without a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shipline.release_notes.headings import Heading


_SERIES = re.compile(r"\W*(?:version )?v?(?P<series>[0-9]+(?:[.-][0-9]+)*)[.-]x\b", re.IGNORECASE)
_OLDER = re.compile(rf"{_SERIES.pattern}|\b(?:prior|previous|older|earlier|below)\b", re.IGNORECASE)
# Nothing else in the heading: "7.x", "Older versions", "Prior to 1.2.0", "Builds between 1.2 and 1.3".
_OTHERS = re.compile(
    r"(?:even )?(?:older|earlier|previous|prior) (?:versions|releases)|(?:changes )?prior to v?[0-9.]+"
    r"|(?:\w+ )?(?:builds|versions|releases) (?:between|after|since) .*",
    re.IGNORECASE,
)


def find(
    of: Heading, after: int, every: Sequence[Heading], of_versions: Sequence[Heading], text: Callable[..., str]
) -> Heading | None:
    """Return the heading without a version that ends a section; None if the section goes on until line ``after``.

    ``text`` returns what there is to read in some lines: the file's last section isn't ended before it has any.
    """
    starts = {heading.start for heading in of_versions}
    others = [heading for heading in every if heading.start not in starts]
    inside = [heading for heading in others if of.body <= heading.start < after]
    end = next((heading for heading in inside if _ends(heading, of, _highest(of_versions))), None)
    if of != of_versions[-1]:
        return end
    same = [heading for heading in others if heading.level == of.level and not heading.title]
    if any(of_versions[0].start < heading.start < of.start for heading in same):
        same = []
    same += [heading for heading in others if heading.level <= of.level and _OLDER.search(heading.text)]
    below = min((heading for heading in same if heading in inside), key=lambda heading: heading.start, default=end)
    if below and (end is None or below.start < end.start) and text([(of.body, below.start)]):
        return below
    return end


def is_surprising(end: Heading, of: Heading, of_versions: Sequence[Heading]) -> bool:
    """True if a section of another version follows, and nothing but its level makes the heading an end."""
    last = of_versions[-1]
    return of != last and end.level < _highest(of_versions) and not (end.title or _OLDER.search(end.text))


def _highest(of_versions: Sequence[Heading]) -> int:
    return min(heading.level for heading in of_versions)


def _ends(heading: Heading, of: Heading, highest: int) -> bool:
    """True if a heading that isn't a version's ends any section: by its level, or since it names other versions."""
    if heading.level < of.level:
        return heading.level < highest or bool(heading.title or _SERIES.match(heading.text))
    return heading.level == of.level and _names_others(heading, of)


def _names_others(heading: Heading, of: Heading) -> bool:
    series = _SERIES.fullmatch(heading.text)
    own = series["series"] if series else heading.version
    if series or (heading.title and heading.title.after == "series"):
        return not f"{of.version}.".startswith(f"{own}.")
    return bool(_OTHERS.fullmatch(heading.text))
