"""Jenkins: the build's facts, the files that the library reads, and the library's names."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline import schemas
from shipline.ci import detect
from shipline.ci.jenkins import FOLDER, Jenkins, camel_case
from shipline.errors import InvalidInputError, Problem, RefusedError
from shipline.inputs import catalogue
from shipline.reporting import job_summary

if TYPE_CHECKING:
    from shipline.ci.facts import Facts

LIBRARY = Path(__file__).parents[2] / "ci_templates/jenkins/vars/shipline.groovy"
BUILD = {
    "JENKINS_URL": "https://ci.example.com/",
    "JOB_NAME": "acme/widget/v1.4.0",
    "BUILD_NUMBER": "12",
    "BUILD_TAG": "jenkins-acme-widget-v1.4.0-12",
    "BUILD_URL": "https://ci.example.com/job/acme/job/widget/job/v1.4.0/12/",
}


def facts(tmp_path: Path, **environ: str) -> Facts:
    return Jenkins({**BUILD, **environ}, tmp_path).facts()


def test_facts_of_a_tag(tmp_path: Path) -> None:
    found = facts(tmp_path, TAG_NAME="v1.4.0", BRANCH_NAME="v1.4.0", GIT_BRANCH="v1.4.0", GIT_COMMIT="a" * 40)
    assert (found.tag, found.branch, found.sha) == ("v1.4.0", "", "a" * 40)
    assert (found.run_id, found.run_number, found.run_attempt) == ("acme/widget/v1.4.0#12", "12", None)
    assert found.run_url == BUILD["BUILD_URL"]
    assert found.artifact_urls["ci"].template == BUILD["BUILD_URL"] + "artifact/{path}"


@pytest.mark.parametrize(
    ("environ", "tag", "branch"),
    [
        ({"BRANCH_NAME": "main", "GIT_BRANCH": "main"}, "", "main"),
        ({"BRANCH_NAME": "PR-7", "CHANGE_BRANCH": "topic/x"}, "", "topic/x"),
        ({"GIT_BRANCH": "origin/main"}, "", "main"),
        ({"GIT_BRANCH": "origin/feature/a"}, "", "feature/a"),
        ({"GIT_BRANCH": "refs/heads/main"}, "", "main"),
        ({"GIT_BRANCH": "refs/tags/v2.0.0"}, "v2.0.0", ""),
        ({"GIT_BRANCH": "origin/tags/v2.0.0"}, "v2.0.0", ""),
        ({"GIT_BRANCH": "detached"}, "", ""),
        ({}, "", ""),
    ],
)
def test_tag_and_branch(tmp_path: Path, environ: dict[str, str], tag: str, branch: str) -> None:
    found = facts(tmp_path, **environ)
    assert (found.tag, found.branch) == (tag, branch)


@pytest.mark.parametrize("url", ["https://github.com/acme/widget.git", "git@github.com:acme/widget.git"])
def test_the_repository_is_that_of_the_checkout(tmp_path: Path, url: str) -> None:
    assert facts(tmp_path, GIT_URL=url).repository == "acme/widget"
    assert facts(tmp_path).repository == BUILD["JOB_NAME"]


def test_a_scripted_pipeline_has_its_commit_from_the_checkout(tmp_path: Path) -> None:
    for step in (
        ["init", "--quiet"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *step], cwd=tmp_path, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert facts(tmp_path).sha == head.stdout.strip()


def test_without_the_address_of_jenkins_nothing_is_made_up(tmp_path: Path) -> None:
    found = Jenkins({"JENKINS_HOME": "/var/lib/jenkins", "BUILD_TAG": "jenkins-widget-12"}, tmp_path).facts()
    assert (found.run_id, found.run_url, found.artifact_urls) == ("jenkins-widget-12", "", {})


def test_it_is_recognised_and_named() -> None:
    assert isinstance(detect.system("", BUILD, Path()), Jenkins)
    assert isinstance(detect.system("jenkins", {}, Path()), Jenkins)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(st.sampled_from(list(schemas.load("receipt")["properties"]["outputs"]["properties"])), TEXT))
def test_each_output_is_one_line(tmp_path_factory: pytest.TempPathFactory, outputs: dict[str, str]) -> None:
    folder = tmp_path_factory.mktemp("out")
    Jenkins({FOLDER: "a/b"}, folder).outputs(outputs)
    # As the library reads it: split at line feeds, then at the first equals sign.
    lines = (folder / "a/b/outputs").read_bytes().decode().split("\n")
    read = dict(line.split("=", 1) for line in lines if line)
    assert read == {camel_case(name): re.sub(r"[\r\n]+", " ", text) for name, text in outputs.items()}


def test_outside_the_library_nothing_is_written(tmp_path: Path) -> None:
    system = Jenkins(BUILD, tmp_path)
    system.outputs({"result": "succeeded"})
    system.summary("# x")
    assert list(tmp_path.iterdir()) == []


HOSTILE = '<script>alert(1)</script> <img src=x onerror=y> [a](javascript:b) "&amp; é'


def test_foreign_text_is_escaped_on_the_builds_page(tmp_path: Path) -> None:
    Jenkins({FOLDER: "."}, tmp_path).summary(job_summary.of_error(RefusedError(HOSTILE, why=HOSTILE, todo="do")))
    text = (tmp_path / "description.html").read_bytes().decode("ascii")
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("<a ") == text.count('<a href="https://shipline') == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<strong>Next</strong>: Do" in text


def test_the_builds_page_leads_to_the_run_report(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    system = Jenkins({**BUILD, FOLDER: "a/b"}, tmp_path)
    system.summary("## Widget")
    assert "Run report" not in (tmp_path / "a/b/description.html").read_text()
    (tmp_path / "a/b/report.html").write_text("made")
    system.summary("## Widget")
    link = f'<a href="{BUILD["BUILD_URL"]}artifact/a/b/report.html">Run report</a>'
    assert link in (tmp_path / "a/b/description.html").read_text()


def test_wrong_input_is_a_report_for_the_plugin_warnings(tmp_path: Path) -> None:
    system = Jenkins({**BUILD, FOLDER: "out", "WORKSPACE": str(tmp_path)}, tmp_path / "app")
    (tmp_path / "app").mkdir()
    assert [
        *system.problems([Problem("shipline.yml:7:12", "v3.state", "wrong"), Problem("v3-url", "", "no URL")])
    ] == []
    system.outputs({"result": "failed"})
    issues = json.loads((tmp_path / "app/out/codequality.json").read_text())
    places = [
        (issue["location"]["path"], issue["location"]["lines"]["begin"], issue["description"]) for issue in issues
    ]
    assert places == [("app/shipline.yml", 7, "v3.state: wrong"), ("Jenkinsfile", 1, "v3-url: no URL")]


def test_the_builds_page_is_short(tmp_path: Path) -> None:
    problems = [Problem(f"shipline.yml:{line}:1", "v3.url", "wrong") for line in (1, 2)]
    told = job_summary.of_error(InvalidInputError(problems)) + "\n[B](<https://b/>)\n\n### Artifacts\n\nmany\n"
    Jenkins({FOLDER: "."}, tmp_path).summary(told)
    short = (tmp_path / "description.html").read_text()
    assert "Exit code 2: invalid input</a>" in short
    assert '<a href="https://b/">B</a>' in short
    assert "many" not in short


def test_the_library_takes_every_setting_and_no_key() -> None:
    written = LIBRARY.read_text(encoding="utf-8").partition("// Written by")[2]
    names = set(re.findall(r"\b(\w+): '\w+',", written))
    every = {camel_case(leaf.name) for leaf in (*catalogue.options(), *catalogue.settings()) if not leaf.secret}
    own = {"buildmasterCredentialsId", "centercodeCredentialsId", "v3CredentialsId", "journalCredentialsId"}
    own |= {"image", "failOnError", "unstableOnWarning", "buildDescription"}
    assert names == (every - {"ci"}) | own
    assert not {name for name in names if name.lower().endswith(("apikey", "token"))}


def test_a_name_in_groovy_gives_the_variable_back() -> None:
    for leaf in catalogue.settings():
        variable = "SHIPLINE_" + re.sub("([A-Z])", r"_\1", camel_case(leaf.name)).upper()
        assert variable == leaf.variable


def test_the_library_keeps_to_what_jenkins_can_suspend_and_allows() -> None:
    """No method that must not be suspended, no parser whose values can't be saved, no plugin beyond the usual ones."""
    text = LIBRARY.read_text(encoding="utf-8")
    for word in ("@NonCPS", "JsonSlurper", "readJSON", "writeJSON", "import ", "class ", ".each", ".collect", "sleep"):
        assert word not in text
    scripts = re.findall(r"\b(sh|bat|pwsh|powershell)\(options \+ \[script: '(.*?)'\]\)", text)
    assert scripts == [("sh", "exec shipline run"), ("bat", "shipline run")]
    assert len(scripts) == len(re.findall(r"\b(?:sh|bat|pwsh|powershell)\(|script:", text)) / 2


def test_the_help_tells_every_listed_input_and_every_output() -> None:
    text = LIBRARY.with_suffix(".txt").read_text(encoding="utf-8")
    listed = [leaf for leaf in catalogue.settings() if leaf.shown != "file" and not leaf.secret]
    outputs = schemas.load("receipt")["properties"]["outputs"]["properties"]
    for name in (*(leaf.name for leaf in listed), *outputs):
        assert f"<dt><code>{camel_case(name)}</code></dt>" in text
