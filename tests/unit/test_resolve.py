"""What a pipeline means: titles, names in braces, notes, references, certificates, and where values come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import certifi
import pytest

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.sources import Inputs
from shipline.interpolation import Placeholder, Template
from shipline.pipeline.resolve import Sources, load
from unit.resolving import BUILDMASTER, CENTERCODE, FACTS, KEYS, V3, V3_LIST, pipeline, problems, read

if TYPE_CHECKING:
    from pathlib import Path


def test_the_least_that_is_a_pipeline(workspace: Path) -> None:
    got = pipeline(workspace, BUILDMASTER)
    assert got.version.text == "1.4.0"
    assert got.steps == {"build", "deploy"}
    assert got.buildmaster is not None
    assert got.buildmaster.url == "https://bm.widget.test/sub"
    assert (got.buildmaster.release.kind, got.buildmaster.release.value) == ("number", "1.4.0")
    assert (got.buildmaster.timeout, got.buildmaster.pending_timeout) == (1800, 600)
    assert got.buildmaster.stages == ()


def test_default_titles(workspace: Path) -> None:
    with_both = pipeline(workspace, BUILDMASTER + V3 + CENTERCODE)
    assert with_both.v3[0].title == Template((Placeholder("application"), " 1.4.0")) == with_both.centercode[0].title
    without = pipeline(workspace, V3 + CENTERCODE)
    assert str(without.centercode[0].title) == "WidgetPro 1.4.0"
    assert without.steps == {"publish"}


def test_a_title_may_use_what_only_the_build_knows(workspace: Path) -> None:
    got = pipeline(workspace, BUILDMASTER + V3 + "release: {title: 'Widget {version} ({build_number}), {{tag}} {A}'}\n")
    assert got.v3[0].title.fill({"build_number": "9"}) == "Widget 1.4.0 (9), {tag} {A}"


def test_names_without_a_value_say_why(workspace: Path) -> None:
    text = "release: {version: '1.4.0'}\n" + BUILDMASTER.replace(
        "}", ", build-number: '{run_number}', variables: {T: '{tag}', B: '{branch}', P: '<{prerelease}>'}}"
    )
    assert [line.split(": ", 2)[2] for line in problems(workspace, text, Facts(ci="local"))] == [
        "{run_number} has no value: the CI system (local) doesn't say",
        "{tag} has no value: no tag in this run",
        "{branch} has no value: no branch in this run",
    ]


def test_a_wrong_version_is_reported_once(workspace: Path) -> None:
    text = "release: {version: nightly, title: '{version}', notes: {file: CHANGELOG.md}}\n"
    text += "artifacts: [{path: 'dist/{version}.zip'}]\n" + V3.replace("}", ", version: '{major}.{minor}'}")
    (found,) = problems(workspace, text)
    assert found.startswith("<stdin>:1:20: release.version: expected a version, found nightly: a version is one to")


def test_notes_of_the_release_and_of_a_target(workspace: Path) -> None:
    text = "release: {notes: {file: CHANGELOG.md}}\n" + V3.replace("}", ", notes: {text: '{version} *for you*'}}")
    got = pipeline(workspace, text + CENTERCODE)
    assert got.v3[0].notes == "{version} *for you*"
    assert "<li>Faster.</li>" in got.centercode[0].body
    assert got.notes_from == "CHANGELOG.md"
    assert "soon" in pipeline(workspace, text + CENTERCODE, FACTS._replace(tag="2.0.0")).centercode[0].body


@pytest.mark.parametrize(
    ("release", "kind", "value"),
    [("latest", "latest", ""), ("id:4", "id", "4"), ("'1.10'", "number", "1.10"), ("'{major}'", "number", "1")],
)
def test_release_references(workspace: Path, release: str, kind: str, value: str) -> None:
    got = pipeline(workspace, BUILDMASTER.replace("}", f", release: {release}}}")).buildmaster
    assert got is not None
    assert (got.release.kind, got.release.value) == (kind, value)


def test_an_application_by_id(workspace: Path) -> None:
    got = pipeline(workspace, BUILDMASTER.replace("Widget", "id:42")).buildmaster
    assert got is not None
    assert (got.application, got.application_id) == (None, 42)


def test_a_ca_bundle_as_a_path_or_as_text(workspace: Path) -> None:
    first, _, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
    pem = f"{first}-----END CERTIFICATE-----\n# für alle\n"
    (workspace / "ca.pem").write_text(pem, encoding="utf-8")
    assert pipeline(workspace, BUILDMASTER + "network: {ca-bundle: ca.pem}\n").network.ca_bundle == str(
        workspace / "ca.pem"
    )
    loaded = read(workspace, BUILDMASTER, environ={"SHIPLINE_NETWORK_CA_BUNDLE": pem})
    assert loaded.pipeline.network.ca_bundle == pem


def test_the_default_config_file(tmp_path: Path) -> None:
    (tmp_path / "shipline.yaml").write_text(BUILDMASTER, encoding="utf-8")
    assert load(Sources(Inputs.read({}, {}), None, None, FACTS, tmp_path, need_keys=False)).config == "shipline.yaml"
    with pytest.raises(InvalidInputError) as caught:
        load(Sources(Inputs.read({}, {}), "other.yml", None, FACTS, tmp_path, need_keys=False))
    assert str(caught.value.problems[0]).startswith("other.yml: no such file")


def test_origins_say_where_each_value_came_from(workspace: Path) -> None:
    environ = {"SHIPLINE_BUILDMASTER_API_KEY": "a-key-not-to-show", "INPUT_BUILDMASTER-PIPELINE": "Standard"}
    origins = read(workspace, BUILDMASTER, environ=environ).origins
    assert ("buildmaster.application", "Widget", "<stdin>:1:62") in origins
    assert ("buildmaster.pipeline", "Standard", "buildmaster-pipeline") in origins
    assert ("buildmaster.api-key", "***", "SHIPLINE_BUILDMASTER_API_KEY") in origins
    assert ("buildmaster.timeout", "30m", "default") in origins
    assert ("release.version", "1.4.0", "the tag") in origins
    assert not [name for name, _, _ in origins if name.startswith("v3")]


def test_an_entry_that_is_empty_once_it_is_filled_is_a_problem(workspace: Path) -> None:
    found = problems(workspace, BUILDMASTER.replace("}", ", stages: [Testing, '{prerelease}']}"))
    assert found == ["<stdin>:1:88: buildmaster.stages[1]: is empty after Shipline has replaced its names"]


def test_a_ca_bundle_that_can_not_be_loaded_is_a_problem(workspace: Path) -> None:
    (workspace / "ca.pem").write_text("pem", encoding="utf-8")
    expected = (
        "network.ca-bundle: can't be used: it contains no readable certificate; expected certificates in PEM form"
    )
    assert problems(workspace, BUILDMASTER + "network: {ca-bundle: ca.pem}\n") == [f"<stdin>:2:22: {expected}"]
    pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    found = problems(workspace, BUILDMASTER, environ={**KEYS, "SHIPLINE_NETWORK_CA_BUNDLE": pem})
    assert found == [f"SHIPLINE_NETWORK_CA_BUNDLE: {expected}"]
    assert "no such file" in problems(workspace, BUILDMASTER + "network: {ca-bundle: dist}\n")[0]


def test_a_version_that_is_missing_in_spite_of_tags(workspace: Path) -> None:
    facts = Facts(tag_hint="two version tags here: v2.1.0, v2.2.0")
    (found,) = problems(workspace, V3, facts)
    assert found == (
        "<stdin>:1:1: release.version: is missing; two version tags here: v2.1.0, v2.2.0: "
        "set it, such as version: 1.4.0"
    )
    (asked,) = problems(workspace, "release: {version: '{tag}'}\n" + V3, Facts())
    assert asked.endswith("{tag} has no value: no tag in this run; to release without one, set --release-version 1.4.0")
    named = problems(workspace, "release: {version: '1.0', title: '{tag}'}\n" + V3, facts)
    assert named[0].endswith("{tag} has no value: two version tags here: v2.1.0, v2.2.0")


def test_a_missing_section_of_the_changelog_names_the_file(workspace: Path) -> None:
    (workspace / "NEWS.md").write_text("## 1.3.0\n\n- a\n\n## 1.2.0\n\n", encoding="utf-8")
    text = "release: {version: VERSION, notes: {file: NEWS.md}}\n" + V3
    assert problems(workspace, text.replace("VERSION", "2.1.1"))[0].endswith(
        'NEWS.md has no section for 2.1.1: expected a heading such as "## 2.1.1" or "## Unreleased"; '
        "headings found: 1.3.0, 1.2.0"
    )
    assert "NEWS.md: the section 1.2.0 is empty" in problems(workspace, text.replace("VERSION", "1.2.0"))[0]


def test_origins_of_what_is_made_of_other_values(workspace: Path) -> None:
    origins = read(workspace, BUILDMASTER + V3_LIST.replace("CHANNEL", "beta").replace("WHEN", "always")).origins
    assert {
        ("buildmaster.release", "1.4.0", "default"),
        ("v3[0].version", "1.4.0", "default"),
        ("v3[0].channel", "stable", "default"),
        ("v3[0].title", "<application> 1.4.0", "default"),
        ("v3[1].title", "<application> 1.4.0", "default"),
    } <= set(origins)
    assert [name for name, _, _ in origins].count("v3[1].channel") == 1
    titled = read(workspace, "release: {title: Widget}\n" + CENTERCODE).origins
    assert [(name, shown) for name, shown, _ in titled if "title" in name] == [("release.title", "Widget")]
