"""What an editor suggests, explains and underlines in shipline.yml, with the language server that VS Code runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from clients.language_server import LanguageServer, accept
from shipline import schemas
from shipline.inputs import catalogue, config_file, validation
from shipline.inputs.document import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).parents[2]
SCHEMA = schemas.load("pipeline")
EXAMPLES = ROOT / "tests/examples/pipeline"
RIGHT = sorted((EXAMPLES / "valid").glob("*.yml"))
NAMING_THE_SCHEMA = [EXAMPLES / "valid/config.json", *sorted((ROOT / "examples/config").glob("*.yml"))]
SETTINGS = {leaf.dotted: leaf for leaf in catalogue.settings() if not leaf.secret}
MOST_COMMON = {
    "release.version", "release.title", "release.notes.file", "steps", "artifacts", "artifacts-url",
    "buildmaster.url", "buildmaster.application", "buildmaster.stages", "buildmaster.timeout", "buildmaster.variables",
    "v3.url", "v3.product-id", "centercode.url", "centercode.project",
}  # fmt: skip


class Place(NamedTuple):
    """Where the cursor is, at the end of ``text``, and what may be written there."""

    text: str
    path: tuple[str | int, ...]
    schema: dict[str, Any]


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    started = LanguageServer(
        installed / "node_modules/yaml-language-server/bin/yaml-language-server",
        schemas.path("pipeline"),
        tmp_path_factory.mktemp("project"),
    )
    yield started
    started.close()


def places(schema: dict[str, Any], text: str, path: tuple[str | int, ...], indent: str) -> Iterator[Place]:
    """Every place of a file where something can be written, below a mapping that begins after ``text``."""
    yield Place(text + indent, path, schema)
    for name, entry in schema["properties"].items():
        if entry.get("x-secret") or name == "$schema":
            continue
        setting = f"{text}{indent}{name}:"
        yield from values(catalogue.resolved(entry), setting, (*path, name), f"{indent}  ")


def values(schema: dict[str, Any], text: str, path: tuple[str | int, ...], indent: str) -> Iterator[Place]:
    """The places for a value after ``text``, which ends with a colon or a hyphen."""
    forms = [catalogue.resolved(form) for form in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ()))]
    if not text.endswith("-"):
        yield Place(f"{text} ", path, schema)
    for form in forms:
        if "properties" in form and not text.endswith("-"):
            yield from places(form, f"{text}\n", path, indent)
        if "items" in form:
            yield Place(f"{text}\n{indent}- ", (*path, 0), catalogue.resolved(form["items"]))


PLACES = list(places(SCHEMA, "", (), ""))


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether ``value`` is nothing yet, or what the schema gives as an example, a choice or the default."""
    schema = catalogue.resolved(schema)
    if value is None or value in [*schema.get("examples", ()), *schema.get("enum", ()), schema.get("default")]:
        return True
    if any(
        fits(form, value) for form in (*schema.get("oneOf", ()), *schema.get("anyOf", ())) if form.keys() - {"required"}
    ):
        return True
    if isinstance(value, dict) and "properties" in schema:
        return all(key in schema["properties"] and fits(schema["properties"][key], value[key]) for key in value)
    if isinstance(value, list) and "items" in schema:
        return all(fits(schema["items"], item) for item in value)
    return isinstance(value, bool) and schema.get("type") == "boolean"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.text[-30:]!r}")
def test_every_suggestion_writes_what_is_its_example(server: LanguageServer, place: Place) -> None:
    lines = place.text.split("\n")
    suggested = server.suggestions(place.text, len(lines) - 1, len(lines[-1]))
    for suggestion in suggested:
        text = accept(place.text, suggestion)
        problems = Problems()
        document = config_file.parse(text.encode(), "shipline.yml", problems)
        assert document is not None, (suggestion["label"], text, problems._found)
        assert problems.paths == set(), (suggestion["label"], text)
        assert fits(SCHEMA, document.data), (suggestion["label"], text, document.data)
    if "properties" in place.schema and not place.text.endswith((": ", "- ")):
        offered = {name for name, entry in place.schema["properties"].items() if not entry.get("x-secret")} - {
            "$schema"
        }
        assert offered <= {suggestion["label"] for suggestion in suggested}
        assert not {"api-key", "token", "$schema"} & {suggestion["label"] for suggestion in suggested}


@pytest.mark.parametrize(
    "place", [place for place in PLACES if place.text.endswith(": ")], ids=lambda place: place.path
)
def test_an_empty_text_is_underlined_only_where_the_program_refuses_it(server: LanguageServer, place: Place) -> None:
    before = place.text.split("\n")
    marks = server.marks(f'{place.text}""\n')
    at = {"line": len(before) - 1, "character": len(before[-1])}
    problems = Problems()
    document = config_file.parse(f'{place.text}""\n'.encode(), "shipline.yml", problems)
    assert document is not None
    validation.check(document)
    assert place.path in problems.paths or at not in [mark["range"]["start"] for mark in marks]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_mouse_over_a_setting_shows_its_own_words(server: LanguageServer, name: str) -> None:
    leaf = SETTINGS[name]
    *sections, setting = leaf.path
    text = "".join(f"{'  ' * depth}{section}:\n" for depth, section in enumerate(sections))
    text += f"{'  ' * len(sections)}{setting}: {json.dumps(leaf.examples[0])}\n"
    heading, _, shown = server.hover(text, len(sections), 2 * len(sections) + 1).partition("\n")
    assert heading == f"#### {leaf.title}"
    first_words = re.sub(r"[^\w ]", "", leaf.description)[:30]
    assert first_words in re.sub(r"[^\w ]", "", shown.replace("&nbsp;", " "))


def test_the_most_common_settings_are_among_them() -> None:
    assert SETTINGS.keys() >= MOST_COMMON


@pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.name)
def test_nothing_is_underlined_in_an_example(server: LanguageServer, file: Path) -> None:
    assert server.marks(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", NAMING_THE_SCHEMA, ids=lambda file: file.name)
def test_nothing_is_underlined_in_an_example_that_names_its_schema(server: LanguageServer, file: Path) -> None:
    assert server.marks(file.read_text(encoding="utf-8"), file) == []


def refused(file: Path) -> set[int]:
    """The lines of what a schema can refuse in a wrong example; none if the program alone finds what is wrong."""
    text = file.read_bytes()
    problems = Problems()
    document = config_file.parse(text, "shipline.yml", problems)
    if document is None or problems.paths or not list(Draft202012Validator(SCHEMA).iter_errors(document.data)):
        return set()
    return {int(line) for line in re.findall(rb"(?m)^# expect: (\d+):", text)}


# An editor in JavaScript can't tell 9223372036854775808 from the number before it.
BEYOND_JAVASCRIPT = {"number-too-large.yml"}
WRONG = {file: lines for file in sorted((EXAMPLES / "invalid").iterdir()) if (lines := refused(file))}


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.name)
def test_what_a_schema_can_refuse_is_underlined_at_its_place(server: LanguageServer, file: Path) -> None:
    marks = server.marks(file.read_text(encoding="utf-8"))
    marked = {mark["range"]["start"]["line"] + 1 for mark in marks}
    assert marked & WRONG[file] or file.name in BEYOND_JAVASCRIPT, marks


def test_a_key_in_the_file_is_underlined_with_where_it_belongs(server: LanguageServer) -> None:
    text = "buildmaster:\n  url: https://a.example\n  application: Widget\n  api-key: abc\n"
    (mark,) = server.marks(text)
    assert mark["range"]["start"] == {"line": 3, "character": 2}
    assert "SHIPLINE_BUILDMASTER_API_KEY" in mark["message"]
