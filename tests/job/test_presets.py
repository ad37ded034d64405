"""Each preset of artifacts-url, with the upload step of docs/how-to/links.md: what is uploaded can be downloaded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from http_server import HttpServer, Received, Reply
from repository.pages import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Project

BLOCKS = [yaml.safe_load(block) for block in Page(Path("docs/how-to/links.md")).blocks("yaml")]
SIGN_IN = {"Location": "/users/sign_in"}
# As GitHub's command does: it creates the release, and GitHub renames the files.
GH = r"""#!/bin/sh
[ "$1 $2 $3" = "release create v1.4.0" ] || exit 1
for file in "$@"; do
  case "$file" in dist/*)
    name=$(basename "$file" | tr -s ' ()' '...' | tr -s '.')
    curl --fail --silent --upload-file "$file" "$SERVER/acme/widget/releases/download/v1.4.0/$name" || exit 1
  esac
done
"""


class Forge(HttpServer):
    """Keeps the files of a GitHub or GitLab project: PUT with a token, GET without; and GitLab's releases."""

    def __init__(self) -> None:
        super().__init__(self.reply)
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}

    def reply(self, received: Received) -> Reply:
        path = received.path
        if received.method == "PUT":
            self.files[path] = received.body
            return Reply(201, {})
        if received.method == "POST" and path == "/api/v4/projects/24/releases":
            assert received.headers["JOB-TOKEN"] == "job-token"
            release = json.loads(received.body)
            for link in release["assets"]["links"]:
                permanent = f"/acme/widget/-/releases/{release['tag_name']}/downloads{link['direct_asset_path']}"
                self.links[permanent] = link["url"]
            return Reply(201, release)
        if path in self.links:
            return Reply(302, b"", {"Location": self.links[path]})
        if path in self.files:
            return Reply(200, self.files[path], {"Content-Type": "application/octet-stream"})
        is_page = path == "/users/sign_in"
        return Reply(200, b"<html>", {"Content-Type": "text/html"}) if is_page else Reply(302, b"", SIGN_IN)


@pytest.fixture
def forge() -> Iterator[Forge]:
    with Forge() as server:
        yield server


def environment(ci: str, url: str) -> dict[str, str]:
    """The variables that the CI system gives a job of the tag v1.4.0."""
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": url,
        "GITHUB_REPOSITORY": "acme/widget",
        "GITHUB_REF_TYPE": "tag",
        "GITHUB_REF_NAME": "v1.4.0",
        "GITHUB_RUN_ID": "77",
    }
    gitlab = {
        "GITLAB_CI": "true",
        "CI_COMMIT_TAG": "v1.4.0",
        "CI_PROJECT_URL": f"{url}/acme/widget",
        "CI_API_V4_URL": f"{url}/api/v4",
        "CI_PROJECT_ID": "24",
        "CI_PROJECT_NAME": "widget",
        "CI_PIPELINE_ID": "77",
    }
    return github if ci == "github" else gitlab


def upload(project: Project, forge: Forge, environ: dict[str, str]) -> None:
    """The page's upload step."""
    steps: list[Any] = [block[0]["run"] for block in BLOCKS if isinstance(block, list)]
    if "GITLAB_CI" in environ:
        jobs: dict[str, Any] = {name: job for block in BLOCKS if isinstance(block, dict) for name, job in block.items()}
        steps = [*jobs["upload"]["script"], *jobs["make-release"]["script"]]
    (project.write("bin/gh", GH)).chmod(0o755)
    path = f"{project.path}/bin:/usr/bin:/bin"
    for step in steps:
        subprocess.run(
            ["bash", "-euc", step],
            cwd=project.path,
            env={**environ, "PATH": path, "SERVER": forge.url, "CI_JOB_TOKEN": "job-token"},
            check=True,
        )


@pytest.mark.parametrize(
    ("ci", "preset", "link"),
    [
        ("github", "github-release", "/acme/widget/releases/download/v1.4.0/My.App.1.zip"),
        ("github", "ci", "/acme/widget/releases/download/v1.4.0/My.App.1.zip"),
        ("gitlab", "gitlab-package", "/api/v4/projects/24/packages/generic/widget/1.4.0/widget.zip"),
        ("gitlab", "gitlab-release", "/acme/widget/-/releases/v1.4.0/downloads/widget.zip"),
    ],
)
def test_what_the_pages_step_uploads_is_linked(project: Project, forge: Forge, ci: str, preset: str, link: str) -> None:
    if ci == "github":
        (project.path / "dist/widget.zip").rename(project.path / "dist/My App (1).zip")
    environ = environment(ci, forge.url)
    project.without("artifacts")
    config = (project.path / "shipline.yml").read_text().replace(', Zip: "{artifact_url}"', "")
    (shown,) = (block for block in BLOCKS if "artifacts-url" in block)
    settings = {**shown, "artifacts-url": preset}
    project.write("shipline.yml", yaml.safe_dump(settings) + config)
    assert f"{link}: the server returns a web page instead of the file" in project.shipline("plan", **environ).text
    upload(project, forge, environ)
    ended = project.shipline("run", **environ)
    assert ended.code == 0, ended.text
    (posted,) = project.sandbox.admin("state")["centercode"]["releases"]
    assert posted["links"][0]["url"] == forge.url + link
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert [(file["url"], file["size"]) for file in release["files"]] == [(forge.url + link, 2048)]
