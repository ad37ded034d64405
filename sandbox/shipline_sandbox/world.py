"""The emulated world as one request sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import g, request

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from shipline_sandbox.store import Session


@dataclass(frozen=True)
class World:
    """State, time and switches. ``speed`` divides every simulated duration."""

    session: Session
    now: float
    speed: float
    switches: dict[str, str]

    def after(self, start: float, seconds: float) -> float:
        """The moment a simulated duration ends that begins at ``start``."""
        return start + seconds / self.speed


def current() -> World:
    """The world of the request under way."""
    return cast("World", g.world)


def note_unknown(members: list[str]) -> None:
    """Record members nobody reads in the request log. Raises Refused (400) if the switch asks for it."""
    g.unknown_members = members
    if members and current().switches["unknown_members"] == "refuse":
        raise Refused(400, f"Unknown members: {', '.join(members)}")


def present_key(key: str | None) -> str | None:
    """Remember a key that came with the request, so that it can be kept out of the log."""
    if key:
        g.presented_keys.add(key)
    return key


def is_known(key: str | None) -> bool:
    """Whether this is a key the sandbox takes: never a real one."""
    return key is not None and key.startswith("sandbox-")


def json_body() -> Any:
    """The request's body as JSON. Raises ValueError if it isn't, also for halves of characters: nobody stores them."""
    try:
        value = json.loads(request.get_data())
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def bearer() -> str | None:
    """The token of an ``Authorization: Bearer`` header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return present_key(token.strip()) if scheme.lower() == "bearer" else None
