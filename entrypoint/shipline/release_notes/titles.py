"""A heading's text, taken apart: its version, and the words around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from shipline import version as versions

UNRELEASED = "Unreleased"
_MAX_NAME_WORDS = 6
_RANGE = 2  # versions
MAX_LENGTH = 300  # characters of a heading or line that are read

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"[0-3]?[0-9](?:st|nd|rd|th|\.)?"
_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\ *(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
_DATE = re.compile(
    rf"""(?<![0-9A-Za-z.])(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\ +)?(?:
    [12][0-9]{{3}}(?P<a>[-/.])(?:[01]?[0-9]|{_MONTH})(?P=a)[0-3]?[0-9]{_TIME}
    | [0-3]?[0-9](?P<b>[-/.])(?:[01]?[0-9]|{_MONTH})(?P=b)[12][0-9]{{3}}
    | [01]?[0-9]/[0-3]?[0-9]/[12][0-9]{{3}}
    | [12][0-9]{{3}}[-/](?:[01][0-9]|\?\?|xx)(?:[-/](?:\?\?|xx))?
    | (?:19|20)[0-9]{{2}}[01][0-9][0-3][0-9]
    | {_DAY}\ +(?:of\ +)?{_MONTH},?\ +[12][0-9]{{3}}
    | {_MONTH}\ +{_DAY},?\ +[12][0-9]{{3}}
    | {_MONTH},?\ +[12][0-9]{{3}}
    | xx\ xxx\ xxxx
    )(?![0-9A-Za-z]|[.-][0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
_SUFFIX = (
    r"(?:[-._]?(?:alpha|beta|preview|pre|post|patch|final|release|snapshot|nightly|canary|hotfix|build|dev|rev|rc|ga|sp"
    r"|[abcfmpr])[-._]?[0-9]*(?![a-z]))*"
    r"(?:-(?![12][0-9]{3}[-/.][01]?[0-9][-/.])[0-9a-z-]*[0-9a-z](?:\.[0-9a-z-]+)*)?(?:_[0-9a-z._-]*[0-9a-z])?(?:\+[0-9a-z.-]*[0-9a-z])?"
)
# A version is a word of its own: not 2.4GHz, 1.2.3.tar.gz or 99.9%.
_END = r"(?![0-9a-z_%°€£\u00d7]|[.+][0-9a-z]|-(?![12][0-9]{3}[-/.])[0-9a-z])"
_START = r"(?<![0-9a-z.$€£§<>~^≥≤%])(?<![<>~^!]=)"
_WORD = r"(?:version|release|ver|rel|v|r)"
_VERSION = re.compile(
    rf"{_START}{_WORD}?(?P<version>(?:[0-9]+!)?[0-9]+(?:\.[0-9]+){{1,4}}{_SUFFIX}){_END}", re.IGNORECASE
)
_GLUED_VERSION = re.compile(
    rf"(?<![0-9a-z.])[a-z]+(?P<version>[0-9]+(?:\.[0-9]+){{1,3}}{_SUFFIX}){_END}", re.IGNORECASE
)
_NUMBER = re.compile(
    rf"(?:(?P<word>\b(?:{_WORD}|build|rev)[\s.:#-]*)|{_START}(?<!\#))(?P<version>[0-9]+{_SUFFIX}){_END}", re.IGNORECASE
)
_UNIT = re.compile(
    r"\s*-?(?:[kmgt]?i?(?:hz|b|bit|bits|bps|bytes?)|x|times|fold|v|volts?|mm|cm|inch(?:es)?|ms|s|secs?|seconds?|minutes?"
    r"|percent|px|fps|stars?|million|billion)\b",
    re.IGNORECASE,
)
_AND = re.compile(r"[\])]?\s*(?:[,/&+]|and)\s*[\[(]?", re.IGNORECASE)
_UNRELEASED = re.compile(
    r"(?:(?:master|main|head|trunk|develop)\b\W*)?"
    r"(?:((?:\S+\s+){0,3}?)[\[(]?unreleased\b.*|(?:next|upcoming)(?: (?:release|version|changes))?)",
    re.IGNORECASE,
)
# Says nothing about what is released: may be before a version, or after it.
LABEL = re.compile(
    r"v|ver|versions?|released?|releases|rel|unreleased|yanked|stable|latest|current|lts|tbd|tba|date|on|the"
)
# Verbs only with a word after them: a product may be named "switch".
_NOT_IN_A_NAME = re.compile(
    r"\b(?:to|from|between|since|until|before|after|with|than|is|are|was|requires?|required|us(?:e|ing))\b"
    r"|\b(?:supports?|upgrad(?:e|ing|ed)|updat(?:e|ed|es|ing)|bump(?:ed|s)?|migrat(?:e|ing|ion)|fix(?:es|ed)?|add(?:s|ed)?"
    r"|removed?|drop(?:ped)?|switch|move)\s"
)
_PUNCTUATION = " -\N{EN DASH}\N{EM DASH}:;,.|/!?*\"'()[]{}<>#=~`\N{MIDDLE DOT}\N{BULLET}"
_ARROW = re.compile(r"(?<=[0-9a-z\])])\s*(?:\.{2,3}|[-=]+>|\u2192)\s*(?=[\[(]?v?[0-9])", re.IGNORECASE)
# "1.4.0 Beta 2" is 1.4.0-beta.2; what follows is a date or nothing.
_SPACED = re.compile(
    r"(?<=[0-9])[ ,]+(alpha|beta|rc|release candidate|preview|pre-?release)(?:[ .#-]*([0-9]+))?"
    r"(?=\s*(?:$|[^\w\s.]|[12][0-9]{3}[-/.]))",
    re.IGNORECASE,
)
# "Changes with", "What is new in", "Overview of changes from": what is after it is a product's name, or nothing.
_CHANGES = re.compile(
    r"(?:(?:noteworthy|major|user-visible|overview|summary|of|what|is|what's)\s)*(?:changes|news|new)\s(?:with|in|of|for)\b"
)
_SINCE = re.compile(r"\b(?:since|after)$")
_INTRODUCTION = re.compile(r"noteworthy|major|changes?|changelog|what's|new|in|for|of|notes|news|highlights")


class Title(NamedTuple):
    """A heading's text, taken apart."""

    text: str
    version: str  # as written, without "v"; Unreleased
    also: tuple[str, ...]  # further versions: "4.3.3 and 3.12.4"
    package: str  # the words before the version, in lower case: "@acme/widget"
    after: str  # what follows the version, without dates, labels and punctuation
    plain: bool  # a word follows the version directly: "1.4.0 aurora", not "1.4.0 - aurora"
    dated: bool  # a date ends it
    certain: bool  # a version as a word of its own, with nothing but a name before it
    span: bool = False  # the later one of two: "from 1.3.0 to 1.4.0"

    @property
    def clean(self) -> bool:
        """True if nothing but a date, a label, brackets or emoji follows the version."""
        return not self.after

    @property
    def build(self) -> str:
        """The version's build part, in lower case."""
        return self.version.partition("+")[2].casefold()

    @property
    def key(self) -> object:
        """What spellings of one version share; None if only the text counts."""
        parsed = versions.parsed(self.version)
        return key(parsed) if parsed else None

    def is_prerelease_of(self, final: versions.Version) -> bool:
        """True for 1.4.0-rc.1 of 1.4.0; a pre-release has none."""
        parsed = versions.parsed(self.version)
        return bool(parsed and parsed.prerelease and not final.prerelease and parsed.four_numbers == final.four_numbers)


def key(version: versions.Version) -> tuple[object, ...]:
    """Return what spellings of one version share, without build: 1.4 and 1.4.0; 1.4.0-rc.1, 1.4.0rc1 and 1.4.0-RC1."""
    epoch, _, public = version.text.casefold().partition("+")[0].rpartition("!")
    suffix = re.sub(r"[-._]", "", public.removeprefix(version.core))
    return epoch, version.four_numbers, re.sub(r"^(?:a(?=[0-9])|alpha)", "a", re.sub(r"^beta", "b", suffix))


def parse(text: str, *, numbers: bool = False, dates: bool = False) -> Title | None:
    """Find the version in a heading's text; None without one.

    ``numbers``: one number may be a version too. ``dates``: a date is one if there is nothing else.
    """
    text = _ARROW.sub(" to ", _without_emoji(" ".join(text[:MAX_LENGTH].split())))
    text = _SPACED.sub(lambda found: "-" + ".".join(filter(None, (_short(found[1]), found[2]))), text)
    days = [match.span() for match in _DATE.finditer(text)]
    found = [match for match in _VERSION.finditer(text) if not _UNIT.match(text, match.end())]
    undated = [m for m in found if not any(first <= m.start("version") < end for first, end in days)] or found[:1]
    match = next(iter(undated), None)
    glued = not match
    match = match or _GLUED_VERSION.search(text)
    if not match and numbers:
        match, glued = next(_single_numbers(text, days), None), False
    if not match:
        if unreleased := _UNRELEASED.fullmatch(_without_dates(text).strip(_PUNCTUATION)):
            package = " ".join(_words(unreleased[1] or ""))
            return Title(text, UNRELEASED, (), package, "", plain=False, dated=False, certain=True)
        match, glued = _DATE.search(text) if dates else None, False
    if not match:
        return None
    version = match["version"] if "version" in match.re.groupindex else re.sub(r"[-/]", ".", match[0])
    before = text[: match.start("version") if glued else match.start()]
    words = _words(before)
    later = _later(text, before, undated)
    if later:
        match, version = later, later["version"]
        words = [word for word in words if word not in {"from", "between"}]
    package = " ".join(words).rstrip("@-/_:=#. ")
    if _SINCE.search(package):  # what came after it
        version = f"{words[-1]} {version}"
    name = _CHANGES.sub("", f"{package} " if later else package, count=1)
    certain = not glued and len(package.split()) <= _MAX_NAME_WORDS and not _NOT_IN_A_NAME.search(name)
    end, also = match.end(), []
    for other in undated[1:]:
        if _AND.fullmatch(text[end : other.start()]):
            end = other.end()
            also.append(other["version"])
    rest = text[end:]
    after = " ".join(_words(rest))
    dated = any(first >= end and not text[last:].strip(_PUNCTUATION) for first, last in days)
    plain = bool(re.match(r"\s+[^\W_]", rest) and after)
    return Title(
        text, version, tuple(also), package, after, plain=plain, dated=dated, certain=certain, span=later is not None
    )


def _short(word: str) -> str:
    """Return the word of a pre-release as versions write it."""
    return "rc" if word.casefold() == "release candidate" else word.replace("-", "")


def _later(text: str, before: str, found: Sequence[re.Match[str]]) -> re.Match[str] | None:
    """Return the later one of two versions: "from 1.3.0 to 1.4.0", "between 1.3.0 and 1.4.0"; None if it's no range."""
    if len(found) < _RANGE:
        return None
    joint = text[found[0].end() : found[1].start()].strip(" []()").casefold()
    return found[1] if joint == "to" or (joint == "and" and re.search(r"\bbetween\b", before.casefold())) else None


def _single_numbers(text: str, days: Iterable[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield the single numbers that may be a version; ``days`` are the spans of dates."""
    for match in _NUMBER.finditer(text):
        if any(first <= match.start("version") < end and not text[first:end].isdigit() for first, end in days):
            continue  # a date's
        before, after = text[: match.start()], " ".join(_words(text[match.end() :]))
        if match["word"] or not after or (not _words(before) and len(match["version"]) >= len("202411")):
            yield match


def _words(text: str) -> list[str]:
    """Return the words of what is around a version, in lower case, without dates, labels and punctuation."""
    parts = (part.strip(_PUNCTUATION) for part in _without_dates(text).casefold().split())
    return [part for part in parts if part and not LABEL.fullmatch(part)]


def has_date(text: str) -> bool:
    """True if the text has a date."""
    return bool(_DATE.search(text))


def _without_dates(text: str) -> str:
    return _DATE.sub(" ", text)


def _without_emoji(text: str) -> str:
    """Return text without emoji, short codes such as ``:tada:``, and invisible characters."""
    text = re.sub(r"(?<!\S):[a-z0-9_+-]+:(?!\S)", " ", text)
    if text.isascii():
        return text.strip()
    kept = (" " if unicodedata.category(c) in {"So", "Sk", "Cf", "Co"} or c in "\ufe0f\u20e3" else c for c in text)
    return " ".join("".join(kept).split())


def name_words(package: str) -> list[str]:
    """Return the words of a package's name, without introductions such as "what's new in"."""
    return [word for word in package.split() if not _INTRODUCTION.fullmatch(word)]


def is_about_changes(package: str) -> bool:
    """True if the words before a version say that its changes follow: "changes in"."""
    return bool(_CHANGES.match(package))
