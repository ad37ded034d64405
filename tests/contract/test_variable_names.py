"""BuildMaster's rule for the names of variables: the program's and the sandbox's own are the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline.inputs import config_file, validation
from shipline.inputs.document import Problems
from shipline_sandbox.buildmaster.parameters import _VARIABLE

VALID = ["A", "_", "A.b", "a b", "a-b", "a_", "a.", "_2", "A 2.b-c_d", "a" * 50, "a  b"]
INVALID = [
    "",
    "a b ",
    " a",
    "a-",
    "-a",
    ".a",
    "2a",
    "a" * 51,
    "ä",
    "$a",
    "a$",
    "a/b",
    "a=b",
    "a:b",
    "a\tb",
    "a\n",
    "٣a",
]


def program_accepts(name: str, setting: str = "variables") -> bool:
    settings = {"url": "https://buildmaster.example.com", "application": "Widget", setting: {name: "x"}}
    document = config_file.parse(json.dumps({"buildmaster": settings}).encode(), "f.json", problems := Problems())
    assert document is not None
    validation.check(document)
    return not problems.paths


def sandbox_accepts(name: str) -> bool:
    return _VARIABLE.fullmatch(f"${name}") is not None


@pytest.mark.parametrize("setting", ["variables", "deploy-variables"])
@pytest.mark.parametrize("name", [*VALID, *INVALID])
def test_a_name_is_accepted_by_both_or_by_neither(name: str, setting: str) -> None:
    assert program_accepts(name, setting) == sandbox_accepts(name) == (name in VALID)


@given(st.text(alphabet="aZ09_. -$\n", max_size=4) | st.text(alphabet="a -", min_size=48, max_size=52))
def test_any_name_is_accepted_by_both_or_by_neither(name: str) -> None:
    assert program_accepts(name) == sandbox_accepts(name)
