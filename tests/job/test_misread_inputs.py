"""Inputs that were misread, end to end: taken as they were meant, or refused before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from job.project import KEYS

if TYPE_CHECKING:
    from job.project import Project


@pytest.mark.parametrize(
    "text", ['["windows","linux"]', '[\n  "windows",\n  "linux"\n]', "windows\nlinux", "windows,linux"]
)
def test_a_list_of_platforms_is_published_as_it_was_meant(text: str, project: Project) -> None:
    project.without("buildmaster", "centercode")
    ended = project.shipline("run", SHIPLINE_INPUT_V3_PLATFORMS=text)
    assert ended.code == 0, ended.text
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert release["platforms"] == ["windows", "linux"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("V3_PLATFORMS", "['windows','linux']"),
        ("V3_PLATFORMS", '"windows"'),
        ("V3_CHANNEL", "stable, beta"),
        ("BUILDMASTER_STAGES", "Integration, Testing"),
        ("BUILDMASTER_STAGES", "- Integration\n- Testing"),
        ("ARTIFACTS", '"dist/*.zip"'),
    ],
)
def test_an_item_that_cant_be_meant_ends_the_run_before_any_request(name: str, text: str, project: Project) -> None:
    for command in ("validate", "plan", "run"):
        ended = project.shipline(command, **{f"SHIPLINE_INPUT_{name}": text})
        assert ended.code == 2
        assert f"{name.lower().replace('_', '-')}: " in ended.err
    assert project.sandbox.requests() == []


@pytest.mark.parametrize("value", ["$CC_KEY_4711", "${CC_KEY_4711}", '"key-4711"', "***", "keys/4711"])
def test_a_value_that_is_no_key_ends_the_run_before_any_request(value: str, project: Project) -> None:
    project.write("keys/4711", "the key")
    for command in ("validate", "plan", "run", "doctor"):
        ended = project.shipline(command, SHIPLINE_CENTERCODE_API_KEY=value)
        assert ended.code == 2, ended.text
        assert "SHIPLINE_CENTERCODE_API_KEY: centercode.api-key: is " in ended.text
        assert "4711" not in ended.text
    assert project.changes() == []


def test_keys_in_files_release_as_keys_in_variables_do(project: Project) -> None:
    files = {f"{name}_FILE": str(project.write(f"secrets/{name}", f"{key}\n")) for name, key in KEYS.items()}
    unset = dict.fromkeys(KEYS, "")
    for command in ("doctor", "run"):
        ended = project.shipline(command, **unset, **files)
        assert ended.code == 0, ended.text
        assert "unknown variable" not in ended.text
    assert "create-release" in project.operations()
    ended = project.shipline("buildmaster", "get-releases", "--url", project.sandbox.url, **unset, **files)
    assert ended.code == 0, ended.text


def test_keys_in_files_are_read_for_every_product(products: Project) -> None:
    files = {f"{name}_FILE": str(products.write(f"secrets/{name}", f"{key}\n")) for name, key in KEYS.items()}
    ended = products.shipline("validate", "products/*.yml", **dict.fromkeys(KEYS, ""), **files)
    assert ended.code == 0, ended.text
    assert "not set yet" not in ended.out
    ended = products.shipline("run", "products/*.yml", SHIPLINE_BUILDMASTER_API_KEY="${BM_KEY}")
    assert ended.code == 2
    assert ended.err.count("is the name of a variable") == 1
    assert products.changes() == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dist/widget.zip"], "artifacts go into shipline.yml, as artifacts: [dist/widget.zip]"),
        (["dist/*.zip"], "artifacts go into shipline.yml, as artifacts: [dist/*.zip]"),
        (["shipline.yml", "dist/none.exe"], "artifacts go into shipline.yml, as artifacts: [dist/none.exe]"),
        (["v1.4.0"], "for a version, pass --release-version 1.4.0"),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan", "validate"])
def test_what_is_no_config_file_is_told_where_it_goes(
    command: str, arguments: list[str], says: str, project: Project
) -> None:
    ended = project.shipline(command, *arguments)
    assert ended.code == 2
    assert f"command line: {command} takes config files, and {arguments[-1]} isn't one: {says}" in ended.err
    assert project.sandbox.requests() == []


def test_a_config_file_may_have_any_name(project: Project) -> None:
    (project.path / "shipline.yml").rename(project.path / "release.conf")
    for name in ("release.conf", "*.conf"):
        assert project.shipline("validate", name).code == 0


def test_a_run_in_a_subfolder_names_the_folder_of_the_config(project: Project) -> None:
    project.write("firmware/src/x", "")
    whole = project.path
    project.path = whole / "firmware/src"
    for command in ("validate", "run", "doctor"):
        ended = project.shipline(command)
        assert ended.code == 2
        assert (
            "shipline.yml: there is none in this folder, but ../../shipline.yml exists: run shipline in ../.."
            in ended.err
        )
        assert ended.err.count("problem") == 1
    flat = {
        "SHIPLINE_V3_URL": "https://api.widget.test",
        "SHIPLINE_V3_PRODUCT_ID": "p",
        "SHIPLINE_V3_PLATFORMS": "linux",
    }
    assert project.shipline("validate", "--release-version", "1.4.0", **flat).code == 0
    project.write(".git/HEAD", "ref: refs/heads/main")
    assert "nothing to do" in project.shipline("validate", "--release-version", "1.4.0").err


def test_a_run_without_a_tag_names_every_way_to_give_a_version(project: Project) -> None:
    project.config(version="")
    ended = project.shipline("run")
    assert ended.code == 2
    ways = "run it for a tag such as v1.4.0, pass --release-version 1.4.0, or set it, such as version: 1.4.0"
    assert f"release.version: is missing, and this run has no tag to take it from: {ways}" in ended.err


@pytest.mark.parametrize("config", ['"shipline.yml"', "'shipline.yml'", "- shipline.yml", '- "shipline.yml"'])
def test_a_config_with_quotes_or_a_dash_is_an_error_that_shows_how_to_write_it(config: str, project: Project) -> None:
    ended = project.shipline("run", SHIPLINE_INPUT_CONFIG=config)
    assert ended.code == 2
    assert f"{config}: no such file; expected shipline.yml, without quotes and dashes" in ended.err
    assert project.sandbox.requests() == []
