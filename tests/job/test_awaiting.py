"""A job that only publishes, and what happens to its build meanwhile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from job.project import Project


def test_a_build_that_is_rejected_meanwhile_is_not_waited_for(project: Project) -> None:
    build = project.shipline("run", "--steps", "build").outputs["buildmaster-build-id"]

    def reject() -> None:
        while not any(r["operation"] == "get-deployments" for r in project.sandbox.requests()):
            time.sleep(0.05)
        url = f"{project.sandbox.url}/api/releases/builds/reject"
        assert requests.post(url, {"buildId": build}, headers={"X-ApiKey": "sandbox-x"}, timeout=10).ok

    somebody = threading.Thread(target=reject)
    somebody.start()
    ended = project.shipline("run", "--steps", "publish", "--buildmaster-timeout", "30s")
    somebody.join()
    assert ended.code == 5
    assert ended.outputs["result"] == "failed"
    assert "build 7 (id 1) was rejected" in ended.err
    assert ended.line("NEXT:").startswith("NEXT: create a new build: a rejected one isn't deployed")
    assert "project-release" not in project.operations()


def test_links_that_make_the_notes_too_long_are_a_problem_of_that_target(project: Project) -> None:
    project.without("buildmaster", "centercode")
    project.sandbox.admin("config", {"v3": "create-only"})
    project.write("CHANGELOG.md", "## 1.4.0\n\n" + "x" * 4090 + "\n")
    ended = project.shipline("run")
    assert ended.code == 2
    assert "publish:v3: the notes and the links have 4" in ended.err
    assert "v3 accepts 4096: shorten the notes" in ended.err
    assert project.changes() == []
