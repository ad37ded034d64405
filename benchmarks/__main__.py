"""Run all benchmarks, or those that are named, and write what they show into docs/performance.md.

With BASE=/path, `job` and `start` also measure the program of that checkout (in its .venv); then nothing is written.
Exit code 1: something is over its limit.
"""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks import page

ALL = (
    "job",
    "start",
    "waiting",
    "fleet",
    "shards",
    "validate",
    "journal",
    "main_job",
    "far",
    "digests",
    "upload",
    "image",
)


def main(names: list[str]) -> int:
    if unknown := set(names) - set(ALL):
        print(f"unknown: {', '.join(sorted(unknown))}; expected some of {', '.join(ALL)}", file=sys.stderr)
        return 2
    held = True
    for name in names or ALL:
        section = importlib.import_module(f"benchmarks.{name}").section()
        if "BASE" not in os.environ:
            page.write(name, section)
        print(f"## {name}\n\n{section}\n", flush=True)
        held &= all(figure.holds for figure in section.figures)
    return 0 if held else 1


sys.exit(main(sys.argv[1:]))
