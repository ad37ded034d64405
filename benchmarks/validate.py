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
_COUNTS = (100, 10_000)
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
    cost = {(kind, count): seconds / count * 1000 for (kind, count), seconds in cpu.items()}
    few, most = _COUNTS
    figures = tuple(
        figure
        for kind in _KINDS
        for figure in (
            page.Figure(f"CPU, {kind}", cpu[kind, most], _MOST, "{:.2f} s"),
            page.ratio(
                f"an artifact, times one of {few}", cost[kind, most], cost[kind, few], 1.0, "{:.2f} of {:.2f} ms"
            ),
        )
    )
    share = page.ratio(f"CPU, {_KINDS[-1]}, times {BEFORE}", this, earlier, _SHARE, "{:.2f} of {:.2f} s")
    return page.Section((*figures, share))


def _project(folder: Path, kind: str, count: int) -> Path:
    project = folder / f"{_KINDS.index(kind)}-{count}"
    (project / "dist").mkdir(parents=True)
    files = [f"widget-{number:05}.bin" for number in range(count)]
    for file in files:
        (project / "dist" / file).touch()
    entries = [_ENTRY % "*.bin"] if kind == _KINDS[0] else [_ENTRY % file for file in files]
    (project / "shipline.yml").write_text(_HEAD + "".join(entries) + _TAIL, encoding="utf-8")
    return project
