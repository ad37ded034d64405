"""Versions as people tag them, and what v3 gets of them."""

from __future__ import annotations

import pytest

from shipline import version


@pytest.mark.parametrize(
    ("text", "core", "prerelease", "word", "counter"),
    [
        ("1.4", "1.4", "", "", ""),
        ("v1.4.0", "1.4.0", "", "", ""),
        ("1.2.3.4", "1.2.3.4", "", "", ""),
        ("1.5.0-beta.3", "1.5.0", "beta.3", "beta", "3"),
        ("1.5.0-rc1", "1.5.0", "rc1", "rc", "1"),
        ("1.5.0-alpha", "1.5.0", "alpha", "alpha", ""),
        ("1.5.0+build.7", "1.5.0", "", "", ""),
        ("1.5.0-2026", "1.5.0", "2026", "2026", "2026"),
    ],
)
def test_parts(text: str, core: str, prerelease: str, word: str, counter: str) -> None:
    parsed = version.parse(text)
    assert (parsed.core, parsed.prerelease, parsed.word, parsed.counter) == (core, prerelease, word, counter)


@pytest.mark.parametrize(
    "text", ["", "1", "v", "1.2.3.4.5", "1.2\n", "1.٢", "1.2-", "1.2-a..b", "1. 2", "release-1.2", "1.2-β"]
)
def test_what_is_not_a_version(text: str) -> None:
    with pytest.raises(ValueError, match="two to four numbers"):
        version.parse(text)


@pytest.mark.parametrize(
    ("text", "derived", "warns"),
    [
        ("1.4", "1.4", False),
        ("1.5.0-beta.3", "1.5.0.3", True),
        ("1.5-beta.3", "1.5.0.3", True),
        ("1.5.0-beta", "1.5.0", False),
        ("1.2.3.4", "1.2.3.4", False),
    ],
)
def test_for_v3(text: str, derived: str, warns: bool) -> None:
    found, warning = version.for_v3(version.parse(text))
    assert found == derived
    assert bool(warning) is warns


def test_four_numbers_and_a_counter_have_no_place_in_v3() -> None:
    with pytest.raises(ValueError, match="no fifth place"):
        version.for_v3(version.parse("1.2.3.4-beta.5"))


def test_names_fill_up_missing_numbers() -> None:
    assert version.parse("1.4").names()["patch"] == "0"
