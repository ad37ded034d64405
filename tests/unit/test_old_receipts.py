"""Receipts of version 0.1.0 (commit 23b457c): they stay readable, and a run continues from each as that version did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shipline.ci.facts import Facts
from shipline.run import execute
from shipline.run.receipt import Receipt
from unit.responding_server import PRODUCT, Clock, Server, job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.run.step import Job

RECEIPTS = Path(__file__).parent / "receipts"
URL = "http://127.0.0.1:8622"  # of the sandbox that they were written with
BUILDMASTER = "pipeline: Standard, build-number: '7', stages: [Integration, Testing], release: '1.4'"
AGAIN = Facts(ci="github", run_id="77", run_attempt=2)
CREATE, DEPLOY = "POST /api/releases/builds/create", "POST /api/releases/builds/deploy"
DEPLOYMENTS = "LIST /api/releases/builds/deployments?"
DRAFT, POST = "POST /v3/releases", "POST /api/v1/projects/WidgetPro/releaseTypes/Firmware"


def deployment(number: int, stage: str, status: str = "succeeded") -> dict[str, Any]:
    return {"id": number, "status": status, "pipelineStageName": stage, "buildId": 1}


@pytest.fixture
def server() -> Iterator[Server]:
    build = {"id": 1, "number": "7", "status": "active", "applicationName": "Widget", "releaseId": 2}
    release = {"id": 2, "number": "1.4", "status": "active", "applicationName": "Widget", "applicationId": 1}
    with Server() as made:
        made.answers = {
            "LIST /api/releases?": [release],
            "LIST /api/releases/builds?buildId=1": [build],
            f"{DEPLOYMENTS}deploymentId=1": [deployment(1, "Integration")],
            f"{DEPLOYMENTS}deploymentId=5": [deployment(5, "Testing")],
            CREATE: build,
            DEPLOY: (deployment(1, "Integration", "pending"), deployment(5, "Testing", "pending")),
            DRAFT: {"id": "r1", "version": "1.4.0", "channel": "stable", "published": False},
            POST: {"id": 12, "url": "https://company.example.com/r/12", "status": "Published"},
        }
        yield made


def continued(name: str, folder: Path, server: Server, facts: Facts | None = None) -> Job:
    """A job of the same config with this receipt."""
    (folder / "receipt.json").write_text((RECEIPTS / f"{name}.json").read_text().replace(URL, server.url))
    if name in ("finished", "lost-announcement"):
        server.answers[f"{DEPLOYMENTS}deploymentId=3"] = [deployment(3, "Testing")]
        made = json.loads((RECEIPTS / f"{name}.json").read_text())["outputs"]
        draft = {"id": made["v3-release-id"], "version": "1.4.0", "channel": "stable", "platforms": ["linux"]}
        server.answers["GET /v3/releases?"] = [{**draft, "name": "Widget 1.4.0", "notes": "Better"}]
    sections = {"v3": "", "centercode": ""} if name != "blind" else {"v3": ""}
    builder = {"buildmaster": BUILDMASTER} if name != "blind" else {}
    return job(folder, server.url, facts=facts, **builder, **sections)


def test_what_is_done_is_not_repeated(tmp_path: Path, server: Server) -> None:
    run = continued("finished", tmp_path, server)
    outcome = execute.release(run)
    assert (outcome.result, outcome.not_done) == ("succeeded", []), outcome.error
    before = json.loads((RECEIPTS / "finished.json").read_text().replace(URL, server.url))["outputs"]
    assert outcome.outputs == {**before, "receipt": str(run.receipt.path)}
    assert server.count("POST") == 0


@pytest.mark.parametrize(
    ("name", "posts"),
    [
        ("killed-while-deploying", [DEPLOY, DRAFT, POST]),
        ("failed-deployment", [DEPLOY, DEPLOY, DRAFT, POST]),
        ("refused", [CREATE, DEPLOY, DEPLOY, DRAFT, POST]),
    ],
)
def test_what_is_not_done_is_done_once(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, name: str, posts: list[str]
) -> None:
    Clock.of(monkeypatch)
    listed = "LIST /api/releases/builds/deployments?buildId=1&pipelineStageName=Integration"
    if name == "killed-while-deploying":
        server.answers[DEPLOY] = deployment(5, "Testing", "pending")
    if name == "failed-deployment":
        server.answers[listed] = (
            [deployment(2, "Integration", "failed")],
            [deployment(2, "Integration", "failed")],
            [],
        )
    run = continued(name, tmp_path, server, AGAIN if name == "refused" else None)
    outcome = execute.release(run)
    assert (outcome.result, outcome.not_done) == ("succeeded", [])
    assert [one for one in server.asked if one.startswith("POST")] == posts
    assert [record.status for record in run.receipt.steps] == ["done"] * 6
    first = run.receipt.named("deploy:Integration")
    assert first is not None
    assert first.attempt == (2 if name == "failed-deployment" else 1)


def test_an_announcement_whose_answer_was_lost_stays_unknown(tmp_path: Path, server: Server) -> None:
    outcome = execute.release(continued("lost-announcement", tmp_path, server, AGAIN))
    assert (outcome.exit_code, outcome.failed_step) == (8, "publish:centercode")
    assert server.count("POST") == 0


def test_a_server_that_only_creates_gets_its_second_try(tmp_path: Path, server: Server) -> None:
    server.answers |= {"GET /v3/releases?": 404, DRAFT: 409}
    run = continued("blind", tmp_path, server)
    outcome = execute.release(run)
    assert (outcome.result, outcome.outputs["v3-release-state"]) == ("succeeded", "draft")
    (record,) = run.receipt.steps
    assert (record.key, record.attempt, record.blind) == (f"v3|{server.url}|{PRODUCT}|1.4.0|stable|linux", 2, True)


@pytest.mark.parametrize("name", sorted(path.stem for path in RECEIPTS.glob("*.json")))
def test_it_is_written_as_it_was_read(tmp_path: Path, server: Server, name: str) -> None:
    run = continued(name, tmp_path, server)
    before = run.receipt.path.read_text()
    Receipt.open(run.receipt.path, run.pipeline).write()
    assert run.receipt.path.read_text() == before


def test_fields_of_another_version_are_kept(tmp_path: Path, server: Server) -> None:
    run = continued("finished", tmp_path, server)
    document = json.loads(run.receipt.path.read_text())
    document["runs"][0]["host"] = "agent-7"
    document["steps"][1]["made"]["commit"] = "f00"
    document["steps"][1]["host"] = document["steps"][1]["requests"][0]["host"] = "agent-7"
    run.receipt.path.write_text(json.dumps(document))
    receipt = Receipt.open(run.receipt.path, run.pipeline)
    build = receipt.named("build")
    assert build is not None
    receipt.settle(build, "done")
    assert json.loads(run.receipt.path.read_text()) == document
