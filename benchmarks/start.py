"""What `--help` and `--version` take, beside importing three of the libraries; and the action without Docker."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measure, page
from benchmarks.image import BEFORE, CONFIG, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Taken

RUNS = 15
_IMPORTS = (sys.executable, "-c", "import requests, jsonschema, click")
_LIMIT = 0.40
_NATIVE_RUNS = 10
_FIRST, _SECOND = 0.50, 1.30


def section() -> page.Section:
    here = Path.cwd()
    ours = {name: (sys.executable, "-m", "shipline", name) for name in ("--help", "--version")}
    bases = {f"{name} of {side}": (*program, name) for side, program in measure.base().items() for name in ours}
    commands = {**ours, **bases, "imports": _IMPORTS}
    sides = {name: partial(measure.process, command, here) for name, command in commands.items()}
    taken = measure.interleaved(sides, RUNS)
    least = {name: measure.fastest(runs) * 1000 for name, runs in taken.items()}
    figures = (
        page.ratio(f"`{name}`, times the imports", least[name], least["imports"], _LIMIT) for name in (*ours, *bases)
    )
    return page.Section((*figures, *_native()))


def _native() -> tuple[page.Figure, ...]:
    """The action without Docker, on a runner whose tool cache is empty, then with what that run left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shipline.yml").write_text(CONFIG, encoding="utf-8")
        measure.checkout(folder, BEFORE)
        actions = {
            "this": ("sh", f"{ROOT}/native/launch.sh"),
            BEFORE: ("python3", f"{folder}/{BEFORE}/native/launch.py"),
        }
        first = {side: partial(_on_runner, command, folder) for side, command in actions.items()}
        before = {side: measure.fastest(t) * 1000 for side, t in measure.interleaved(first, _NATIVE_RUNS).items()}
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            second = {
                "this": partial(_on_runner, actions["this"], folder, cache),
                "plain": partial(measure.process, (sys.executable, "-m", "shipline", "validate"), folder),
            }
            after = {side: measure.fastest(t) * 1000 for side, t in measure.interleaved(second, RUNS).items()}
    return (
        page.ratio(f"first `validate` without Docker, times {BEFORE}", before["this"], before[BEFORE], _FIRST),
        page.ratio("the second, times a plain `validate`", after["this"], after["plain"], _SECOND),
    )


def _on_runner(command: Sequence[str], folder: Path, kept: str = "") -> Taken:
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        environ = {
            "PATH": f"{sys.base_prefix}/bin{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TOOL_CACHE": kept or fresh,
            "SHIPLINE_INPUT_COMMAND": "validate",
        }
        return measure.process(command, folder, environ)
