"""A service that answers what a test says, and a job that asks it: for what one step does on the wire."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from faults import http1
from shipline.ci.local import Local
from shipline.links import Links
from shipline.pipeline import Facts
from shipline.receipt import Receipt
from shipline.report import Console
from shipline.resolve import Sources, load
from shipline.steps import Job

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    import pytest

PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
SECTIONS = {
    "buildmaster": "application: Widget",
    "centercode": "project: WidgetPro, release-type: Firmware",
    "v3": f"product-id: {PRODUCT}, platforms: [linux]",
}


Told = list[dict[str, Any]]


class Server(http1.Listener):
    """``answers`` maps "METHOD /path?query" (its beginning) to what is answered; what nothing fits gets ``[]``.

    A number is a status with an empty body, a text is why something was refused (400), anything else is JSON. A tuple
    holds the answers of one request after the other; its last is for all further ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.bodies: list[bytes] = []

    def served(self, client: socket.socket) -> None:
        client.settimeout(http1.PATIENCE)
        head, _, body = http1.request(client).partition(b"\r\n\r\n")
        asked = unquote(head.partition(b"\r\n")[0].decode("latin-1").rpartition(" ")[0])
        self.asked.append(asked)
        self.bodies.append(body)
        answer = self._next(asked)
        refused = isinstance(answer, str)
        body = json.dumps({"message": answer} if refused else answer).encode()
        status, data = (answer, b"") if isinstance(answer, int) else (400 if refused else 200, body)
        lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(data)}"]
        client.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + data)

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
        return clock


def job(
    folder: Path, url: str = "http://127.0.0.1:9", *, facts: Facts | None = None, told: Told | None = None, **more: str
) -> Job:
    """A job of these sections of a config, each with what is added to the least it needs; ``told`` gets its events."""
    lines = ["release: {version: 1.4.0, notes: {text: Better}}", "network: {retry-for: 1s}"]
    for name, text in more.items():
        section = f"{{url: '{url}', {SECTIONS[name]}{text and ', '}{text}}}" if name in SECTIONS else text
        lines.append(f"{name}: {section}")
    sources = Sources({}, {}, "-", "\n".join(lines), facts or Facts(), folder, need_keys=False)
    pipeline = load(sources).pipeline
    system = Local({}, folder)
    console = Console(system, out=io.StringIO(), err=io.StringIO())
    if told is not None:
        console.listeners.append(told.append)
    return Job(pipeline, Receipt.open(folder / "receipt.json", pipeline), console, Links(pipeline.network))
