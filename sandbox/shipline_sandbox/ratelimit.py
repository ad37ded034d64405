"""Rate limits behind a switch: fixed windows, in two documented forms."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipline_sandbox.answers import Refused, as_text, refusal

if TYPE_CHECKING:
    from flask import Response


@dataclass(frozen=True)
class _Limit:
    requests: int
    seconds: int


# Centercode: 10 a second, each endpoint and address. v3: bursts of 50 in 5 seconds, each address.
_LIMITS = {"centercode": _Limit(10, 1), "v3": _Limit(50, 5)}


class RateLimits:
    """Counts requests in fixed windows from the first hit. A refused request has no effect."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, ...], tuple[float, int]] = {}

    def clear(self) -> None:
        with self._lock:
            self._windows.clear()

    def count(
        self, service: str, address: str, endpoint: str, now: float, mode: str
    ) -> tuple[dict[str, str], Response | None]:
        """Return the response's headers, and the response itself for a request over the limit."""
        limit = _LIMITS.get(service)
        if mode == "off" or limit is None:
            return {}, None
        key = (service, address, endpoint if service == "centercode" else "")
        with self._lock:
            start, used = self._windows.get(key, (now, 0))
            if not start <= now < start + limit.seconds:
                start, used = now, 0
            self._windows[key] = (start, used + 1)
        reset = datetime.fromtimestamp(start + limit.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        period = f"{limit.seconds}s"
        headers = {
            "X-Rate-Limit-Limit": period,
            "X-Rate-Limit-Remaining": str(max(0, limit.requests - used - 1)),
            "X-Rate-Limit-Reset": reset,
        }
        if used < limit.requests:
            return headers, None
        if mode == "documented":
            answer = refusal(service, Refused(429, "Too Many Requests"))
        else:
            answer = as_text(f"API calls quota exceeded! maximum admitted {limit.requests} per {period}.", 429)
            headers = {}
        answer.headers["Retry-After"] = str(max(1, math.ceil(start + limit.seconds - now)))
        return headers, answer
