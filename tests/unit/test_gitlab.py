"""GitLab: the job's facts, its reports as GitLab reads them, and sections."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline import schemas
from shipline.ci import code_quality, detect
from shipline.ci.gitlab import PREFIX, REPORT, REPORTS, GitLab, dotenv
from shipline.errors import InvalidInputError, Problem, RefusedError
from shipline.inputs import catalogue
from shipline.redaction import redact
from shipline.reporting.console import Console
from shipline.run.outcome import Outcome

# What GitLab's trace parser takes for a section (lib/gitlab/regex.rb, build_trace_section_regex).
SECTION = re.compile(r"section_((?:start)|(?:end)):(\d+):([a-zA-Z0-9_.-]+)(?:\[[^\]]*\])?\r\x1b\[0K")

PIECES = (
    "=",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "$CI",
    "${CI}",
    "$$",
    '"',
    "'",
    "\\",
    "`",
    "#",
    "%",
    "&",
    "?",
    "https://x/",
)
PIECES += (
    "A=b",
    "\u2028",
    "\x85",
    "\u00a0",
    "\ufeff",
    "é",
    "section_end:1:x\r\x1b[0K",
    "\x1b[0K",
    "{version}",
    "x" * 900,
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map("".join)
NAMES = tuple(schemas.load("receipt")["properties"]["outputs"]["properties"])


class RefusedReportError(Exception):
    """GitLab keeps nothing of such a report."""


def read_back(report: bytes, others: dict[str, str]) -> dict[str, str]:
    """A dotenv report as GitLab takes it into a later job, whose other variables are ``others``.

    ParseDotenvArtifactService: lines end at LF; each is a key and, after the first ``=``, a value, both stripped of
    blanks and NUL; nothing is quoted; a blank line is an error. Limits are those of the Free tier. ExpandVariables, as
    the values are not raw: $NAME, ${NAME} and %NAME%, empty if there is no such variable.
    """
    if len(report) >= 5 * 1024:
        raise RefusedReportError("too big")
    found: dict[str, str] = {}
    for line in re.findall(r"[^\n]*\n|[^\n]+", report.decode("utf-8", "replace").removeprefix("\ufeff")):
        match = re.match(r"(.*?)=(.*)", line)
        if match is None:
            raise RefusedReportError("Invalid Format")
        key, value = (part.strip("\t\n\v\f\r \0") for part in match.groups())
        if not re.fullmatch(r"[a-zA-Z0-9_]{1,255}", key):
            raise RefusedReportError("key")
        found[key] = value
    if len(found) > 20:
        raise RefusedReportError("too many")
    known = {**others, **found}

    def expanded(match: re.Match[str]) -> str:
        return match[0][0] if match[0] in ("$$", "%%") else known.get(match[0].strip("${}%"), "")

    return {
        key: re.sub(r"\$\$|%%|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|%[A-Za-z_]\w*%", expanded, v)
        for key, v in found.items()
    }


def gitlab(workspace: Path, **environ: str) -> GitLab:
    return GitLab(environ, workspace)


PIPELINE = {
    "CI_COMMIT_SHA": "a" * 40,
    "CI_PIPELINE_ID": "7001",
    "CI_PIPELINE_IID": "12",
    "CI_PIPELINE_CREATED_AT": "2026-11-02T11:00:00+01:00",
    "CI_JOB_URL": "https://gitlab.example.com/acme/widget/-/jobs/99",
    "CI_PROJECT_PATH": "acme/widget",
    "GITLAB_USER_LOGIN": "mona",
    "CI_COMMIT_REF_NAME": "v1.4.0",
}


def test_facts_of_a_tag(tmp_path: Path) -> None:
    facts = gitlab(tmp_path, **PIPELINE, CI_COMMIT_TAG="v1.4.0").facts()
    assert (facts.ci, facts.tag, facts.branch, facts.sha) == ("gitlab", "v1.4.0", "", "a" * 40)
    assert (facts.run_id, facts.run_number, facts.run_attempt) == ("7001", "12", None)
    assert facts.began == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert (facts.run_url, facts.repository, facts.actor) == (PIPELINE["CI_JOB_URL"], "acme/widget", "mona")
    assert facts.artifact_urls["ci"].template == "https://gitlab.example.com/acme/widget/-/jobs/99/artifacts/raw/{path}"


def test_urls_for_artifacts(tmp_path: Path) -> None:
    project = {
        "CI_PROJECT_URL": "https://gitlab.example.com/sub/acme/widget",
        "CI_API_V4_URL": "https://gitlab.example.com/sub/api/v4",
        "CI_PROJECT_ID": "24",
        "CI_PROJECT_NAME": "widget",
    }
    urls = gitlab(tmp_path, **PIPELINE, **project, CI_COMMIT_TAG="w/v1.4.0").facts().artifact_urls
    assert {preset: url.template for preset, url in urls.items()} == {
        "ci": "https://gitlab.example.com/acme/widget/-/jobs/99/artifacts/raw/{path}",
        "gitlab-release": "https://gitlab.example.com/sub/acme/widget/-/releases/w%2Fv1.4.0/downloads/{filename}",
        "gitlab-package": (
            "https://gitlab.example.com/sub/api/v4/projects/24/packages/generic/widget/{version}/{filename}"
        ),
    }
    assert not any(url.replaced for url in urls.values())
    assert gitlab(tmp_path, **PIPELINE, **project).facts().artifact_urls.keys() == {"ci", "gitlab-package"}


@pytest.mark.parametrize(
    ("job", "shard"),
    [
        ("shipline 2/4", "2/4"),
        ("shipline: [2/4]", "2/4"),  # gitlab-ci-local
        ("all: [eu] 2/4", "2/4"),
        ("", "2/4"),
        ("shipline: [eu, products/*.yml]", ""),
        ("shipline: [eu,us]", ""),
        ("shipline: []", ""),
    ],
)
def test_only_jobs_of_a_number_share_what_they_do(tmp_path: Path, job: str, shard: str) -> None:
    node = {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4", "CI_JOB_NAME": job}
    assert detect.shard(node) == detect.shard(node | {"GITLAB_CI": "false"}) == shard
    assert detect.shard({"CI_NODE_TOTAL": "1", "CI_JOB_NAME": job}) == ""


def test_facts_of_a_branch_and_of_a_merge_request(tmp_path: Path) -> None:
    assert gitlab(tmp_path, **PIPELINE, CI_COMMIT_BRANCH="main").facts().branch == "main"
    merge_request = {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "b" * 40}
    facts = gitlab(tmp_path, **PIPELINE, **merge_request).facts()
    assert (facts.tag, facts.branch, facts.sha) == ("", "topic", "b" * 40)
    assert gitlab(tmp_path).facts().artifact_urls == {}


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        # Its pipeline runs in the fork; or in the project, when a member starts it there.
        ({"SOURCE": "9", "TARGET": "5", "PROJECT": "9"}, "comes from a fork"),
        ({"SOURCE": "9", "TARGET": "5", "PROJECT": "5"}, "comes from a fork"),
        ({"SOURCE": "5", "TARGET": "5", "PROJECT": "5"}, ""),
        ({"PROJECT": "5", "CI_COMMIT_REF_PROTECTED": "false"}, "to protected branches and tags only"),
        ({"PROJECT": "5", "CI_COMMIT_REF_PROTECTED": "true"}, ""),
        ({}, ""),
    ],
)
def test_why_a_job_has_no_protected_variables(tmp_path: Path, environ: dict[str, str], hint: str) -> None:
    names = {
        "SOURCE": "CI_MERGE_REQUEST_SOURCE_PROJECT_ID",
        "TARGET": "CI_MERGE_REQUEST_PROJECT_ID",
        "PROJECT": "CI_PROJECT_ID",
    }
    found = gitlab(tmp_path, **{names.get(name, name): value for name, value in environ.items()}).facts().key_hint
    assert hint in found
    assert bool(hint) is bool(found)


def test_it_is_recognised_and_named() -> None:
    assert detect.system("", {"GITLAB_CI": "true"}, Path()).name == "gitlab"
    assert detect.system("gitlab", {"GITLAB_CI": "false"}, Path()).name == "gitlab"
    assert "gitlab" in catalogue.by_name()["ci"].enum


@given(st.dictionaries(st.sampled_from(NAMES), HOSTILE))
def test_the_dotenv_report_is_accepted_whole_and_read_back_exactly(outputs: dict[str, str]) -> None:
    read = read_back(dotenv(outputs).encode(), {"CI": "true", "PATH": "/bin"})
    expected = {f"{PREFIX}{name.upper().replace('-', '_')}": value for name, value in outputs.items()}
    assert {key: expected[key] for key in read} == read


def test_the_oracle_refuses_and_changes_what_gitlab_does() -> None:
    for report in (b"A=b\n\nC=d\n", b"A\n", b"A-B=c\n", b"A=" + b"x" * 5200):
        with pytest.raises(RefusedReportError):
            read_back(report, {})
    read = read_back(b"A= b \nC=$D-${D}-%D%\nE=f=g\nH='i'\nJ=%C3%A9", {"D": "d"})
    assert read == {"A": "b", "C": "d-d-d", "E": "f=g", "H": "'i'", "J": "A9"}


def test_what_outputs_hold_is_handed_on() -> None:
    url = "https://company.centercode.com/project/version/item.html?cap=6176a772&arttypeid=1a~76&artid=[1]&q=a%20b#top"
    given = {"result": "failed", "failed-step": "deploy:Testing", "centercode-release-url": url, "v3-release-id": ""}
    assert read_back(dotenv(given).encode(), {}) == {
        "SHIPLINE_OUT_RESULT": "failed",
        "SHIPLINE_OUT_FAILED_STEP": "deploy:Testing",
        "SHIPLINE_OUT_CENTERCODE_RELEASE_URL": url,
    }
    every = dotenv(dict.fromkeys(NAMES, "x" * 200))
    assert len(read_back(every.encode(), {})) == len(NAMES)


def test_links_to_all_that_was_made_and_the_receipt_beside_them(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    links = {
        "BuildMaster build": "https://b.example.com/x?a=1",
        "v3 release": "https://v3.widget.test/v3/releases/r1",
        "centercode:3 release": "javascript:x",
    }
    gitlab(tmp_path).outputs({"result": "succeeded", "receipt": "r.json"})
    gitlab(tmp_path).links(links)
    gitlab(tmp_path).summary("# Done")
    made = {file.name: file.read_text() for file in (tmp_path / REPORTS).iterdir()}
    assert sorted(made) == ["annotations.json", "codequality.json", "outputs.env", "r.json", "summary.md"]
    assert json.loads(made["codequality.json"]) == []
    assert made["r.json"] == "{}"
    assert json.loads(made["annotations.json"]) == {
        "Shipline": [
            {"external_link": {"label": "BuildMaster build", "url": "https://b.example.com/x?a=1"}},
            {"external_link": {"label": "v3 release", "url": "https://v3.widget.test/v3/releases/r1"}},
        ]
    }


def test_a_run_that_ended_before_it_began_leaves_reports_too(tmp_path: Path) -> None:
    gitlab(tmp_path).outputs({"result": "failed"})
    gitlab(tmp_path).links({})
    assert (tmp_path / REPORTS / "outputs.env").read_text() == "SHIPLINE_OUT_RESULT=failed\n"
    assert json.loads((tmp_path / REPORTS / "annotations.json").read_text()) == {"Shipline": []}


def test_wrong_input_is_reported_at_its_line_for_the_merge_request(tmp_path: Path) -> None:
    """GitLab keeps the issues up to the first that its schema (codeclimate.json) refuses; fingerprints must differ."""
    folder = tmp_path / "app"
    folder.mkdir()
    system = gitlab(folder, CI_PROJECT_DIR=str(tmp_path), CI_CONFIG_PATH="ci/pipeline.yml")
    wrong = [
        Problem("shipline.yml:7:12", "v3.state", "expected draft or published"),
        Problem("shipline.yml:9:12", "v3.state", "expected draft or published"),
        Problem("buildmaster-url", "buildmaster.url", "expected a URL"),
    ]
    console = Console(system, out=io.StringIO(), err=io.StringIO())
    console.error(InvalidInputError(wrong))
    system.outputs({"result": "failed"})
    issues = json.loads((folder / REPORTS / "codequality.json").read_text())
    assert [(issue["location"]["path"], issue["location"]["lines"]["begin"]) for issue in issues] == [
        ("app/shipline.yml", 7),
        ("app/shipline.yml", 9),
        ("ci/pipeline.yml", 1),
    ]
    assert issues[0]["description"] == "v3.state: expected draft or published"
    assert issues[2]["description"] == "buildmaster-url: buildmaster.url: expected a URL"
    assert len({issue["fingerprint"] for issue in issues}) == 3
    assert {(issue["severity"], *issue["categories"]) for issue in issues} == {("critical", "Bug Risk")}
    # A fingerprint stays when lines are added above: GitLab compares it with the target branch's.
    moved = gitlab(folder, CI_PROJECT_DIR=str(tmp_path))
    moved.wrong = [Problem("shipline.yml:8:12", "v3.state", "expected draft or published")]
    (issue,) = json.loads(code_quality.report(moved, ".gitlab-ci.yml"))
    assert issue["fingerprint"] == issues[0]["fingerprint"]


def test_reports_of_an_earlier_job_are_removed_before_anything_can_fail(tmp_path: Path) -> None:
    before = gitlab(tmp_path)
    before.outputs({"result": "succeeded"})
    before.summary("# Done")
    (tmp_path / REPORTS / "widget-1.4.0.json").write_text("{}")
    gitlab(tmp_path).begin()
    assert [file.name for file in (tmp_path / REPORTS).iterdir()] == ["widget-1.4.0.json"]
    gitlab(tmp_path / "nothing").begin()


def test_the_jobs_page_leads_to_the_run_report(tmp_path: Path) -> None:
    (tmp_path / REPORTS).mkdir()
    (tmp_path / REPORT).write_text("made")
    gitlab(tmp_path, CI_JOB_URL="https://gitlab.example.com/acme/widget/-/jobs/99").links({})
    (link,) = json.loads((tmp_path / REPORTS / "annotations.json").read_text())["Shipline"]
    url = "https://gitlab.example.com/acme/widget/-/jobs/99/artifacts/file/.shipline-reports/report.html"
    assert link == {"external_link": {"label": "Run report", "url": url}}


def test_a_section_ends_when_its_step_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    out = io.StringIO()
    console = Console(GitLab({}, Path("/nowhere")), out=out)
    with console.step("deploy:Testing"):
        console.progress("pending")
        clock[0] = 160.9
    assert SECTION.findall(out.getvalue()) == [
        ("start", "100", "shipline_deploy_Testing"),
        ("end", "160", "shipline_deploy_Testing"),
    ]
    opened = [GitLab({}, Path()).group(title)[0] for title in ("a b", "a-b", "a/b", "a_b", "a\r\x1b[0Kb")]
    assert len({name for _, _, name in SECTION.findall("".join(opened))}) == len(opened)


@given(HOSTILE)
def test_nothing_foreign_becomes_a_section(text: str) -> None:
    redact.unmasked_forms()
    out = io.StringIO()
    console = Console(GitLab({}, Path("/nowhere")), out=out, err=out)
    console.line(text)
    console.done(text, text)
    console.warning(text)
    console.error(RefusedError(text, why=text, todo=text), text)
    console.error(InvalidInputError([Problem(text, text, text)]))
    console.finish(Outcome(finished={text: text}, outputs={"centercode-release-url": text}, not_done=[text]))
    with console.step(text):
        console.progress(text)
    (start, _, opened), (end, _, closed) = SECTION.findall(out.getvalue())
    assert (start, end, opened) == ("start", "end", closed)
