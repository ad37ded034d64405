"""How late Shipline notices that a deployment has ended, and how often it asks; in virtual time, nothing sleeps."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks import page

from shipline.services.buildmaster import Build, Deployment
from shipline.steps import wait

if TYPE_CHECKING:
    from shipline.steps import Step

RUNS = 2000
_DISPATCHER = 5.0  # seconds between two looks of BuildMaster's service for what to start
_ANSWER = (0.005, 0.05)  # seconds that BuildMaster takes to answer
_PARENT, _CHILD, _BUILD = 20, 21, 7
_LIMITS = {2.0: (1, 5), 30.0: (3, 14), 600.0: (10, 70)}  # of a deployment of so many seconds: delay (seconds) and polls


@dataclass(slots=True)
class _Clock:
    """What the module takes for `time` and for `stop`."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(slots=True)
class _Server:
    """A deployment from its start at 0: pending until the dispatcher looks, then executing, then succeeded."""

    clock: _Clock
    begins: float
    ends: float
    phase: random.Random
    polls: int = 0

    def _answered(self) -> float:
        """The time on the server when it answers."""
        half = self.phase.uniform(*_ANSWER) / 2
        at = self.clock.now + half
        self.clock.now = at + half
        return at

    def _is(self, key: int, now: float) -> Deployment:
        status = "pending" if now < self.begins else "executing" if now < self.ends else "succeeded"
        return Deployment(key, status, "Testing", _BUILD, "7", 4, None)

    def deployment(self, _: int) -> Deployment:
        self.polls += 1
        return self._is(_PARENT, self._answered())

    def deployments(self, _build: int, _stage: str) -> list[Deployment]:
        now = self._answered()
        return [self._is(_CHILD, now)] if now >= self.begins else []

    def build(self, _: int) -> Build:
        self._answered()
        return Build(_BUILD, "7", "active", 4, "1.4", "Widget", None)


def section() -> page.Section:
    figures, rows = [], []
    for seconds, (delay, polls) in _LIMITS.items():
        seen = [_waited(seconds, random.Random(run)) for run in range(RUNS)]  # noqa: S311 - phases, not keys
        delays, asked = [late for late, _ in seen], [count for _, count in seen]
        words = "10 min" if seconds > 60 else f"{seconds:.0f} s"  # noqa: PLR2004
        figures += [
            page.Figure(f"delay, deployment of {words}, median", statistics.median(delays), delay, "{:.2f} s"),
            page.Figure(f"polls, deployment of {words}, at most", max(asked), polls, "{:.0f}"),
        ]
        spread = statistics.quantiles(delays, n=20)
        rows.append((words, f"{spread[0]:.1f} s", f"{spread[-1]:.1f} s", f"{statistics.mean(asked):.1f}"))
    return page.Section(
        tuple(figures), page.table(("deployment of", "delay, 5th percentile", "95th percentile", "polls, mean"), rows)
    )


def _waited(seconds: float, phase: random.Random) -> tuple[float, int]:
    """The delay until the deployment's end is known, and the polls."""
    clock = _Clock()
    begins = phase.uniform(0, _DISPATCHER)
    server: Any = _Server(clock, begins, begins + seconds, phase)
    job: Any = mock.Mock(values={"buildmaster-build-id": str(_BUILD)}, changes=0)
    step: Step = mock.Mock()
    settings: Any = mock.Mock(
        start_time=None, timeout=1800.0, pending_timeout=600.0, warned="accept", on_failure="leave"
    )
    told: list[float] = []

    def noticed(made: dict[str, str]) -> None:
        if made["buildmaster-deployment-status"] == "succeeded":
            told.append(clock.now)

    job.make.side_effect = noticed
    with mock.patch.object(wait, "time", clock), mock.patch.object(wait, "stop", clock):
        wait.Wait(server, settings, job, [_PARENT], frozenset(), "Testing").until_ended(step)
    return told[0] - server.ends, server.polls
