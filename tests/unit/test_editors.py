"""What an editor shows of shipline.yml: each setting's name, what it is, an example, and its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from shipline import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = schemas.load("pipeline")


def shown(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that has a name in a file, and every definition, with its place in the schema."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key in ("properties", "$defs"):
            for name, entry in value.items():
                yield f"{path}/{key}/{name}", entry
                yield from shown(entry, f"{path}/{key}/{name}")
        elif key == "items" and value.get("type") == "object":
            yield f"{path}/items", value
            yield from shown(value, f"{path}/items")


ALL = dict(shown(SCHEMA))


@pytest.mark.parametrize("entry", ALL.values(), ids=ALL.keys())
def test_it_has_a_title_a_description_and_examples_that_are_right(entry: dict[str, Any]) -> None:
    assert {"title", "description", "examples"} <= entry.keys()
    assert entry["title"]
    assert entry["description"].endswith(".")
    assert entry["examples"]
    validator = Draft202012Validator({"$defs": SCHEMA["$defs"], **entry})
    for example in (*entry["examples"], *([entry["default"]] if "default" in entry else [])):
        assert [error.message for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("entry", ALL.values(), ids=ALL.keys())
def test_a_choice_has_a_default_unless_the_description_says_what_is_done_without_it(entry: dict[str, Any]) -> None:
    if "enum" in entry or entry.get("type") == "boolean":
        without = ("default" in entry, "default is" in entry["description"], len(entry.get("enum", ())) == 1)
        assert any(without), entry["description"]
