"""The examples for many products as they stand, run for each CI system: a job a product, and a fleet in four parts."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from runners.act import Act, tagged
from runners.container import PROJECT
from runners.gitlab import GitLab
from runners.jenkins import Jenkins
from runners.user import KEYS, SECRETS, changes
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


EXAMPLES = PROJECT / "examples"
FLEET = [f"p{number:03}" for number in range(100)]
ROUTERS = ["router-eu", "router-us"]
TAGS = {"fleet": ("router-v1.4.0", ROUTERS), "shards": ("v1.4.0", FLEET)}
CREDENTIALS = dict(zip(("buildmaster-key", "centercode-key", "v3-token"), KEYS.values(), strict=True))

each = pytest.mark.parametrize("example", ["fleet", pytest.param("shards", marks=pytest.mark.nightly)])

CONFIG = """\
release: {{notes: {{text: "What is new in {name}."}}}}
centercode:
  url: {url}
  project: {name}
  release-type: Firmware
network: {{retry-for: 10s}}
"""


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running() as server:
        projects = [{"key": name, "release_types": [{"key": "Firmware"}]} for name in (*FLEET, *ROUTERS)]
        server.admin("seed", {"centercode": {"projects": projects}})
        yield server


@pytest.fixture
def files(sandbox: Running) -> dict[str, str | bytes]:
    """A repository of 100 products whose tags are v1.4.0, and two whose tags are router-v1.4.0."""
    configs = {name: CONFIG.format(name=name, url=sandbox.url) for name in (*FLEET, *ROUTERS)}
    configs |= {name: f"tag-prefix: router-v\n{configs[name]}" for name in ROUTERS}
    return {"dist/built": "", **{f"products/{name}.yml": config for name, config in configs.items()}}


def announced(sandbox: Running) -> list[str]:
    """The projects that a release was posted to, sorted: one as often as it was posted."""
    posted = [r["path"] for r in sandbox.requests() if r["operation"] == "project-release" and r["status"] == 201]
    assert changes(sandbox) == ["project-release"] * len(posted)
    return sorted(path.split("/")[-3] for path in posted)


@pytest.mark.nightly
@each
def test_on_github(act: Act, sandbox: Running, files: dict[str, str | bytes], example: str) -> None:
    tag, products = TAGS[example]
    workflow = (EXAMPLES / f"github/{example}.yml").read_text(encoding="utf-8")
    environ = {"GITHUB_RUN_ID": "77", "GITHUB_REF_NAME": tag}
    repository = act.repository(files)
    given = {"secrets": SECRETS, "environ": environ, "payload": tagged(tag)}
    ended = act.run(repository, workflow, **given)
    assert ended.code == 0, ended
    assert announced(sandbox) == products
    assert [a for a in ended.annotations if a["level"] != "notice"] == []


@pytest.fixture
def gitlab(project: Path, tmp_path: Path) -> GitLab:
    if "SHIPLINE_GITLAB" not in os.environ:
        pytest.skip('needs gitlab-ci-local: eval "$(tests/runners/engine)"')
    subprocess.run(["git", "tag", "--force", "v0.1.0"], cwd=project, check=True, capture_output=True)
    return GitLab(os.environ["SHIPLINE_GITLAB"], project, tmp_path)


@each
def test_on_gitlab(gitlab: GitLab, sandbox: Running, files: dict[str, str | bytes], example: str) -> None:
    tag, products = TAGS[example]
    pipeline = (EXAMPLES / f"gitlab/{example}.yml").read_text(encoding="utf-8")
    # gitlab-ci-local says GITLAB_CI=false; the template names its CI system, `shipline matrix` asks.
    variables = {**KEYS, "CI_COMMIT_TAG": tag, "SHIPLINE_CI": "gitlab"}
    ended = gitlab.run(gitlab.repository(files), pipeline, variables=variables)
    assert ended.code == 0, ended
    assert announced(sandbox) == products


@pytest.fixture
def jenkins(tmp_path: Path) -> Jenkins:
    if os.environ.get("SHIPLINE_RUNNERS") != "1":
        pytest.skip('needs Groovy (Debian, root): eval "$(tests/runners/engine)"')
    return Jenkins(tmp_path, credentials=CREDENTIALS)


@each
def test_on_jenkins(jenkins: Jenkins, sandbox: Running, files: dict[str, str | bytes], example: str) -> None:
    tag, products = TAGS[example]
    build = (EXAMPLES / f"jenkins/{example}.groovy").read_text(encoding="utf-8")
    ended = jenkins.run(build, jenkins.repository(files), environ={"TAG_NAME": tag, "BRANCH_NAME": tag})
    assert ended.result == "SUCCESS", ended
    assert announced(sandbox) == products
    assert len([name for name in ended.archived if re.fullmatch(r"\.shipline/[\w.-]+\.json", name)]) == len(products)
