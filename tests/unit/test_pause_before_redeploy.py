"""How often a deployment is asked for: BuildMaster starts it within five seconds, then it takes as long as it takes."""

from __future__ import annotations

import pytest

from shipline.run.steps.poll_deployment import pause


def looks(until: float) -> list[float]:
    """When it is looked, in seconds from the start, up to the first look that isn't before ``until``."""
    moments = [0.0]
    while moments[-1] < until:
        moments.append(moments[-1] + pause(moments[-1]))
    return moments


@pytest.mark.parametrize(("seconds", "most_polls", "latest"), [(2, 5, 2.4), (30, 14, 3.2), (600, 70, 12)])
def test_the_end_is_noticed_soon_and_costs_few_polls(seconds: float, most_polls: int, latest: float) -> None:
    for pending in (0, 1, 2.5, 4, 5):
        moments = looks(seconds + pending)
        assert len(moments) <= most_polls
        assert moments[-1] - (seconds + pending) <= latest


def test_what_has_ended_at_once_is_noticed_at_once() -> None:
    assert looks(0.4) == [0.0, 0.5]
