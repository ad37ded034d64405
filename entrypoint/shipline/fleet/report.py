"""How a run of several products ended: a row each, and what that means for all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.plan_view import NOTHING_LEFT
from shipline.record import dataclass
from shipline.report import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shipline.errors import ShiplineError
    from shipline.report import Console

# The gravest first; of those that aren't here nothing is wrong.
_GRAVITY = (130, 143, 1, 8, 5, 4, 3, 6, 7, 2)
_SHOWN = 20
_NOT_STARTED = "not started"
_NOTHING = ("", "nothing", NOTHING_LEFT)


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of a product when it has ended; ``exit_code`` is None for one that was never begun."""

    product: str
    config: str
    version: str
    result: str = _NOT_STARTED
    exit_code: int | None = None
    failed_step: str = ""
    error: ShiplineError | None = None
    done: str = ""
    not_done: str = "everything"
    next: str = "run again"
    unknown: str = ""  # the step that may have been applied
    receipt: str = ""

    @property
    def good(self) -> bool:
        return self.exit_code == 0

    @property
    def complete(self) -> bool:
        """A plan that went well may still have something left to send."""
        return self.good and not (self.result == "planned" and self.not_done)

    @property
    def where(self) -> str:
        """``router/deploy:Testing``."""
        return f"{self.product}/{self.failed_step}" if self.failed_step else self.product


@dataclass(frozen=True, slots=True)
class Together:
    """The end of a fleet. ``canceled`` is the exit code that a signal gives, or 0."""

    rows: tuple[Row, ...]
    canceled: int = 0

    @property
    def exit_code(self) -> int:
        codes = {self.canceled, *(row.exit_code for row in self.rows if row.result != "canceled")}
        return next((code for code in _GRAVITY if code in codes), 0)

    @property
    def result(self) -> str:
        if self.canceled:
            return "canceled"
        if self.exit_code:
            return next(row.result for row in self.rows if row.exit_code == self.exit_code)
        results = {row.result for row in self.rows}
        return "planned" if results == {"planned"} else "warned" if "warned" in results else "succeeded"

    @property
    def failed_step(self) -> str:
        return next((row.where for row in self.rows if row.exit_code == self.exit_code != 0), "")

    @property
    def outputs(self) -> dict[str, str]:
        return {"result": self.result, "failed-step": self.failed_step}

    @property
    def done(self) -> str:
        return self._counted(row.product for row in self.rows if row.complete)

    @property
    def not_done(self) -> str:
        return self._counted(f"{row.product} ({_why(row)})" for row in self.rows if not row.complete)

    @property
    def next(self) -> str:
        """What to do, and for which products; those with the same to do together."""
        todo: dict[str, list[str]] = {}
        for row in self.rows:
            if row.next not in _NOTHING:
                todo.setdefault(row.next, []).append(row.product)
        if set(todo) == {"run again"}:
            return "run again: what is done is not repeated"
        return "; ".join(f"{_some(names)}: {text}" for text, names in todo.items()) or "nothing"

    def _counted(self, names: Iterable[str]) -> str:
        shown = list(names)
        return f"{len(shown)} of {len(self.rows)} products: {_some(shown)}" if shown else "nothing"


def tell(end: Together, console: Console) -> None:
    """The combined table, the outputs, and the last lines."""
    console.line()
    for line in _table([("product", "result", "exit", "what to do"), *map(_cells, end.rows)]):
        console.line(line)
    console.result(
        end.result,
        end.exit_code,
        done=[row.product for row in end.rows if row.complete],
        not_done=[row.product for row in end.rows if not row.complete],
        outputs=end.outputs,
        next=end.next,
        products=[as_data(row) for row in end.rows],
    )
    console.outputs(end.outputs)
    console.last_lines(end.done, end.not_done, end.next)


def as_data(row: Row) -> dict[str, object]:
    return {
        "product": row.product,
        "config": row.config,
        "version": row.version,
        "result": row.result,
        "exit_code": row.exit_code,
        "failed_step": row.failed_step,
        "unknown": row.unknown,
        "next": row.next,
        "receipt": row.receipt,
    }


def _cells(row: Row) -> tuple[str, ...]:
    code = "-" if row.exit_code is None else str(row.exit_code)
    return row.product, row.result, code, one_line(row.next or "nothing")


def _table(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    *fixed, _ = zip(*rows, strict=True)
    widths = [max(map(len, column)) for column in fixed]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])


def _why(row: Row) -> str:
    if row.exit_code is None:
        return _NOT_STARTED
    at = f" at {row.failed_step}" if row.failed_step else ""
    unknown = f", and {row.unknown} may have been applied" if row.unknown else ""
    return f"{row.not_done if row.result == 'planned' else row.result}{at}{unknown}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
