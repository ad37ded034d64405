"""What a person reads, word for word: the logs in told/ are those of the situations here.

WRITE_TOLD=1 writes them anew; the difference is then for a reader to judge.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from job.project import PRODUCT
from job.situations import fault
from shipline.errors import DOCUMENTATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from job.project import Ended, Project

TOLD = Path(__file__).parent / "told"
# What differs from run to run, and the lines that a slow machine shows more of.
VARYING = [
    (r"\b[0-9a-f]{64}\b", "SHA"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b\d{4}-\d\d-\d\dT[0-9:.]+Z\b", "TIME"),
    (r"(<0\.1|\b[\d.]+( min \d+)?) ?s\b", "TOOK"),
    (r'"run-key": "[0-9a-f]+"', '"run-key": "KEY"'),
    (r"\|run [0-9a-f]{12}\b", "|run KEY"),
    (r'"seconds": [0-9.]+', '"seconds": TOOK'),
    (r"(?m)^::add-mask::.*\n", ""),
    (r"(?m)^  … (deployment .*|looking for .*)\n", ""),
]


class Log:
    """Gathers what is told, for the comparison at the end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._parts: list[str] = []

    def shipline(self, *arguments: str, **environ: str) -> Ended:
        ended = self._project.shipline(*arguments, **environ)
        self._parts.append(
            f"$ shipline {' '.join(arguments)}\n{ended.out}--- errors\n{ended.err}--- exit {ended.code}\n"
        )
        return ended

    def data(self, title: str, data: Any) -> None:
        self._parts.append(f"--- {title}\n{json.dumps(data, indent=1, ensure_ascii=False)}\n")

    @property
    def text(self) -> str:
        text = "\n".join(self._parts)
        for fixed, name in (
            (self._project.sandbox.url, "SANDBOX"),
            (str(self._project.path), "FOLDER"),
            (DOCUMENTATION, "DOCS"),
        ):
            text = text.replace(fixed, name)
        for pattern, name in VARYING:
            text = re.sub(pattern, name, text)
        return text


def stages(project: Project, *settings: dict[str, Any]) -> None:
    pipeline = {"stages": [{"name": name, **more} for name, more in zip(NAMES, settings, strict=False)]}
    applications = [{"id": 1, "name": "Widget", "pipelines": {"Standard": pipeline}}]
    project.sandbox.admin("seed", {"buildmaster": {"applications": applications}})


NAMES = ("Integration", "Testing", "Live")


def post(project: Project, path: str, **form: Any) -> None:
    headers = {"X-ApiKey": "sandbox-x"}
    assert requests.post(f"{project.sandbox.url}/api/{path}", form, headers=headers, timeout=10).ok


def draft(project: Project, **changes: Any) -> dict[str, Any]:
    body = {"name": "Widget 1.4.0", "version": "1.4.0", "channel": "stable", "platforms": ["linux"], "private": False}
    body |= {"notes": "- Widgets **turn** <both> ways.", "productId": PRODUCT, **changes}
    headers = {"Authorization": "Bearer sandbox-other"}
    answer = requests.post(f"{project.sandbox.url}/v3/releases", json=body, headers=headers, timeout=10)
    made: dict[str, Any] = answer.json()
    return made


def clean(project: Project, log: Log) -> None:
    log.shipline("plan")
    log.shipline("run")
    log.data("receipt", project.receipt())
    log.data("sent", [{k: r[k] for k in ("method", "path", "query", "body")} for r in project.changes()])
    log.shipline("plan")
    log.shipline("run", "--format", "json")


def without_a_receipt(project: Project, log: Log) -> None:
    project.shipline("run")
    log.shipline("plan", "--receipt", "lost.json")
    log.shipline("run", "--receipt", "lost.json")
    log.shipline("run", "--receipt", "lost.json", "--centercode-on-unknown", "assume")
    log.shipline("run", "--receipt", "again.json", "--centercode-on-unknown", "resend")
    log.shipline("run", "--receipt", "third.json", "--buildmaster-if-build-exists", "fail")


def deployments_that_fail(project: Project, log: Log) -> None:
    stages(project, {}, {"outcome": "failed"})
    log.shipline("run")
    log.shipline("plan")
    log.shipline("run", "--buildmaster-redeploy", "never")
    log.shipline("run", "--receipt", "lost.json", "--steps", "deploy", "--buildmaster-redeploy", "never")
    stages(project, {}, {"outcome": "canceled"})
    log.shipline("run", "--buildmaster-on-failure", "reject")
    log.data("receipt", project.receipt()["steps"][-1])
    log.shipline("run")


def a_stage_that_fails_and_is_not_named(project: Project, log: Log) -> None:
    project.config(stages="")
    stages(project, {"outcome": "failed"})
    project.shipline("run")
    log.shipline("run", "--receipt", "lost.json")
    log.shipline("run", "--buildmaster-redeploy", "never")
    stages(project, {})
    log.shipline("run")


def deployments_that_warn(project: Project, log: Log) -> None:
    stages(project, {"outcome": "warned"}, {"outcome": "warned"})
    log.shipline("run", "--buildmaster-warned", "fail")
    log.shipline("run", "--buildmaster-warned", "fail")
    log.shipline("run", "--steps", "build,deploy")
    log.shipline("run", "--steps", "publish", "--buildmaster-warned", "fail")
    log.shipline("run")
    log.shipline("run", "--steps", "deploy")


def waits_that_end(project: Project, log: Log) -> None:
    stages(project, {"pending_seconds": 6000}, {})
    log.shipline("run", "--buildmaster-pending-timeout", "1s")
    log.shipline("plan")
    log.shipline("run", "--buildmaster-wait", "false", "--steps", "build,deploy", "--buildmaster-stages", "Integration")
    log.shipline("run", "--buildmaster-timeout", "1s")
    log.shipline("run", "--receipt", "lost.json", "--buildmaster-timeout", "1s", "--buildmaster-on-failure", "reject")


def publishing_alone(project: Project, log: Log) -> None:
    stages(project, {}, {}, {})
    three = ("--buildmaster-stages", "Integration\nTesting\nLive")
    project.shipline("run", "--steps", "build,deploy")
    alone = ("run", "--steps", "publish", "--receipt", "alone.json", "--buildmaster-timeout", "1s")
    log.shipline("plan", "--steps", "publish", "--receipt", "alone.json", *three)
    log.shipline(*alone, *three)
    log.shipline("run", "--steps", "deploy", *three)
    ended = log.shipline(*alone, *three)
    assert ended.outputs["buildmaster-stage"] == "Live"
    log.shipline(*alone, *three)
    project.config(stages="")
    log.shipline(*alone[:3], "--receipt", "any.json")


def publishing_alone_a_build_that_is_rejected(project: Project, log: Log) -> None:
    build = project.shipline("run", "--steps", "build").outputs["buildmaster-build-id"]
    post(project, "releases/builds/reject", buildId=build)
    log.shipline("run", "--steps", "publish", "--receipt", "alone.json")
    log.shipline("run", "--receipt", "lost.json")
    log.shipline("run", "--steps", "deploy")


def nothing_to_publish(project: Project, log: Log) -> None:
    project.config(build_number="")
    log.shipline("run", "--steps", "publish")
    log.shipline("run", "--steps", "deploy", "--buildmaster-build-id", "4711")
    log.shipline("run", "--steps", "deploy", "--buildmaster-build-number", "3", "--buildmaster-release", "1.9")


def releases_that_are_not_there(project: Project, log: Log) -> None:
    project.config(pipeline="")
    log.shipline("run")
    log.shipline("run", "--buildmaster-release", "latest", "--buildmaster-application", "Nowhere")
    log.shipline("run", "--buildmaster-release", "id:4711")
    log.shipline("run", "--buildmaster-application", "Gadget")
    log.shipline("run", "--buildmaster-application", "Gadget", "--steps", "deploy,publish")
    log.shipline("run", "--buildmaster-application", "Nowhere", "--buildmaster-pipeline", "Standard")


def releases_that_are_closed(project: Project, log: Log) -> None:
    project.config(application="  application: Widget\n  release: '1.4'")
    release = project.shipline("run").outputs["buildmaster-release-id"]
    new = ("--release-version", "1.4.1", "--buildmaster-build-number", "8", "--release-notes-text", "x")
    log.shipline("run", *new)
    post(project, "releases/cancel", releaseId=release)
    log.shipline("run", "--receipt", "lost.json")


def a_build_by_its_id(project: Project, log: Log) -> None:
    build = project.shipline("run", "--steps", "build").outputs["buildmaster-build-id"]
    project.config(build_number="")
    named = ("--buildmaster-build-id", build, "--receipt", "other.json")
    log.shipline("plan", "--steps", "deploy", *named)
    log.shipline("run", "--steps", "deploy", *named)
    log.data("receipt", json.loads((project.path / "other.json").read_text())["steps"][:2])


def builds_with_other_variables(project: Project, log: Log) -> None:
    project.shipline("run", "--steps", "build")
    log.shipline("run", "--steps", "build", "--buildmaster-variables", "Branch=other")
    project.config(build_number="")
    log.shipline("run", "--steps", "build", "--receipt", "numbered.json")
    fault(project, "create-build", status=502, when="after_apply")
    log.shipline("run", "--steps", "build", "--receipt", "lost.json")
    log.shipline("plan", "--steps", "build", "--receipt", "lost.json")


def a_second_attempt_without_its_receipt(project: Project, log: Log) -> None:
    project.config(build_number="")
    environ = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2"}
    environ |= {"GITHUB_OUTPUT": str(project.path / "output"), "GITHUB_WORKSPACE": str(project.path)}
    log.shipline("run", **environ)


def a_build_that_a_later_one_overtook(project: Project, log: Log) -> None:
    project.sandbox.admin("config", {"reject_older": "off"})
    project.config(pipeline="  pipeline: Full")
    project.shipline("run", "--steps", "build,deploy")
    later = ("--buildmaster-build-number", "8", "--receipt", "later.json")
    project.shipline("run", "--steps", "build,deploy", *later)
    log.shipline("run")
    log.shipline("run", "--steps", "publish")


def a_draft_that_differs(project: Project, log: Log) -> None:
    project.without("buildmaster", "centercode")
    made = draft(project, name="Another", private=True)
    log.shipline("run")
    log.shipline("run", "--v3-if-exists", "fail")
    log.shipline("plan", "--v3-if-exists", "update")
    headers = {"Authorization": "Bearer sandbox-other"}
    stray = {"name": "stray.zip", "url": "https://dl.example.com/stray.zip", "size": 1, "secured": False}
    url = f"{project.sandbox.url}/v3/release-files"
    requests.post(url, json={**stray, "releaseId": made["id"]}, headers=headers, timeout=10)
    log.shipline("run", "--v3-if-exists", "update", "--v3-state", "draft")
    log.data("v3", project.sandbox.admin("state")["v3"]["releases"][0]["files"])
    log.shipline("run", "--v3-private", "true")
    log.shipline("run")
    log.shipline("run", "--release-title", "Else")
    log.shipline("run", "--receipt", "lost.json", "--release-title", "Else", "--v3-if-exists", "update")
    log.data("receipt", project.receipt()["steps"])


def a_server_that_only_creates(project: Project, log: Log) -> None:
    project.without("buildmaster", "centercode")
    project.sandbox.admin("config", {"v3": "create-only"})
    fault(project, "create-release", status=502, times=9)
    log.shipline("run")
    log.shipline("run")
    log.shipline("run")
    log.shipline("run", "--receipt", "other.json", "--v3-state", "draft")
    project.sandbox.admin("reset", {})
    project.sandbox.put_file("widget.zip", b"PK" + b"w" * 2046)
    project.sandbox.admin("config", {"v3": "create-only"})
    log.shipline("run", "--receipt", "third.json")
    log.shipline("run", "--receipt", "third.json", "--release-title", "Else")


def announcements(project: Project, log: Log) -> None:
    project.without("buildmaster", "v3")
    fault(project, "project-release", status=404)
    log.shipline("run")
    fault(project, "project-release", status=502)
    log.shipline("run")
    log.shipline("plan")
    log.shipline("run")
    log.shipline("run", "--centercode-on-unknown", "resend")
    log.data("receipt", project.receipt()["steps"])
    log.shipline("run", "--centercode-if-exists", "fail")
    log.shipline("run", "--release-title", "Else")
    log.shipline("plan", "--centercode-if-exists", "post")
    log.shipline("run", "--centercode-if-exists", "post")
    log.shipline("run", "--centercode-when", "prerelease")


def an_announcement_without_an_answer(project: Project, log: Log) -> None:
    project.without("buildmaster", "v3")
    fault(project, "project-release", kind="empty", when="after_apply")
    log.shipline("run")
    log.shipline("run")


def requests_that_are_lost(project: Project, log: Log) -> None:
    fault(project, "create-build", status=502, when="after_apply")
    fault(project, "create-release", status=502, when="after_apply")
    log.shipline("run", "--steps", "build")


def an_empty_answer_to_deploy(project: Project, log: Log) -> None:
    project.sandbox.admin("config", {"deploy_answer": "empty"})
    log.shipline("run")
    log.data("receipt", project.receipt()["steps"][-1])


SITUATIONS = [
    clean,
    without_a_receipt,
    deployments_that_fail,
    a_stage_that_fails_and_is_not_named,
    deployments_that_warn,
    waits_that_end,
    publishing_alone,
    publishing_alone_a_build_that_is_rejected,
    nothing_to_publish,
    releases_that_are_not_there,
    releases_that_are_closed,
    a_build_by_its_id,
    builds_with_other_variables,
    a_second_attempt_without_its_receipt,
    a_build_that_a_later_one_overtook,
    a_draft_that_differs,
    a_server_that_only_creates,
    announcements,
    an_announcement_without_an_answer,
    requests_that_are_lost,
    an_empty_answer_to_deploy,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_told(project: Project, situation: Callable[[Project, Log], None]) -> None:
    log = Log(project)
    situation(project, log)
    path = TOLD / f"{situation.__name__}.txt"
    if "WRITE_TOLD" in os.environ:
        path.parent.mkdir(exist_ok=True)
        path.write_text(log.text, encoding="utf-8")
    assert log.text == path.read_text(encoding="utf-8")
    assert "Traceback" not in log.text
    assert not re.search(r"\bNone\b", log.text)
