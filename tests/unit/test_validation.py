"""The checks of the schema and of characters, where tests/examples/pipeline has no file for them."""

from __future__ import annotations

import pytest

from shipline import display
from shipline.display import printable, suggest
from shipline.errors import InvalidInputError
from shipline.inputs import config_file, validation
from shipline.inputs.document import Problems


def problems(text: str) -> list[str]:
    found = Problems()
    document = config_file.parse(text.encode(), "f.yml", found)
    assert document is not None
    validation.check(document)
    try:
        found.raise_any()
    except InvalidInputError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "multiline", "wrong"),
    [
        ("plain text, ä, 日本 and 🚀", False, False),
        ("two\nlines\tand a tab\r\n", True, False),
        ("two\nlines", False, True),
        ("a\ttab", False, True),
        ("\x00", True, True),
        ("\x7f", True, True),
        ("\x85", True, True),
        ("\u2028", True, True),
        ("\u202e", True, True),
        ("\u2066", False, True),
        ("\udc80", True, True),
        ("שלום\u200f", False, False),
        ("non-breaking\u00a0space", False, False),
    ],
)
def test_characters(text: str, multiline: bool, wrong: bool) -> None:
    assert bool(display.bad_character(text, multiline=multiline)) == wrong


def test_a_key_with_a_line_break_does_not_pass_as_a_name() -> None:
    text = 'buildmaster: {url: https://a.example.com, application: W, variables: {"Branch\\n": x}}\n'
    assert problems(text) == [
        "f.yml:1:71: buildmaster.variables.Branch\\n: the name has a line break (character 7), expected one line"
    ]


def test_all_problems_are_reported_in_the_order_of_the_file() -> None:
    text = """\
releese: {}
release: {version: 1.4}
buildmaster:
  url: 7
  stages: [a, 2, a]
v3:
  - {}
  - platforms: []
"""
    places = [line.split(": ")[:2] for line in problems(text)]
    assert places == [
        ["f.yml:1:1", "releese"],
        ["f.yml:2:20", "release.version"],
        ["f.yml:3:1", "buildmaster.application"],
        ["f.yml:4:8", "buildmaster.url"],
        ["f.yml:5:15", "buildmaster.stages[1]"],
        ["f.yml:5:18", "buildmaster.stages[2]"],
        ["f.yml:7:5", "v3[0].url"],
        ["f.yml:7:5", "v3[0].product-id"],
        ["f.yml:7:5", "v3[0].platforms"],
        ["f.yml:8:5", "v3[1].url"],
        ["f.yml:8:5", "v3[1].product-id"],
        ["f.yml:8:16", "v3[1].platforms"],
    ]


def test_numbers_that_are_not_whole_are_not_sizes() -> None:
    for size in ("2.0", "1e3", "-1", "true", ".inf", '"2"', "null"):
        assert len(problems(f"artifacts: [{{url: https://a.example.com/b, size: {size}}}]\n")) == 1, size


def test_a_large_document_is_checked() -> None:
    many = ", ".join(f"s{i}" for i in range(30_000))
    found = problems(f"buildmaster: {{url: https://a.example.com, application: W, stages: [{many}]}}\n")
    assert found == ["f.yml:1:67: buildmaster.stages: has 30000 entries, expected at most 100"]


def test_what_is_shown_is_short_and_harmless() -> None:
    assert printable("a\x1b[31m\n" + "b" * 100) == "a\\u001b[31m\\n" + "b" * 52 + "…"
    assert suggest("stage", ["stages", "state"]) == ": did you mean stages?"
    assert suggest("x", ["stages"]) == ""


@pytest.mark.parametrize("written", ["30", "'30'", "1.5", "0x1e"])
def test_a_duration_without_its_unit(written: str) -> None:
    (found,) = problems(f"buildmaster: {{url: https://a.example.com, application: W, timeout: {written}}}\n")
    shown = written.strip("'")
    assert found.endswith(f"timeout: expected a duration with its unit, such as 30s or 30m, found {shown}")
    assert "quote" not in found
