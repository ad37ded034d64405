"""The figures of the random walks, printed and kept in docs/test-results.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_DOCUMENT = Path(__file__).parents[2] / "docs/test-results.md"
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
            f"{c['walks']:,} walks of {c['runs']:,} runs, {c['failed']} failed; {c['met']:,} faults, "
            f"{c['killed']} kills, {c['canceled']} cancels; {c['settled by hand']} walks needed a person after exit 8"
        )

    def write(self) -> None:
        """Put them between their marks in the document."""
        before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        _DOCUMENT.write_text(f"{before}{_BEGIN}\n{self.line()}.\n\n{_END}{after}", encoding="utf-8")


current = WalkFigures()
