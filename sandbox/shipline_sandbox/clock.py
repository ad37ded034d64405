"""The sandbox's clock: real time plus the time it was advanced by. It can be stopped. Tests needn't sleep."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipline_sandbox.store import Session

_OFFSET, _FROZEN = "clock.offset", "clock.frozen"


def now(session: Session) -> float:
    """Return seconds since 1970 on the sandbox's clock."""
    frozen: float | None = session.value(_FROZEN)
    return (time.time() if frozen is None else frozen) + float(session.value(_OFFSET, 0.0))


def passing(session: Session) -> float:
    """Return the same, but also running while the clock is stopped, so that rate limits end."""
    return now(session) if not is_frozen(session) else time.time() + float(session.value(_OFFSET, 0.0))


def advance(session: Session, seconds: float) -> None:
    """Move the clock forward; states that follow from the time change at once."""
    session.set_value(_OFFSET, session.value(_OFFSET, 0.0) + seconds)


def freeze(session: Session, *, frozen: bool) -> None:
    """Stop the clock, so that only ``advance`` moves it, or let it continue."""
    here = now(session)
    real = time.time()
    session.set_value(_FROZEN, real if frozen else None)
    session.set_value(_OFFSET, here - real)


def is_frozen(session: Session) -> bool:
    return session.value(_FROZEN) is not None


def seven_digits(moment: float) -> str:
    """Return ``yyyy-MM-ddTHH:mm:ss.fff0000Z``, as BuildMaster writes dates: seven digits, milliseconds' precision."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(moment * 1000) % 1000:03d}0000Z"


def milliseconds(moment: float) -> str:
    """Return an RFC 3339 date in UTC with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
