"""docs/how-to/keys.md: its pipelines are what the CI systems accept, and hand Shipline keys by names that it reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from repository.ci_schemas import accepted
from repository.pages import ROOT, Page
from shipline.inputs import catalogue

PAGE = Page(Path("docs/how-to/keys.md"))
# The first of each is complete; the others show what differs: the steps after the checkout, or the job.
WORKFLOWS = [block for block in PAGE.blocks("yaml") if "uses:" in block]
PIPELINES = [block for block in PAGE.blocks("yaml") if "id_tokens:" in block]
KEYS = {leaf.variable for leaf in catalogue.settings() if leaf.secret}


def test_each_store_has_an_example_for_each_system() -> None:
    assert len(WORKFLOWS) == len(PIPELINES) == 4
    assert len(WORKFLOWS) + len(PIPELINES) == len([*PAGE.blocks("yaml")])
    headings = re.findall(r"^### (.*), on (\w+)$", (ROOT / PAGE.path).read_text(encoding="utf-8"), re.MULTILINE)
    for store in ("Vault", "AWS Secrets Manager", "Azure Key Vault", "Google Secret Manager"):
        assert {system for name, system in headings if store in name} == {"GitHub", "GitLab", "Jenkins"}, store


@pytest.mark.parametrize("block", WORKFLOWS)
def test_a_workflow_gives_keys_by_their_names(block: str) -> None:
    workflow = yaml.load(WORKFLOWS[0], Loader=yaml.BaseLoader)
    if block != WORKFLOWS[0]:
        workflow["jobs"]["release"]["steps"][1:] = yaml.load(block, Loader=yaml.BaseLoader)
    assert workflow["permissions"]["id-token"] == "write"
    (step,) = [each for each in workflow["jobs"]["release"]["steps"] if "shipline/" in each.get("uses", "")]
    inputs = {f"SHIPLINE_{name.upper().replace('-', '_')}" for name in step.get("with", {})}
    named = set(re.findall(r"\bSHIPLINE_\w+", block)) | inputs
    assert named
    assert named <= KEYS
    accepted("github-workflows", workflow)


@pytest.mark.parametrize("block", PIPELINES)
def test_a_pipeline_gives_files_with_keys_by_their_names(block: str) -> None:
    pipeline = yaml.safe_load(PIPELINES[0]) | yaml.safe_load(block)
    job = pipeline["shipline"]
    assert set(job["secrets"]) <= {f"{name}_FILE" for name in KEYS}
    assert {secret["token"] for secret in job["secrets"].values()} == {f"${name}" for name in job["id_tokens"]}
    accepted("gitlab-ci", pipeline)


@pytest.mark.parametrize("block", [*PAGE.blocks("groovy")])
def test_a_jenkins_example_gives_keys_by_their_names(block: str) -> None:
    names = re.findall(r"'(SHIPLINE_\w+)'|(\w+)CredentialsId:", block)
    assert names
    for variable, service in names:
        assert not variable or variable.removesuffix("_FILE") in KEYS
        assert service in ("", "buildmaster", "centercode", "v3", "journal")
