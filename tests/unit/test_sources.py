"""Where each value comes from, and what happens to names that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.document import Problems
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import ResolvedPipeline, Sources, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLAT = {
    "SHIPLINE_RELEASE_VERSION": "1.4.0",
    "SHIPLINE_BUILDMASTER_URL": "https://buildmaster.widget.test",
    "SHIPLINE_BUILDMASTER_APPLICATION": "Widget",
}


def read(
    workspace: Path, environ: Mapping[str, str], flags: Mapping[str, str] | None = None, config: str | None = None
) -> ResolvedPipeline:
    if config is not None:
        (workspace / "shipline.yml").write_text(config, encoding="utf-8")
    return load(Sources(Inputs.read(flags or {}, environ), None, None, Facts(), workspace, need_keys=False))


def problems(
    workspace: Path, environ: Mapping[str, str], flags: Mapping[str, str] | None = None, config: str | None = None
) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read(workspace, environ, flags, config)
    return [str(problem) for problem in caught.value.problems]


def number(loaded: ResolvedPipeline) -> str | None:
    assert loaded.pipeline.buildmaster is not None
    return loaded.pipeline.buildmaster.build_number


def test_the_precedence(tmp_path: Path) -> None:
    config = "buildmaster: {build-number: file}\n"
    layers = [
        ({"SHIPLINE_BUILDMASTER_BUILD_NUMBER": "variable"}, {}, "variable", "SHIPLINE_BUILDMASTER_BUILD_NUMBER"),
        ({"SHIPLINE_INPUT_BUILDMASTER_BUILD_NUMBER": "input"}, {}, "input", "buildmaster-build-number"),
        ({"INPUT_BUILDMASTER-BUILD-NUMBER": "action"}, {}, "action", "buildmaster-build-number"),
        ({}, {"buildmaster-build-number": "flag"}, "flag", "--buildmaster-build-number"),
    ]
    assert number(read(tmp_path, FLAT, config=config)) == "file"
    for index, (environ, flags, value, origin) in enumerate(layers):
        weaker = {k: v for layer in layers[:index] for k, v in layer[0].items() if index != 2 or k.count("INPUT") == 0}
        loaded = read(tmp_path, {**FLAT, **weaker, **environ}, flags)
        assert number(loaded) == value
        assert ("buildmaster.build-number", value, origin) in loaded.origins


def test_an_input_with_underscores_is_taken_too(tmp_path: Path) -> None:
    assert number(read(tmp_path, {**FLAT, "INPUT_BUILDMASTER_BUILD_NUMBER": "9"})) == "9"


def test_the_empty_string_is_unset_everywhere(tmp_path: Path) -> None:
    environ = {**FLAT, "SHIPLINE_BUILDMASTER_BUILD_NUMBER": "7", "INPUT_BUILDMASTER-BUILD-NUMBER": ""}
    assert number(read(tmp_path, environ, {"buildmaster-build-number": ""})) == "7"
    nothing, missing = problems(tmp_path, {}, config="")
    assert missing.startswith("shipline.yml:1:1: release.version: is missing, and this run has no tag")
    assert nothing.startswith("shipline.yml:1:1: nothing to do: expected at least one of")


def test_flat_inputs_alone_are_a_whole_config(tmp_path: Path) -> None:
    loaded = read(tmp_path, {**FLAT, "SHIPLINE_BUILDMASTER_VARIABLES": "Branch=main\nMode=a=b"})
    assert loaded.config is None
    assert loaded.pipeline.buildmaster is not None
    assert loaded.pipeline.buildmaster.variables == {"Branch": "main", "Mode": "a=b"}
    assert loaded.pipeline.steps == {"build", "deploy"}


def test_a_problem_of_a_flat_input_names_the_input(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        {**FLAT, "INPUT_V3-URL": "ftp://x", "SHIPLINE_V3_PRIVATE": "yes", "SHIPLINE_BUILDMASTER_TIMEOUT": "soon"},
        {"buildmaster-wait": "no"},
    )
    starts = [
        "--buildmaster-wait: buildmaster.wait: expected true or false, found no",
        "SHIPLINE_BUILDMASTER_TIMEOUT: buildmaster.timeout: expected a duration",
        "SHIPLINE_V3_PRIVATE: v3.private: expected true or false, found yes",
        "v3-platforms: v3.platforms: is missing",
        "v3-product-id: v3.product-id: is missing",
        "v3-url: v3.url: expected a URL",
    ]
    assert [line.startswith(start) for line, start in zip(found, starts, strict=True)] == [True] * 6, found


def test_unknown_wrapper_inputs_are_problems_and_unknown_variables_warnings(tmp_path: Path) -> None:
    found = problems(tmp_path, {**FLAT, "SHIPLINE_INPUT_BUILDMASTER_STAGE": "x", "INPUT_BUILDMASTER-URLS": "x"})
    assert found == [
        "buildmaster-stage: unknown input: did you mean buildmaster-stages?",
        "buildmaster-urls: unknown input: did you mean buildmaster-url?",
    ]
    loaded = read(
        tmp_path,
        {**FLAT, "SHIPLINE_BUILDMASTER_STAGE": "x", "SHIPLINE_OUT_RESULT": "succeeded", "SHIPLINE_MATRIX": "null"},
    )
    assert loaded.pipeline.warnings == (
        "SHIPLINE_BUILDMASTER_STAGE: unknown variable, ignored: did you mean SHIPLINE_BUILDMASTER_STAGES?",
    )


def test_inputs_of_other_programs_are_left_alone_unless_the_wrapper_is_githubs(tmp_path: Path) -> None:
    environ = {**FLAT, "INPUT_METHOD": "GET", "INPUT_ARGS": "run", "INPUT_TITLE": "x"}
    # The action's own.
    environ |= {"INPUT_RECEIPT_KEY": "null", "INPUT_RECEIPT-KEY": "null", "INPUT_UPLOAD-REPORT": "false"}
    assert read(tmp_path, environ).pipeline.warnings == ()
    # A hyphen is GitHub's: an image that a workflow uses without the action isn't told which CI system it runs in.
    assert problems(tmp_path, {**environ, "INPUT_CHECK-LNKS": "warn"}) == [
        "check-lnks: unknown input: did you mean check-links?"
    ]
    found = problems(tmp_path, {**environ, "SHIPLINE_CI": "github"})
    assert found[0].startswith("method: unknown input")
    assert found[1:] == ["title: unknown input: did you mean release-title?"]


def test_flat_inputs_beside_a_list_of_targets(tmp_path: Path) -> None:
    config = """
release: {version: "1.4.0"}
centercode:
  - {url: https://a.example.com, project: A, release-type: T}
  - {url: https://b.example.com, project: B, release-type: T, on-unknown: assume}
"""
    found = problems(tmp_path, {"SHIPLINE_CENTERCODE_SUBTITLE": "x"}, config=config)
    assert found[0].startswith("SHIPLINE_CENTERCODE_SUBTITLE: centercode.subtitle: the config file has a list")
    loaded = read(
        tmp_path, {"SHIPLINE_CENTERCODE_ON_UNKNOWN": "resend", "SHIPLINE_CENTERCODE_API_KEY": "for-both-targets"}
    )
    assert [target.on_unknown for target in loaded.pipeline.centercode] == ["resend", "resend"]
    assert [target.key and target.key.reveal() for target in loaded.pipeline.centercode] == ["for-both-targets"] * 2
    assert [target.name for target in loaded.pipeline.centercode] == ["centercode", "centercode:2"]


def test_a_flat_value_replaces_what_the_file_says_in_its_stead(tmp_path: Path) -> None:
    config = """
release: {version: "1.4.0", notes: {file: no-such-file.md}}
centercode: {url: https://a.example.com, project: A, release-type: T}
"""
    endpoint = "https://b.example.com/api/v1/projects/B/releaseTypes/U"
    environ = {"SHIPLINE_RELEASE_NOTES_TEXT": "*new*", "SHIPLINE_CENTERCODE_ENDPOINT_URL": endpoint}
    loaded = read(tmp_path, environ, config=config)
    target = loaded.pipeline.centercode[0]
    assert (target.url, target.project, target.release_type) == ("https://b.example.com", "B", "U")
    assert "<em>new</em>" in target.body
    both = problems(tmp_path, {**environ, "SHIPLINE_RELEASE_NOTES_FILE": "x.md"})
    assert any("file or text, not both" in line for line in both)
    assert read(tmp_path, {**environ, "SHIPLINE_RELEASE_NOTES_FILE": "x.md"}, {"release-notes-text": "flag"})


def test_a_secret_as_a_flag_is_refused_and_not_shown(tmp_path: Path) -> None:
    found = problems(tmp_path, FLAT, {"buildmaster-api-key": "flag-secret-4711"})
    assert len(found) == 1
    assert "SHIPLINE_BUILDMASTER_API_KEY" in found[0]
    assert "flag-secret-4711" not in found[0]


def test_options() -> None:
    told = {"command": "run", "format": "text", "verbose": "false", "quiet": "false", "any-version": "false"}
    several = {"fail-fast": "false", "parallel": "16", "yes": "false", "comment": "false"}
    assert Inputs.read({}, {}).options() == {**told, **several}
    assert Inputs.read({"config": "a.yml\nb.yml"}, {}).options()["config"] == "a.yml\nb.yml"
    environ = {"INPUT_COMMAND": "plan", "SHIPLINE_CONFIG": "a.yml", "SHIPLINE_INPUT_CONFIG": "b.yml"}
    chosen = Inputs.read({"verbose": "true", "config": ""}, environ).options()
    assert chosen == {**told, "command": "plan", "config": "b.yml", "verbose": "true", **several}


def test_wrong_options_are_problems() -> None:
    inputs = Inputs.read({"format": "jsno", "parallel": "0"}, {"SHIPLINE_QUIET": "yes", "SHIPLINE_CI": "travis"})
    with pytest.raises(InvalidInputError) as caught:
        inputs.options()
    assert [str(problem) for problem in caught.value.problems] == [
        "--format: format: expected text or json or markdown, found jsno: did you mean json?",
        "--parallel: parallel: expected a whole number from 1 to 999, found 0",
        "SHIPLINE_CI: ci: expected github or gitlab or jenkins or azure or teamcity or local, found travis",
        "SHIPLINE_QUIET: quiet: expected true or false, found yes",
    ]


def test_without_a_file_a_missing_setting_names_every_way_to_set_it(tmp_path: Path) -> None:
    application, version = problems(tmp_path, {"SHIPLINE_BUILDMASTER_URL": "https://a.example.com"})
    assert application == (
        "buildmaster-application: buildmaster.application: is missing: set it in shipline.yml, "
        "as SHIPLINE_BUILDMASTER_APPLICATION, or as --buildmaster-application, such as Widget"
    )
    assert version.startswith("release-version: release.version: is missing, and this run has no tag to take it from")
    assert ": run it for a tag such as v1.4.0, or set it in shipline.yml, as SHIPLINE_RELEASE_VERSION" in version
    assert version.count("--release-version") == 1
    _, nothing = problems(tmp_path, {})
    assert nothing.startswith("shipline.yml: nothing to do: expected at least one of the sections")
    assert nothing.endswith("in this file (there is none: shipline init writes one) or as inputs")


def test_with_a_file_a_missing_setting_is_shown_as_it_is_written_there(tmp_path: Path) -> None:
    config = "release: {version: '1.0'}\nv3: {url: https://a.example.com, product-id: p}\n"
    (found,) = problems(tmp_path, {}, config=config)
    assert found.endswith("v3.platforms: is missing: set it, such as platforms: [windows, linux]")


def test_an_artifact_link_that_is_not_http(tmp_path: Path) -> None:
    for text in ("ftp://x.example.com/y.zip", "a.zip => ftp://x.example.com/y.zip"):
        (tmp_path / "a.zip").write_bytes(b"zip")
        (found,) = problems(tmp_path, {**FLAT, "SHIPLINE_ARTIFACTS": text})
        assert found.startswith("SHIPLINE_ARTIFACTS: artifacts[0].")
        assert found.endswith("only http and https links are possible, found ftp")


def test_an_empty_array_is_an_unset_list() -> None:
    """GitLab's template passes an input without a value so; the config file and a variable still apply."""
    given = {"SHIPLINE_INPUT_STEPS": "[]\n", "SHIPLINE_STEPS": "build", "SHIPLINE_INPUT_RELEASE_TITLE": "[]"}
    settings = Inputs({}, given).settings(Problems())
    assert {name: value.text for name, value in settings.items()} == {"steps": "build", "release-title": "[]"}
