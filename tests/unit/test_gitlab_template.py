"""GitLab's template: its inputs are those of the schema, and they reach the job as variables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shipline.ci.gitlab import REPORT, REPORTS
from shipline.inputs import catalogue

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "ci_templates/gitlab/shipline.yml"
HEADER, CONTENT = yaml.safe_load_all(TEMPLATE.read_text(encoding="utf-8"))
INPUTS = HEADER["spec"]["inputs"]
JOB = CONTENT["$[[ inputs.job-name ]]"]
ENVIRONMENT = ["environment", "environment-url", "environment-action", "environment-tier"]
OF_THE_JOB = ["job-name", "stage", "image", "rules", "needs", "resource-group", *ENVIRONMENT]
LISTS = {"rules", "needs", *(name for name, leaf in catalogue.by_name().items() if leaf.kind in ("list", "artifacts"))}
SWITCHES = {name: leaf for name, leaf in catalogue.by_name().items() if leaf.kind == "boolean" and name in INPUTS}


def test_the_template_has_the_inputs_of_the_schema_without_its_secrets() -> None:
    leaves = [leaf for leaf in catalogue.by_name().values() if leaf.shown != "file"]
    secrets = {leaf.name for leaf in leaves if leaf.secret}
    assert set(INPUTS) == {*OF_THE_JOB, *(leaf.name for leaf in leaves)} - secrets
    for name, spec in INPUTS.items():
        assert spec["type"] == ("array" if name in LISTS else "boolean" if name in SWITCHES else "string")
        assert spec["description"]
        assert "default" in spec
        assert spec["default"] in spec.get("options", [spec["default"]])
        if "regex" in spec:
            assert re.search(spec["regex"], spec["default"])
    assert INPUTS["job-name"]["default"] == "shipline"
    assert INPUTS["stage"]["default"] == "deploy"
    assert INPUTS["command"]["options"][:4] == ["run", "plan", "validate", "rehearse"]
    assert INPUTS["release-prerelease"]["options"] == ["", "auto", "true", "false"]


@pytest.mark.parametrize(
    "leaf", [leaf for leaf in catalogue.settings() if leaf.name in INPUTS], ids=lambda leaf: leaf.name
)
def test_a_settings_examples_and_variables_pass_its_regex(leaf: catalogue.Setting) -> None:
    regex = INPUTS[leaf.name].get("regex", "")
    assert re.search(regex, "$CI_COMMIT_TAG")
    for example in leaf.examples:
        assert re.search(regex, example if isinstance(example, str) else json.dumps(example)) or leaf.kind == "list"
    if leaf.kind in ("url", "integer", "duration"):
        assert not re.search(regex, "no such thing")


def test_the_script_has_no_command_but_the_program() -> None:
    """No word of a shell, since runners on Windows start it with PowerShell or cmd.exe."""
    assert JOB["script"] == ["shipline run"]
    assert not {"before_script", "after_script", "hooks", "run"} & set(JOB)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("release-version", 'Write it in quotes, "1.4"'),
        ("buildmaster-build-id", 'Write it in quotes, "7"'),
        ("centercode-start-date", 'Write it in quotes, "2027-'),
        ("release-prerelease", 'Write "true" and "false" in quotes'),
        ("environment", "GitLab has no type for a map: environment-url, "),
        ("buildmaster-variables", "GitLab has no type for a map: write lines of name=value"),
        ("buildmaster-wait", "true leaves it to the config file"),
        ("buildmaster-stages", "A list, such as [Integration, Testing]"),
    ],
)
def test_a_description_says_how_to_write_what_the_type_cannot_hold(name: str, words: str) -> None:
    assert words in INPUTS[name]["description"]


def test_inputs_reach_the_job_as_variables_and_no_script() -> None:
    assert set(CONTENT) - {"$[[ inputs.job-name ]]"} == {key for key in CONTENT if key.startswith(".shipline:")}
    variables = JOB["variables"]
    assert variables.pop("SHIPLINE_INPUT_CI") == "gitlab"
    # An array alone would stay an array, which GitLab refuses as a variable; within a longer text it becomes JSON.
    assert variables == {
        variable(name): f"$[[ inputs.{name} ]]" + ("\n" if name in LISTS else "")
        for name in INPUTS
        if name not in OF_THE_JOB and name not in SWITCHES
    }
    for name, leaf in SWITCHES.items():
        other = json.dumps(not leaf.default)
        assert CONTENT[f".shipline:{name}:$[[ inputs.{name} ]]"] == {"variables": {variable(name): other}}
        assert "variables" not in CONTENT[f".shipline:{name}:{json.dumps(leaf.default)}"]
        assert f".shipline:{name}:$[[ inputs.{name} ]]" in JOB["extends"]
    assert JOB["artifacts"]["when"] == "always"
    assert f"{REPORTS}/" in JOB["artifacts"]["paths"]
    assert INPUTS["report"]["default"] == REPORT
    assert set(JOB["artifacts"]["reports"]) == {"dotenv", "annotations", "codequality"}
    assert JOB["cache"]["paths"] == [".shipline/"]
    assert JOB["cache"]["when"] == "always"
    assert {"$CI_COMMIT_REF_SLUG", "$CI_JOB_NAME_SLUG"} <= {
        f"${part}".rstrip("-") for part in JOB["cache"]["key"].split("$")
    }


def variable(name: str) -> str:
    return f"SHIPLINE_INPUT_{name.upper().replace('-', '_')}"


def test_the_catalogs_mirror_has_what_gitlab_requires(tmp_path: Path) -> None:
    """GitLab docs, "CI/CD components": templates/, a README.md, and a job with ``release`` in the tag's pipeline."""
    subprocess.run([sys.executable, ROOT / "tools/release.py", "mirror", tmp_path], check=True)
    files = {file.relative_to(tmp_path).as_posix(): file for file in tmp_path.rglob("*") if file.is_file()}
    assert set(files) == {"templates/shipline.yml", "README.md", ".gitlab-ci.yml"}
    assert files["templates/shipline.yml"].read_bytes() == TEMPLATE.read_bytes()
    assert "### GitLab" in files["README.md"].read_text(encoding="utf-8")
    release = yaml.safe_load(files[".gitlab-ci.yml"].read_text(encoding="utf-8"))["release"]
    assert release["release"]["tag_name"] == "$CI_COMMIT_TAG"
    workflow = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert "git add action.yml ci_templates templates .gitlab-ci.yml\n" in workflow
