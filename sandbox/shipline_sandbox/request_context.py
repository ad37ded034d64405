"""The state of the sandbox for one request, and helpers to read the request."""

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
class RequestContext:
    """State, time and switches. ``speed`` divides every simulated duration."""

    session: Session
    now: float
    speed: float
    switches: dict[str, str]

    def after(self, start: float, seconds: float) -> float:
        """Return the time when a simulated duration that begins at ``start`` ends."""
        return start + seconds / self.speed


def current() -> RequestContext:
    """Return the state for the current request."""
    return cast("RequestContext", g.context)


def note_unknown(members: list[str], known: Iterable[str] = (), otherwise: str | None = None) -> None:
    """Note unknown members for the request log, each with the most similar known name.

    Without a similar name, ``otherwise`` is the suggestion: ``${}`` for a variable.
    Raises Refused (400) if the switch ``unknown_members`` is ``refuse``.
    """
    g.unknown_members = members
    names = tuple(known)
    near = {member: nearest(member, names) or (otherwise and otherwise.format(member)) for member in members}
    g.nearest = {member: name for member, name in near.items() if name}
    if members and current().switches["unknown_members"] == "refuse":
        raise Refused(400, f"Unknown members: {', '.join(members)}")


def nearest(member: str, known: Iterable[str]) -> str | None:
    """Return the most similar known name, ignoring case, spaces and signs. Of a path, use the last part."""
    plain = {"".join(filter(str.isalnum, name)).casefold(): name for name in known}
    wanted = "".join(filter(str.isalnum, member.rpartition(".")[2])).casefold()
    found = get_close_matches(wanted, plain, n=1, cutoff=0.7)
    return plain[found[0]] if found else None


def present_key(key: str | None) -> str | None:
    """Remember a key of the request, so that the log can leave it out, and return it."""
    if key:
        g.presented_keys.add(key)
    return key


def is_known(key: str | None) -> bool:
    """Return whether this is a sandbox key: never a real one."""
    return key is not None and key.startswith("sandbox-")


def json_body() -> Any:
    """Return the request's body as JSON. Raises ValueError for invalid JSON and for unpaired surrogates."""
    try:
        value = json.loads(request.get_data())
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def bearer() -> str | None:
    """Return the token of an ``Authorization: Bearer`` header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return present_key(token.strip()) if scheme.lower() == "bearer" else None
