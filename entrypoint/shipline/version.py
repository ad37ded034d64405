"""Versions: SemVer, two to four numbers, PEP 440, calendar versions and one number, ordered as their schemes define."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# [0-9], not \d: other scripts' digits are digits to Python, not to the services. After one number, a suffix begins with
# a letter: 2024-11-03 is a date.
_NUMBERS = r"[0-9]+(?:\.[0-9]+){1,3}"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SEMVER = re.compile(
    rf"v?(?:({_NUMBERS})(?:-({_IDENTIFIERS}))?|([0-9]+)(?:-([A-Za-z]{_IDENTIFIERS}|[A-Za-z]))?)(?:\+[0-9A-Za-z.-]+)?"
)
# What only PEP 440 can be: letters right after the numbers or a dot (1.4.0rc2, 1.4.0.post1), or an epoch.
_PEP440 = re.compile(
    r"v?(?:[0-9]+!)?([0-9]+(?:\.[0-9]+){0,3})(?:[._-]?([A-Za-z][0-9A-Za-z._-]*))?(?:\+[0-9A-Za-z._-]+)?"
)
_PRE_RELEASE_WORDS = {"a": "alpha", "b": "beta"}  # for the letters of PEP 440's normal form


class Pep440(NamedTuple):
    """What PEP 440 adds to a version's numbers: ``1!1.4.0rc2.post1.dev3`` has all of it."""

    epoch: int
    pre: tuple[str, int] | None  # alpha, beta or rc, and its number
    post: int | None
    dev: int | None


class Version(NamedTuple):
    """A version, such as ``1.5.0-beta.3``."""

    text: str  # without a leading "v"
    numbers: tuple[str, ...]  # as written: "07" stays "07"
    prerelease: str = ""  # as written: beta.3, rc2, dev3
    pep440: Pep440 | None = None  # None: SemVer, or only numbers

    @property
    def core(self) -> str:
        """The version without its pre-release: ``1.5.0``."""
        return ".".join(self.numbers)

    @property
    def public(self) -> str:
        """The version without its build part: ``1.4.5`` of ``1.4.5+build.1``."""
        return self.text.partition("+")[0]

    @property
    def word(self) -> str:
        """The pre-release's word: ``beta`` of ``beta.3``, ``beta3`` and PEP 440's ``b3``."""
        if self.pep440 and self.pep440.pre:
            return self.pep440.pre[0]
        match = re.match(r"[A-Za-z]+", self.prerelease)
        return match[0] if match else self.prerelease.split(".")[0]

    @property
    def counter(self) -> str:
        """The pre-release's number: ``3`` of ``beta.3``, ``rc3`` and ``rc-3``; empty if it has none."""
        match = re.search(r"(?:^|[^0-9])([0-9]+)$", self.prerelease)
        return match[1] if match else ""

    @property
    def four_numbers(self) -> tuple[str, ...]:
        """Four numbers without leading zeros, the same for 1.4 and 1.4.0; zero is an empty text."""
        return (*(number.lstrip("0") for number in self.numbers), "", "", "")[:4]

    @property
    def order(self) -> tuple[object, ...]:
        """The sort key: epoch, numbers, phase, parts of the pre-release, post-release, development release.

        It is the same for spellings of one version: 1.4 and 1.4.0; 1.4.0rc2, 1.4rc2 and 1.4.0-rc2.
        It follows semver.org, section 11, and PEP 440, without build and local parts. Unlike in SemVer, ``rc10`` is
        after ``rc9``, as people expect.
        """
        epoch, pre, post, dev = self.pep440 or Pep440(0, None, None, None)
        numbers = tuple(int(number or "0") for number in self.four_numbers)
        parts = [pre] if pre else []  # a numeric identifier is an empty text and the number: before all words
        if self.pep440 is None and self.prerelease:
            matches = (re.fullmatch(r"(.*?)([0-9]*)", part) for part in self.prerelease.split("."))
            parts = [(match[1], int(match[2] or "-1")) for match in matches if match]
        only_dev = dev is not None and pre is None and post is None
        phase = 0 if only_dev else 1 if parts else 2  # a development release, a pre-release, a final version
        return epoch, numbers, phase, tuple(parts), -1 if post is None else post, (1, 0) if dev is None else (0, dev)

    def names(self) -> dict[str, str]:
        """Return the values for interpolation by placeholder name; a missing number is ``0``."""
        major, minor, patch = (*self.numbers, "0", "0")[:3]
        return {
            "version": self.text,
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": self.prerelease,
            "prerelease_number": self.counter,
        }


def parse(text: str) -> Version:
    """Parse a version, with or without a leading "v". Raises ValueError with the expected forms."""
    if match := _SEMVER.fullmatch(text):
        numbers, suffix, single_number, its_suffix = match.groups()
        prerelease = suffix or its_suffix or ""
        return Version(text.removeprefix("v"), tuple((numbers or single_number).split(".")), prerelease)
    if (match := _PEP440.fullmatch(text)) and (pep440 := _parse_pep440(text)):
        prerelease = (match[2] or "") if pep440.pre or pep440.dev is not None else ""
        return Version(text.removeprefix("v"), tuple(match[1].split(".")), prerelease, pep440)
    raise ValueError(
        "a version is one to four numbers such as 1.4.0 or 2024.11.3, with an optional suffix such as -beta.3, rc2, "
        ".dev3 or .post1"
    )


def _parse_pep440(text: str) -> Pep440 | None:
    from packaging.version import InvalidVersion
    from packaging.version import Version as Parsed

    try:
        parsed = Parsed(text)
    except InvalidVersion:
        return None
    pre = parsed.pre and (_PRE_RELEASE_WORDS.get(parsed.pre[0], parsed.pre[0]), parsed.pre[1])
    return Pep440(parsed.epoch, pre, parsed.post, parsed.dev)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Version | None:
    """Parse a version as ``parse`` does; None if the text isn't one."""
    try:
        return parse(text)
    except ValueError:
        return None


def from_tag(tag: str, prefix: str) -> Version | None:
    """Parse the version after ``prefix`` in a tag; None if the tag has another prefix or no version there."""
    return parsed(tag.removeprefix(prefix)) if tag.startswith(prefix) else None
