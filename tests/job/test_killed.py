"""A receipt as a run leaves it that was killed while a request was under way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from job.project import Project


def killed_while_sending(project: Project, step: str) -> None:
    """Everything was applied; the receipt knows nothing of this step but that it was being sent."""
    (path,) = (project.path / ".shipline").glob("*.json")
    receipt = json.loads(path.read_text())
    entry = next(entry for entry in receipt["steps"] if entry["name"] == step)
    entry |= {"status": "sending", "made": {}}
    entry["requests"][-1] = {**entry["requests"][-1], "status": "sending"}
    receipt |= {"result": None, "ended": None}
    path.write_text(json.dumps(receipt))


@pytest.mark.parametrize("step", ["release", "build", "deploy:Integration", "deploy:Testing", "publish:v3"])
def test_what_can_be_looked_up_is_found_again(project: Project, step: str) -> None:
    first = project.shipline("run")
    before = project.operations()
    killed_while_sending(project, step)
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert project.operations() == before
    # BuildMaster's lists show the deployment's part, and no longer the one that its answer named.
    varying = {"buildmaster-deployment-id"} if step.startswith("deploy") else set()
    same = first.outputs.keys() - varying
    assert {name: ended.outputs.get(name) for name in same} == {name: first.outputs[name] for name in same}


def test_an_announcement_is_unknown(project: Project) -> None:
    project.shipline("run")
    killed_while_sending(project, "publish:centercode")
    ended = project.shipline("run")
    assert ended.code == 8
    assert "why: an earlier run sent it, and the response was lost, and Centercode has no request" in ended.err
    assert project.operations().count("project-release") == 1


def test_a_build_without_a_number_is_unknown(project: Project) -> None:
    project.config(build_number="")
    project.shipline("run", "--steps", "build")
    killed_while_sending(project, "build")
    ended = project.shipline("run", "--steps", "build")
    assert ended.code == 8
    assert "an earlier run may have created one" in ended.err
    assert project.operations().count("create-build") == 1
