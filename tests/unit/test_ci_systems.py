"""What holds for every file in ci/: its own variables select it, and foreign text in its log commands nothing."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipline import schemas
from shipline.ci import detect
from shipline.ci.azure import Azure
from shipline.ci.facts import Facts
from shipline.ci.github import GitHub
from shipline.ci.teamcity import TeamCity
from shipline.errors import DOCUMENTATION, InvalidInputError, Problem, RefusedError
from shipline.redaction import Secret, redact
from shipline.reporting.console import Console
from shipline.reporting.delivery import finish
from shipline.run.outcome import Outcome
from unit.ci_commands import OBEYED, Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.ci.system import System

LOGS = Path(__file__).parent / "logs"
SYSTEMS = {found.name: found for found in detect._classes()}
SHA = "a" * 40
# A job of each CI system for the tag v1.4.0, and what Shipline must know of it.
TAGGED: dict[str, dict[str, str]] = {
    "github": {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF_TYPE": "tag",
        "GITHUB_REF_NAME": "v1.4.0",
        "GITHUB_SHA": SHA,
        "GITHUB_REPOSITORY": "acme/widget",
        "GITHUB_RUN_ID": "77",
        "GITHUB_RUN_NUMBER": "12",
    },
    "gitlab": {
        "GITLAB_CI": "true",
        "CI_COMMIT_TAG": "v1.4.0",
        "CI_COMMIT_SHA": SHA,
        "CI_PIPELINE_ID": "77",
        "CI_PIPELINE_IID": "12",
        "CI_JOB_URL": "https://gitlab.example.com/acme/widget/-/jobs/9",
    },
    "jenkins": {
        "JENKINS_URL": "https://ci.example.com/",
        "TAG_NAME": "v1.4.0",
        "GIT_COMMIT": SHA,
        "JOB_NAME": "widget",
        "BUILD_NUMBER": "12",
        "BUILD_URL": "https://ci.example.com/job/widget/12/",
    },
    "azure": {
        "TF_BUILD": "True",
        "BUILD_SOURCEBRANCH": "refs/tags/v1.4.0",
        "BUILD_SOURCEVERSION": SHA,
        "BUILD_BUILDID": "12",
        "BUILD_BUILDNUMBER": "20261201.3",
        "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
        "SYSTEM_TEAMPROJECT": "Widget Pro",
    },
    "teamcity": {
        "TEAMCITY_VERSION": "2025.11 (build 208117)",
        "BUILD_NUMBER": "12",
        "BUILD_VCS_NUMBER": SHA,
        "BUILD_URL": "https://teamcity.example.com/build/77",
        "TEAMCITY_BUILD_PROPERTIES_FILE": str(LOGS / "teamcity.build.properties"),
    },
    "bitbucket": {
        "BITBUCKET_BUILD_NUMBER": "12",
        "BITBUCKET_TAG": "v1.4.0",
        "BITBUCKET_COMMIT": SHA,
        "BITBUCKET_REPO_FULL_NAME": "acme/widget",
    },
    "circleci": {
        "CIRCLECI": "true",
        "CIRCLE_TAG": "v1.4.0",
        "CIRCLE_SHA1": SHA,
        "CIRCLE_WORKFLOW_ID": "7f1c",
        "CIRCLE_BUILD_NUM": "12",
        "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/widget/12",
    },
    "woodpecker": {
        "CI": "woodpecker",
        "CI_SYSTEM_NAME": "woodpecker",
        "CI_COMMIT_TAG": "v1.4.0",
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_SHA": SHA,
        "CI_REPO": "acme/widget",
        "CI_PIPELINE_NUMBER": "12",
        "CI_PIPELINE_URL": "https://ci.example.com/repos/1/pipeline/12",
    },
    "drone": {
        "DRONE": "true",
        "DRONE_TAG": "v1.4.0",
        "DRONE_COMMIT_SHA": SHA,
        "DRONE_REPO": "acme/widget",
        "DRONE_BUILD_NUMBER": "12",
        "DRONE_BUILD_LINK": "https://drone.example.com/acme/widget/12",
    },
}
FORGEJO = {**TAGGED["github"], "GITHUB_SERVER_URL": "https://codeberg.org", "GITHUB_RUN_ATTEMPT": "1"}
PIECES = (
    *("##", "#", "::", "[", "]", "|", "'", "%", "$(key)", ";", "=", "x", "é", " ", "\t"),
    *("##vso[", "##VSO[task.complete result=Succeeded;]", "##[error]", "##[", "::error::", "::set-output name=x::"),
    *(
        "##teamcity[",
        "##teamcity[buildStatus status='SUCCESS']",
        "']",
        "section_start:1:x\r\x1b[0K",
        "\ufe0f",
        "\u034f",
    ),
    *("%0A", "%AZP25", "%5D", "%3B", "|n", "\r", "\n", "\x1b[2J", "\x85", "\u2028", "\u200b", "\u202e"),
)
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize("name", TAGGED)
def test_its_variables_select_it_and_give_the_facts_of_a_tag(name: str, tmp_path: Path) -> None:
    assert [found.name for found in SYSTEMS.values() if found.detect(TAGGED[name])] == [
        name if name in SYSTEMS else "others"
    ]
    found = detect.system("", TAGGED[name], tmp_path).facts()
    assert (found.ci, found.tag, found.branch, found.sha, found.run_number) == (name, "v1.4.0", "", SHA, "12")
    assert found.run_id
    assert re.fullmatch(r"https://\S+/\d+|https://\S+=12|https://\S+/12/", found.run_url), found.run_url


@pytest.mark.parametrize("name", SYSTEMS)
def test_without_any_variable_nothing_is_made_up(name: str, tmp_path: Path) -> None:
    found = detect.system(name, {}, tmp_path)
    assert type(found) is SYSTEMS[name]
    assert found.facts() in (Facts(ci=name), Facts(ci=name)._replace(run_attempt=None))
    assert found.detect({}) is False


def test_each_value_of_the_option_is_a_file() -> None:
    values = schemas.load("pipeline")["$defs"]["options"]["properties"]["ci"]["enum"]
    assert set(values) | {"others"} == set(SYSTEMS)


@pytest.mark.parametrize("variable", ["FORGEJO_ACTIONS", "GITEA_ACTIONS"])
def test_forgejo_and_gitea_are_github_without_its_summary_and_attempts(variable: str, tmp_path: Path) -> None:
    system = detect.system("", {**FORGEJO, variable: "true"}, tmp_path)
    found = system.facts()
    assert (found.ci, found.tag, found.run_attempt, system.shows_summary) == ("github", "v1.4.0", None, False)
    assert found.run_url == "https://codeberg.org/acme/widget/actions/runs/12"
    assert GitHub(FORGEJO, tmp_path).facts().run_attempt == 1


def test_azure_knows_a_pull_request_a_retry_and_its_git_server(tmp_path: Path) -> None:
    environ = {
        **TAGGED["azure"],
        "BUILD_SOURCEBRANCH": "refs/pull/7/merge",
        "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/topic/x",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": "b" * 40,
        "SYSTEM_PULLREQUEST_ISFORK": "True",
        "SYSTEM_JOBATTEMPT": "1",
        "SYSTEM_STAGEATTEMPT": "2",
        "SYSTEM_STAGENAME": "Release",
        "SYSTEM_PHASENAME": "Announce",
        "SYSTEM_JOBNAME": "__default",
        "SYSTEM_ACCESSTOKEN": "sandbox-azure",
    }
    found = Azure(environ, tmp_path).facts()
    assert (found.tag, found.branch, found.sha, found.run_attempt) == ("", "topic/x", "b" * 40, 2)
    assert found.job == "Release.Announce.__default"
    assert found.run_url == "https://dev.azure.com/acme/Widget%20Pro/_build/results?buildId=12"
    assert "comes from a fork" in found.key_hint
    assert found.git_server is not None
    assert (found.git_server.url, found.git_server.token.reveal()) == ("https://dev.azure.com/acme/", "sandbox-azure")


@pytest.mark.parametrize(
    ("config", "tag", "branch"),
    [
        ("teamcity.build.branch=main", "", "main"),
        ("teamcity.build.branch=tags/v2.0.0", "v2.0.0", ""),
        ("teamcity.build.branch=<default>", "", ""),
        (r"teamcity.build.branch=v2.0.0\nteamcity.build.vcs.branch.A_B=refs/tags/v2.0.0", "v2.0.0", ""),
        (r"teamcity.build.branch=a\nteamcity.build.vcs.branch.A=refs/heads/a\nteamcity.build.vcs.branch.B=x", "", "a"),
        (r"teamcity.build.vcs.branch.A = refs/heads/caf\u00e9\\ x", "", "café x"),
        ("", "", ""),
    ],
)
def test_teamcity_reads_the_tag_or_branch_of_its_files(tmp_path: Path, config: str, tag: str, branch: str) -> None:
    lines = config.replace(r"\n", "\n").replace("\\\\", "\\")
    (tmp_path / "config").write_text(f"#Tue Dec 01\n{lines}\n", encoding="latin-1")
    place = str(tmp_path / "config").replace(":", r"\:")
    (tmp_path / "system").write_text(f"teamcity.configuration.properties.file={place}\n")
    found = TeamCity({"TEAMCITY_BUILD_PROPERTIES_FILE": str(tmp_path / "system")}, tmp_path).facts()
    assert (found.tag, found.branch) == (tag, branch)


def log(system: System, text: str, outputs: Mapping[str, str]) -> str:
    """What a run writes that failed, with this text in every place."""
    out = io.StringIO()
    console = Console(system, out=out)
    console.line(text)
    with console.step(text):
        console.progress(text)
        console.done(text, text)
    console.warning(text)
    console.error(InvalidInputError([Problem("shipline.yml:3:7", text, text), Problem(text, text, text)]))
    outcome = Outcome(finished={text: text}, outputs=dict(outputs), not_done=[text], failed_step="build")
    outcome.error = RefusedError(text, why=text, todo=text)
    finish(console, outcome, lambda: text)
    return out.getvalue()


@pytest.mark.parametrize("name", SYSTEMS)
@settings(max_examples=30)
@given(text=HOSTILE)
def test_foreign_text_is_obeyed_nowhere(name: str, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A log with it has the commands of a log without it, with the same properties."""
    redact.unmasked_forms()
    folder = tmp_path_factory.mktemp("job")
    seen: list[list[tuple[str, list[str]]]] = []
    for each in (f"a{text}b", "ab"):
        written = log(
            SYSTEMS[name]({}, folder),
            each,
            {"v3-release-id": "".join(c for c in each if c.isprintable() and c not in "$%")},
        )
        seen.append([(command.name, sorted(command.properties)) for command in OBEYED[name](written)])
    assert seen[0] == seen[1]


OUTPUTS = st.dictionaries(st.sampled_from(["result", "receipt", "buildmaster-url", "v3-release-id"]), HOSTILE)


@settings(max_examples=50)
@given(outputs=OUTPUTS)
def test_outputs_in_a_log_are_read_back_exactly_or_left_out(
    outputs: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("job")
    variables = {name: name.upper().replace("-", "_") for name in outputs}
    azure = {c.properties["variable"]: c.text for c in _read("azure", Azure({}, folder), outputs)}
    assert azure == {f"OUT_{variables[name]}": value for name, value in outputs.items() if "$(" not in value}
    messages = [c for c in _read("teamcity", TeamCity({}, folder), outputs) if c.name == "setParameter"]
    teamcity = {c.properties["name"]: c.properties["value"] for c in messages}
    assert teamcity == {
        f"env.SHIPLINE_OUT_{variables[name]}": value for name, value in outputs.items() if "%" not in value
    }


def _read(name: str, system: System, outputs: Mapping[str, str]) -> list[Command]:
    return [command for line in system.results(outputs) for command in OBEYED[name](line)]


@pytest.mark.parametrize("name", ["azure", "teamcity"])
def test_the_log_is_as_it_was_reviewed(name: str, tmp_path: Path) -> None:
    """A change of a log is a change of its file: compare it with the vendor's page before you replace it."""
    redact.unmasked_forms()
    redact.register(Secret(f"sandbox-{name}%;]", "TEST"))
    hostile = "50% ##vso[task.complete result=Succeeded;]x ##[error]y ##teamcity[buildStatus status='SUCCESS'] |n\nz"
    outputs = {
        "result": "failed",
        "buildmaster-url": "https://b.example.com/a;b]c|d'e",
        "v3-release-id": "$(key) %key%",
    }
    written = log(SYSTEMS[name](TAGGED[name], tmp_path), hostile, outputs)
    masks = re.compile(r"^##vso\[task\.setsecret\](?!sandbox-azure%AZP25;\]$).*\n", re.MULTILINE)
    shown = masks.sub("", written).replace(str(tmp_path), "/agent/1/s").replace(DOCUMENTATION, "DOCS")
    file = LOGS / f"{name}.log"
    assert shown == file.read_text(encoding="utf-8")
