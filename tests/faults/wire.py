"""The faults, as data: what the client gets in place of its answer, and whether the server was asked before."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.proxy import Exchange

Sent = Literal["never", "maybe", "refused", "limited", "exists", "accepted"]
"""What the client can know of the request: it was never sent; it may be applied; it was refused; a limiter stopped it;
the thing is said to be there already; it was accepted and the answer is lost."""


@dataclass(frozen=True)
class Fault:
    """``applied``: the server was asked, and did it. ``unread``: not a byte was taken from the connection."""

    name: str
    means: Sent
    spoil: Callable[[Exchange], None]
    applied: bool = False
    unread: bool = False
    passing: bool = False  # a look-up that meets it is tried again, and so is a change that it provably didn't apply
    code: int = 0  # the exit code of a request that ends so; 0: by what it means

    @property
    def label(self) -> str:
        return f"{self.name}-{'after' if self.applied else 'before'}"

    @property
    def cut(self) -> bool:
        """Whether the connection can't be made: the proxy never sees the request."""
        return self.means == "never"


def http(status: str, body: bytes = b"", **headers: str) -> bytes:
    """An answer of HTTP/1.1; ``_`` in a header's name stands for ``-``."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answers(status: str, body: bytes = b"", **headers: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.say(http(status, body, **headers))


def refusals(redirect_target: str, wait: int) -> list[Fault]:
    """Answers by which nothing was applied. ``wait``: seconds that a limiter or a 503 asks for."""
    json = {"Content_Type": "application/json"}

    def limited_json(exchange: Exchange) -> None:
        now = datetime.now(UTC) + timedelta(hours=3)  # the server's clock is not ours
        reset = (now + timedelta(seconds=wait)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        limits = {"X_Rate_Limit_Limit": "1s", "X_Rate_Limit_Remaining": "0", "X_Rate_Limit_Reset": reset}
        body = b'{"status": 429, "description": "API calls quota exceeded", "code": "X", "message": "exceeded"}'
        exchange.say(
            http("429 Too Many Requests", body, Date=now.strftime("%a, %d %b %Y %H:%M:%S GMT"), **json, **limits)
        )

    quota = b"API calls quota exceeded! maximum admitted 10 per 1s."
    return [
        Fault("401", "refused", answers("401 Unauthorized", b'{"message": "bad key"}', **json), code=3),
        Fault("403", "refused", answers("403 Forbidden", b"no permission"), code=3),
        Fault("404", "refused", answers("404 Not Found", b"nothing here"), code=4),
        Fault("302", "refused", answers("302 Found", Location=f"{redirect_target}/moved"), code=4),
        Fault("307", "refused", answers("307 Temporary Redirect", Location=f"{redirect_target}/moved"), code=4),
        Fault(
            "429-text",
            "limited",
            answers("429 Too Many Requests", quota, Content_Type="text/plain", Retry_After=str(wait)),
            passing=True,
        ),
        Fault("429-json", "limited", limited_json, passing=True),
    ]


def troubles(wait: int) -> list[Fault]:
    """What may come before or after the server has done it."""
    page = b"<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"
    html = {"Content_Type": "text/html; charset=utf-8"}
    exists = b'{"message": "A release of this number already exists"}'
    return [
        Fault("reset", "maybe", lambda exchange: exchange.reset(), unread=True, passing=True),
        Fault("fin", "maybe", lambda _: None, passing=True),
        Fault("timeout", "maybe", lambda exchange: exchange.hold(), passing=True),
        Fault("garbage", "maybe", lambda exchange: exchange.say(b"\x15\x03\x01 who are you?\r\n\r\n"), passing=True),
        Fault("html-200", "maybe", answers("200 OK", page, **html), code=4),
        Fault("400-exists", "exists", answers("400 Bad Request", exists, Content_Type="application/json"), code=4),
        Fault("409", "exists", answers("409 Conflict", b"conflict"), code=4),
        Fault("500", "maybe", answers("500 Internal Server Error", b"sorry"), passing=True),
        Fault("502-html", "maybe", answers("502 Bad Gateway", page, **html), passing=True),
        Fault("503", "maybe", answers("503 Service Unavailable", Retry_After=str(wait)), passing=True),
    ]


def bodies() -> list[Fault]:
    """A good answer that doesn't arrive whole."""

    def half(exchange: Exchange) -> None:
        head, _, body = (exchange.answer or b"").partition(b"\r\n\r\n")
        exchange.say(head + b"\r\n\r\n" + body[: len(body) // 2])

    def stalled(exchange: Exchange) -> None:
        half(exchange)
        exchange.hold()

    return [
        Fault("stalled-body", "accepted", stalled, applied=True, passing=True),
        Fault("truncated-body", "accepted", half, applied=True, passing=True),
    ]


def unsent() -> list[Fault]:
    """The connection can't be made; see Environment for how."""
    return [Fault(name, "never", lambda _: None, passing=True) for name in ("refused", "dns", "handshake")]


def of_look_up(redirect_target: str, wait: int) -> list[Fault]:
    return [*unsent(), *troubles(wait), *bodies(), *refusals(redirect_target, wait)]


def of_change(redirect_target: str, wait: int) -> list[Fault]:
    applied = [replace(fault, applied=True, unread=False) for fault in troubles(wait)]
    return [*unsent(), *troubles(wait), *applied, *bodies(), *refusals(redirect_target, wait)]


def send_signal(pid: int, number: int) -> None:
    """Send a signal to one process: an id of 0 would mean all processes of the tests."""
    assert pid > 0
    os.kill(pid, number)


def kill(pid: Callable[[], int], *, applied: bool) -> Fault:
    """SIGKILL for the process that asks, before or after the server has done what it asks for."""

    def spoil(exchange: Exchange) -> None:
        send_signal(pid(), signal.SIGKILL)
        exchange.hold()

    return Fault("kill", "maybe", spoil, applied=applied)
