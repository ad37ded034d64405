"""How late Shipline notices that a deployment has ended, and how often it polls; in the sandbox's virtual time.

BuildMaster starts deployments every 5 s, so each job has another pending time. The check for a rejected build doesn't
count.
"""

from __future__ import annotations

import io
import random
import statistics
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks import page

from shipline import cancellation
from shipline.ci.facts import Facts
from shipline.ci.local import Local
from shipline.inputs.sources import Inputs
from shipline.pipeline import resolve
from shipline.reporting.console import Console
from shipline.run import execute
from shipline.run.shared_journal import Shared
from shipline_sandbox.server import running

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

RUNS = 41
_DISPATCHER = 5.0  # seconds between two looks of BuildMaster's service for what to start
_ANSWER = (0.005, 0.05)  # seconds that BuildMaster takes to answer
_LIMITS = {2.0: (1, 5), 30.0: (3, 14), 600.0: (10, 70)}  # of a deployment of so many seconds: delay (seconds) and polls
_CONFIG = """\
release: {{version: 1.4.0}}
buildmaster: {{url: "{url}", application: {name}, pipeline: Standard, build-number: "7", stages: [Testing]}}
"""
_KEY = {"SHIPLINE_BUILDMASTER_API_KEY": "sandbox-key"}


@dataclass(slots=True)
class _Clock:
    """What the module takes for `time` and for `stop`: whoever sleeps finds the sandbox's clock moved on."""

    sandbox: Running
    phase: random.Random
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        passed = seconds + self.phase.uniform(*_ANSWER)
        self.now += passed
        self.sandbox.admin("clock", {"advance": passed})


def section() -> page.Section:
    figures = []
    for seconds, (delay, polls) in _LIMITS.items():
        with running(speed=1) as sandbox:
            sandbox.admin("clock", {"freeze": True})
            seen = [_waited(sandbox, number, seconds, (number + 0.5) / RUNS * _DISPATCHER) for number in range(RUNS)]
        delays, asked = [late for late, _ in seen], [count for _, count in seen]
        words = "10 min" if seconds > 60 else f"{seconds:.0f} s"  # noqa: PLR2004
        figures += [
            page.Figure(f"delay after {words}", statistics.median(delays), delay, "{:.2f} s"),
            page.Figure(f"polls in {words}", max(asked), polls, "{:.0f}"),
        ]
    return page.Section(tuple(figures))


def _waited(sandbox: Running, number: int, seconds: float, pending: float) -> tuple[float, int]:
    """The delay until the end of a deployment that waits so long for its start is known, and the polls."""
    stage = {"name": "Testing", "pending_seconds": pending, "executing_seconds": seconds}
    name = f"Widget{number}"
    application = {"id": 100 + number, "name": name, "pipelines": {"Standard": {"stages": [stage]}}}
    sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    clock = _Clock(sandbox, random.Random(number))  # noqa: S311 - a server's moods, not keys
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(cancellation, "time", clock),
        mock.patch.object(cancellation, "cancel_token", clock),
    ):
        config = _CONFIG.format(url=sandbox.url, name=name)
        sources = resolve.Sources(Inputs.read({}, _KEY), "-", config, Facts(), Path(folder), need_keys=True)
        console = Console(Local({}, Path(folder)), out=io.StringIO(), err=io.StringIO())
        job = execute.job_for(resolve.load(sources).pipeline, Path(folder, "receipt.json"), console, Shared())
        outcome = execute.release(job)
    if outcome.result != "succeeded":
        raise RuntimeError(f"expected a deployment of {seconds:.0f} s to succeed, found {outcome}")
    log = sandbox.requests()
    begun = max(at for at, entry in enumerate(log) if entry["operation"] == "deploy-build")
    polls = [_moment(entry) for entry in log[begun:] if "deploymentId" in (entry["body"] or ())]
    return polls[-1] - _moment(log[begun]) - pending - seconds, len(polls)


def _moment(entry: dict[str, Any]) -> float:
    """Seconds since 1970 on the sandbox's clock."""
    return datetime.fromisoformat(entry["time"]).timestamp()
