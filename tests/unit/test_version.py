"""Versions as people tag them, and what v3 gets of them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Packaging

from shipline import version
from shipline.pipeline import v3


@pytest.mark.parametrize(
    ("text", "core", "prerelease", "word", "counter"),
    [
        ("1.4", "1.4", "", "", ""),
        ("v1.4.0", "1.4.0", "", "", ""),
        ("1.2.3.4", "1.2.3.4", "", "", ""),
        ("1.5.0-beta.3", "1.5.0", "beta.3", "beta", "3"),
        ("1.5.0-rc1", "1.5.0", "rc1", "rc", "1"),
        ("1.5.0-alpha", "1.5.0", "alpha", "alpha", ""),
        ("1.5.0-SNAPSHOT", "1.5.0", "SNAPSHOT", "SNAPSHOT", ""),
        ("1.5.0+build.7", "1.5.0", "", "", ""),
        ("1.5.0-2026", "1.5.0", "2026", "2026", "2026"),
        ("1.4.0rc2", "1.4.0", "rc2", "rc", "2"),
        ("v1.4.0rc2", "1.4.0", "rc2", "rc", "2"),
        ("1.4b1", "1.4", "b1", "beta", "1"),
        ("1.4.0.RC1+local.1", "1.4.0", "RC1", "rc", "1"),
        ("1.4.0.dev3", "1.4.0", "dev3", "dev", "3"),
        ("1.4.0a1.dev3", "1.4.0", "a1.dev3", "alpha", "3"),
        ("1.4.0.post1", "1.4.0", "", "", ""),
        ("1.4.0.post1.dev2", "1.4.0", "post1.dev2", "post", "2"),
        ("1!1.4.0", "1.4.0", "", "", ""),
        ("2024.11.3", "2024.11.3", "", "", ""),
        ("20241103", "20241103", "", "", ""),
        ("20241103-rc.1", "20241103", "rc.1", "rc", "1"),
        ("42rc1", "42", "rc1", "rc", "1"),
    ],
)
def test_parts(text: str, core: str, prerelease: str, word: str, counter: str) -> None:
    parsed = version.parse(text)
    assert (parsed.core, parsed.prerelease, parsed.word, parsed.counter) == (core, prerelease, word, counter)
    assert version.parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "v", "1.2.3.4.5", "1.2.3.4.5rc1", "1.2\n", "1.4rc1\n", " 1.4rc1", "1.٢", "1.2-", "1.2-a..b", "1. 2"),
        *(
            "release-1.2",
            "1.2-β",
            "1.4.0rc2+",
            "1.4rc1+a ",
            "1.4.0.Final",
            "2024-11",
            "2024-11-03",
            "nightly",
            "rc1",
            "1.4.x",
        ),
    ],
)
def test_what_is_not_a_version(text: str) -> None:
    with pytest.raises(ValueError, match="one to four numbers"):
        version.parse(text)
    assert version.parsed(text) is None


# Each list is in its scheme's own order.
_SEMVER = (  # the numbers, then the examples of semver.org, section 11, and what its rules make of more
    "0.9.9 1.0.0-0 1.0.0-1.2 1.0.0-2 1.0.0-11 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 "
    "1.0.0-beta.11 1.0.0-rc.1 1.0.0-rc.2 1.0.0-rc.10 1.0.0 2.0.0 2.1.0 2.1.1"
)
_NATURAL = "1.0.0-rc2 1.0.0-rc10 1.0.0-rc10.1 1.0.0-rc-2 1.0.0-rc-10 1.0.0-x7z92 1.0.0"  # unlike SemVer: rc10 after rc2
_CALENDAR = "2024.9.30 2024.11.3 2024.11.3.1 2024.11.10 2025.1"
_ONE_NUMBER = "9 10-rc.1 10 20241103 20241104"
_MIXED = "1.4.0.dev3 1.4.0-alpha 1.4.0a2 1.4.0-beta.1 1.4.0-rc.1 1.4.0rc2 1.4.0-rc3 1.4 1.4.0.post1 1.4.0.1"
_PEP440 = (  # the order that PEP 440 gives, "Summary of permitted suffixes and relative ordering"
    "1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 "
    "1.0rc1.dev456 1.0rc1 1.0 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1 1!0.1"
)


@pytest.mark.parametrize("scheme", [_SEMVER, _NATURAL, _CALENDAR, _ONE_NUMBER, _MIXED, _PEP440])
def test_order(scheme: str) -> None:
    orders = [version.parse(text).order for text in scheme.split()]
    for earlier, later in itertools.combinations(orders, 2):
        assert earlier < later


_numbers = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda n: ".".join(map(str, n)))
_pre = st.sampled_from(["", "a0", "a1", "b2", "b10", "rc1", "rc2", "c11", ".beta3", "alpha1"])
_pep440 = st.tuples(
    st.sampled_from(["", "", "1!"]),
    _numbers,
    _pre,
    st.sampled_from(["", "", ".post0", ".post2", "r3"]),
    st.sampled_from(["", "", ".dev0", ".dev4", ".dev11"]),
).map("".join)


@given(_pep440, _pep440)
def test_pep_440_is_ordered_as_packaging_orders_it(one: str, other: str) -> None:
    mine, others = version.parse(one), version.parse(other)
    assert (mine.order < others.order) == (Packaging(one) < Packaging(other))
    assert (mine.order == others.order) == (Packaging(one) == Packaging(other))
    assert bool(mine.prerelease) == Packaging(one).is_prerelease


@pytest.mark.parametrize(
    "same", ["1.4 1.4.0 1.4.0.0 01.4 v1.4", "1.4.0rc2 1.4.0-rc2 1.4rc2 1.4.0.RC2", "1.4.0+a 1.4.0+b 1.4.0"]
)
def test_spellings_of_one_version_have_the_same_order(same: str) -> None:
    assert len({version.parse(text).order for text in same.split()}) == 1


def test_build_part_is_not_public() -> None:
    assert version.parse("v1.4.5-rc.1+build.1").public == "1.4.5-rc.1"


def test_from_tag() -> None:
    parsed = version.from_tag("widget/v1.4.0rc2", "widget/")
    assert parsed is not None
    assert parsed.text == "1.4.0rc2"
    assert version.from_tag("gadget/v1.4.0", "widget/") is None
    assert version.from_tag("widget/2024-11-03", "widget/") is None


@pytest.mark.parametrize(
    ("text", "derived", "warning"),
    [
        ("1.4", "1.4", ""),
        ("1.5.0-beta.3", "1.5.0.3", "apps that report three numbers"),
        ("1.5-beta.3", "1.5.0.3", "apps that report three numbers"),
        ("1.5.0rc2", "1.5.0.2", "apps that report three numbers"),
        ("1.2.3.4", "1.2.3.4", ""),
        ("2024.11.3", "2024.11.3", ""),
        ("1.4.5+build.1", "1.4.5", "another build of 1.4.5"),
    ],
)
def test_version_for_v3(text: str, derived: str, warning: str) -> None:
    found, shown = v3.derive_version(version.parse(text))
    assert found == derived
    assert warning in shown
    assert bool(warning) is bool(shown)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.2.3.4-beta.5", "no fifth place"),
        ("1.2.3.4rc5", "no fifth place"),
        ("1.4.0.post1", "would be 1.4.0.1 in v3"),
        ("1.4.0rc2.post1", "would be 1.4.0.1 in v3"),
        ("1.4.0.dev3", "would be 1.4.0.3 in v3"),
        ("1.4.0-SNAPSHOT", "would be 1.4.0 in v3, as the final is"),
        ("1.5.0-beta", "would be 1.5.0 in v3, as the final is"),
        ("20241103", "is one number"),
        ("42rc1", "is one number"),
        ("1!1.4.0", "has an epoch"),
    ],
)
def test_what_v3_can_not_hold_names_the_setting(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        v3.derive_version(version.parse(text))
    assert "set v3.version" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "major", "minor", "patch", "number"),
    [
        ("1.4", "1", "4", "0", ""),
        ("1.4.0rc2", "1", "4", "0", "2"),
        ("1!2024.11.dev3", "2024", "11", "0", "3"),
        ("20241103", "20241103", "0", "0", ""),
    ],
)
def test_names_fill_up_missing_numbers(text: str, major: str, minor: str, patch: str, number: str) -> None:
    names = version.parse(text).names()
    assert [names[key] for key in ("major", "minor", "patch", "prerelease_number")] == [major, minor, patch, number]
    assert names["version"] == text
