"""SIGTERM and SIGINT at random moments of a job or a fleet; ``make cancels`` goes on for hundreds."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from job import fleet

if TYPE_CHECKING:
    from job.project import Ended, Project

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"), pytest.mark.timeout(300)]
_CANCELS = int(os.environ.get("CANCELS", "8"))
# The limit is 1 s. The gate's slice only shows that nothing waits for a timeout: other tests run at the same time.
_LIMIT_S = 1.0 if "CANCELS" in os.environ else 5.0
_MOST_REQUESTS = 14  # of a job; the signal comes after some of them


@pytest.mark.parametrize("number", range(_CANCELS))
def test_a_cancel_at_a_random_moment(project: Project, number: int) -> None:
    """The number is the seed. Even ones cancel one product's job, odd ones a fleet's."""
    rng = random.Random(number)
    arguments = ["run"]
    if number % 2:
        (project.path / "shipline.yml").unlink()
        fleet.make(project)
        arguments += ["products/*.yml", "--parallel", "2"]
    slow = {"kind": "delay", "seconds": rng.uniform(0, 1), "times": None}
    operation = rng.choice(["releases", "create-build", "deploy-build", "publish-release", "project-release"])
    project.sandbox.admin("faults", {**slow, "operation": operation})
    sent = rng.choice([signal.SIGTERM, signal.SIGINT])
    process = project.start(*arguments)
    count = rng.randrange(_MOST_REQUESTS)
    while process.poll() is None and len(project.sandbox.requests()) < count:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.4))
    started = time.monotonic()
    ended = project.cancel(process, sent)
    took = time.monotonic() - started
    if ended.code < 0:
        assert ended.code == -sent  # before the program installed its handlers
        assert not any(project.path.glob(".shipline/*.json"))
    elif ended.code:
        assert ended.code == 128 + sent, ended.text
        _check_report(ended)
    _check_receipts(project)
    assert took < _LIMIT_S


def _check_report(ended: Ended) -> None:
    if "Aborted" in ended.text or not ended.out:
        return  # before there was a job
    assert ended.outputs["result"] == "canceled"
    for label in ("DONE: ", "NOT DONE: ", "NEXT: "):
        assert ended.line(label)
    assert "Traceback" not in ended.text


def _check_receipts(project: Project) -> None:
    """Each is readable, and shows the result of each request."""
    for path in project.path.glob(".shipline/*.json"):
        receipt = json.loads(path.read_text())
        statuses = {request["status"] for step in receipt["steps"] for request in step["requests"]}
        assert "sending" not in statuses | {step["status"] for step in receipt["steps"]}
