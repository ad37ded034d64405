"""Keys: where each comes from, when one is missing, and where none may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import Sources, load
from shipline.redaction import redact
from unit.resolving import BUILDMASTER, CENTERCODE, FACTS, V3, pipeline, problems, read

if TYPE_CHECKING:
    from pathlib import Path


def test_an_endpoint_url_is_taken_apart_and_its_key_masked(workspace: Path) -> None:
    url = "https://cc.widget.test/base/api/v1/projects/Widget%20Pro/releaseTypes/Firm%2Fware"
    loaded = read(workspace, f"centercode: {{endpoint-url: '{url}?apiKey=embedded-key-0815'}}\n", need=True)
    target = loaded.pipeline.centercode[0]
    assert (target.url, target.project, target.release_type) == (
        "https://cc.widget.test/base",
        "Widget Pro",
        "Firm/ware",
    )
    assert target.key is not None
    assert target.key.reveal() == "embedded-key-0815"
    assert "move it to the variable SHIPLINE_CENTERCODE_API_KEY" in loaded.pipeline.warnings[0]
    assert "embedded-key-0815" not in str(loaded)
    assert redact("x embedded-key-0815") == "x ***"


def test_a_key_in_an_endpoint_url_that_is_a_flag_is_warned_of(workspace: Path) -> None:
    url = "https://cc.widget.test/api/v1/projects/Widget/releaseTypes/Firmware?apiKey=embedded-key-0816"
    (workspace / "shipline.yml").write_text("release: {version: 1.4.0}\n")
    flags = {"centercode-endpoint-url": url}
    loaded = load(Sources(Inputs.read(flags, {}), None, None, Facts(ci="local"), workspace, need_keys=True))
    assert "other programs of this machine can read in a flag" in loaded.pipeline.warnings[0]
    assert "embedded-key-0816" not in str(loaded)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("release: {version: 1.4.0, title: 'Widget KEY'}\nV3", "release.title"),
        ("release: {version: 1.4.0, notes: {text: 'see KEY.'}}\nV3", "release.notes.text"),
        ("release: {version: 1.4.0, notes: {file: notes.md}}\nV3", "release.notes.file"),
        ("release: {version: 1.4.0}\nV3\nartifacts: [{url: 'https://dl.example.com/a.zip?t=KEY'}]", "artifacts[0].url"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_key_in_what_everybody_gets_is_a_problem(text: str, path: str, named: bool, workspace: Path) -> None:
    key, variable = "sandbox-never-published-4711", "OUR_SECRET" if named else "SHIPLINE_V3_TOKEN"
    (workspace / "notes.md").write_text(f"## 1.4.0\n\n- new: `{key}`\n")
    own = f", key-env: {variable}" if named else ""
    v3 = f"v3: {{url: 'https://api.widget.test', product-id: p, platforms: [linux]{own}}}"
    (workspace / "shipline.yml").write_text(text.replace("V3", v3).replace("KEY", key))
    with pytest.raises(InvalidInputError) as caught:
        load(Sources(Inputs.read({}, {variable: key}), None, None, Facts(ci="local"), workspace, need_keys=True))
    (problem,) = caught.value.problems
    assert problem.path == path
    assert problem.what.startswith(f"holds the key of {variable}, and everybody")
    assert key not in str(problem)


def test_a_key_in_what_only_buildmaster_gets_is_a_warning(workspace: Path) -> None:
    key = "sandbox-never-published-4712"
    (workspace / "shipline.yml").write_text(
        "release: {version: 1.4.0}\nbuildmaster: {url: 'https://b.widget.test', application: Widget, pipeline: P, "
        f"variables: {{Key: {key}}}}}\n"
    )
    environ = {"SHIPLINE_BUILDMASTER_API_KEY": key}
    loaded = load(Sources(Inputs.read({}, environ), None, None, Facts(ci="local"), workspace, need_keys=True))
    assert "holds the key of SHIPLINE_BUILDMASTER_API_KEY" in loaded.pipeline.warnings[0]


def test_two_different_keys_for_a_target_are_a_problem(workspace: Path) -> None:
    url = "https://cc.widget.test/api/v1/projects/P/releaseTypes/T?apiKey=embedded-key-4711"
    text = f"centercode: {{endpoint-url: '{url}'}}\n"
    found = problems(workspace, text, environ={"SHIPLINE_CENTERCODE_API_KEY": "another-key-4711"})
    assert "SHIPLINE_CENTERCODE_API_KEY gives another one" in found[0]
    assert "key-4711" not in found[0]
    same = read(workspace, text, environ={"SHIPLINE_CENTERCODE_API_KEY": "embedded-key-4711"}, need=True)
    assert same.pipeline.centercode[0].key is not None


def test_missing_keys_are_problems_for_a_run_and_not_for_a_check(workspace: Path) -> None:
    text = BUILDMASTER + V3 + CENTERCODE.replace("}", ", key-env: CC_KEY}")
    assert pipeline(workspace, text)
    found = problems(workspace, text, environ={})
    assert [line.split(" is missing")[0] for line in found] == [
        "<stdin>:3:96: centercode.key-env: the variable CC_KEY",
        "SHIPLINE_BUILDMASTER_API_KEY: buildmaster.api-key:",
        "SHIPLINE_V3_TOKEN: v3.token:",
    ]


@pytest.mark.parametrize("key_env", ["", ", key-env: CC_KEY"])
def test_a_missing_key_says_why_the_ci_system_gave_none(workspace: Path, key_env: str) -> None:
    text = CENTERCODE.replace("}", f"{key_env}}}")
    fork = FACTS._replace(key_hint="this merge request comes from a fork")
    assert read(workspace, text, facts=fork).pipeline
    (problem,) = problems(workspace, text, facts=fork, environ={})
    assert problem.endswith("; this merge request comes from a fork")
    (problem,) = problems(workspace, text, environ={})
    assert ";" not in problem


def test_keys_of_targets_that_this_job_does_not_announce_to_are_not_needed(workspace: Path) -> None:
    text = BUILDMASTER + V3.replace("}", ", when: never}") + CENTERCODE
    environ = {"SHIPLINE_BUILDMASTER_API_KEY": "a-buildmaster-key"}
    assert read(workspace, "steps: build\n" + text, environ=environ, need=True)
    found = problems(workspace, text, environ=environ)
    assert [line.split(":")[0] for line in found] == ["SHIPLINE_CENTERCODE_API_KEY"]


@pytest.mark.parametrize("key", ["with space 99", "line-break-99\n", "ümlaut-99", "\x07bell-99"])
def test_a_key_that_can_not_be_one_is_a_problem_and_not_shown(workspace: Path, key: str) -> None:
    (found,) = problems(workspace, BUILDMASTER, environ={"INPUT_BUILDMASTER-API-KEY": key})
    assert found.startswith("buildmaster-api-key: buildmaster.api-key: has a space, a line break or another")
    assert "99" not in found


def test_a_key_of_its_own_variable(workspace: Path) -> None:
    text = CENTERCODE.replace("}", ", key-env: SHIPLINE_CC_FIRMWARE_KEY}")
    environ = {"SHIPLINE_CC_FIRMWARE_KEY": "firmware-key-1", "SHIPLINE_CENTERCODE_API_KEY": "general-key-1"}
    loaded = read(workspace, text, environ=environ, need=True)
    key = loaded.pipeline.centercode[0].key
    assert key is not None
    assert key.reveal() == "firmware-key-1"
    assert loaded.pipeline.warnings == ()
    assert redact("firmware-key-1 general-key-1") == "*** ***"


def test_keys_in_a_list_of_endpoints_have_a_way_to_be_told_apart(workspace: Path) -> None:
    url = "https://cc.widget.test/api/v1/projects/P/releaseTypes/T?apiKey=one-of-many-4711"
    text = f"centercode: [{{endpoint-url: '{url}'}}]\n"
    assert "move it to a variable that key-env names" in pipeline(workspace, text).warnings[0]
    (found,) = problems(workspace, text, environ={"SHIPLINE_CENTERCODE_API_KEY": "general-key-4711"})
    assert found.startswith("<stdin>:1:29: centercode[0].endpoint-url: holds a key, and SHIPLINE_CENTERCODE_API_KEY")
    assert "name that in this target's key-env" in found
    assert "4711" not in found


def test_a_check_says_which_keys_a_run_would_need(workspace: Path) -> None:
    text = BUILDMASTER + V3 + CENTERCODE.replace("}", ", key-env: CC_KEY}")
    assert set(read(workspace, text).missing_keys) == {"SHIPLINE_BUILDMASTER_API_KEY", "SHIPLINE_V3_TOKEN", "CC_KEY"}
    assert read(workspace, text, environ={"SHIPLINE_V3_TOKEN": "a-token-or-so"}).missing_keys == (
        "SHIPLINE_BUILDMASTER_API_KEY",
        "CC_KEY",
    )
    assert read(workspace, V3.replace("}", ", when: never}")).missing_keys == ()
