"""How long to wait, in each form these services say it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shipline.transport.retry import seconds_to_wait

NOW = datetime(2026, 1, 2, 3, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "3600"}, 60),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Fri, 02 Jan 2026 03:04:05 GMT"}, 5),
        ({"X-Rate-Limit-Reset": "2026-01-02T03:04:05.1234567Z"}, 5.123456),
        ({"X-Rate-Limit-Reset": "2026-01-02T03:03:00.0000000Z"}, 0),
        # The server's clock is an hour ahead of ours: its own Date counts.
        ({"X-Rate-Limit-Reset": "2026-01-02T04:04:05Z", "Date": "Fri, 02 Jan 2026 04:04:00 GMT"}, 5),
        ({"Retry-After": "2", "X-Rate-Limit-Reset": "2026-01-02T03:04:50Z"}, 2),
        ({"X-Rate-Limit-Limit": "1s"}, None),
    ],
)
def test_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_to_wait(headers, NOW) == seconds
