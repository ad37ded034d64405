"""YAML as the config file has it: core schema scalars, places, and what is refused."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shipline.errors import InvalidInputError
from shipline.inputs import config_file
from shipline.inputs.document import Problems

if TYPE_CHECKING:
    from pathlib import Path


def plain(text: str | bytes) -> object:
    problems = Problems()
    document = config_file.parse(text.encode() if isinstance(text, str) else text, "f.yml", problems)
    problems.raise_any()
    assert document is not None
    return document.data


def problem(text: str | bytes) -> str:
    with pytest.raises(InvalidInputError) as caught:
        plain(text)
    assert len(caught.value.problems) == 1
    return str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1.10", "1.10"),
        ("! 1.10", "1.10"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">\n  a\n  b\n", "a b\n"),
    ],
)
def test_scalars_follow_yaml_1_2(written: str, value: object) -> None:
    read = plain(f"a: {written}\n")
    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


def test_nan_is_a_number() -> None:
    assert repr(plain("a: .nan\n")) == "{'a': nan}"


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "\ufeff"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    assert plain(text) == {}


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    assert plain("\ufeffa: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}


def test_every_value_and_key_has_a_location() -> None:
    document = config_file.parse(b"# c\na:\n  b: [x, {c: y}]\n", "f.yml", Problems())
    assert document is not None
    assert {path: str(location) for path, location in document.locations.items()} == {
        (): "f.yml:2:1",
        ("a",): "f.yml:3:3",
        ("a", "b"): "f.yml:3:6",
        ("a", "b", 0): "f.yml:3:7",
        ("a", "b", 1): "f.yml:3:10",
        ("a", "b", 1, "c"): "f.yml:3:14",
    }
    assert {path: str(location) for path, location in document.keys.items()} == {
        ("a",): "f.yml:2:1",
        ("a", "b"): "f.yml:3:3",
        ("a", "b", 1, "c"): "f.yml:3:11",
    }


def test_a_number_keeps_how_it_was_written() -> None:
    document = config_file.parse(b"a: 1.10\nb: &b [0x1F, x]\nc: *b\n", "f.yml", Problems())
    assert document is not None
    assert document.written == {("a",): "1.10", ("b", 0): "0x1F", ("c", 0): "0x1F"}


def test_an_alias_is_a_copy_with_the_locations_of_its_anchor() -> None:
    document = config_file.parse(b"a: &a {b: [x]}\nc: *a\n", "f.yml", Problems())
    assert document is not None
    assert document.data["a"] == document.data["c"] == {"b": ["x"]}
    assert document.data["a"] is not document.data["c"]
    assert str(document.locations["c", "b", 0]) == str(document.locations["a", "b", 0]) == "f.yml:1:12"
    assert str(document.keys["c", "b"]) == "f.yml:1:8"


def test_values_of_duplicate_keys_are_dropped_and_change_no_location() -> None:
    document = config_file.parse(b"a: {b: 1}\na: {b: 2}\na: {b: 3}\n", "f.yml", found := Problems())
    with pytest.raises(InvalidInputError) as caught:
        found.raise_any()
    assert [problem.place for problem in caught.value.problems] == ["f.yml:2:1", "f.yml:3:1"]
    assert document is not None
    assert document.data == {"a": {"b": 1}}
    assert str(document.locations["a", "b"]) == "f.yml:1:8"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yml:3:1: the key a is here twice, first in line 1"),
        ("a: !!python/object:os.system x\n", "f.yml:1:4: the tag tag:yaml.org,2002:python/object:os.system isn't"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "f.yml:3:3: merge keys"),
        ("a: 1\n---\nb: 2\n", "f.yml:2:1: a second document"),
        ("a: &x [*x]\n", "f.yml:1:8: the alias *x is inside"),
        ("a: *x\n", "f.yml:1:4: the alias *x has no anchor"),
        ("a: {{version}}\n", "f.yml:1:5: a key can't be a mapping"),
        ("a: {version} x\n", "f.yml:1:14: isn't YAML"),
        ("a:\n\tb: 1\n", "f.yml:2:1: isn't YAML"),
        ("a: 'x\n", "f.yml:2:1: isn't YAML"),
        ("[a, b]\n", "f.yml:1:1: expected settings"),
        ("just text\n", "f.yml:1:1: expected settings"),
        (b"a: \xff\n", "f.yml:1:4: isn't UTF-8"),
        (b"\xc3\xa9: 1\nb: \xe9\n", "f.yml:2:4: isn't UTF-8"),
        ("a: 1\n".encode("utf-16"), "f.yml:1:1: isn't UTF-8 (it looks like UTF-16)"),
        ("a: x\x00y\n", "f.yml:1:5: control character U+0000"),
        ("a: x\x9by\n", "f.yml:1:5: control character U+009B"),
    ],
)
def test_what_is_refused_names_its_place(text: str | bytes, start: str) -> None:
    assert problem(text).startswith(start)


def test_json_is_yaml() -> None:
    document = {"release": {"version": "1.4.0", "title": "Ships 🚀 é"}, "list": [1, 2.5, True, None, "1"]}
    for indent in (None, 2, "\t"):
        for ascii_only in (True, False):
            assert plain(json.dumps(document, indent=indent, ensure_ascii=ascii_only)) == document


def same_in_yaml_1_1(text: str) -> bool:
    """False for text such as 0E0, which the library writes without quotes: only in YAML 1.2 it is a number."""
    return not isinstance(config_file.scalar(text), int | float) or not isinstance(yaml.safe_load(text), str)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"])).filter(
            same_in_yaml_1_1
        ),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_a_yaml_library_writes_is_read_back(value: object) -> None:
    assert plain(yaml.safe_dump({"a": value}, allow_unicode=True)) == {"a": value}


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]" for i in range(20)]
    begin = time.process_time()
    assert "too many values" in problem("\n".join(lines))
    assert time.process_time() - begin < 2


def test_nesting_has_a_limit_with_and_without_aliases() -> None:
    assert plain("a: " + "[" * 49 + "]" * 49)
    assert "nested too deeply" in problem("a: " + "[" * 50 + "]" * 50)
    half = "[" * 30 + "]" * 30
    deeper = half.replace("[]", "[*x]")
    assert "nested too deeply" in problem(f"a: &x {half}\nb: {deeper}\n")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(b"#" * (config_file.MAX_BYTES + 1))
    problems = Problems()
    assert config_file.read(path, "f.yml", problems) is None
    with pytest.raises(InvalidInputError, match="1 problem"):
        problems.raise_any()


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    problems = Problems()
    assert config_file.read(tmp_path / "no.yml", "no.yml", problems) is None
    with pytest.raises(InvalidInputError) as caught:
        problems.raise_any()
    assert str(caught.value.problems[0]).startswith("no.yml: no such file")
