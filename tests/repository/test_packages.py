"""What users install from: wheel, image, pre-commit hook, Renovate preset, and the release that makes them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from job.initialized import shipline

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RELEASE: dict[str, Any] = yaml.load(
    (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"), yaml.BaseLoader
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = RELEASE["jobs"][job]["steps"]
    return found


def test_a_release_is_a_draft_and_says_what_a_person_has_to_tick() -> None:
    (draft,) = (step["run"] for step in steps("release") if "gh release create" in step.get("run", ""))
    assert "--draft" in draft
    assert "--latest" not in draft  # which a draft can't be
    assert 'todo "$draft" | tee -a "$GITHUB_STEP_SUMMARY"' in draft
    url = "https://github.com/shipline/shipline/releases/tag/untagged-1"
    command = [sys.executable, ROOT / "tools/release.py", "todo", url]
    todo = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert url in todo
    assert "- [ ] Publish this Action to the GitHub Marketplace" in todo


def test_pypi_trusts_the_workflow_and_gets_attestations() -> None:
    job = RELEASE["jobs"]["pypi"]
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"] == "pypi"
    publish = job["steps"][-1]
    assert publish["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert publish["with"] == {"attestations": "true"}
    assert "password" not in str(job)
    packages = next(step["with"]["name"] for step in job["steps"] if "download-artifact" in step["uses"])
    assert packages in [step.get("with", {}).get("name") for step in steps("wheel")]


def test_each_platform_of_the_image_is_built_on_a_runner_of_its_kind() -> None:
    for file in ("image.yml", "release.yml"):
        text = (ROOT / ".github/workflows" / file).read_text(encoding="utf-8")
        assert "{arch: arm64, runner: ubuntu-24.04-arm}" in text
        assert "qemu" not in text


def test_every_python_that_is_promised_is_tested() -> None:
    ci = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert tuple(ci["jobs"]["python"]["strategy"]["matrix"]["python"]) == PYTHONS
    named = [text.rpartition(" ")[2] for text in PROJECT["project"]["classifiers"] if "Python :: 3." in text]
    assert tuple(named) == PYTHONS


def test_the_project_leads_to_its_pages_and_the_readme_links_are_absolute() -> None:
    assert {"Homepage", "Documentation", "Changelog", "Source", "Issues"} <= PROJECT["project"]["urls"].keys()
    assert all(url.startswith("https://github.com/shipline/") for url in PROJECT["project"]["urls"].values())
    (rule,) = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]
    shown = re.sub(rule["pattern"], rule["replacement"], (ROOT / "README.md").read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)]+)\)", shown)
    assert len(links) > 30
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_the_image_has_the_labels_that_registries_and_tools_read() -> None:
    names = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", (ROOT / "Dockerfile").read_text(encoding="utf-8")))
    wanted = "title description licenses source url documentation version revision created"
    assert names == {*wanted.split()}
    (build,) = (step for step in steps("image") if step.get("id") == "build")
    given = {line.partition("=")[0] for line in build["with"]["build-args"].splitlines()}
    assert given == {"BASE", "SOURCE", "REVISION", "VERSION", "CREATED"}


def test_no_message_or_page_installs_a_package_by_a_name_that_anybody_could_register() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = r"shipline\b(?!\[sandbox\] @ git\+https://github\.com/shipline/)[^/@.:-]"
    installs = re.compile(rf"""\b(?:pip3?|pipx|uv|uvx)\b[^\n`|]*\b(?:install|run)\b[^\n`|]*?[ '"]{named}""")
    found = []
    for name in listed.split("\0"):
        if name.startswith(("entrypoint/", "docs/", "native/", "ci_templates/", "examples/")) or name == "README.md":
            for match in installs.finditer((ROOT / name).read_text(encoding="utf-8", errors="replace")):
                found += [] if "--no-index" in match[0] else [f"{name}: {match[0]}"]
    assert found == []


@pytest.mark.parametrize(("text", "code"), [("application: Widget", 0), ("aplication: Widget", 2)])
def test_the_hook_checks_a_config_before_it_is_committed(text: str, code: int, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["language"] == "python"
    assert [re.search(hook["files"], name) is not None for name in ("shipline.yml", "a/shipline.yaml", "x.yml")] == [
        *(True, True, False),
    ]
    (tmp_path / "shipline.yml").write_text(f"buildmaster: {{url: 'https://buildmaster.example.com', {text}}}\n")
    program, *arguments = shlex.split(hook["entry"])
    assert program in PROJECT["project"]["scripts"]
    assert shipline(tmp_path, *arguments, "shipline.yml").code == code


def test_the_renovate_preset_finds_every_version_in_the_examples_for_jenkins() -> None:
    managers = json.loads((ROOT / "default.json").read_text(encoding="utf-8"))["customManagers"]
    library, image = (re.compile(manager["matchStrings"][0].replace("(?<", "(?P<")) for manager in managers)
    for file in (ROOT / "examples/jenkins").glob("*.groovy"):
        text = file.read_text(encoding="utf-8")
        assert len(library.findall(text)) == text.count("shipline@v")
        assert len(image.findall(text)) == text.count("ghcr.io/shipline/shipline:")
    pinned = image.search(f"image: ghcr.io/shipline/shipline:v1.2.3@sha256:{'a1' * 32}")
    assert pinned
    assert (pinned["currentValue"], pinned["currentDigest"]) == ("v1.2.3", f"sha256:{'a1' * 32}")
