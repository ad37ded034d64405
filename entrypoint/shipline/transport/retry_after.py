"""How long a server asks to wait, in each of the forms these services use."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 60.0


def seconds_to_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds from ``Retry-After`` (a number or a date) or ``X-Rate-Limit-Reset`` (ISO 8601), 0 to 60; None without.

    Dates are compared with the answer's own ``Date``, because the server's clock may differ from ours.
    """
    server_now = _date(headers.get("Date", "")) or now or datetime.now(UTC)
    retry_after = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return min(float(retry_after), LONGEST)
    moment = _date(retry_after)
    if moment is None:
        reset = _iso(headers.get("X-Rate-Limit-Reset", "").strip())
        moment = reset
    if moment is None:
        return None
    return min(max((moment - server_now).total_seconds(), 0.0), LONGEST)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
