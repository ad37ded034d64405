"""A service that answers what a test says, and a job that asks it: for what one step does on the wire."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from faults.proxy import LISTS
from http_server import HttpServer, Received, Reply
from shipline.cancellation import cancel_token
from shipline.ci.facts import Facts
from shipline.ci.local import Local
from shipline.errors import ShiplineError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import Sources, load
from shipline.reporting.console import Console
from shipline.run.links import LinkChecker
from shipline.run.receipt import Receipt
from shipline.run.results import RunValues
from shipline.run.step import Job, Step

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.run.records import Status, StepRecord

PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
SECTIONS = {
    "buildmaster": "application: Widget",
    "centercode": "project: WidgetPro, release-type: Firmware",
    "v3": f"product-id: {PRODUCT}, platforms: [linux]",
}


Told = list[dict[str, Any]]


class Server(HttpServer):
    """``answers`` maps "METHOD /path?query" (its beginning) to the response; any other request gets ``[]``.

    A list of BuildMaster, which Shipline requests by POST, stands as "LIST /path?filters".

    A number is a status with an empty body, a text is the reason of a refusal (400), anything else is JSON. A tuple
    holds the responses to one request after the other; its last is for all further ones.
    """

    def __init__(self) -> None:
        super().__init__(self.reply)
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.bodies: list[bytes] = []

    def reply(self, received: Received) -> Reply:
        asked = f"{received.method} {received.target}"
        if received.target in LISTS:
            asked = f"LIST {received.target}?{received.body.decode()}".rstrip("?")
        self.asked.append(unquote(asked))
        self.bodies.append(received.body)
        answer = self._next(self.asked[-1])
        if isinstance(answer, int):
            return Reply(answer, b"", {"Content-Type": "application/json"})
        return Reply(400, {"message": answer}) if isinstance(answer, str) else Reply(200, answer)

    def _next(self, asked: str) -> Any:
        start = max((start for start in self.answers if asked.startswith(start)), key=len, default="")
        answer = self.answers.get(start, [])
        if isinstance(answer, tuple):
            answer, *later = answer
            if later:
                self.answers[start] = tuple(later)
        return answer

    def count(self, start: str) -> int:
        return sum(asked.startswith(start) for asked in self.asked)


@dataclass
class Clock:
    """Time passes by sleeping alone, which takes none: the same on every machine."""

    slept: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, monkeypatch: pytest.MonkeyPatch) -> Clock:
        clock, start = cls(), time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: start + sum(clock.slept))
        monkeypatch.setattr(time, "sleep", clock.slept.append)
        monkeypatch.setattr(cancel_token, "sleep", clock.slept.append)
        return clock


def job(
    folder: Path, url: str = "http://127.0.0.1:9", *, facts: Facts | None = None, told: Told | None = None, **more: str
) -> Job:
    """A job of these sections of a config, each with what is added to the least it needs; ``told`` gets its events."""
    lines = ["release: {version: 1.4.0, notes: {text: Better}}", "network: {retry-for: 1s}"]
    for name, text in more.items():
        section = f"{{url: '{url}', {SECTIONS[name]}{text and ', '}{text}}}" if name in SECTIONS else text
        lines.append(f"{name}: {section}")
    sources = Sources(Inputs.read({}, {}), "-", "\n".join(lines), facts or Facts(), folder, need_keys=False)
    pipeline = load(sources).pipeline
    system = Local({}, folder)
    console = Console(system, out=io.StringIO(), err=io.StringIO())
    if told is not None:
        console.listeners.append(told.append)
    return Job(pipeline, Receipt.open(folder / "receipt.json", pipeline), console, LinkChecker(pipeline.network))


class StepRun:
    """A job with one step: what the step decides, does, records and reports. Subclasses set ``step``."""

    step: Step[Any]

    def __init__(
        self,
        folder: Path,
        url: str = "http://127.0.0.1:9",
        *,
        build_id: int | None = None,
        facts: Facts | None = None,
        **sections: str,
    ) -> None:
        self.told = Told()
        self.job = job(folder, url, facts=facts, told=self.told, **sections)
        self.job.values = RunValues(build_id=build_id)

    def act(self) -> str:
        """Decide and act; what was done."""
        decision = self.step.decide(self.job)
        self.job.remember(decision.made)
        return self.step.act(self.job, decision)

    def failure(self) -> ShiplineError:
        with pytest.raises(ShiplineError) as raised:
            self.act()
        return raised.value

    @property
    def record(self) -> StepRecord:
        """The receipt's record of the step."""
        record = self.job.record(self.step)
        assert record is not None
        return record

    def recorded(self, status: Status, made: dict[str, str] | None = None, **details: Any) -> StepRecord:
        """As if an earlier run had left this record."""
        record = self.job.receipt.begin(self.step.name, self.step.key(self.job))
        record.status, record.made = status, dict(made or {})
        record.update(**details)
        return record

    def outputs(self) -> dict[str, str]:
        """The public outputs without BuildMaster's page."""
        outputs = self.job.values.outputs(self.job.pipeline)
        return {name: value for name, value in outputs.items() if name != "buildmaster-url"}

    def shown(self, event: str = "warning") -> list[str]:
        """The texts of the events of this kind."""
        return [one["text"] for one in self.told if one["event"] == event]
