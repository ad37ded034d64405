"""The figures of the fault and kill matrices, printed and kept in docs/reliability.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_DOCUMENT = Path(__file__).parents[2] / "docs/reliability.md"
_BEGIN = "<!-- Figures: written by `make faults`. -->\n"
_END = "<!-- End of the figures. -->\n"


@dataclass
class Matrix:
    """What one matrix showed, by fault."""

    title: str
    requests: set[str] = field(default_factory=set)
    rows: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, cell: dict[str, Any], outcome: str) -> None:
        row, codes = self.rows[cell["fault"]], cell["codes"]
        self.requests.add(cell["at"])
        row["cells"] += 1
        row[outcome] += 1
        row["duplicates"] += bool(cell["duplicates"])
        row["said unknown"] += 8 in codes[1:]
        row["at once"] += codes[0] == 0
        row["by the next run"] += codes[0] != 0 and codes[1:2] == [0]

    @property
    def total(self) -> Counter[str]:
        return sum(self.rows.values(), Counter[str]())

    def line(self) -> str:
        t = self.total
        return (
            f"{self.title}: {t['cells']} cells ({len(self.requests)} places x {len(self.rows)} faults), "
            f"{t['passed']} passed, {t['known']} known defects, {t['failed']} failed, "
            f"{t['said unknown']} settled by hand after exit 8, {t['duplicates']} with duplicates"
        )

    def table(self) -> str:
        columns = ("cells", "at once", "by the next run", "said unknown", "passed", "known", "failed", "duplicates")
        heads = ("fault", "cells", "clean at once", "clean after the next run", "exit 8, then settled by hand",
                 "passed", "known defects", "failed", "made twice")  # fmt: skip
        lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * len(columns)}"]
        rows = [*sorted(self.rows.items()), ("**all**", self.total)]
        lines += [f"| {name} | {' | '.join(str(row[column]) for column in columns)} |" for name, row in rows]
        return "\n".join(lines)

    def section(self) -> str:
        return f"### {self.title}\n\n{self.line().partition(': ')[2]}.\n\n{self.table()}\n"


@dataclass
class Figures:
    matrices: dict[str, Matrix] = field(default_factory=dict)

    def add(self, report: pytest.TestReport) -> None:
        cell = dict(report.user_properties).get("cell")
        if report.when != "call" or not isinstance(cell, dict):
            return
        title = cell["matrix"]
        xfailed = hasattr(report, "wasxfail")
        outcome = "known" if xfailed and report.skipped else "passed" if report.passed else "failed"
        self.matrices.setdefault(title, Matrix(title)).add(cell, outcome)

    def lines(self) -> list[str]:
        return [matrix.line() for _, matrix in sorted(self.matrices.items())]

    def write(self) -> None:
        """Put the tables between their marks in the document; those of matrices that didn't run stay."""
        before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        there, _, after = rest.partition(_END)
        sections = {part.partition("\n")[0]: f"### {part.strip()}\n" for part in there.split("### ")[1:]}
        sections |= {title: matrix.section() for title, matrix in self.matrices.items()}
        tables = "\n".join(section for _, section in sorted(sections.items()))
        _DOCUMENT.write_text(f"{before}{_BEGIN}\n{tables}\n{_END}{after}", encoding="utf-8")


current = Figures()
