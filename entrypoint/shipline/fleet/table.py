"""The combined result of several products: one row for each in the log, and one page for the job summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shipline.display import columns, listed
from shipline.reporting import job_summary
from shipline.reporting.plan_text import NOTHING_LEFT
from shipline.reporting.step_view import StepView
from shipline.run.outcome import EVERYTHING, Outcome, ProductRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shipline.fleet.products import Product
    from shipline.reporting.console import Console


NOT_STARTED = Outcome("not started", not_done=[EVERYTHING], next="run again")
"""The outcome of a product that ``--fail-fast`` or a cancel left out."""

_SEVERITY = (130, 143, 1, 8, 5, 4, 3, 6, 7, 2)  # exit codes, the most severe first
_MAX_NAMES = 20
_NO_ACTION = ("", "nothing", NOTHING_LEFT)


class ProductResult(NamedTuple):
    """The result of one product."""

    product: Product
    version: str
    outcome: Outcome

    @property
    def exit_code(self) -> int | None:
        """The product's own exit code; None if it wasn't started."""
        return None if self.outcome is NOT_STARTED else self.outcome.exit_code

    @property
    def complete(self) -> bool:
        """True if nothing to do: a plan without errors may still have requests to send."""
        return self.exit_code == 0 and not (self.outcome.result == "planned" and self.outcome.not_done)

    @property
    def failed_step(self) -> str:
        """Product and step, such as ``router/deploy:Testing``."""
        name, step = self.product.name, self.outcome.failed_step
        return f"{name}/{step}" if step else name

    @property
    def why_not_done(self) -> str:
        """What is left, or why it is: "failed at deploy:Testing"."""
        outcome = self.outcome
        at = f" at {outcome.failed_step}" if outcome.failed_step else ""
        unknown = f", and {outcome.unknown} may have been applied" if outcome.unknown else ""
        left = ", ".join(outcome.not_done) if outcome.result == "planned" else outcome.result
        return f"{left}{at}{unknown}"

    @property
    def row(self) -> ProductRow:
        """The product's row in the outcome of the fleet."""
        (name, config, _), one = self.product, self.outcome
        end = (one.failed_step, one.unknown, one.next, one.outputs.get("receipt", ""))
        return ProductRow(name, config, self.version, one.result, self.exit_code, *end)


def combine(results: Sequence[ProductResult], canceled: int = 0) -> Outcome:
    """Return the outcome of the command: the most severe of its products. ``canceled``: 128 + signal, or 0."""
    codes = {canceled, *(result.exit_code for result in results if result.outcome.result != "canceled")}
    code = next((code for code in _SEVERITY if code in codes), 0)
    failed = [result for result in results if code and result.exit_code == code]
    kinds = {result.outcome.result for result in results}
    if canceled:
        kind = "canceled"
    elif failed:
        kind = failed[0].outcome.result
    else:
        kind = "planned" if kinds == {"planned"} else "warned" if "warned" in kinds else "succeeded"
    complete = [result.product.name for result in results if result.complete]
    incomplete = [result for result in results if not result.complete]
    outcome = Outcome(
        kind,
        code,
        failed_step=failed[0].failed_step if failed else "",
        finished={name: name for name in complete},
        not_done=[result.product.name for result in incomplete],
        next=_next(results),
        products=[result.row for result in results],
        done_text=_counted(complete, len(results)),
        not_done_text=_counted([f"{r.product.name} ({r.why_not_done})" for r in incomplete], len(results)),
    )
    outcome.outputs = {"result": outcome.result, "failed-step": outcome.failed_step}
    return outcome


def show(products: Iterable[ProductRow], console: Console) -> None:
    """Write a row for each product, in aligned columns."""
    rows = [("product", "result", "exit", "what to do")]
    for row in products:
        code = "-" if row.exit_code is None else str(row.exit_code)
        rows.append((row.product, row.result, code, row.next or "nothing"))
    console.line()
    for line in columns(rows):
        console.line(line)


def summary(results: Sequence[ProductResult], outcome: Outcome) -> str:
    """Return the job summary, in Markdown: a row for each product, and the errors of those that failed."""
    ended = [(r.product.name, StepView(r.outcome.failed_step, "failed").label, r.outcome) for r in results]
    failures = [(f"{name}: {step}" if step else name, outcome) for name, step, outcome in ended if outcome.error]
    return job_summary.of_fleet(outcome, failures)


def _next(results: Iterable[ProductResult]) -> str:
    """Return what to do, and for which products; products with the same action together."""
    todo: dict[str, list[str]] = {}
    for result in results:
        if result.outcome.next not in _NO_ACTION:
            todo.setdefault(result.outcome.next, []).append(result.product.name)
    if set(todo) == {"run again"}:
        return "run again: what is done is not repeated"
    return "; ".join(f"{listed(names, _MAX_NAMES)}: {text}" for text, names in todo.items()) or "nothing"


def _counted(shown: Sequence[str], total: int) -> str:
    return f"{len(shown)} of {total} products: {listed(shown, _MAX_NAMES)}" if shown else "nothing"
