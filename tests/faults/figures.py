"""The figures of the fault and kill matrices, printed and kept in docs/test-results.md."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_DOCUMENT = Path(__file__).parents[2] / "docs/test-results.md"
_BEGIN = "<!-- Figures: written by `make faults`. -->\n"
_END = "<!-- End of the figures. -->\n"
COUNTED = ("cells", "failed", "known defects", "by hand after exit 8", "sent twice")
_HEAD = (
    f"| matrix | places | faults | {' | '.join(COUNTED)} |",
    f"| --- |{' ---: |' * (2 + len(COUNTED))}",
)


@dataclass
class Matrix:
    """What one matrix showed."""

    title: str
    places: set[str] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, cell: dict[str, Any], outcome: str) -> None:
        self.places.add(cell["at"])
        self.faults.add(cell["fault"])
        self.counts["cells"] += 1
        self.counts[outcome] += 1
        self.counts["sent twice"] += bool(cell["duplicates"])
        self.counts["by hand after exit 8"] += 8 in cell["codes"][1:]

    def row(self) -> str:
        counts = (len(self.places), len(self.faults), *(self.counts[column] for column in COUNTED))
        return f"| {self.title} | {' | '.join(map(str, counts))} |"


@dataclass
class Figures:
    matrices: dict[str, Matrix] = field(default_factory=dict)

    def add(self, report: pytest.TestReport) -> None:
        cell = dict(report.user_properties).get("cell")
        if report.when != "call" or not isinstance(cell, dict):
            return
        title = cell["matrix"]
        xfailed = hasattr(report, "wasxfail")
        outcome = "known defects" if xfailed and report.skipped else "passed" if report.passed else "failed"
        self.matrices.setdefault(title, Matrix(title)).add(cell, outcome)

    def lines(self) -> list[str]:
        return [*_HEAD, *(matrix.row() for _, matrix in sorted(self.matrices.items()))]

    def write(self) -> None:
        """Put the totals between their marks in the document; those of matrices that didn't run stay."""
        before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        existing, _, after = rest.partition(_END)
        rows = {row.split(" | ")[0]: row for row in existing.strip().splitlines()[2:]}
        rows |= {f"| {title}": matrix.row() for title, matrix in self.matrices.items()}
        table = "\n".join([*_HEAD, *(rows[title] for title in sorted(rows))])
        _DOCUMENT.write_text(f"{before}{_BEGIN}\n{table}\n\n{_END}{after}", encoding="utf-8")


current = Figures()
