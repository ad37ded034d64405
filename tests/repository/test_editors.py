"""What an editor shows of shipline.yml: each setting's name, what it is, an example, and its default."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from shipline import schemas
from shipline.inputs import catalogue, config_file
from shipline.inputs.document import Problems

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
        elif key == "items" and "properties" in value:
            yield f"{path}/items", value
            yield from shown(value, f"{path}/items")


def sections() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "", SCHEMA
    yield from ALL.items()


ALL = dict(shown(SCHEMA))
TEXTS = (" ", "true", "1", "always", "[]")
TARGETS = [entry for name, entry in SCHEMA["$defs"].items() if name.endswith("-target")]


@pytest.mark.parametrize("entry", ALL.values(), ids=ALL.keys())
def test_it_has_a_title_a_description_and_examples_that_are_right(entry: dict[str, Any]) -> None:
    assert {"title", "description"} <= entry.keys()
    assert entry["title"]
    assert entry["description"].endswith(".")
    assert entry.get("examples") or entry in TARGETS  # a target's examples are those of its section
    validator = Draft202012Validator({"$defs": SCHEMA["$defs"], **entry})
    for example in (*entry.get("examples", ()), *([entry["default"]] if "default" in entry else [])):
        assert [error.message for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("entry", ALL.values(), ids=ALL.keys())
def test_a_choice_has_a_default_unless_the_description_says_what_is_done_without_it(entry: dict[str, Any]) -> None:
    if "enum" in entry or entry.get("type") == "boolean":
        without = ("default" in entry, "Default: " in entry["description"], len(entry.get("enum", ())) == 1)
        assert any(without), entry["description"]


def nested(value: Any, inside: type = str) -> Iterator[tuple[type, str]]:
    """The texts inside an example that is a mapping or a list, each with which of them it is in."""
    if isinstance(value, str) and inside is not str:
        yield inside, value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nested(inner, type(value))


@pytest.mark.parametrize("entry", ALL.values(), ids=ALL.keys())
def test_no_text_inside_an_example_needs_quotes(entry: dict[str, Any]) -> None:
    """An editor that writes the example quotes none of them, and ends a list's text at the first brace."""
    for example in entry.get("examples", ()):
        for inside, text in nested(example):
            document = config_file.parse(f"x: {text}\ny:\n- {text}\n".encode(), "x", Problems())
            assert document is not None
            assert document.data == {"x": text, "y": [text]}
            assert inside is dict or "}" not in text


def test_an_editor_never_suggests_a_key_and_says_where_it_belongs() -> None:
    secrets = {entry["deprecationMessage"] for entry in ALL.values() if entry.get("x-secret")}
    assert len(secrets) == 4
    assert all(any(leaf.variable in said for said in secrets) for leaf in catalogue.settings() if leaf.secret)
    assert [name for name, entry in ALL.items() if "deprecationMessage" in entry and not entry.get("x-secret")] == []


def test_every_setting_has_its_words_beside_its_type() -> None:
    """Beside a ``$ref`` an editor shows the words of what is referred to, and leaves the setting out of its section."""
    assert [name for name, entry in ALL.items() if "$ref" in entry] == []
    for kind in ("duration", "instant"):
        forms = {
            (entry["pattern"], entry["patternErrorMessage"]) for entry in ALL.values() if entry.get("x-kind") == kind
        }
        assert len(forms) == 1


def test_an_empty_text_is_right_where_the_program_takes_it_as_unset_and_no_other_text() -> None:
    """Unlike that of a required setting, or an empty entry of a list."""
    schema = json.loads(schemas.path("pipeline").read_text(encoding="utf-8"))  # which editors read
    required = {f"{path}/properties/{name}" for path, node in sections() for name in node.get("required", ())}
    for name, entry in shown(schema):
        own, of_editors = (
            Draft202012Validator({"$defs": SCHEMA["$defs"], **ALL[name]}),
            Draft202012Validator({"$defs": schema["$defs"], **entry}),
        )
        assert [own.is_valid(text) for text in TEXTS] == [of_editors.is_valid(text) for text in TEXTS], name
        is_setting = "/properties/" in name and not name.startswith(("/$defs/options/", "/$defs/action/"))
        if is_setting and name not in required and not name.endswith("/items"):
            assert of_editors.is_valid(""), name


def test_the_schema_has_an_address_that_a_store_of_schemas_can_list() -> None:
    assert SCHEMA["$id"].startswith("https://")
    assert SCHEMA["$id"].endswith(f"/schemas/{schemas.path('pipeline').name}")
