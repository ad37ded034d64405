"""What the tests of a run do to the sandbox, and what they read from it and from the receipt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from job.project import Project


def fault(project: Project, operation: str, **rule: Any) -> None:
    """Have the next request of an operation fail: with status 500, unless ``rule`` says otherwise."""
    project.sandbox.admin("faults", {"operation": operation, "times": 1, "when": "before", "kind": "status", **rule})


def stages(project: Project, **testing: Any) -> None:
    """Set how deployments to Testing go."""
    pipeline = {"stages": [{"name": "Integration"}, {"name": "Testing", **testing}]}
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})


def announced(project: Project) -> int:
    """Return how often the release was posted to testers."""
    return len(project.sandbox.admin("state")["centercode"]["releases"])


def entries(project: Project) -> list[dict[str, Any]]:
    """Return the steps of the receipt, if it exists."""
    kept = [*project.path.glob(".shipline/*.json")]
    steps: list[dict[str, Any]] = json.loads(kept[0].read_text())["steps"] if kept else []
    return steps


def unnumbered(project: Project) -> None:
    """Remove the build number from the config."""
    project.config(build_number="")


def github(project: Project, attempt: int, run_id: str = "77") -> dict[str, str]:
    """Return the environment of an attempt of a run in GitHub Actions."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": run_id,
        "GITHUB_RUN_ATTEMPT": str(attempt),
        "GITHUB_OUTPUT": str(project.path / "output"),
        "GITHUB_STEP_SUMMARY": str(project.path / "summary"),
        "GITHUB_WORKSPACE": str(project.path),
    }
