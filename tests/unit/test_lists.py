"""Lists in every form that CI systems and people give them, and items that can't be what was meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from shipline.inputs import catalogue, parsing
from shipline.inputs.sources import Inputs
from unit.resolving import BUILDMASTER, V3, problems, read

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.pipeline.model import Pipeline

LISTS = [setting for setting in catalogue.settings() if setting.kind in ("list", "artifacts")]
each_list = pytest.mark.parametrize("setting", LISTS, ids=lambda setting: setting.name)
STAGES, PLATFORMS, CHANNEL = "SHIPLINE_BUILDMASTER_STAGES", "SHIPLINE_V3_PLATFORMS", "SHIPLINE_V3_CHANNEL"
V3_BARE = V3.replace(", platforms: [windows]", "")


def given(workspace: Path, name: str, text: str) -> Pipeline:
    return read(workspace, BUILDMASTER + V3_BARE, environ={PLATFORMS: "windows", name: text}).pipeline


def wrong(workspace: Path, name: str, text: str) -> list[str]:
    environ = {
        "SHIPLINE_BUILDMASTER_API_KEY": "a-key-of-bm",
        "SHIPLINE_V3_TOKEN": "a-token-of-v3",
        PLATFORMS: "windows",
    }
    return problems(workspace, BUILDMASTER + V3_BARE, environ={**environ, name: text})


@each_list
def test_every_list_is_lines_or_a_json_array_on_one_line_or_several(setting: catalogue.Setting) -> None:
    expected = [{"path": "one a"}, {"path": "two"}] if setting.kind == "artifacts" else ["one a", "two"]
    for text in (
        "one a\ntwo",
        " one a \r\n\r\n two\n",
        '["one a","two"]',
        '[\n  "one a",\n  "two"\n]\n',
        '["", "one a", " two "]',
    ):
        assert parsing.read_text(setting, text) == expected


def test_commas_separate_platforms_and_steps_and_no_stages() -> None:
    commas = {setting.name for setting in LISTS if setting.commas}
    assert commas >= {"v3-platforms", "steps"}
    assert "buildmaster-stages" not in commas
    assert parsing.read_text(catalogue.by_name()["v3-platforms"], "windows, linux,\nmacos") == [
        "windows",
        "linux",
        "macos",
    ]


@each_list
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[windows, linux]",
            """isn't a JSON array (Expecting value: line 1 column 2 (char 1)): write ["windows", "linux"], or one""",
        ),
        ('["windows", "linux"', "begins with [ and isn't a JSON array"),
        ("['windows']", 'write ["windows"], or one item a line'),
        ('["windows"]\n["linux"]', "Extra data"),
        ('["windows", 7]', "expected text in quotes for each item of the JSON array, found 7 as item 2"),
        ("[true]", "found true as item 1"),
        ("[null]", "found null as item 1"),
        ('[["windows"]]', 'found ["windows"] as item 1'),
        ('["windows", {"a": "b"}]', 'found {"a": "b"} as item 2'),
        # As GitLab writes a list of maps.
        ('[{"path"=>"dist/*.zip", "size"=>1}]', "contains a mapping: expected text for each item. An artifact is PATH"),
        ('[{:path=>"dist/*.zip"}]', "the config file has its other settings"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_an_array_that_is_none_is_refused_with_the_way_to_write_it(
    setting: catalogue.Setting, text: str, says: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is compared
        parsing.read_text(setting, text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("source", ["flag", "input", "action", "variable"])
def test_an_array_is_read_wherever_it_comes_from(source: str, workspace: Path) -> None:
    text = json.dumps(["windows", "linux"])
    flags = {"v3-platforms": text} if source == "flag" else {}
    names = {"input": "SHIPLINE_INPUT_V3_PLATFORMS", "action": "INPUT_V3-PLATFORMS", "variable": PLATFORMS}
    inputs = Inputs.read(flags, {names[source]: text} if source in names else {})
    value = inputs.get("v3-platforms")
    assert value is not None
    assert parsing.read_text(catalogue.by_name()["v3-platforms"], value.text) == ["windows", "linux"]


def test_a_json_array_is_what_was_meant(workspace: Path) -> None:
    assert given(workspace, PLATFORMS, '["windows","linux"]').v3[0].platforms == ("windows", "linux")
    stages = given(workspace, STAGES, '["Integration", "Testing"]').buildmaster
    assert stages is not None
    assert stages.stages == ("Integration", "Testing")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            STAGES,
            "Integration, Testing",
            'stages[0]: has a comma: write ["Integration", "Testing"], or one item a line',
        ),
        (STAGES, '["Integration, Testing"]', "stages[0]: has a comma"),
        (STAGES, "- Integration", "stages[0]: begins with a dash and a space: write Integration, without them"),
        (STAGES, '"Integration"', "stages[0]: begins with a quote, which would be sent too: write Integration"),
        (STAGES, "Testing\n[Live]", 'stages[1]: begins with [, as a list does: write ["Live"], or one item a line'),
        (PLATFORMS, "'windows', 'linux'", "platforms[0]: begins with a quote, which would be sent too: write windows"),
        (PLATFORMS, "“windows”", "platforms[0]: begins with a quote"),
        (PLATFORMS, '{"os": "windows"}', "platforms[0]: begins as a JSON object does: expected plain text, or a JSON"),
        (STAGES, '{ "stage": "Testing" }', "stages[0]: begins as a JSON object does"),
        (PLATFORMS, '["windows,linux"]', 'platforms[0]: has a comma: write ["windows", "linux"]'),
        (CHANNEL, "stable, beta", "v3.channel: has a comma: expected one name"),
        (CHANNEL, '["stable"]', "v3.channel: begins with [, as a list does"),
        (
            "SHIPLINE_ARTIFACTS",
            '"dist/*.zip"',
            "artifacts[0].path: begins with a quote, which would be sent too: write dist/*.zip",
        ),
        ("SHIPLINE_ARTIFACTS", "- dist/*.zip", "artifacts[0].path: begins with a dash and a space: write dist/*.zip"),
        ("SHIPLINE_ARTIFACTS", "dist/a.zip => 'https://dl.example.com/a.zip'", "artifacts[0].url: begins with a quote"),
        ("SHIPLINE_V3_ARTIFACTS", "'*.zip'", "v3.artifacts[0]: begins with a quote"),
    ],
)
def test_an_item_that_cant_be_meant_is_a_problem_that_shows_how_to_write_it(
    name: str, text: str, says: str, workspace: Path
) -> None:
    (workspace / "dist" / "a.zip").write_bytes(b"x")
    found = wrong(workspace, name, text)
    assert says in found[0]
    assert [line.startswith(f"{name}: ") and ": begins with " in line for line in found[1:]] == [True] * (
        len(found) - 1
    )
    assert found[0].startswith(f"{name}: ")


@pytest.mark.parametrize(
    "entry",
    [
        'stages: ["Integration, Testing"]',
        "stages: ['\"Integration\"']",
        "stages: ['[Integration]']",
        "stages: ['- Testing']",
    ],
)
def test_the_config_file_has_no_such_items_either(entry: str, workspace: Path) -> None:
    (found,) = problems(workspace, BUILDMASTER.replace("}", f", {entry}}}"))
    assert found.startswith("<stdin>:1:79: buildmaster.stages[0]: ")


def test_a_text_in_the_file_that_holds_an_array_needs_no_second_one(workspace: Path) -> None:
    (found,) = problems(workspace, V3.replace("[windows]", "'[windows, linux]'"))
    assert found.endswith("v3.platforms: expected a list, found text: remove the quotes")


def test_names_with_odd_characters_are_left_alone(workspace: Path) -> None:
    names = ["-Live", "2nd [EU]", 'The "big" one', "a-b", "Rock 'n' Roll", "{version}"]
    stages = given(workspace, STAGES, "\n".join(names)).buildmaster
    assert stages is not None
    assert stages.stages == (*names[:-1], "1.4.0")


def test_a_pattern_that_begins_with_a_bracket_has_a_way_to_be_written(workspace: Path) -> None:
    (workspace / "a.zip").write_bytes(b"x")
    (found,) = wrong(workspace, "SHIPLINE_ARTIFACTS", "b.zip => https://dl.example.com/b.zip\n[ab].zip")[:1]
    assert "write ./[ab].zip for a pattern" in found
    artifacts = "./[ab].zip => https://dl.example.com/{filename}"
    assert [item.filename for item in given(workspace, "SHIPLINE_ARTIFACTS", artifacts).artifacts] == ["a.zip"]


def test_config_files_may_be_a_json_array_too() -> None:
    options = Inputs.read({}, {"SHIPLINE_CONFIG": '["a.yml", "b.yml"]'}).options()
    assert options["config"] == "a.yml\nb.yml"
    assert Inputs.read({"config": "[ab].yml"}, {}).options()["config"] == "[ab].yml"


@each_list
def test_an_array_as_gitlab_writes_it(setting: catalogue.Setting) -> None:
    """Ruby escapes # before {, $ and @, which JSON doesn't know; a backslash before it stays one."""
    given = r'["a\#{b}", "c\\#@d", "\\\#$e", "f # \"g\""]'
    expected = ["a#{b}", r"c\#@d", r"\#$e", 'f # "g"']
    assert parsing.list_items(given, commas=setting.commas) == expected
