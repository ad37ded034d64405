"""CPU time to validate configs with many artifacts: empty files, named by one glob, or each by an entry of its own."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import measure, page

RUNS = 5
_COUNTS = (100, 1000, 10_000)
_MOST = 4.0  # seconds of CPU for the largest
_HEAD = "release: {version: 1.4.0, notes: {text: New}}\nartifacts:\n"
_ENTRY = '  - path: dist/%s\n    url: "https://dl.example.com/{version}/{filename}"\n'
_TAIL = 'centercode: {url: "https://company.centercode.com", project: WidgetPro, release-type: Firmware}\n'
_KINDS = ("one glob", "an entry each")


def section() -> page.Section:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = (sys.executable, "-m", "shipline", "validate")
        sides = {
            (kind, count): partial(measure.process, command, _project(folder, kind, count))
            for kind in _KINDS
            for count in _COUNTS
        }
        taken = measure.interleaved(sides, RUNS)
    cpu = {side: min(one.cpu for one in runs) for side, runs in taken.items()}
    cost = {(kind, count): seconds / count for (kind, count), seconds in cpu.items()}
    most = _COUNTS[-1]
    figures = tuple(
        figure
        for kind in _KINDS
        for figure in (
            page.Figure(f"CPU, {most:,} artifacts, {kind}", cpu[kind, most], _MOST, "{:.2f} s"),
            page.Figure(
                f"an artifact's cost at {most:,} over that at 100, {kind}", cost[kind, most] / cost[kind, 100], 1.0
            ),
        )
    )
    rows = (
        (kind, f"{count:,}", f"{cpu[kind, count]:.2f} s", f"{cost[kind, count] * 1000:.2f} ms")
        for kind in _KINDS
        for count in _COUNTS
    )
    return page.Section(figures, page.table(("named by", "artifacts", "CPU", "an artifact's cost"), rows))


def _project(folder: Path, kind: str, count: int) -> Path:
    project = folder / f"{_KINDS.index(kind)}-{count}"
    (project / "dist").mkdir(parents=True)
    files = [f"widget-{number:05}.bin" for number in range(count)]
    for file in files:
        (project / "dist" / file).touch()
    entries = [_ENTRY % "*.bin"] if kind == _KINDS[0] else [_ENTRY % file for file in files]
    (project / "shipline.yml").write_text(_HEAD + "".join(entries) + _TAIL, encoding="utf-8")
    return project
