"""Random schedules of three runners with the shared journal; ``make schedules SCHEDULES=500`` plays more of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from faults import schedules
from shipline_sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FIRST = int(os.environ.get("SEED", "0"))
_SCHEDULES = int(os.environ.get("SCHEDULES", "3"))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + _SCHEDULES))
def test_three_runners_make_one_of_everything(
    seed: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with running(speed=30) as sandbox:
        played = schedules.play(seed, tmp_path, sandbox)
    record_property("exit codes", [runner.codes for runner in played.runners])
