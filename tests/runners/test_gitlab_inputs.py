"""The template's inputs in every notation that their types allow, as gitlab-ci-local resolves them, and the catalog."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from runners.container import PROJECT
from runners.gitlab import TEMPLATE, GitLab
from shipline.inputs import catalogue
from shipline.inputs.parsing import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUTS = next(yaml.safe_load_all((PROJECT / TEMPLATE).read_text(encoding="utf-8")))["spec"]["inputs"]
# Values of the inputs that aren't settings: of the job, and of the program's options.
OTHERS: dict[str, Any] = {
    "stage": "deploy",
    "image": "registry.example.com/shipline:v1",
    "rules": [{"if": '$CI_COMMIT_TAG =~ /^v\\d/ && $A == "b"'}, {"when": "never"}],
    "needs": ["dist", {"job": "other", "optional": True}],
    "environment": "production/eu",
    "environment-url": "https://example.com/$SHIPLINE_OUT_BUILDMASTER_BUILD_ID",
    "resource-group": "Team A-1",
    "config": "a.yml\nproducts/*.yml",
    "receipt": ".shipline/r.json",
    "report": ".shipline-reports/r.html",
}
LINES = {"config", "release-notes-text", "buildmaster-variables"}
HOSTILE = ['It\'s "q" \\ #{x} # é', "a, b: {version}", "$CI_COMMIT_TAG"]


def value_of(name: str) -> Any:
    """A value that the input's type holds."""
    spec, leaf = INPUTS[name], catalogue.by_name().get(name)
    if name in OTHERS or leaf is None:
        return OTHERS.get(name, spec.get("options", [""])[-1])
    if leaf.kind in ("list", "artifacts"):
        return HOSTILE
    if leaf.kind == "map":
        return "Ref=$CI_COMMIT_TAG\nPrice=5 = five"
    if "options" in spec:
        return spec["options"][-1]
    if leaf.kind == "boolean":
        return not leaf.default
    return "7" if leaf.kind == "integer" else str((*leaf.examples, "1.10 # 'x'")[0])


def notations(name: str, value: Any) -> Iterator[str]:
    """The value as people write it in YAML: the text after the input's name, with what follows on further lines."""
    if isinstance(value, bool):
        yield json.dumps(value)
    elif isinstance(value, list):
        yield json.dumps(value)
        yield f"\n{textwrap.indent(json.dumps(value, indent=2), '  ')}"
        yield "".join(f"\n- {json.dumps(item, ensure_ascii=False)}" for item in value)
        yield f"\n{yaml.safe_dump(value, allow_unicode=True)}"
        yield yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    else:
        yield json.dumps(value)
        yield yaml.safe_dump(value, default_style="'", width=10_000).strip()
        yield yaml.safe_dump(value, width=10_000).strip().removesuffix("\n...")
        yield f"{'|' if name in LINES else '|-'}\n{textwrap.indent(value, '  ')}"
        if "\n" not in value:
            yield f">-\n  {value}"


# Jobs that share an environment. GitLab merges jobs of one name of all included files, hidden ones too.
SHARED = {
    "plan": "command: plan, environment: production, buildmaster-application: Widget, verbose: true",
    "ship": "environment: production, environment-tier: production, buildmaster-application: Gadget",
    "prepare": "environment: production, environment-action: prepare, environment-url: https://x.example.com",
    "bare": "stage: deploy",
}


@pytest.fixture(scope="module")
def resolved(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The jobs of one pipeline: ``job 0`` has the first notation of each input, ``job 1`` the second, and so on."""
    written = {name: [*notations(name, value_of(name))] for name in INPUTS if name != "job-name"}
    pipeline = "dist: {script: [x]}\nother: {script: [x]}\ninclude:\n"
    for number in range(max(map(len, written.values()))):
        lines = [f"{name}: {forms[number % len(forms)]}" for name, forms in written.items()]
        inputs = "\n".join(textwrap.indent(line, "      ") for line in [f"job-name: job {number}", *lines])
        pipeline += f"  - local: /shipline.template.yml\n    inputs:\n{inputs}\n"
    for name, given in SHARED.items():
        pipeline += f"  - local: /shipline.template.yml\n    inputs: {{job-name: {name}, {given}}}\n"
    gitlab = gitlab_in(project, tmp_path_factory.mktemp("inputs"))
    folder = gitlab.repository({"shipline.template.yml": (project / TEMPLATE).read_bytes()})
    text = gitlab.expanded(folder, pipeline)
    tool = Path(sys.executable).with_name("check-jsonschema")
    if tool.exists():
        (folder / "expanded.yml").write_text(text)
        command = [tool, "--builtin-schema", "vendor.gitlab-ci", "expanded.yml"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    jobs: dict[str, Any] = yaml.safe_load(text)
    return jobs


def test_every_input_in_every_notation(resolved: dict[str, Any]) -> None:
    jobs = [job for name, job in resolved.items() if name.startswith("job ")]
    assert len(jobs) == 5
    for job in jobs:
        assert (job["stage"], job["image"]["name"]) == (OTHERS["stage"], OTHERS["image"])
        assert job["rules"] == OTHERS["rules"]
        assert [need["job"] if isinstance(need, dict) else need for need in job["needs"]] == ["dist", "other"]
        assert job["resource_group"] == OTHERS["resource-group"]
        environment = {"name": OTHERS["environment"], "url": OTHERS["environment-url"], "action": "stop"}
        assert job["environment"] == environment | {"deployment_tier": "other"}
        for name in INPUTS:
            if setting := catalogue.by_name().get(name):
                check(setting, job["variables"][f"SHIPLINE_INPUT_{name.upper().replace('-', '_')}"])


def check(setting: catalogue.Setting, text: str) -> None:
    """The text in the job's variable is what was written, and one that the program accepts."""
    value = value_of(setting.name)
    if setting.kind in ("list", "artifacts"):
        assert json.loads(text) == value
    elif isinstance(value, bool):
        assert text == json.dumps(value)
    else:
        assert (text.removesuffix("\n") if setting.name in LINES else text) == value
    if setting in catalogue.settings():
        read_text(setting, text)


def test_jobs_with_one_environment_keep_their_own(resolved: dict[str, Any]) -> None:
    url = "$SHIPLINE_OUT_BUILDMASTER_URL"
    assert {name: resolved[name].get("environment") for name in SHARED} == {
        "plan": {"name": "production", "url": url, "action": "verify"},
        "ship": {"name": "production", "url": url, "deployment_tier": "production"},
        "prepare": {"name": "production", "url": "https://x.example.com", "action": "prepare"},
        "bare": None,
    }
    groups = [resolved[name]["resource_group"] for name in SHARED]
    assert groups == ["shipline-Widget", "shipline-Gadget", "shipline-", "shipline-"]
    verbose = [resolved[name]["variables"].get("SHIPLINE_INPUT_VERBOSE") for name in SHARED]
    assert verbose == ["true", None, None, None]


def test_the_components_own_pipeline_tests_it_and_releases_it(project: Path, tmp_path: Path) -> None:
    mirrored = tmp_path / "mirrored"
    subprocess.run([sys.executable, project / "tools/release.py", "mirror", mirrored], check=True)
    gitlab = gitlab_in(project, tmp_path)
    files = {file.relative_to(mirrored).as_posix(): file.read_bytes() for file in mirrored.rglob("*") if file.is_file()}
    folder = gitlab.repository({**files, ".gitignore": ".gitlab-ci-local*\n"})
    ended = gitlab.run(folder, files[".gitlab-ci.yml"].decode(), variables={"CI_COMMIT_TAG": "v0.1.0"})
    assert ended.code == 0, ended
    assert "valid: version 0.1.0, steps build, deploy; 0 artifacts" in ended.printed("component")
    assert "SHIPLINE_OUT_RESULT=succeeded\n" in ended.dotenv("component")
    assert 'test "$SHIPLINE_OUT_RESULT" = succeeded' in ended.printed("release")


def gitlab_in(project: Path, folder: Path) -> GitLab:
    if "SHIPLINE_GITLAB" not in os.environ:
        pytest.skip('needs gitlab-ci-local: eval "$(tests/runners/engine)"')
    return GitLab(os.environ["SHIPLINE_GITLAB"], project, folder)
