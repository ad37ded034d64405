"""What `--help` and `--version` take, beside importing three of the libraries."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from benchmarks import measure, page

RUNS = 15
_IMPORTS = (sys.executable, "-c", "import requests, jsonschema, click")
_LIMIT = 0.40


def section() -> page.Section:
    here = Path.cwd()
    ours = {name: (sys.executable, "-m", "shipline", name) for name in ("--help", "--version")}
    bases = {f"{name} of {side}": (*program, name) for side, program in measure.base().items() for name in ours}
    commands = {**ours, **bases, "imports": _IMPORTS}
    sides = {name: partial(measure.process, command, here) for name, command in commands.items()}
    taken = measure.interleaved(sides, RUNS)
    least = {name: measure.fastest(runs) * 1000 for name, runs in taken.items()}
    figures = tuple(
        page.Figure(f"`shipline {name}`, times the imports", least[name] / least["imports"], _LIMIT) for name in ours
    )
    told = ", ".join(f"`shipline {name}` {least[name]:.0f} ms" for name in (*ours, *bases))
    return page.Section(figures, f"Minima of {RUNS} runs: the imports {least['imports']:.0f} ms, {told}.")
