"""Start a command and print, as JSON, what it took: seconds of wall and CPU time, and KiB of memory at its peak.

A process of its own, started with `python -S`: a child inherits the peak of the process that it was forked from.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    begun = time.perf_counter()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command to be measured
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"code": code, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}))


main()
