"""Versions: two to four numbers and an optional pre-release, and what the v3 releases API can take of them."""

from __future__ import annotations

import re

from shipline.record import dataclass

# [0-9], not \d: other scripts' digits are digits to Python, not to the services.
PATTERN = re.compile(r"v?([0-9]+(?:\.[0-9]+){1,3})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True)
class Version:
    """``1.5.0-beta.3``: text without a leading "v", its numbers as written, its pre-release."""

    text: str
    numbers: tuple[str, ...]
    prerelease: str = ""

    @property
    def core(self) -> str:
        return ".".join(self.numbers)

    @property
    def word(self) -> str:
        """The pre-release's word: ``beta`` of ``beta.3`` and of ``beta3``."""
        match = re.match(r"[A-Za-z]+", self.prerelease)
        return match[0] if match else self.prerelease.split(".")[0]

    @property
    def counter(self) -> str:
        """The pre-release's number: ``3`` of ``beta.3``, ``rc3`` and ``rc-3``; empty if it has none."""
        match = re.search(r"(?:^|[^0-9])([0-9]+)$", self.prerelease)
        return match[1] if match else ""

    def names(self) -> dict[str, str]:
        """The names this version gives to interpolation; a missing number is ``0``."""
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
    """Raises ValueError with what is expected."""
    match = PATTERN.fullmatch(text)
    if not match:
        raise ValueError(
            "a version is two to four numbers such as 1.4 or 1.4.0, with an optional suffix such as -beta.3"
        )
    return Version(text=text.removeprefix("v"), numbers=tuple(match[1].split(".")), prerelease=match[2] or "")


def for_v3(version: Version) -> tuple[str, str]:
    """The version v3 takes (2 to 4 numbers, no suffix) and a warning, if there is one.

    A pre-release with a counter needs the fourth place: ``1.5.0-beta.3`` gives ``1.5.0.3``.
    Raises ValueError if that is taken.
    """
    if not version.prerelease or not version.counter:
        return version.core, ""
    if len(version.numbers) == 4:  # noqa: PLR2004
        raise ValueError(
            f"{version.text} has four numbers and a pre-release number, and v3 has no fifth place: set v3.version"
        )
    three = (*version.numbers, "0")[:3]
    derived = ".".join((*three, version.counter))
    return (
        derived,
        f"v3 gets version {derived} for {version.text}: apps that report three numbers won't see it as an update",
    )
