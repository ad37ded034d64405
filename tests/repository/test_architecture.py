"""docs/architecture.md says how little a new input, CI system or operation needs: it is done so, in a copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from repository.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDERS = ("entrypoint", "schemas", "tools", "docs", "ci_templates", "native", "examples")
FILES = ("action.yml", "tests/unit/maskers.py")
ANNOUNCEMENT = (
    *("--centercode-url", "https://company.centercode.com", "--centercode-project", "WidgetPro"),
    *("--centercode-release-type", "Firmware", "--release-notes-text", "New."),
)
BUILDKITE = '''"""Buildkite."""

from shipline.ci.facts import Facts
from shipline.ci.system import System


class Buildkite(System):
    name = "buildkite"

    @classmethod
    def detect(cls, environ):
        return environ.get("BUILDKITE") == "true"

    def facts(self):
        return Facts(ci=self.name, tag=self.environ["BUILDKITE_TAG"])
'''


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with one of each added as the page says, and generated anew."""
    copy = tmp_path_factory.mktemp("tree")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    (copy / "tests/unit").mkdir(parents=True)
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    change(copy / "schemas/pipeline.schema.json", add_input)
    change(copy / "schemas/buildmaster.openapi.json", add_operation)
    (copy / "entrypoint/shipline/ci/buildkite.py").write_text(BUILDKITE, encoding="utf-8")
    done = python(copy, "tools/generate.py")
    assert done.returncode == 0, done.stderr
    return copy


def change(path: Path, how: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    how(document)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def add_input(schema: Any) -> None:
    schema["properties"]["network"]["properties"]["user-agent"] = {
        "title": "User agent",
        "description": "Who requests say that they are from.",
        "type": "string",
        "minLength": 1,
        "examples": ["acme-ci"],
        "x-input": "yes",
    }


def add_operation(document: Any) -> None:
    document["paths"]["/api/releases/builds/promote"] = {
        "post": {
            "operationId": "promote-build",
            "summary": "Promote Build",
            "description": "Promotes a build.",
            "parameters": [
                {"name": "buildId", "in": "query", "description": "The build", "schema": {"type": "integer"}}
            ],
            "responses": {"200": {"description": "Done"}},
        }
    }


def python(tree: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SHIPLINE_", "GITHUB_", "CI", "GITLAB_"))}
    environ = {**inherited, "PYTHONPATH": str(tree / "entrypoint"), **environ}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_an_input_is_one_entry(tree: Path) -> None:
    shown = python(tree, "-m", "shipline", "run", "--help-all").stdout
    assert "--network-user-agent AGENT" in shown
    for name, word in {
        "docs/options.md": "`network.user-agent` |",
        "action.yml": "  network-user-agent:",
        "native/action.yml": "SHIPLINE_INPUT_NETWORK_USER_AGENT: ${{ inputs.network-user-agent }}",
        "ci_templates/gitlab/shipline.yml": "    network-user-agent:",
        "ci_templates/jenkins/vars/shipline.txt": "<code>networkUserAgent</code>",
        "ci_templates/azure/shipline.yml": "SHIPLINE_INPUT_NETWORK_USER_AGENT: ${{ parameters.networkUserAgent }}",
        "ci_templates/teamcity/Shipline.xml": '<param name="env.SHIPLINE_INPUT_NETWORK_USER_AGENT"',
    }.items():
        assert word in (tree / name).read_text(encoding="utf-8"), name
    wrong = python(tree, "-m", "shipline", "validate", *ANNOUNCEMENT, SHIPLINE_NETWORK_USR_AGENT="x")
    assert "did you mean SHIPLINE_NETWORK_USER_AGENT?" in wrong.stdout + wrong.stderr


def test_a_ci_system_is_one_file(tree: Path) -> None:
    done = python(tree, "-m", "shipline", "validate", *ANNOUNCEMENT, BUILDKITE="true", BUILDKITE_TAG="v9.8.7")
    assert "valid: version 9.8.7" in done.stdout, done.stderr


def test_an_operation_is_one_entry(tree: Path) -> None:
    given = ("--url", "https://buildmaster.example.com", "--build-id", "7", "--dry-run")
    done = python(
        tree, "-m", "shipline", "buildmaster", "promote-build", *given, SHIPLINE_BUILDMASTER_API_KEY="sandbox-me"
    )
    assert "https://buildmaster.example.com/api/releases/builds/promote?buildId=7" in done.stdout, done.stderr
    assert "shipline buildmaster promote-build" in (tree / "docs/operations.md").read_text(encoding="utf-8")
    assert "def promote_build(" in (tree / "entrypoint/shipline/services/__init__.pyi").read_text(encoding="utf-8")
