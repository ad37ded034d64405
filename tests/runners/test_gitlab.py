"""The GitLab template, run by gitlab-ci-local against the sandbox: in a shell, and each job in the image."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from runners.gitlab import TEMPLATE, Ended, GitLab
from runners.user import KEYS, changes, stage, user_project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = ["create-release", "create-build", "deploy-build", "deploy-build"]
ALL += ["create-release", "create-release-file", "publish-release", "project-release"]

PIPELINE = """\
stages: [build, deploy, after]

include:
  - local: /shipline.template.yml
    inputs:
      image: %s
      release-version: $CI_COMMIT_TAG
      buildmaster-timeout: 60s
      check-links: skip
%s

dist:
  image: localhost/debian-python:bookworm
  stage: build
  script: [mkdir -p dist, echo widget > dist/widget.zip]
  artifacts:
    paths: [dist/]

after:
  image: localhost/debian-python:bookworm
  stage: after
  needs: [shipline]
  when: always
  script:
    - echo "result=$SHIPLINE_OUT_RESULT build=$SHIPLINE_OUT_BUILDMASTER_BUILD_NUMBER"
    - echo "page=$SHIPLINE_OUT_CENTERCODE_RELEASE_URL."
"""
TAGGED = {**KEYS, "CI_COMMIT_TAG": "v1.4.0"}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=30) as server:
        yield server


@pytest.fixture(params=["shell", "container"])
def gitlab(request: pytest.FixtureRequest, project: Path, tmp_path: Path) -> GitLab:
    engine = request.getfixturevalue("engine") if request.param == "container" else None
    return made(project, tmp_path, engine)


@pytest.fixture
def shell(project: Path, tmp_path: Path) -> GitLab:
    return made(project, tmp_path, None)


def made(project: Path, folder: Path, engine: object) -> GitLab:
    if "SHIPLINE_GITLAB" not in os.environ:
        pytest.skip('needs gitlab-ci-local: eval "$(tests/runners/engine)"')
    return GitLab(os.environ["SHIPLINE_GITLAB"], project, folder, engine)


def repository(gitlab: GitLab, sandbox: Running) -> Path:
    template = (gitlab.project / TEMPLATE).read_bytes()
    files = {**user_project(sandbox), ".gitignore": "dist/\n.gitlab-ci-local*\n", "shipline.template.yml": template}
    del files["dist/widget.zip"]
    return gitlab.repository(files)


def pipeline(gitlab: GitLab, more: str = "") -> str:
    return PIPELINE % (gitlab.engine.image if gitlab.engine else "localhost/none", more)


def ship(gitlab: GitLab, folder: Path, *jobs: str, more: str = "") -> Ended:
    ended = gitlab.run(folder, pipeline(gitlab, more), *jobs, variables=TAGGED)
    assert not [key for key in KEYS.values() if key in ended.log]
    return ended


def test_a_tag_is_released_and_the_next_job_knows(gitlab: GitLab, sandbox: Running) -> None:
    ended = ship(gitlab, repository(gitlab, sandbox))
    assert ended.code == 0, ended
    assert changes(sandbox) == ALL
    state = sandbox.admin("state")
    assert [release["name"] for release in state["v3"]["releases"]] == ["Widget 1.4.0"]
    page = state["centercode"]["releases"][0]["url"]
    told = ended.printed("after").splitlines()
    assert {"result=succeeded build=1.4.0", f"page={page}."} <= set(told)
    assert "SHIPLINE_OUT_RESULT=succeeded\n" in ended.dotenv("shipline")
    links = ended.links("shipline")
    assert links["centercode release"] == page
    assert links["v3 release"] == f"{sandbox.url}/v3/releases/{state['v3']['releases'][0]['id']}"
    assert links["BuildMaster build"].startswith(sandbox.url)
    assert "Widget 1.4.0: succeeded" in ended.artifact("shipline", ".shipline-reports/summary.md").read_text()
    report = ended.artifact("shipline", ".shipline-reports/report.html").read_text()
    assert "<title>Widget 1.4.0: Succeeded · Shipline</title>" in report
    # How gitlab-ci-local shows a section that was opened and closed.
    assert "shipline_deploy_Testing_started" in ended.printed("shipline")
    assert "shipline_deploy_Testing took " in ended.printed("shipline")


@pytest.mark.parametrize("gitlab", ["shell", pytest.param("container", marks=pytest.mark.nightly)], indirect=True)
def test_a_failed_deployment_leaves_the_reports_and_a_retried_job_resumes(gitlab: GitLab, sandbox: Running) -> None:
    folder = repository(gitlab, sandbox)
    stage(sandbox, "Testing", outcome="failed")
    ended = ship(gitlab, folder)
    assert ended.code == 1, ended
    assert "result=failed build=1.4.0\n" in ended.printed("after")
    assert "SHIPLINE_OUT_FAILED_STEP=deploy:Testing\n" in ended.dotenv("shipline")
    assert "BuildMaster build" in ended.links("shipline")
    assert '"result": "failed"' in ended.artifact("shipline", ".shipline-reports/*-1.4.0.json").read_text()
    assert (
        "| ❌ | Deploy to Testing | Failed |" in ended.artifact("shipline", ".shipline-reports/summary.md").read_text()
    )

    stage(sandbox, "Testing", outcome="succeeded")
    sent = changes(sandbox)
    ended = ship(gitlab, folder, "shipline")
    assert ended.code == 0, ended
    assert changes(sandbox)[len(sent) :] == ["deploy-build", *ALL[4:]]

    # Only the receipt knows that Centercode was told.
    sent = changes(sandbox)
    ended = ship(gitlab, folder, "shipline")
    assert ended.code == 0, ended
    assert changes(sandbox) == sent


def test_inputs_reach_the_program_and_no_shell(shell: GitLab, sandbox: Running) -> None:
    """A plan with a key from a file, as ``secrets`` provides it; and beside it a job whose input is wrong."""
    more = """\
      command: plan
      verbose: true
      buildmaster-wait: true
      v3-platforms: []
      release-title: '{version} "; touch owned; echo $(touch owned) `touch owned`'
      buildmaster-stages: [Integration, "Testing"]
      buildmaster-variables: |
        Ref=$CI_COMMIT_TAG
        Price=$$5

  - local: /shipline.template.yml
    inputs: {job-name: wrong, command: validate, config: wrong.yml, artifacts: [{path: dist/*.zip}]}
"""
    folder = repository(shell, sandbox)
    (folder / "wrong.yml").write_text("v3:\n  state: publised\n")
    (folder / "token").write_text(f"{KEYS['SHIPLINE_V3_TOKEN']}\n")
    hostile = {**TAGGED, "SHIPLINE_RELEASE_TITLE": "Another", "SHIPLINE_V3_TOKEN_FILE": str(folder / "token")}
    del hostile["SHIPLINE_V3_TOKEN"]
    ended = shell.run(folder, pipeline(shell, more), "dist", "shipline", "wrong", variables=hostile)
    assert ended.code == 1, ended
    log = ended.printed("shipline")
    assert not list(folder.rglob("owned"))
    assert 'release.title = {version} "; touch owned; echo $(touch owned) `touch owned`  (release-title)\n' in log
    assert 'buildmaster.stages = ["Integration", "Testing"]  (buildmaster-stages)\n' in log
    assert 'buildmaster.variables = {"Ref": "v1.4.0", "Price": "$5"}  (buildmaster-variables)\n' in log
    assert re.search(r'\bv3\.platforms = \["linux"\]  \(shipline\.yml:', log)  # an empty list is none
    assert "SHIPLINE_OUT_RESULT=planned\n" in ended.dotenv("shipline")
    assert json.loads(ended.artifact("shipline", ".shipline-reports/codequality.json").read_text()) == []
    wrong = json.loads(ended.artifact("wrong", ".shipline-reports/codequality.json").read_text())
    places = {(issue["location"]["path"], issue["location"]["lines"]["begin"]): issue["description"] for issue in wrong}
    assert places["wrong.yml", 2].startswith("v3.state: ")
    assert "expected text for each item" in places[".gitlab-ci.yml", 1]
    assert changes(sandbox) == []


@pytest.mark.nightly
@pytest.mark.parametrize(
    "include",
    [
        "project: shipline/shipline\n    ref: main\n    file: ci_templates/gitlab/shipline.yml",
        "remote: {url}/files/shipline.yml",
        "local: /shipline.template.yml",
    ],
    ids=["project", "remote", "local"],
)
def test_every_way_to_include_it(shell: GitLab, sandbox: Running, include: str) -> None:
    sandbox.put_file("shipline.yml", (shell.project / TEMPLATE).read_bytes())
    text = f"include:\n  - {include.format(url=sandbox.url)}\n    inputs:\n      job-name: release widget\n"
    job = yaml.safe_load(shell.expanded(repository(shell, sandbox), text))["release widget"]
    assert job["script"][-1] == "shipline run"
    assert job["stage"] == "deploy"
    assert job["resource_group"] == "shipline-"
    assert not {"needs", "rules", "environment"} & set(job)


@pytest.mark.nightly
def test_inputs_of_the_job_itself_and_gitlabs_own_schema(shell: GitLab, sandbox: Running) -> None:
    more = """\
      rules: [{if: $CI_COMMIT_TAG =~ /^v\\d/}]
      needs: [dist]
      environment: production
      buildmaster-application: Widget
"""
    folder = repository(shell, sandbox)
    text = shell.expanded(folder, pipeline(shell, more))
    job = yaml.safe_load(text)["shipline"]
    assert job["rules"] == [{"if": r"$CI_COMMIT_TAG =~ /^v\d/"}]
    assert [need if isinstance(need, str) else need["job"] for need in job["needs"]] == ["dist"]
    assert "production" in str(job["environment"])
    assert job["resource_group"] == "shipline-Widget"
    (folder / "expanded.yml").write_text(text)
    tool = Path(sys.executable).parent / "check-jsonschema"
    if tool.exists():
        command = [tool, "--builtin-schema", "vendor.gitlab-ci", "expanded.yml"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_a_release_is_promoted_and_looked_up(shell: GitLab, sandbox: Running) -> None:
    folder = repository(shell, sandbox)
    assert ship(shell, folder, more="      buildmaster-stages: [Integration]").code == 0
    sent = changes(sandbox)
    ended = ship(shell, folder, "shipline", more="      command: promote\n      to-stage: [Testing]")
    assert ended.code == 0, ended
    assert changes(sandbox)[len(sent) :] == ["deploy-build"]
    ended = ship(shell, folder, "shipline", more="      command: status")
    assert ended.code == 0, ended
    assert "SHIPLINE_OUT_RESULT=succeeded\n" in ended.dotenv("shipline")
    assert re.search(r"Testing +1\.4\.0 +succeeded", ended.printed("shipline"))
