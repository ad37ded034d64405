"""The figures of the random walks, printed and kept in docs/reliability.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_DOCUMENT = Path(__file__).parents[2] / "docs/reliability.md"
_BEGIN = "<!-- Walks: written by `make walks`. -->\n"
_END = "<!-- End of the walks. -->\n"


@dataclass
class WalkFigures:
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, report: pytest.TestReport) -> None:
        counts = dict(report.user_properties).get("walks")
        if report.when == "call" and isinstance(counts, dict):
            self.counts.update(counts)

    def show(self, terminal: pytest.TerminalReporter, *, write: bool) -> None:
        if not self.counts:
            return
        terminal.section("random walks")
        terminal.write_line(self.line())
        if write:
            self.write()

    def line(self) -> str:
        c = self.counts
        return (
            f"{c['walks']} walks of {c['runs']} runs, {c['failed']} failed; {c['met']} faults met, {c['killed']} runs "
            f"killed, {c['canceled']} canceled; {c['settled by hand']} walks settled by hand after exit 8"
        )

    def table(self) -> str:
        codes = sorted((name for name in self.counts if name.startswith("exit ")), key=lambda name: int(name[5:]))
        lines = ["| a run's end | runs |", "| --- | ---: |"]
        lines += [f"| {name.replace('exit -9', 'killed')} | {self.counts[name]} |" for name in codes]
        return "\n".join(lines)

    def write(self) -> None:
        """Put them between their marks in the document."""
        before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        _DOCUMENT.write_text(f"{before}{_BEGIN}\n{self.line()}.\n\n{self.table()}\n\n{_END}{after}", encoding="utf-8")


current = WalkFigures()
