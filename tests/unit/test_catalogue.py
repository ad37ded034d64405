"""The catalogue: one name a setting, in every form, and the schema that it is read from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from shipline import schemas
from shipline.inputs import catalogue, parsing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def test_the_naming_law() -> None:
    leaf = catalogue.by_name()["buildmaster-build-number"]
    assert leaf.dotted == "buildmaster.build-number"
    assert leaf.flag == "--buildmaster-build-number"
    assert leaf.variable == "SHIPLINE_BUILDMASTER_BUILD_NUMBER"


def test_names_and_variables_are_unambiguous() -> None:
    leaves = [*catalogue.options(), *catalogue.settings()]
    assert len({leaf.name for leaf in leaves}) == len({leaf.variable for leaf in leaves}) == len(leaves)
    assert not [leaf.variable for leaf in leaves if leaf.variable.startswith(("SHIPLINE_INPUT_", "SHIPLINE_OUT_"))]


def test_the_wrappers_list_stays_under_fifty_and_holds_the_everyday_inputs() -> None:
    shown = {leaf.name for leaf in (*catalogue.options(), *catalogue.settings()) if leaf.shown != "file"}
    assert len(shown) < 50
    assert shown >= {"steps", "check-links", "centercode-on-unknown", "centercode-if-exists", "command", "config"}
    assert shown >= {"buildmaster-api-key", "centercode-api-key", "v3-token"}


def test_the_secrets_have_no_flag() -> None:
    secrets = {leaf.name for leaf in catalogue.settings() if leaf.secret}
    assert secrets == {"buildmaster-api-key", "centercode-api-key", "journal-token", "v3-token"}
    assert all(catalogue.by_name()[name].flag is None for name in secrets)


def test_options_are_the_programs_own() -> None:
    names = [leaf.name for leaf in catalogue.options()]
    assert names[:8] == ["command", "config", "receipt", "report", "format", "ci", "verbose", "quiet"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("buildmaster", "stages", 1), "buildmaster-stages"),
        (("centercode", 0, "links", "open-in-new-window"), "centercode-links-open-in-new-window"),
        (("buildmaster", "variables", "Branch"), "buildmaster-variables"),
        (("artifacts", 0, "url"), "artifacts"),
    ],
)
def test_every_place_belongs_to_a_setting(path: tuple[str | int, ...], name: str) -> None:
    leaf = catalogue.at(path)
    assert leaf is not None
    assert leaf.name == name


def test_the_schema_is_valid_and_closed_and_describes_everything() -> None:
    schema = schemas.load("pipeline")
    Draft202012Validator.check_schema(schema)
    open_objects: list[str] = []
    undescribed: list[str] = []

    def look(node: object, where: str) -> None:
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                open_objects.append(where)
            for name, entry in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
                if not {"title", "description"} <= entry.keys():
                    undescribed.append(f"{where}/{name}")
            for key, value in node.items():
                if key not in {"dependentSchemas", "if", "else"}:  # rules about settings described elsewhere
                    look(value, f"{where}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                look(value, f"{where}/{index}")

    look(schema, "")
    assert open_objects == []
    assert undescribed == []


@pytest.mark.parametrize("leaf", catalogue.settings(), ids=lambda leaf: leaf.name)
def test_examples_and_defaults_are_valid(leaf: catalogue.Setting) -> None:
    schema: dict[str, object] = {}
    node = schemas.load("pipeline")
    for part in leaf.path:
        node = catalogue.resolved(node["oneOf"][0]) if "oneOf" in node else node
        schema = catalogue.resolved(node["properties"][part])
        node = schema
    validator = Draft202012Validator({**schemas.load("pipeline"), "properties": {"x": schema}})
    for value in (*leaf.examples, *([leaf.default] if leaf.default is not None else [])):
        validator.validate({"x": value})


def test_flat_values_of_each_kind() -> None:
    def read(name: str, text: str) -> object:
        return parsing.read_text(catalogue.by_name()[name], text)

    assert read("v3-platforms", "windows, linux\nmacos\n") == ["windows", "linux", "macos"]
    assert read("steps", "build,deploy") == ["build", "deploy"]
    assert read("buildmaster-stages", "Integration, EU\r\nTesting") == ["Integration, EU", "Testing"]
    assert read("buildmaster-variables", "Query=a=b\n\nEmpty=") == {"Query": "a=b", "Empty": ""}
    assert read("v3-private", "true") is True
    assert read("release-prerelease", "false") is False
    assert read("release-prerelease", "auto") == "auto"
    assert read("buildmaster-build-id", "12") == 12
    assert read("artifacts", "dist/*.zip\na.bin => https://x.example.com/a=>b\nHTTPS://x.example.com/c") == [
        {"path": "dist/*.zip"},
        {"path": "a.bin", "url": "https://x.example.com/a=>b"},
        {"url": "HTTPS://x.example.com/c"},
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v3-private", "True"),
        ("v3-private", "1"),
        ("buildmaster-build-id", "१२"),
        ("buildmaster-variables", "Branch"),
        ("buildmaster-variables", "A=1\nA=2"),
        ("artifacts", "a.zip =>"),
    ],
)
def test_flat_values_that_are_wrong_say_what_is_expected(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|twice"):
        parsing.read_text(catalogue.by_name()[name], text)


def test_the_help_and_the_catalogue_load_no_large_library() -> None:
    code = """
import contextlib, io, sys
from shipline.cli.main import cli
from shipline.inputs import catalogue, parsing
catalogue.by_name()
with contextlib.redirect_stdout(io.StringIO()):
    cli.main(["--help"], standalone_mode=False)
print([name for name in ("jsonschema", "yaml", "requests") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_generated_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_pattern_says_in_words_what_is_expected() -> None:
    silent = [
        schema
        for schema in _schemas(schemas.load("pipeline"))
        if "pattern" in schema and not schema.get("patternErrorMessage", "").startswith("expected ")
    ]
    assert silent == []


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern", ""), str):
            yield node
        for value in node.values():
            yield from _schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from _schemas(value)
