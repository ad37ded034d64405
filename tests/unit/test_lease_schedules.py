"""The real lease code of three runners in random orders, with lost and late writes and pauses.

A model of the git server compares and swaps. Whatever happens, a request is sent by one runner at most, and only by the
one that holds the journal on the server at that moment.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from typing import Any

import pytest

from shipline.errors import ShiplineError, UnavailableError
from shipline.journal import lease, objects
from shipline.journal.lease import Journal
from shipline.journal.remote import Pushed

REF = "refs/shipline/widget/1.0"
LEASE, RETRY_FOR = 30.0, 60.0
RUNNERS, STEPS = 3, 60
SCHEDULES = int(os.environ.get("SCHEDULES", "150"))


class World:
    """The git server, the clock, what is under way, and what was sent."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 1000.0
        self.head = objects.null_id("sha1")
        self.commits: dict[str, objects.Commit] = {}
        self.late: list[tuple[str, str]] = []  # writes that may still arrive
        self.sent: dict[int, list[int]] = defaultdict(list)  # the runners that sent a request, by its number
        self.runners = [Runner(self, number) for number in range(RUNNERS)]
        self.busy: list[int] = []

    def choose(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    @property
    def holder(self) -> int | None:
        """Who may write, as the server has it."""
        if self.head not in self.commits:
            return None
        entry = json.loads(self.commits[self.head].message.partition("\n\n")[2])
        return int(entry["run"]) if entry["held"] else None

    def swap(self, old: str, new: str) -> bool:
        if self.head != old:
            return False
        self.head = new
        return True

    def pass_time(self, seconds: float = 0) -> None:
        """Meanwhile something else may happen."""
        self.now += seconds + self.choose(*[0] * 12, 0.1, 4, 16, 40)
        if self.late and self.choose(*[False] * 4, True):
            self.swap(*self.late.pop(self.choose(*range(len(self.late)))))
        if len(self.busy) < RUNNERS and self.choose(*[False] * 4, True):
            others = [number for number in range(RUNNERS) if number not in self.busy]
            self.runners[self.choose(*others)].step()


class Remote:
    """A runner's connection to the server."""

    address, form, hurried = "server", "sha1", False
    form: objects.ObjectFormat

    def __init__(self, world: World) -> None:
        self.world = world

    def refs(self, prefix: str) -> dict[str, str]:
        self.world.pass_time()
        if self.world.choose(*[False] * 6, True):
            raise UnavailableError("no connection")
        exists = REF.startswith(prefix) and self.world.head.strip("0")
        found = {REF: self.world.head} if exists else {}
        self.world.pass_time()
        return found

    def read(self, ref: str, commit_id: str) -> objects.Commit:
        assert ref == REF
        self.world.pass_time()
        return self.world.commits[commit_id]

    def push(self, ref: str, old: str, new: str, pack: bytes) -> Pushed:
        assert ref == REF
        self.world.commits[new] = objects.read_commit(pack, new, "sha1")
        self.world.pass_time()
        fate = self.world.choose(*["written"] * 5, "response lost", "lost", "late")
        written = fate in ("written", "response lost") and self.world.swap(old, new)
        if fate == "late":
            self.world.late.append((old, new))
        self.world.pass_time()
        reported = fate == "written"
        return Pushed(written and reported, "" if written or not reported else "failed to update ref")


class Runner:
    """A process that takes the journal, records requests and sends them; it may die and start again."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number
        self.start()

    def start(self) -> None:
        remote = Remote(self.world)
        self.journal = Journal(
            remote, "refs/shipline/widget/", "1.0", str(self.number), lease=LEASE, retry_for=RETRY_FOR
        )
        self.recorded: list[int] | None = None
        self.request: int | None = None  # recorded, and not sent yet

    def step(self) -> None:
        """Do the next thing, or something else that may happen to a process."""
        self.world.busy.append(self.number)
        try:
            what = self.world.choose(*["go on"] * 12, "renew", "release", "die")
            if what == "die":
                self.start()
            elif self.recorded is None:
                receipt = self.journal.take(self.world.choose(0.0, 100.0), lambda _: None)
                self.recorded = json.loads(receipt or "[]")
            elif what == "release":
                self.journal.release()
                self.start()
            elif what == "renew":
                self.journal.write("Renew the lease")
            elif self.request is None:
                self.record()
            else:
                self.send()
        except ShiplineError:
            self.start()
        finally:
            self.world.busy.remove(self.number)

    def record(self) -> None:
        assert self.recorded is not None
        request = len(self.recorded)
        self.recorded.append(request)
        self.journal.note(json.dumps(self.recorded))
        self.journal.write(f"Send request {request}")
        self.request = request

    def send(self) -> None:
        """As ``transport.exchange`` does: the clock is checked right before the first byte."""
        self.world.pass_time()
        request, self.request = self.request, None
        assert request is not None
        if self.world.now <= self.journal.send_by:
            assert self.world.holder == self.number, "an overtaken runner sends"
            self.world.sent[request].append(self.number)
            assert len(self.world.sent[request]) == 1, f"request {request} was sent by {self.world.sent[request]}"


class Clock:
    """Stands for the module ``time``."""

    def __init__(self) -> None:
        self.world: World | None = None

    def monotonic(self) -> float:
        return self.world.now if self.world else 0.0

    time = monotonic

    def sleep(self, seconds: float) -> None:
        if self.world:
            self.world.pass_time(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lease, "time", clock)
    monkeypatch.setattr(lease.cancel_token, "sleep", clock.sleep)
    return clock


def test_one_runner_at_most_sends_a_request(clock: Clock) -> None:
    sent = 0
    for seed in range(SCHEDULES):
        world = clock.world = World(seed)
        try:
            for _ in range(STEPS):
                world.runners[world.choose(*range(RUNNERS))].step()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        sent += len(world.sent)
    assert sent > SCHEDULES  # the schedules get somewhere
