"""validate, plan and run for several products in one process, each with its own receipt.

Everything is checked first: one problem in one product, and nothing is sent for any.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shipline.cancellation import ProgressLine
from shipline.display import counted, one_line
from shipline.errors import InvalidInputError, Problem, ShiplineError, bug
from shipline.fleet import conflicts, table
from shipline.fleet.conflicts import ResolvedProduct
from shipline.fleet.table import NOT_STARTED, ProductResult
from shipline.fleet.workers import ProductConsole, Workers, thread_log
from shipline.inputs.document import Problems, first_of
from shipline.pipeline import rehearsal, resolve
from shipline.reporting import delivery, review
from shipline.reporting.console import Console, show_log
from shipline.run.naming import default_path
from shipline.run.outcome import Outcome, validated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.fleet.products import Product, Selected
    from shipline.reporting.delivery import CommandContext
    from shipline.run.step import Job


def main(command: str, context: CommandContext, selected: Selected, sources: resolve.Sources) -> int:
    """Validate, plan or run the products and return the exit code.

    Raises InvalidInputError with every problem of every product.
    """
    console = context.console
    for text in selected.left_out:
        console.event(event="left-out", text=text)
        console.line(one_line(text))
    if not selected.products:
        nothing = table.combine(())
        nothing.done_text = "nothing: this run has no products"
        return delivery.finish(console, nothing, lambda: table.summary((), nothing))
    waiting = deque(_load(context, selected, sources))
    if command == "validate":
        return _validated(console, waiting)
    versions = {resolved.product: resolved.pipeline.version.text for resolved in waiting}
    workers = Workers(waiting, partial(_carry_out, command, context.options), console)
    canceled = workers.run(
        parallel=int(context.options["parallel"]),
        fail_fast=command == "run" and context.options["fail-fast"] == "true",
    )
    results = [ProductResult(p, versions[p], workers.outcomes.get(p.name, NOT_STARTED)) for p in selected.products]
    outcome = table.combine(results, canceled)
    table.show(outcome.products, console)
    return delivery.finish(console, outcome, lambda: table.summary(results, outcome))


def _load(context: CommandContext, selected: Selected, sources: resolve.Sources) -> list[ResolvedProduct]:
    """Parse the config of each product. Raises InvalidInputError with all problems, each once."""
    console = context.console
    resolved: list[ResolvedProduct] = []
    problems: dict[Problem, None] = {}
    warnings: dict[str, Product] = {}
    missing: dict[str, None] = {}
    receipt, count = context.options.get("receipt"), len(selected.products)
    own_receipt = Path(receipt) if receipt and count == 1 else None
    with ProgressLine(console.ongoing, lambda _: f"checking products: {len(resolved)} of {count}") as line:
        for product in selected.products:
            line.tick()
            try:
                found = replace(sources, config=product.config)
                loaded = resolve.load(rehearsal.with_tag(found) if context.options["comment"] == "true" else found)
            except InvalidInputError as error:
                problems |= dict.fromkeys(error.problems)
                warnings |= dict.fromkeys(error.warnings, product)
                continue
            warnings |= dict.fromkeys(loaded.pipeline.warnings, product)
            missing |= dict.fromkeys(loaded.missing_keys)
            resolved.append(ResolvedProduct(product, loaded.pipeline, own_receipt or default_path(loaded.pipeline)))
            log = ProductConsole(console, product.name)
            log.note(event="loaded", loaded=loaded)
            if context.verbose:
                for path, shown, origin in loaded.origins:
                    log.line(f"  {path} = {shown}  ({origin})")
    given = sources.inputs.settings(Problems())
    elsewhere = [*conflicts.identifiable(selected.elsewhere, sources)]
    problems |= dict.fromkeys(conflicts.find(resolved, given, receipt, elsewhere))
    if problems:
        raise InvalidInputError(first_of([*problems]), warnings=[*warnings])
    for text, product in warnings.items():  # a warning about the product's file names the product; others are shared
        own = text.startswith(f"{product.config}:")
        (ProductConsole(console, product.name) if own else console).warning(text)
    if missing:
        console.line(f"not set yet, and needed by plan and run: {', '.join(missing)}")
    if context.verbose:
        thread_log.console = console
        show_log(thread_log, requests=True)
    return resolved


def _validated(console: Console, products: Sequence[ResolvedProduct]) -> int:
    for product, pipeline, _ in products:
        log = ProductConsole(console, product.name)
        log.event(event="valid", version=pipeline.version.text)
        log.line(f"valid: {delivery.describe(pipeline)}")
    done = f"checked the input of {counted(len(products), 'product')}"
    return delivery.finish(console, validated(done))


def _carry_out(command: str, options: Mapping[str, str], resolved: ResolvedProduct, console: ProductConsole) -> Outcome:
    """Plan or run one product, in its thread. Never raises: the other products must not depend on it."""
    from shipline import workspace
    from shipline.run import execute, shared_journal

    thread_log.console = console
    console.note(event="begins")
    job: Job | None = None
    try:
        if command == "plan" and delivery.lacks_keys(options, resolved.pipeline):
            outcome, _ = review.show_without_keys(console, resolved.pipeline)
        elif command == "plan":
            job = execute.job_for(resolved.pipeline, resolved.receipt, console, shared_journal.read(resolved.pipeline))
            outcome = _plan(job, options, console)
        else:
            journal = shared_journal.hold(resolved.pipeline, console)
            with workspace.locked(resolved.receipt), journal as shared:
                job = execute.job_for(resolved.pipeline, resolved.receipt, console, shared)
                outcome = execute.release(job)
            with console.lock:
                console.finish(outcome)
        console.note(event="made", job=job)
    except Exception as error:  # noqa: BLE001 - see above
        outcome = _ended_early(bug(error), console)
    if outcome.result == "canceled":
        _note_what_was_sent(outcome, job)
    if (failure := outcome.error) is not None:
        failure.__traceback__ = failure.__context__ = failure.__cause__ = None  # they would keep the job in memory
    return outcome


def _note_what_was_sent(outcome: Outcome, job: Job | None) -> None:
    """Name the step that a cancel ended only if it has sent something, and the one that may have been applied."""
    records = job.receipt.steps if job is not None else []
    sent = {record.name: record.status for record in records if record.status != "refused"}
    outcome.unknown = next((name for name, status in sent.items() if status in ("sending", "unknown")), "")
    if outcome.failed_step not in sent:
        outcome.failed_step = ""


def _plan(job: Job, options: Mapping[str, str], console: ProductConsole) -> Outcome:
    from shipline.reporting import plan_text
    from shipline.run import plan

    planned = plan.make(job)
    outcome = plan_text.outcome(planned)
    review.show(console, options, outcome, planned, job)
    with console.lock:
        plan_text.show(planned, job, console)
        console.finish(outcome)
    return outcome


def _ended_early(error: ShiplineError, console: ProductConsole) -> Outcome:
    outcome = Outcome.ended_early(error)
    with contextlib.suppress(Exception):  # the table has it too
        console.finish(outcome)
    return outcome
