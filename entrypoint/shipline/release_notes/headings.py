"""Version headings: which headings of a changelog are a version's, and where a version's section ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from shipline.release_notes.titles import LABEL, UNRELEASED, Title, has_date, name_words

_MANY = 2  # as many make a pattern
_FILE_TITLE = re.compile(r"change ?log|release (?:notes|history)|history|changes|news", re.IGNORECASE)
# A tool that writes its sections at the top of an existing file leaves the file's title below them.
_FORMER_TITLE = re.compile(r"change ?log|(?:release |version )?history", re.IGNORECASE)
_SERIES = re.compile(r"\W*(?:version )?v?(?P<series>[0-9]+(?:[.-][0-9]+)*)[.-]x\b", re.IGNORECASE)
_OLDER = re.compile(rf"{_SERIES.pattern}|\b(?:prior|previous|older|earlier|below)\b", re.IGNORECASE)
# Nothing else in the heading: "7.x", "Older versions", "Prior to 1.2.0", "Builds between 1.2 and 1.3".
_OTHERS = re.compile(
    r"(?:even )?(?:older|earlier|previous|prior) (?:versions|releases)|(?:changes )?prior to v?[0-9.]+"
    r"|(?:\w+ )?(?:builds|versions|releases) (?:between|after|since) .*",
    re.IGNORECASE,
)


class Heading(NamedTuple):
    """A top-level heading."""

    title: Title | None  # None: it has no version
    text: str
    level: int
    start: int  # its first line
    body: int  # the line after it

    @property
    def version(self) -> str:
        return self.title.version if self.title else ""


def of_versions(headings: Iterable[Heading], *, titled: bool = False) -> list[Heading]:
    """Return the version headings among a changelog's headings, in its order.

    ``titled``: the first one is the file's title, such as "Widget 2.0" above "2.0.1"; none if it can't be that.
    """
    every = [(heading, heading.title) for heading in headings if heading.title]
    certain = [(heading, title) for heading, title in every if title.certain]
    clean = [title for _, title in certain if title.clean]
    packages = Counter(title.package for _, title in certain)
    sizes = {_size(title) for title in clean}
    certain = [
        (h, title) for h, title in certain if not title.plain or title.dated or _is_pattern(title, packages, sizes)
    ]
    if not certain:  # go1.22; "Upgrade to 1.4"
        others = Counter(title.package for _, title in every if not title.plain)
        certain = [(heading, title) for heading, title in every if others[title.package] >= _MANY]
    is_title = _is_title(certain)
    if titled and not is_title:
        return []
    if is_title and (titled or _FILE_TITLE.search(certain[0][1].text)):
        del certain[0]
    repeated = {package for package, count in Counter(title.package for title in clean).items() if count >= _MANY}
    accepted: list[tuple[Heading, Title]] = []
    for heading, title in certain:
        if not accepted or _is_next(heading, title, *accepted[-1], repeated):
            accepted.append((heading, title))
    return [heading for heading, _ in accepted]


def _is_title(certain: Sequence[tuple[Heading, Title]]) -> bool:
    """True if the first heading may be the file's title: it has a name, is above all others, and versions are below."""
    if not certain or not certain[0][1].package:
        return False
    (first, title), others = certain[0], certain[1:]
    below = [other for _, other in others if other.clean and other.package in {"", title.package}]
    return bool(below) and all(heading.level > first.level for heading, _ in others)


def of_package(headings: Sequence[Heading], tag_prefix: str) -> list[Heading]:
    """Return the version headings that don't name another package than the tags with this prefix."""
    name = re.sub(r"(?:^|[-_/@.])v?$", "", tag_prefix.casefold()).rpartition("/")[2]
    if not name or LABEL.fullmatch(name):
        return [*headings]
    packages = {heading: name_words(heading.title.package) for heading in headings if heading.title}
    exact = any(" ".join(words).rpartition("/")[2] == name for words in packages.values())

    def belongs(words: list[str]) -> bool:
        whole = " ".join(words)
        return not words or whole.rpartition("/")[2] == name or (not exact and f" {name} " in f" {whole} ")

    return [heading for heading, words in packages.items() if belongs(words)]


def _is_pattern(title: Title, packages: Mapping[str, int], sizes: set[int]) -> bool:
    """True if a version with a word right after it is named as other versions are: not "Python 3.10 support"."""
    if title.package:
        return packages[title.package] >= _MANY
    return title.version == UNRELEASED or not sizes or _size(title) in sizes


def _size(title: Title) -> int:
    """Return how many numbers a version has: 3 for 1.4.0."""
    return len(re.match(r"[0-9.]*", title.version)[0].strip(".").split("."))  # type: ignore[index]


def _is_next(heading: Heading, title: Title, above: Heading, last: Title, repeated: set[str]) -> bool:
    """True if a heading is a version's, seen from the version heading above it."""
    if title.key == last.key is not None and title.package != last.package and (title.span or not title.clean):
        return heading.level == above.level and has_date(title.text) and not title.span
    if heading.level <= above.level:
        return True
    if title.version == UNRELEASED:
        return False
    if last.version == UNRELEASED:
        return title.clean and (not title.package or title.package in repeated)
    patch = title.version.startswith(f"{last.version}.")
    if title.package != last.package:
        return patch and title.clean and not name_words(title.package)  # "Widget 1.4" above "1.4.1"
    return (title.clean and (patch or not title.span)) or title.dated or (patch and not title.plain)


def end_of_section(
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
    known = end.title or _OLDER.search(end.text) or _FORMER_TITLE.fullmatch(end.text)
    return of != last and end.level < _highest(of_versions) and not known


def _highest(of_versions: Sequence[Heading]) -> int:
    return min(heading.level for heading in of_versions)


def _ends(heading: Heading, of: Heading, highest: int) -> bool:
    """True if a heading that isn't a version's ends any section: by its level, or since it names other versions."""
    if heading.level <= of.level and _FORMER_TITLE.fullmatch(heading.text):
        return True
    if heading.level < of.level:
        return heading.level < highest or bool(heading.title or _SERIES.match(heading.text))
    return heading.level == of.level and _names_others(heading, of)


def _names_others(heading: Heading, of: Heading) -> bool:
    series = _SERIES.fullmatch(heading.text)
    own = series["series"] if series else heading.version
    if series or (heading.title and heading.title.after == "series"):
        return not f"{of.version}.".startswith(f"{own}.")
    return bool(_OTHERS.fullmatch(heading.text))
