"""Random walks over faults, kills, cancels, clocks and re-runs; ``make walks`` goes on for thousands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from faults import walks

if TYPE_CHECKING:
    from collections.abc import Callable

_WALKS = int(os.environ.get("WALKS", "8"))
_TOGETHER = 4
_SETTINGS = settings(
    max_examples=_TOGETHER,
    stateful_step_count=6,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(-(-_WALKS // _TOGETHER)))
def test_walks(number: int, record_property: Callable[[str, object], None]) -> None:
    """The number is the seed: the same walks each time."""
    walks.totals.clear()
    walk = seed(number)(type("Walk", (walks.Walk,), {}))
    try:
        run_state_machine_as_test(walk, settings=_SETTINGS)
    except BaseException:
        walks.totals["failed"] += 1
        raise
    finally:
        record_property("walks", dict(walks.totals))
