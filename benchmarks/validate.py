"""CPU time to validate configs with many artifacts: empty files, named by one glob, or each by an entry of its own."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import measure, page

RUNS = 5
BEFORE = "23b457c"
_COMPARED = 10  # runs
_COUNTS = (100, 1000, 10_000)
_MOST = 4.0  # seconds of CPU for the largest
_SHARE = 0.65
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
        largest, before = folder / f"1-{_COUNTS[-1]}", {"PYTHONPATH": measure.checkout(folder, BEFORE)}
        compared = measure.interleaved(
            {
                side: partial(measure.process, command, largest, environ)
                for side, environ in {"this": {}, BEFORE: before}.items()
            },
            _COMPARED,
        )
    this, earlier = (min(one.cpu for one in runs) for runs in compared.values())
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
    share = page.Figure(f"CPU, {most:,} artifacts, an entry each, times {BEFORE}", this / earlier, _SHARE)
    rows = (
        (kind, f"{count:,}", f"{cpu[kind, count]:.2f} s", f"{cost[kind, count] * 1000:.2f} ms")
        for kind in _KINDS
        for count in _COUNTS
    )
    text = page.table(("named by", "artifacts", "CPU", "an artifact's cost"), rows)
    minima = (
        f"Minima of {_COMPARED} runs, {most:,} artifacts, an entry each: this {this:.2f} s, {BEFORE} {earlier:.2f} s."
    )
    return page.Section((*figures, share), f"{text}\n\n{minima}")


def _project(folder: Path, kind: str, count: int) -> Path:
    project = folder / f"{_KINDS.index(kind)}-{count}"
    (project / "dist").mkdir(parents=True)
    files = [f"widget-{number:05}.bin" for number in range(count)]
    for file in files:
        (project / "dist" / file).touch()
    entries = [_ENTRY % "*.bin"] if kind == _KINDS[0] else [_ENTRY % file for file in files]
    (project / "shipline.yml").write_text(_HEAD + "".join(entries) + _TAIL, encoding="utf-8")
    return project
