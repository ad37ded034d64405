"""The pipelines in examples/gitlab as they stand, run by gitlab-ci-local in a shell against the sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comments_server import Comments
from runners.gitlab import Ended, GitLab
from runners.user import KEYS, changes, user_project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples/gitlab"
TAGGED = {**KEYS, "CI_COMMIT_TAG": "v1.4.0"}
DEPLOYED = ["create-release", "create-build", "deploy-build", "deploy-build"]
ANNOUNCED = ["create-release", "create-release-file", "publish-release", "project-release"]


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=30) as server:
        yield server


class User:
    """Pushes v1.4.0 of Widget."""

    def __init__(self, gitlab: GitLab, sandbox: Running) -> None:
        files = user_project(sandbox)
        del files["dist/widget.zip"]  # the examples build it
        files["shipline.yml"] = f"check-links: skip\n{files['shipline.yml']!s}"  # nobody uploads what they build
        self.gitlab = gitlab
        self.repository = gitlab.repository({**files, ".gitignore": "dist/\n.gitlab-ci-local*\n"})

    def run(self, example: str, *jobs: str, **variables: str) -> Ended:
        pipeline = (EXAMPLES / example).read_text(encoding="utf-8")
        return self.gitlab.run(self.repository, pipeline, *jobs, variables=variables or TAGGED)


@pytest.fixture
def user(project: Path, tmp_path: Path, sandbox: Running) -> User:
    if "SHIPLINE_GITLAB" not in os.environ:
        pytest.skip('needs gitlab-ci-local: eval "$(tests/runners/engine)"')
    subprocess.run(["git", "tag", "--force", "v0.1.0"], cwd=project, check=True, capture_output=True)
    return User(GitLab(os.environ["SHIPLINE_GITLAB"], project, tmp_path), sandbox)


def test_the_example_of_the_readme(user: User, sandbox: Running) -> None:
    blocks = re.findall(
        r"```yaml\n(.*?)```", (EXAMPLES.parents[1] / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (printed,) = (block for block in blocks if "ci_templates/gitlab" in block)
    assert len(printed.splitlines()) <= 6
    (user.repository / "dist").mkdir()
    (user.repository / "dist/widget.zip").write_bytes(b"widget\n")
    (user.repository / ".gitignore").write_text(".gitlab-ci-local*\n")
    ended = user.gitlab.run(user.repository, printed, variables=TAGGED)
    assert ended.code == 0, ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    assert f"SHIPLINE_OUT_BUILDMASTER_URL={sandbox.url}/" in ended.dotenv("shipline")


@pytest.mark.nightly
def test_a_tag_is_released_and_its_outcome_told(user: User, sandbox: Running) -> None:
    ended = user.run("tag-release.yml")
    assert ended.code == 0, ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    assert f"Widget v1.4.0 is build 1.4.0 (succeeded) {sandbox.url}/" in ended.printed("outcome")


@pytest.mark.nightly
def test_what_is_deployed_is_announced_by_the_second_job_once(user: User, sandbox: Running) -> None:
    ended = user.run("approve-then-publish.yml")
    assert ended.code == 0, ended
    assert changes(sandbox) == DEPLOYED
    ended = user.run("approve-then-publish.yml", "publish")
    assert ended.code == 0, ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    # The first job's artifacts come after the cache; they must not bring back an older receipt.
    ended = user.run("approve-then-publish.yml", "publish")
    assert ended.code == 0, ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]


@pytest.mark.nightly
def test_without_the_cache_a_retried_announcement_is_made_again_only_where_it_can_be_looked_up(
    user: User, sandbox: Running
) -> None:
    assert user.run("tag-release.yml").code == 0
    shutil.rmtree(user.repository / ".gitlab-ci-local/cache")
    ended = user.run("tag-release.yml", "shipline")
    assert ended.code == 1, ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    assert "SHIPLINE_OUT_RESULT=unknown\n" in ended.dotenv("shipline")


@pytest.mark.nightly
def test_a_merge_request_is_rehearsed_without_keys(user: User, sandbox: Running) -> None:
    (user.repository / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Widgets hum.\n")
    ended = user.run("rehearse.yml", CI_PIPELINE_SOURCE="merge_request_event", CI_MERGE_REQUEST_IID="5")
    assert ended.code == 0, ended
    assert "The second run sent 0 requests" in ended.printed("rehearse")
    assert "SHIPLINE_OUT_RESULT=succeeded\n" in ended.dotenv("rehearse")
    assert sandbox.requests() == []


def test_a_merge_request_is_checked_without_keys(user: User, sandbox: Running) -> None:
    changelog = user.repository / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n\n- Widgets hum.\n")
    given = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "5"}
    ended = user.run("check-merge-request.yml", **given)
    assert ended.code == 0, ended
    assert "valid: version 0.0.0-mr.5" in ended.printed("check")
    assert sandbox.requests() == []
    changelog.write_text("# Changelog\n\n## 1.4.0\n\n- Widgets turn.\n")
    ended = user.run("check-merge-request.yml", **given)
    assert ended.code == 1, ended
    (issue,) = json.loads(ended.artifact("check", ".shipline-reports/codequality.json").read_text())
    assert issue["location"]["path"] == "shipline.yml"
    assert "SHIPLINE_OUT_RESULT=failed\n" in ended.dotenv("check")


def test_a_merge_request_has_one_comment_with_the_plan(user: User, sandbox: Running) -> None:
    """A fork's has none, and gets no variables."""
    changelog = user.repository / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n\n- Widgets hum.\n")
    with Comments() as comments:
        given = {"CI_PIPELINE_SOURCE": "merge_request_event", **comments.gitlab()}
        assert user.run("review.yml", **KEYS, **given).code == 0
        changelog.write_text("# Changelog\n\n## Unreleased\n\n- Widgets turn.\n")
        ended = user.run("review.yml", **KEYS, **given)
        assert ended.code == 0, ended
        assert comments.changes == ["POST", "PUT"]
        (body,) = comments.comments.values()
        assert "Widgets turn." in body
        fork = {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43", "CI_PROJECT_ID": "43", "GITLAB_TOKEN": ""}
        ended = user.run("review.yml", **given | fork)
        assert ended.code == 0, ended
        assert comments.changes == ["POST", "PUT"]
        assert "Widgets turn." in ended.artifact("plan", ".shipline-reports/summary.md").read_text()
        config = user.repository / "shipline.yml"
        config.write_text(config.read_text().replace("application:", "aplication:"))
        ended = user.run("review.yml", **KEYS, **given)
        assert ended.code == 1, ended
        (issue,) = json.loads(ended.artifact("plan", ".shipline-reports/codequality.json").read_text())
        assert issue["location"]["path"] == "shipline.yml"
    assert changes(sandbox) == []


def test_each_stage_is_an_environment_with_its_link(user: User, sandbox: Running) -> None:
    ended = user.run("stages.yml")
    assert ended.code == 0, ended
    assert changes(sandbox).count("deploy-build") == 2
    for job in ("testing", "production"):
        assert f"SHIPLINE_OUT_BUILDMASTER_URL={sandbox.url}/" in ended.dotenv(job)
    assert f"SHIPLINE_OUT_CENTERCODE_RELEASE_URL={sandbox.url}/" in ended.dotenv("announce")
