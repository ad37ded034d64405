"""What a pipeline means: versions, artifacts, names in braces, keys, targets."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import certifi
import pytest

from shipline.errors import InvalidInputError
from shipline.pipeline import Facts, Pipeline
from shipline.resolve import Loaded, Sources, load
from shipline.text import Name, Text
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FACTS = Facts(ci="gitlab", tag="v1.4.0", branch="feature/a b", sha="0123456789abcdef", run_number="7")
BUILDMASTER = "buildmaster: {url: https://bm.example.com/sub/, application: Widget}\n"
V3 = "v3: {url: https://api.example.com/v3/, product-id: p-1, platforms: [windows]}\n"
CENTERCODE = "centercode: {url: https://cc.example.com, project: WidgetPro, release-type: Firmware}\n"

KEYS = {"SHIPLINE_BUILDMASTER_API_KEY": "a-buildmaster-key"}


def read(
    workspace: Path, text: str, *, facts: Facts = FACTS, environ: Mapping[str, str] | None = None, need: bool = False
) -> Loaded:
    return load(Sources({}, environ or {}, "-", text, facts, workspace, need))


def pipeline(workspace: Path, text: str, facts: Facts = FACTS) -> Pipeline:
    return read(workspace, text, facts=facts).pipeline


def problems(workspace: Path, text: str, facts: Facts = FACTS, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read(workspace, text, facts=facts, environ=environ, need=environ is not None)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "widget 1.4.0.zip").write_bytes(b"zip")
    (tmp_path / "dist" / "widget.exe").write_bytes(b"exe!")
    notes = "# Changelog\n\n## Unreleased\n\n- soon\n\n## 1.4.0\n\n- Faster.\n"
    (tmp_path / "CHANGELOG.md").write_text(notes, encoding="utf-8")
    return tmp_path


def test_the_least_that_is_a_pipeline(workspace: Path) -> None:
    got = pipeline(workspace, BUILDMASTER)
    assert got.version.text == "1.4.0"
    assert got.steps == {"build", "deploy"}
    assert got.buildmaster is not None
    assert got.buildmaster.url == "https://bm.example.com/sub"
    assert (got.buildmaster.release.kind, got.buildmaster.release.value) == ("number", "1.4")
    assert (got.buildmaster.timeout, got.buildmaster.pending_timeout) == (1800, 600)
    assert got.buildmaster.stages == ()


def test_default_titles(workspace: Path) -> None:
    with_both = pipeline(workspace, BUILDMASTER + V3 + CENTERCODE)
    assert with_both.v3[0].title == Text((Name("application"), " 1.4.0")) == with_both.centercode[0].title
    without = pipeline(workspace, V3 + CENTERCODE)
    assert str(without.centercode[0].title) == "WidgetPro 1.4.0"
    assert without.steps == {"publish"}


def test_a_title_may_use_what_only_the_build_knows(workspace: Path) -> None:
    got = pipeline(workspace, BUILDMASTER + V3 + "release: {title: 'Widget {version} ({build_number}), {{tag}} {A}'}\n")
    assert got.v3[0].title.fill({"build_number": "9"}) == "Widget 1.4.0 (9), {tag} {A}"


def test_local_artifacts_are_measured_and_linked(workspace: Path) -> None:
    text = "artifacts: [{path: dist/*, url: 'https://dl.example.com/{version}/{filename}'}]\n" + V3
    first, second = pipeline(workspace, text).artifacts
    assert (first.filename, first.size, str(first.label)) == ("widget 1.4.0.zip", 3, "widget 1.4.0.zip")
    assert str(first.url) == "https://dl.example.com/1.4.0/widget%201.4.0.zip"
    assert first.sha256 == hashlib.sha256(b"zip").hexdigest()
    assert first.md5 == hashlib.md5(b"zip", usedforsecurity=False).hexdigest()
    assert second.shown_path == "dist/widget.exe"


def test_remote_artifacts(workspace: Path) -> None:
    text = "artifacts: [{url: 'https://dl.example.com/a%20b.zip?x=1', size: 5, label: '{filename} {tag}'}]\n" + V3
    (artifact,) = pipeline(workspace, text).artifacts
    assert (artifact.filename, artifact.path, artifact.size) == ("a b.zip", None, 5)
    assert str(artifact.label) == "a b.zip v1.4.0"


def test_the_ci_systems_own_artifact_url(workspace: Path) -> None:
    text = "artifacts-url: ci\nartifacts: [{path: dist/widget.exe}]\n" + V3
    facts = replace(FACTS, artifact_base_url="https://ci.example.com/jobs/7/raw/{path}")
    (artifact,) = pipeline(workspace, text, facts).artifacts
    assert str(artifact.url) == "https://ci.example.com/jobs/7/raw/dist/widget.exe"
    assert problems(workspace, text) == [
        "<stdin>:1:16: artifacts-url: ci has no artifact URL in this run (CI system: gitlab): expected a URL template"
    ]


def test_an_artifact_without_a_link_is_a_problem_only_where_it_is_needed(workspace: Path) -> None:
    text = "artifacts: [{path: dist/widget.exe}]\n"
    assert pipeline(workspace, text + CENTERCODE).artifacts[0].url is None
    assert "dist/widget.exe has no URL to link" in problems(workspace, text + V3)[0]
    assert pipeline(workspace, text + V3.replace("}", ", attach: none}"))
    assert pipeline(workspace, text + V3.replace("}", ", when: never}"))


def test_files_that_would_share_a_link_are_a_problem(workspace: Path) -> None:
    found = problems(workspace, "artifacts: [{path: dist/*, url: 'https://dl.example.com/widget'}]\n" + CENTERCODE)
    assert "2 files match and all get the link https://dl.example.com/widget" in found[0]


def test_a_branch_keeps_its_slashes_in_a_url_and_nothing_else(workspace: Path) -> None:
    text = "artifacts: [{url: 'https://dl.example.com/{branch}/a.zip'}]\n" + CENTERCODE
    assert str(pipeline(workspace, text).artifacts[0].url) == "https://dl.example.com/feature/a%20b/a.zip"


def test_buildmasters_variables_know_the_first_artifact(workspace: Path) -> None:
    text = "artifacts: [{path: dist/widget.exe, url: 'https://dl.example.com/{filename}'}]\n" + BUILDMASTER.replace(
        "}", ", variables: {Url: '{artifact_url}', Sum: '{artifact_sha256}'}}"
    )
    got = pipeline(workspace, text).buildmaster
    assert got is not None
    assert got.variables == {"Url": "https://dl.example.com/widget.exe", "Sum": hashlib.sha256(b"exe!").hexdigest()}


def test_an_artifact_url_made_of_the_build_comes_too_late_for_its_variables_but_not_for_the_deployment(
    workspace: Path,
) -> None:
    head = "artifacts: [{url: 'https://dl.example.com/{build_number}/a.zip'}]\n"
    early = BUILDMASTER.replace("}", ", variables: {Url: '{artifact_url}'}}")
    assert "the first artifact's URL needs {build_number}" in problems(workspace, head + early)[0]
    late = BUILDMASTER.replace("}", ", deploy-variables: {Url: 'at {artifact_url}'}}")
    got = pipeline(workspace, head + late).buildmaster
    assert got is not None
    assert got.deploy_variables["Url"].fill({"build_number": "9"}) == "at https://dl.example.com/9/a.zip"


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
    assert found.startswith("<stdin>:1:20: release.version: expected a version, found nightly: a version is two to")


@pytest.mark.parametrize(
    ("version", "sent", "channel"),
    [
        ("1.4.0", "1.4.0", "stable"),
        ("1.5.0-beta.3", "1.5.0.3", "beta"),
        ("1.5-rc2", "1.5.0.2", "rc"),
        ("1.5.0-alpha", "1.5.0", "alpha"),
    ],
)
def test_versions_and_channels_for_v3(workspace: Path, version: str, sent: str, channel: str) -> None:
    got = pipeline(workspace, V3, replace(FACTS, tag=version))
    assert (got.v3[0].version, got.v3[0].channel) == (sent, channel)
    assert len(got.warnings) == (sent.count(".") > 2)


def test_a_pre_release_without_a_word_needs_a_channel(workspace: Path) -> None:
    assert "v3.channel: is missing" in problems(workspace, "release: {prerelease: true}\n" + V3)[0]
    said = "release: {prerelease: true}\n" + V3.replace("}", ", channel: nightly}")
    assert pipeline(workspace, said).v3[0].channel == "nightly"
    assert pipeline(workspace, "release: {prerelease: false}\n" + V3, replace(FACTS, tag="1.5.0-x")).v3[0].channel == (
        "stable"
    )


def test_when(workspace: Path) -> None:
    def skip(when: str, tag: str) -> str:
        return pipeline(workspace, V3.replace("}", f", when: {when}}}"), replace(FACTS, tag=tag)).v3[0].skip

    assert skip("always", "1.5.0-beta.3") == skip("prerelease", "1.5.0-beta.3") == skip("stable", "1.5.0") == ""
    assert skip("stable", "v1.5.0-beta.3") == "when: stable, and 1.5.0-beta.3 is a pre-release"
    assert skip("prerelease", "1.5.0") == "when: prerelease, and 1.5.0 isn't a pre-release"
    assert skip("never", "1.5.0") == "when: never"


def test_notes_of_the_release_and_of_a_target(workspace: Path) -> None:
    text = "release: {notes: {file: CHANGELOG.md}}\n" + V3.replace("}", ", notes: {text: '{version} *for you*'}}")
    got = pipeline(workspace, text + CENTERCODE)
    assert got.v3[0].notes == "{version} *for you*"
    assert "<li>Faster.</li>" in got.centercode[0].body
    assert got.notes_from == "CHANGELOG.md"
    assert "soon" in pipeline(workspace, text + CENTERCODE, replace(FACTS, tag="2.0.0")).centercode[0].body


def test_notes_that_are_too_long_are_a_problem_or_are_cut(workspace: Path) -> None:
    (workspace / "long.md").write_text("word\n" * 2000, encoding="utf-8")
    text = "release: {notes: {file: long.md}}\n" + V3
    assert problems(workspace, text)[0].startswith("<stdin>:1:25: release.notes.file: the notes have 9999 characters")
    for cut in (
        text.replace(".md}", ".md, too-long: truncate}"),
        text.replace("]}", "], notes: {too-long: truncate}}"),
    ):
        assert len(pipeline(workspace, cut).v3[0].notes) <= 4096


def test_an_endpoint_url_is_taken_apart_and_its_key_masked(workspace: Path) -> None:
    url = "https://cc.example.com/base/api/v1/projects/Widget%20Pro/releaseTypes/Firm%2Fware"
    loaded = read(workspace, f"centercode: {{endpoint-url: '{url}?apiKey=embedded-key-0815'}}\n", need=True)
    target = loaded.pipeline.centercode[0]
    assert (target.url, target.project, target.release_type) == (
        "https://cc.example.com/base",
        "Widget Pro",
        "Firm/ware",
    )
    assert target.key is not None
    assert target.key.reveal() == "embedded-key-0815"
    assert "move it to the variable SHIPLINE_CENTERCODE_API_KEY" in loaded.pipeline.warnings[0]
    assert "embedded-key-0815" not in str(loaded)
    assert redact("x embedded-key-0815") == "x ***"


def test_a_key_in_an_endpoint_url_that_is_a_flag_is_warned_of(workspace: Path) -> None:
    url = "https://cc.example.com/api/v1/projects/Widget/releaseTypes/Firmware?apiKey=embedded-key-0816"
    (workspace / "shipline.yml").write_text("release: {version: 1.4.0}\n")
    flags = {"centercode-endpoint-url": url}
    loaded = load(Sources(flags, {}, None, None, Facts(ci="local"), workspace, need_keys=True))
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
    v3 = f"v3: {{url: 'https://api.example.com', product-id: p, platforms: [linux]{own}}}"
    (workspace / "shipline.yml").write_text(text.replace("V3", v3).replace("KEY", key))
    with pytest.raises(InvalidInputError) as caught:
        load(Sources({}, {variable: key}, None, None, Facts(ci="local"), workspace, need_keys=True))
    (problem,) = caught.value.problems
    assert problem.path == path
    assert problem.what.startswith(f"holds the key of {variable}, and everybody")
    assert key not in str(problem)


def test_a_key_in_what_only_buildmaster_gets_is_a_warning(workspace: Path) -> None:
    key = "sandbox-never-published-4712"
    (workspace / "shipline.yml").write_text(
        "release: {version: 1.4.0}\nbuildmaster: {url: 'https://b.example.com', application: Widget, pipeline: P, "
        f"variables: {{Key: {key}}}}}\n"
    )
    environ = {"SHIPLINE_BUILDMASTER_API_KEY": key}
    loaded = load(Sources({}, environ, None, None, Facts(ci="local"), workspace, need_keys=True))
    assert "holds the key of SHIPLINE_BUILDMASTER_API_KEY" in loaded.pipeline.warnings[0]


def test_two_different_keys_for_a_target_are_a_problem(workspace: Path) -> None:
    url = "https://cc.example.com/api/v1/projects/P/releaseTypes/T?apiKey=embedded-key-4711"
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
    fork = replace(FACTS, key_hint="this merge request comes from a fork")
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


def test_plain_http(workspace: Path) -> None:
    insecure = BUILDMASTER.replace("https", "http")
    allowed = pipeline(workspace, insecure.replace("}", ", allow-http: true}"))
    assert "plain HTTP" in allowed.warnings[0]
    for host in ("localhost:81", "127.0.0.1", "[::1]:8622"):
        text = BUILDMASTER.replace("https://bm.example.com", f"http://{host}").replace("url: ", "url: '")
        text = text.replace("sub/", "sub/'")
        assert pipeline(workspace, text).warnings == ()
        assert pipeline(workspace, CENTERCODE.replace("https://cc.example.com", f"'http://{host}'"))
    assert "expected https://" in problems(workspace, CENTERCODE.replace("https", "http"))[0]


def test_dates_become_what_centercode_takes(workspace: Path) -> None:
    text = CENTERCODE.replace("}", ", start-date: 2027-03-01T08:00:00+0100, end-date: 2027-03-02T08:00:00.5-07:00}")
    target = pipeline(workspace, text).centercode[0]
    assert (target.start_date, target.end_date) == ("2027-03-01T07:00:00Z", "2027-03-02T15:00:00Z")
    past = pipeline(workspace, CENTERCODE.replace("}", ", end-date: 2020-03-02T08:00:00Z}"))
    assert "is in the past" in past.warnings[0]


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


def test_artifacts_of_a_target_are_chosen_by_label(workspace: Path) -> None:
    text = "artifacts: [{path: dist/*, url: 'https://dl.example.com/{filename}'}]\n"
    got = pipeline(workspace, text + CENTERCODE.replace("}", ", artifacts: ['*.exe']}"))
    assert [artifact.filename for artifact in got.centercode[0].artifacts] == ["widget.exe"]
    assert len(got.artifacts) == 2


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
    assert load(Sources({}, {}, None, None, FACTS, tmp_path, need_keys=False)).config == "shipline.yaml"
    with pytest.raises(InvalidInputError) as caught:
        load(Sources({}, {}, "other.yml", None, FACTS, tmp_path, need_keys=False))
    assert str(caught.value.problems[0]).startswith("other.yml: there is no such file")


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
    assert found == ["<stdin>:1:88: buildmaster.stages[1]: is empty once its names are filled in"]


V3_LIST = """\
v3:
  - {url: https://api.example.com/v3, product-id: p, platforms: [windows, linux]}
  - {url: "https://API.example.com/", product-id: p, platforms: [linux, mac], channel: CHANNEL, when: WHEN}
"""


def test_two_v3_targets_that_are_the_same_release_are_a_problem(workspace: Path) -> None:
    both = V3_LIST.replace("WHEN", "always")
    (found,) = problems(workspace, both.replace("CHANNEL", "stable"))
    assert found.startswith(
        "<stdin>:3:5: v3[1]: is the same as v3[0]: url, product-id, version 1.4.0, channel stable and "
    )
    assert len(pipeline(workspace, both.replace("CHANNEL", "beta")).v3) == 2
    assert len(pipeline(workspace, both.replace("CHANNEL", "stable").replace("[linux, mac]", "[mac]")).v3) == 2
    assert pipeline(workspace, V3_LIST.replace("CHANNEL", "stable").replace("WHEN", "prerelease")).v3[1].skip


def test_two_centercode_targets_of_the_same_release_type_are_a_problem(workspace: Path) -> None:
    text = """\
centercode:
  - {url: https://cc.example.com, project: P, release-type: T, when: always}
  - {endpoint-url: "https://cc.example.com/api/v1/projects/P/releaseTypes/T", subtitle: x}
"""
    (found,) = problems(workspace, text)
    assert found == (
        "<stdin>:3:5: centercode[1]: is the same as centercode[0]: url, project and release type; "
        "expected one target a release type"
    )
    assert pipeline(workspace, text.replace("always", "never"))
    assert pipeline(workspace, text.replace("release-type: T", "release-type: U"))


def test_a_ca_bundle_that_can_not_be_loaded_is_a_problem(workspace: Path) -> None:
    (workspace / "ca.pem").write_text("pem", encoding="utf-8")
    expected = "network.ca-bundle: can't be used: no certificate can be read from it; expected certificates in PEM form"
    assert problems(workspace, BUILDMASTER + "network: {ca-bundle: ca.pem}\n") == [f"<stdin>:2:22: {expected}"]
    pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    found = problems(workspace, BUILDMASTER, environ={**KEYS, "SHIPLINE_NETWORK_CA_BUNDLE": pem})
    assert found == [f"SHIPLINE_NETWORK_CA_BUNDLE: {expected}"]
    assert "no such file" in problems(workspace, BUILDMASTER + "network: {ca-bundle: dist}\n")[0]


def test_keys_in_a_list_of_endpoints_have_a_way_to_be_told_apart(workspace: Path) -> None:
    url = "https://cc.example.com/api/v1/projects/P/releaseTypes/T?apiKey=one-of-many-4711"
    text = f"centercode: [{{endpoint-url: '{url}'}}]\n"
    assert "move it to a variable that key-env names" in pipeline(workspace, text).warnings[0]
    (found,) = problems(workspace, text, environ={"SHIPLINE_CENTERCODE_API_KEY": "general-key-4711"})
    assert found.startswith("<stdin>:1:29: centercode[0].endpoint-url: holds a key, and SHIPLINE_CENTERCODE_API_KEY")
    assert "name that in this target's key-env" in found
    assert "4711" not in found


def test_links_that_are_not_http_are_named(workspace: Path) -> None:
    for entry, place in (("path: 'ftp://x.example.com/y.zip'", "1:20"), ("url: 's3://bucket/y.zip'", "1:19")):
        (found,) = problems(workspace, f"artifacts: [{{{entry}}}]\n" + V3)
        assert found.startswith(f"<stdin>:{place}: artifacts[0].")
        assert "only http and https links are possible, found " in found
    (found,) = problems(workspace, "artifacts: [{path: 'https://x.example.com/y.zip'}]\n" + V3)
    assert found.endswith("is a link: give it as url, or give the path of a local file")


def test_a_version_that_is_missing_in_spite_of_tags(workspace: Path) -> None:
    facts = Facts(tag_hint="two version tags here: v2.1.0, v2.2.0")
    (found,) = problems(workspace, V3, facts)
    assert found == (
        "<stdin>:1:1: release.version: is missing; two version tags here: v2.1.0, v2.2.0: "
        "set it, such as version: 1.4.0"
    )
    (asked,) = problems(workspace, "release: {version: '{tag}'}\n" + V3, Facts())
    assert asked.endswith("{tag} has no value: no tag in this run; release-version gives a version without one")
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


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (V3.replace("}", ", channel: 'c{branch}'}"), "<stdin>:1:88: v3.channel:"),
        (V3.replace("}", ", title: 'for {branch}'}"), "<stdin>:1:86: v3.title:"),
        ("release: {title: '{branch} {version}'}\n" + V3, "<stdin>:1:18: release.title:"),
        (
            "artifacts: [{url: 'https://a.example.com/b', label: 'x{branch}'}]\n" + V3,
            "<stdin>:1:53: artifacts[0].label:",
        ),
        (
            f"artifacts: [{{url: 'https://a.example.com/{'{branch}' * 9}/b'}}]\n" + V3,
            "<stdin>:1:19: artifacts[0].url:",
        ),
        (
            f"artifacts-url: 'https://a.example.com/{'{branch}' * 9}/b'\nartifacts: [{{path: dist/widget.exe}}]\n" + V3,
            "<stdin>:1:16: artifacts-url:",
        ),
    ],
)
def test_what_v3_limits_is_measured_with_its_names_filled_in(workspace: Path, text: str, place: str) -> None:
    facts = replace(FACTS, branch="b" * 256)
    (found,) = problems(workspace, text, facts)
    assert found.startswith(place)
    assert "characters once its names are filled in: expected at most" in found
    assert pipeline(workspace, text, replace(FACTS, branch="b"))
    assert pipeline(workspace, text.replace("windows]", "windows], when: never"), facts)


def test_a_check_says_which_keys_a_run_would_need(workspace: Path) -> None:
    text = BUILDMASTER + V3 + CENTERCODE.replace("}", ", key-env: CC_KEY}")
    assert set(read(workspace, text).missing_keys) == {"SHIPLINE_BUILDMASTER_API_KEY", "SHIPLINE_V3_TOKEN", "CC_KEY"}
    assert read(workspace, text, environ={"SHIPLINE_V3_TOKEN": "a-token-or-so"}).missing_keys == (
        "SHIPLINE_BUILDMASTER_API_KEY",
        "CC_KEY",
    )
    assert read(workspace, V3.replace("}", ", when: never}")).missing_keys == ()


def test_origins_of_what_is_made_of_other_values(workspace: Path) -> None:
    origins = read(workspace, BUILDMASTER + V3_LIST.replace("CHANNEL", "beta").replace("WHEN", "always")).origins
    assert {
        ("buildmaster.release", "1.4", "default"),
        ("v3[0].version", "1.4.0", "default"),
        ("v3[0].channel", "stable", "default"),
        ("v3[0].title", "<application> 1.4.0", "default"),
        ("v3[1].title", "<application> 1.4.0", "default"),
    } <= set(origins)
    assert [name for name, _, _ in origins].count("v3[1].channel") == 1
    titled = read(workspace, "release: {title: Widget}\n" + CENTERCODE).origins
    assert [(name, shown) for name, shown, _ in titled if "title" in name] == [("release.title", "Widget")]
