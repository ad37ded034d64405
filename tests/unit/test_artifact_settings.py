"""Artifacts: local files and remote URLs, their links and labels, and the names that they give other settings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import ArtifactUrl
from shipline.errors import InvalidInputError
from unit.resolving import BUILDMASTER, CENTERCODE, FACTS, V3, pipeline, problems

if TYPE_CHECKING:
    from pathlib import Path


def test_local_artifacts_are_measured_and_linked(workspace: Path) -> None:
    text = "artifacts: [{path: dist/*, url: 'https://dl.example.com/{version}/{filename}'}]\n" + V3
    first, second = pipeline(workspace, text).artifacts
    assert (first.filename, first.size, str(first.label)) == ("widget 1.4.0.zip", 3, "widget 1.4.0.zip")
    assert str(first.url) == "https://dl.example.com/1.4.0/widget%201.4.0.zip"
    assert first.sha256 == hashlib.sha256(b"zip").hexdigest()
    assert first.md5 == hashlib.md5(b"zip", usedforsecurity=False).hexdigest()
    assert second.shown_path == "dist/widget.exe"


@pytest.mark.parametrize(
    "targets",
    [
        CENTERCODE,
        *(V3.replace("{", f"{{{setting}, ", 1) for setting in ("attach: none", "when: never")),
        f"steps: [build]\n{BUILDMASTER}{V3}",
        CENTERCODE + V3,
    ],
)
def test_a_file_has_an_md5_only_for_a_release_file_of_v3(workspace: Path, targets: str) -> None:
    text = "artifacts: [{path: dist/widget.exe, url: 'https://dl.example.com/{filename}'}]\n" + targets
    (artifact,) = pipeline(workspace, text).artifacts
    assert (artifact.md5 is None) == (targets != CENTERCODE + V3)


def test_remote_artifacts(workspace: Path) -> None:
    text = "artifacts: [{url: 'https://dl.example.com/a%20b.zip?x=1', size: 5, label: '{filename} {tag}'}]\n" + V3
    (artifact,) = pipeline(workspace, text).artifacts
    assert (artifact.filename, artifact.path, artifact.size) == ("a b.zip", None, 5)
    assert str(artifact.label) == "a b.zip v1.4.0"


def test_the_ci_systems_own_artifact_url(workspace: Path) -> None:
    text = "artifacts-url: ci\nartifacts: [{path: dist/widget.exe}]\n" + V3
    facts = FACTS._replace(artifact_urls={"ci": ArtifactUrl("https://ci.example.com/jobs/7/raw/{path}")})
    (artifact,) = pipeline(workspace, text, facts).artifacts
    assert str(artifact.url) == "https://ci.example.com/jobs/7/raw/dist/widget.exe"
    (found,) = problems(workspace, text)
    assert found == (
        "<stdin>:1:16: artifacts-url: this run has no ci URL (CI system: gitlab; tag: v1.4.0): "
        "write the URL instead, such as https://dl.example.com/{version}/{filename}"
    )


ASSET = ArtifactUrl("https://github.com/acme/widget/releases/download/v1.4.0/{filename}", "[^A-Za-z0-9+_-]+")


def asset_url(workspace: Path, name: str) -> str:
    (workspace / "assets").mkdir(exist_ok=True)
    (workspace / "assets" / name).write_bytes(b"x")
    text = "artifacts-url: github-release\nartifacts: [{path: assets/*, label: '{filename}'}]\n" + CENTERCODE
    (artifact,) = pipeline(workspace, text, FACTS._replace(artifact_urls={"github-release": ASSET})).artifacts
    assert str(artifact.label) == name
    return str(artifact.url).rpartition("/")[2]


@pytest.mark.parametrize(
    ("name", "asset"),
    [
        ("widget-1.4.0_x64.zip", "widget-1.4.0_x64.zip"),
        ("My App 1.0.0 Setup.exe", "My.App.1.0.0.Setup.exe"),
        ("app-(15-5)-6064.apk", "app-.15-5.-6064.apk"),
        ("widget (1).zip", "widget.1.zip"),
        ("tool-1.1.0-1~buster_amd64.deb", "tool-1.1.0-1.buster_amd64.deb"),
        ("hello-5.0.0+master.tar.gz", "hello-5.0.0%2Bmaster.tar.gz"),
        ("a5_ !#$%&'(),-.0123456789;=@ABC[]^_`abc{}~.txt", "a5_.-.0123456789.ABC._.abc.txt"),
    ],
)
def test_an_asset_is_linked_by_the_name_that_github_gives_it(workspace: Path, name: str, asset: str) -> None:
    assert asset_url(workspace, name) == asset


@pytest.mark.parametrize("name", ["schön.zip", "żółw.zip", "(a).zip", "a.zip~"])
def test_a_name_that_github_changes_in_unknown_ways_is_a_problem(workspace: Path, name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        asset_url(workspace, name)
    (found,) = map(str, caught.value.problems)
    assert f"the CI system gives {name} another name that Shipline can't predict: rename the file, or give its" in found


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("github-release", "https://github.com/OWNER/REPOSITORY/releases/download/{tag}/{filename}"),
        ("gitlab-release", "https://gitlab.com/GROUP/PROJECT/-/releases/{tag}/downloads/{filename}"),
        ("gitlab-package", "https://gitlab.com/api/v4/projects/ID/packages/generic/PACKAGE/{version}/{filename}"),
        ("git-lab", "a URL or one of ci, github-release, gitlab-release, gitlab-package, found git-lab"),
        ("github_release", "found github_release: did you mean github-release?"),
    ],
)
def test_a_preset_that_this_run_doesnt_have_says_what_to_write(workspace: Path, preset: str, expected: str) -> None:
    facts = FACTS._replace(ci="jenkins", tag="")
    text = f"artifacts-url: {preset}\nrelease: {{version: 1.4.0}}\nartifacts: [{{path: dist/widget.exe}}]\n"
    (found,) = problems(workspace, text + CENTERCODE, facts)
    assert found.startswith("<stdin>:1:16: artifacts-url: ")
    assert found.endswith(expected)
    assert ("(CI system: jenkins; tag: none)" in found) is expected.startswith("https")


def test_an_artifact_without_a_link_is_a_problem_only_where_it_is_needed(workspace: Path) -> None:
    text = "artifacts: [{path: dist/widget.exe}]\n"
    buckets = CENTERCODE.replace("}", ", bucket-files: [Builds/widget.exe]}")
    assert pipeline(workspace, text + buckets).artifacts[0].url is None
    assert pipeline(workspace, text + BUILDMASTER).artifacts[0].url is None
    assert problems(workspace, text + V3)[0].endswith(
        "v3.attach: dist/widget.exe has no URL to link, so the release would have no file for it: "
        "give a url, set artifacts-url, or write attach: none"
    )
    for kind in ("when: never", "when: prerelease"):
        assert pipeline(workspace, text + CENTERCODE.replace("}", f", {kind}}}"))
    assert pipeline(workspace, text + V3.replace("}", ", attach: none}"))
    assert pipeline(workspace, text + V3.replace("}", ", when: never}"))


def test_a_centercode_release_without_any_download_is_a_problem(workspace: Path) -> None:
    (found,) = problems(workspace, "artifacts: [{path: dist/*}]\n" + CENTERCODE)
    assert found == (
        "<stdin>:2:1: centercode: dist/widget 1.4.0.zip and 1 more have no URL to link, so testers would "
        "have no download: give a url, set artifacts-url, or name bucket-files"
    )
    assert pipeline(workspace, CENTERCODE).centercode[0].artifacts == ()


def test_a_file_that_two_patterns_match_is_linked_once(workspace: Path) -> None:
    (workspace / "dist/empty.bin").touch()
    absolute = f"{workspace}/dist/widget.exe"
    text = "artifacts-url: 'https://dl.example.com/{filename}'\nartifacts:\n"
    for path in ("dist/widget.exe", "dist/*.exe", "dist/*", f"'{absolute}'", "./dist/widget.exe"):
        text += f"  - {{path: {path}}}\n"
    got = pipeline(workspace, text + CENTERCODE)
    assert [artifact.filename for artifact in got.artifacts] == ["widget.exe", "empty.bin", "widget 1.4.0.zip"]
    assert got.centercode[0].artifacts == got.artifacts


def test_the_first_entry_of_a_file_decides_and_a_mirror_is_a_second_link(workspace: Path) -> None:
    entries = ["url: 'https://a.example.com/w', label: First", "url: 'https://a.example.com/w', label: Second"]
    entries += ["url: 'https://b.example.com/w', label: First", "url: 'https://b.example.com/w', label: Mirror"]
    text = "artifacts:\n" + "".join(f"  - {{path: dist/widget.exe, {entry}}}\n" for entry in entries)
    got = pipeline(workspace, text + CENTERCODE).artifacts
    assert [(str(a.label), str(a.url)) for a in got] == [
        ("First", "https://a.example.com/w"),
        ("Mirror", "https://b.example.com/w"),
    ]


def test_an_empty_file_is_a_warning(workspace: Path) -> None:
    (workspace / "dist/empty.bin").touch()
    text = "artifacts-url: 'https://dl.example.com/{filename}'\nartifacts: [{path: dist/widget.exe}, {path: dist/*}]\n"
    (warning,) = pipeline(workspace, text + CENTERCODE).warnings
    assert warning.endswith("artifacts[1].path: dist/empty.bin is empty (0 bytes): check the job that builds it")
    (workspace / "dist/also.bin").touch()
    (warning,) = pipeline(workspace, text + CENTERCODE).warnings
    assert "dist/also.bin and 1 more are empty (0 bytes)" in warning


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


def test_artifacts_of_a_target_are_chosen_by_label(workspace: Path) -> None:
    text = "artifacts: [{path: dist/*, url: 'https://dl.example.com/{filename}'}]\n"
    got = pipeline(workspace, text + CENTERCODE.replace("}", ", artifacts: ['*.exe']}"))
    assert [artifact.filename for artifact in got.centercode[0].artifacts] == ["widget.exe"]
    assert len(got.artifacts) == 2


def test_links_that_are_not_http_are_named(workspace: Path) -> None:
    for entry, place in (("path: 'ftp://x.example.com/y.zip'", "1:20"), ("url: 's3://bucket/y.zip'", "1:19")):
        (found,) = problems(workspace, f"artifacts: [{{{entry}}}]\n" + V3)
        assert found.startswith(f"<stdin>:{place}: artifacts[0].")
        assert "only http and https links are possible, found " in found
    (found,) = problems(workspace, "artifacts: [{path: 'https://x.example.com/y.zip'}]\n" + V3)
    assert found.endswith("is a link: give it as url, or give the path of a local file")
