"""The line that shows how far something is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shipline.cancellation import ProgressLine

if TYPE_CHECKING:
    import pytest


def test_what_is_quick_shows_nothing() -> None:
    shown: list[str] = []
    with ProgressLine(shown.append, lambda _: "reading") as line:
        line.tick()
    assert shown == []


def test_what_takes_over_two_seconds_is_shown_once_a_second_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, now = list[str](), 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with ProgressLine(shown.append, lambda s: f"{s:.1f} of 9") as line:
        for _ in range(9):
            now += 0.5
            line.tick()
    assert shown == ["2.0 of 9, 2 s", "3.0 of 9, 3 s", "4.0 of 9, 4 s", ""]
