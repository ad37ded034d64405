"""Names in braces are filled once; what is not known yet stays open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline.interpolation import LATE_NAMES, UnknownNameError, interpolate

VALUES = {"version": "1.4.0", "tag": "{version}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Widget {version}", "Widget 1.4.0"),
        ("{{version}}", "{version}"),
        ("{tag}", "{version}"),
        ("{Version} {} {a b} { version }", "{Version} {} {a b} { version }"),
        ("${version}", "$1.4.0"),
    ],
)
def test_filled(text: str, expected: str) -> None:
    assert interpolate(text, VALUES).fill({}) == expected


def test_an_unknown_name_is_told_with_what_could_be_meant() -> None:
    with pytest.raises(UnknownNameError) as raised:
        interpolate("{verison}", VALUES, LATE_NAMES)
    assert raised.value.name == "verison"
    assert "version" in raised.value.known


def test_late_names_are_filled_later_and_shown_until_then() -> None:
    text = interpolate("{version} build {build_number}", VALUES, LATE_NAMES)
    assert str(text) == "1.4.0 build <build-number>"
    assert text.fill({"build_number": "7"}) == "1.4.0 build 7"
    assert text.matches("1.4.0 build 9", {})
    assert not text.matches("1.4.0 build 9", {"build_number": "7"})
    assert not text.matches("2.0 build 9", {})


@given(st.text(alphabet=st.characters(exclude_characters="{}")))
def test_text_without_braces_is_left_alone(text: str) -> None:
    assert interpolate(text, {}).fill({}) == text
