"""CI systems of which Shipline reads only the facts of a run. Its log is plain there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from shipline.ci.facts import Facts
from shipline.ci.system import System

# By name: the variable that is set there, its value (empty: any), and a template for each fact. Of several templates,
# separated by bars, the first whose variables all have a value counts.
# Sources: Atlassian Support, "Variables and secrets" (Bitbucket Cloud); CircleCI Docs, "Project values and variables"
# (2026-09); Woodpecker 3 Docs, "Environment variables"; Drone 2 Docs, "Environment: Reference".
# Forgejo and Gitea set GitHub's variables: see github.py.
SYSTEMS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "bitbucket": (
        "BITBUCKET_BUILD_NUMBER",
        "",
        {
            "tag": "{BITBUCKET_TAG}",
            "branch": "{BITBUCKET_BRANCH}",
            "sha": "{BITBUCKET_COMMIT}",
            "run_id": "{BITBUCKET_PIPELINE_UUID}|{BITBUCKET_BUILD_NUMBER}",
            "run_number": "{BITBUCKET_BUILD_NUMBER}",  # "Rerun failed steps" keeps it
            "job": "{BITBUCKET_STEP_UUID}",
            "run_url": "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
            "repository": "{BITBUCKET_REPO_FULL_NAME}",
        },
    ),
    "circleci": (
        "CIRCLECI",
        "true",
        {
            "tag": "{CIRCLE_TAG}",
            "branch": "{CIRCLE_BRANCH}",
            "sha": "{CIRCLE_SHA1}",
            "run_id": "{CIRCLE_WORKFLOW_ID}",
            "run_number": "{CIRCLE_BUILD_NUM}",  # of the job: a re-run has another one
            "job": "{CIRCLE_JOB}",
            "run_url": "{CIRCLE_BUILD_URL}",
            "repository": "{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}",
            "actor": "{CIRCLE_USERNAME}",
        },
    ),
    "woodpecker": (
        "CI_SYSTEM_NAME",
        "woodpecker",
        {
            "tag": "{CI_COMMIT_TAG}",
            "branch": "{CI_COMMIT_SOURCE_BRANCH}|{CI_COMMIT_BRANCH}",
            "sha": "{CI_COMMIT_SHA}",
            "run_id": "{CI_REPO}#{CI_PIPELINE_NUMBER}",
            "run_number": "{CI_PIPELINE_NUMBER}",
            "job": "{CI_WORKFLOW_NAME}/{CI_STEP_NAME}|{CI_STEP_NAME}",
            "run_url": "{CI_PIPELINE_URL}",
            "repository": "{CI_REPO}",
            "actor": "{CI_PIPELINE_AUTHOR}",
        },
    ),
    "drone": (
        "DRONE",
        "true",
        {
            "tag": "{DRONE_TAG}",
            "branch": "{DRONE_SOURCE_BRANCH}|{DRONE_BRANCH}",
            "sha": "{DRONE_COMMIT_SHA}",
            "run_id": "{DRONE_REPO}#{DRONE_BUILD_NUMBER}",
            "run_number": "{DRONE_BUILD_NUMBER}",  # a restart has another one
            "job": "{DRONE_STAGE_NAME}/{DRONE_STEP_NAME}",
            "run_url": "{DRONE_BUILD_LINK}",
            "repository": "{DRONE_REPO}",
            "actor": "{DRONE_BUILD_TRIGGER}",
        },
    ),
}


class Other(System):
    """One step of a CI system in the table."""

    name: ClassVar[str] = "others"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return bool(_name(environ))

    def facts(self) -> Facts:
        """Read the facts; none of these systems counts the attempts of a run for each kind of re-run."""
        name = _name(self.environ)
        templates = SYSTEMS[name][2] if name else {}
        known: dict[str, Any] = {fact: _first(template, self.environ) for fact, template in templates.items()}
        facts = Facts(ci=name or self.name, **known)
        return facts._replace(branch="") if facts.tag else facts


def _name(environ: Mapping[str, str]) -> str:
    """Return the CI system whose variable is set; empty: none."""
    for name, (variable, expected, _) in SYSTEMS.items():
        value = environ.get(variable)
        if value and value == (expected or value):
            return name
    return ""


def _first(templates: str, environ: Mapping[str, str]) -> str:
    """Fill in the first template whose variables all have a value; empty: none."""
    for template in templates.split("|"):
        if all(map(environ.get, re.findall(r"{(\w+)}", template))):
            return template.format_map(environ)
    return ""
