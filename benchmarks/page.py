"""The figures in docs/performance.md, each section between marks of its own: what isn't measured again stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGE = Path(__file__).parents[1] / "docs/performance.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in words, beside the most that it may be, and perhaps what it was computed from."""

    what: str
    measured: float
    limit: float
    form: str = "{:.2f}"
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit

    def __str__(self) -> str:
        figure = self.form.format(self.measured)
        shown = figure if self.holds else f"**{figure}: not held**"
        note = f" ({self.note})" if self.note else ""
        return f"| {self.what} | {self.form.format(self.limit)} | {shown}{note} |"


def ratio(what: str, this: float, that: float, limit: float, form: str = "{:.0f} of {:.0f} ms") -> Figure:
    """How much one is of the other; both in the unit of the form."""
    return Figure(what, this / that, limit, note=form.format(this, that))


@dataclass(frozen=True, slots=True)
class Section:
    """What a benchmark found: figures that have a limit, and what explains them (Markdown)."""

    figures: tuple[Figure, ...]
    text: str = ""

    def __str__(self) -> str:
        heads = "| | at most | figure |\n| --- | ---: | ---: |\n"
        table = heads + "\n".join(map(str, self.figures)) if self.figures else ""
        return "\n\n".join(part for part in (table, self.text.strip()) if part)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; the first column holds words, the others numbers."""
    heads = list(heads)
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def write(name: str, section: Section) -> None:
    """Put a benchmark's section between its marks."""
    begin, end = f"<!-- {name}: written by `make bench`. -->\n", f"<!-- End of {name}. -->\n"
    before, mark, rest = _PAGE.read_text(encoding="utf-8").partition(begin)
    if not mark:
        raise ValueError(f"docs/performance.md has no place for {name}: expected the line {begin.strip()}")
    after = rest.partition(end)[2]
    _PAGE.write_text(f"{before}{begin}\n{section}\n\n{end}{after}", encoding="utf-8")
