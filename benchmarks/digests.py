"""The checksums of one artifact of 2 GiB, beside `md5sum` alone; on two cores that do nothing else."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import page

from shipline import checksums

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 10
_BLOCK, _BLOCKS = 1 << 20, 2048
_LIMIT = 1.10


def section() -> page.Section:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "widget.zip")
        block = os.urandom(_BLOCK)
        with file.open("wb") as written:
            for _ in range(_BLOCKS):
                written.write(block)
        sides: dict[str, Callable[[], object]] = {
            "`md5sum`": lambda: subprocess.run(["md5sum", file], check=True, capture_output=True),
            "SHA-256 and MD5": lambda: checksums.measure([file], file.parent),
        }
        least = dict.fromkeys(sides, float("inf"))
        for _ in range(RUNS):
            for side, run in sides.items():
                begun = time.perf_counter()
                run()
                least[side] = min(least[side], time.perf_counter() - begun)
    alone, both = least.values()
    return page.Section((page.ratio("both, times `md5sum`", both, alone, _LIMIT, "{:.2f} of {:.2f} s"),))
