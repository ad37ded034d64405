"""What happens to one run of a walk: a fault, a kill or a cancel at the n-th request that comes."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from faults import wire
from faults.proxy import Asked, Proxy, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.proxy import Exchange
    from faults.wire import Fault

Of = Literal["any", "change"]

FAULTS = sorted({fault.label for fault in [*wire.of_look_up("", 0), *wire.of_change("", 0)] if not fault.cut})
CUTS = ("refused", "dns")


def fault_named(label: str, redirect_target: str, wait: int) -> Fault:
    return next(fault for fault in wire.of_change(redirect_target, wait) if fault.label == label)


@dataclass
class Coming(Rule):
    """Meets the ``nth`` request from now on: of any, or only of those that change something.

    Lasting: from then on everything at its path, until the run ends.
    """

    nth: int = 1
    of: Of = "any"
    path: str = ""

    def fits(self, asked: Asked) -> bool:
        if self.path:
            return self.lasting and asked.path == self.path
        if self.of == "any" or not asked.reads:
            self.nth -= 1
            if self.nth == 0:
                self.path = asked.path
                return True
        return False


def coming(fault: Fault, nth: int, of: Of, *, lasting: bool = False) -> Coming:
    return Coming(Asked("", "", 0), fault, lasting, nth=nth, of=of)


def ending(pid: Callable[[], int], number: int, *, applied: bool) -> Fault:
    """A signal for the process that asks, before or after the server has done what it asks for."""
    if number == signal.SIGKILL:
        return wire.kill(pid, applied=applied)

    def spoil(exchange: Exchange) -> None:
        wire.send_signal(pid(), number)
        if exchange.answer is None:
            exchange.hold()
        else:
            exchange.say(exchange.answer)

    return wire.Fault("cancel", "maybe", spoil, applied=applied)


class Watch(Proxy):
    """A proxy that sees to it that each key goes to its own service only, and turns the servers' clocks."""

    def __init__(self, upstream: tuple[str, int], keys: dict[str, str]) -> None:
        super().__init__(upstream)
        self.skew = timedelta()
        self.wrong: list[str] = []
        self._keys = keys

    def _note(self, head: bytes) -> Rule | None:
        text = head.decode("latin-1")
        path = text.split(" ")[1]
        own = next((key for start, key in self._keys.items() if path.startswith(start)), None)
        for key in self._keys.values():
            if key != own and (key in text or quote(key, safe="") in text):
                self.wrong.append(f"the key of another service is in {text.splitlines()[0]}")
        return super()._note(head)

    def _answer(self, exchange: Exchange, answer: bytes) -> bool:
        if self.skew:
            moment = datetime.now(UTC) + self.skew
            date = b"Date: " + moment.strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
            head, _, body = answer.partition(b"\r\n\r\n")
            lines = [date if line.lower().startswith(b"date:") else line for line in head.split(b"\r\n")]
            answer = b"\r\n".join(lines) + b"\r\n\r\n" + body
        return super()._answer(exchange, answer)
