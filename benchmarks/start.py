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
    figures = tuple(
        page.Figure(f"`shipline {name}`, times the imports", least[name] / least["imports"], _LIMIT) for name in ours
    )
    told = ", ".join(f"`shipline {name}` {least[name]:.0f} ms" for name in (*ours, *bases))
    native = _native()
    text = f"Minima of {RUNS} runs: the imports {least['imports']:.0f} ms, {told}.\n\n{native.text}"
    return page.Section((*figures, *native.figures), text)


def _native() -> page.Section:
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
        least = {f"first, {side}": measure.fastest(t) for side, t in measure.interleaved(first, _NATIVE_RUNS).items()}
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            second = {
                f"second, {side}": partial(_on_runner, command, folder, cache) for side, command in actions.items()
            }
            second["plain"] = partial(measure.process, (sys.executable, "-m", "shipline", "validate"), folder)
            least |= {side: measure.fastest(t) for side, t in measure.interleaved(second, RUNS).items()}
    figures = (
        page.Figure(
            f"first `validate` without Docker, times {BEFORE}", least["first, this"] / least[f"first, {BEFORE}"], _FIRST
        ),
        page.Figure("a second one, times a plain `validate`", least["second, this"] / least["plain"], _SECOND),
    )
    rows = ((side, f"{seconds * 1000:.0f} ms") for side, seconds in least.items())
    return page.Section(figures, page.table(("`validate` without Docker", "minimum"), rows))


def _on_runner(command: Sequence[str], folder: Path, kept: str = "") -> Taken:
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        environ = {
            "PATH": f"{sys.base_prefix}/bin{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TOOL_CACHE": kept or fresh,
            "SHIPLINE_INPUT_COMMAND": "validate",
        }
        return measure.process(command, folder, environ)
