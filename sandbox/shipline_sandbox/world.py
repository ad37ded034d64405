"""The emulated world as one request sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from flask import g, request

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def note_unknown(members: list[str], known: Iterable[str] = (), otherwise: str | None = None) -> None:
    """Record members nobody reads in the request log, each with the known name that was likely meant.

    Where no known name is near, ``otherwise`` says how it would have been read: ``${}`` as a variable.
    Raises Refused (400) if the switch asks for it.
    """
    g.unknown_members = members
    names = tuple(known)
    near = {member: nearest(member, names) or (otherwise and otherwise.format(member)) for member in members}
    g.nearest = {member: name for member, name in near.items() if name}
    if members and current().switches["unknown_members"] == "refuse":
        raise Refused(400, f"Unknown members: {', '.join(members)}")


def nearest(member: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one; case, spaces and signs don't count. Of a path its last part."""
    plain = {"".join(filter(str.isalnum, name)).casefold(): name for name in known}
    wanted = "".join(filter(str.isalnum, member.rpartition(".")[2])).casefold()
    found = get_close_matches(wanted, plain, n=1, cutoff=0.7)
    return plain[found[0]] if found else None


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
