"""Several products in one process: all are checked first, then each is carried out with a receipt of its own."""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shipline import inputs, resolve
from shipline.document import MOST_PROBLEMS, Problems
from shipline.errors import InvalidInputError, Problem, ShiplineError, bug
from shipline.fleet import outlines, side_by_side
from shipline.fleet import report as fleet_report
from shipline.fleet.log import ProductConsole, this_thread
from shipline.fleet.report import Row, Together
from shipline.report import Outcome, one_line, show_log
from shipline.resolution import conflicts
from shipline.resolution.conflicts import Member
from shipline.transport.stopping import canceled

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.commands import Context
    from shipline.fleet.products import Product, Selected
    from shipline.fleet.side_by_side import Work
    from shipline.report import Console
    from shipline.steps import Job


def main(name: str, context: Context, selected: Selected, sources: resolve.Sources) -> int:
    """Validate, plan or run the products; the exit code. Raises InvalidInputError with every problem of every one."""
    console = context.console
    for text in selected.left_out:
        console.event(event="left-out", text=text)
        console.line(one_line(text))
    if not selected.products:
        return _nothing(context)
    members = _load(context, selected, sources)
    if name == "validate":
        return _validated(context, members)
    carry_out = _release if name == "run" else _plan
    waiting = deque(members)
    del members
    rows, number = side_by_side.run(
        waiting,
        partial(_begin, console),
        partial(_carried_out, carry_out),
        _given_up,
        most=int(context.options["parallel"]),
        fail_fast=name == "run" and context.options["fail-fast"] == "true",
    )
    never = {m.product.name: Row(m.product.name, m.product.config, m.pipeline.version.text) for m in waiting}
    end = Together(tuple((rows | never)[product.name] for product in selected.products), 128 + number if number else 0)
    fleet_report.tell(end, console)
    _hand_over(context, end)
    return end.exit_code


def _nothing(context: Context) -> int:
    console, end = context.console, Together(())
    console.result(end.result, 0, done=[], not_done=[], outputs=end.outputs, next=end.next)
    console.outputs(end.outputs)
    console.last_lines("nothing: no product is left for this run", end.not_done, end.next)
    _hand_over(context, end)
    return 0


def _load(context: Context, selected: Selected, sources: resolve.Sources) -> list[Member]:
    from shipline.receipt import default_path

    members: list[Member] = []
    problems: dict[Problem, None] = {}
    warnings: dict[str, Product] = {}
    missing: dict[str, None] = {}
    receipt = context.options.get("receipt")
    own = Path(receipt) if receipt and len(selected.products) == 1 else None
    for product in selected.products:
        try:
            loaded = resolve.load(replace(sources, config=product.config))
        except InvalidInputError as error:
            problems |= dict.fromkeys(error.problems)
            warnings |= dict.fromkeys(error.warnings, product)
            continue
        warnings |= dict.fromkeys(loaded.pipeline.warnings, product)
        missing |= dict.fromkeys(loaded.missing_keys)
        members.append(Member(product, loaded.pipeline, own or default_path(loaded.pipeline)))
        ProductConsole(context.console, product.name).note(event="loaded", loaded=loaded)
        if context.verbose:
            _tell_origins(ProductConsole(context.console, product.name), loaded)
    given = inputs.settings(sources.flags, sources.environ, Problems())
    problems |= dict.fromkeys(conflicts.find(members, given, receipt, [*outlines.of(selected.elsewhere, sources)]))
    if problems:
        first, rest = [*problems][:MOST_PROBLEMS], len(problems) - MOST_PROBLEMS
        more = [Problem("", "", f"{rest} more problems, not shown")] if rest > 0 else []
        raise InvalidInputError([*first, *more], warnings=[*warnings])
    for text, product in warnings.items():
        _warn(text, product, context.console)
    if missing:
        context.console.line(f"not set yet, and needed by plan and run: {', '.join(missing)}")
    if context.verbose:
        this_thread.console = context.console
        show_log(this_thread, requests=True)
    return members


def _tell_origins(console: Console, loaded: resolve.Loaded) -> None:
    for path, shown, origin in loaded.origins:
        console.line(f"  {path} = {shown}  ({origin})")


def _warn(text: str, product: Product, console: Console) -> None:
    """One that has its place in a product's file is that product's; any other is everybody's, and told once."""
    own = text.startswith(f"{product.config}:")
    (ProductConsole(console, product.name) if own else console).warning(text)


def _validated(context: Context, members: list[Member]) -> int:
    from shipline.commands import in_words

    console, outputs = context.console, {"result": "succeeded"}
    for member in members:
        log = ProductConsole(console, member.product.name)
        log.event(event="valid", version=member.pipeline.version.text)
        log.line(f"valid: version {member.pipeline.version.text}, {in_words(member.pipeline)}")
    done = f"checked the input of {len(members)} product{'s' * (len(members) != 1)}"
    console.result("succeeded", 0, done=[done], not_done=[], outputs=outputs, next="shipline plan")
    console.last_lines(done, "nothing was sent or looked up", "shipline plan")
    context.system.outputs(outputs)
    return 0


def _begin(console: Console, member: Member) -> Work:
    return side_by_side.Work(member, ProductConsole(console, member.product.name))


def _carried_out(carry_out: Callable[[Work], Row], work: Work) -> Row:
    """In a thread of its own."""
    from shipline.transport import connection

    this_thread.console = work.console
    work.progress = vars(connection.progress)
    work.console.note(event="begins")
    try:
        return carry_out(work)
    except ShiplineError as error:
        outcome = _ended_early(work, error)
    except Exception as error:  # noqa: BLE001 - what becomes of the other products must not depend on it
        outcome = _ended_early(work, bug(error))
    return _row(work, outcome)


def _ended_early(work: Work, error: ShiplineError) -> Outcome:
    outcome = Outcome(not_done=["everything"])
    outcome.fail(error, "")
    with contextlib.suppress(Exception):  # it stands in the table too; and no thread may end without its row
        work.console.outcome(outcome)
    return outcome


def _release(work: Work) -> Row:
    from shipline import run, workspace

    member = work.member
    with workspace.locked(member.receipt):
        work.job = run.job_for(member.pipeline, member.receipt, work.console)
        outcome = run.release(work.job)
    with work.console.lock:
        work.console.outcome(outcome)
    work.console.note(event="made", job=work.job)
    return _row(work, outcome)


def _plan(work: Work) -> Row:
    from shipline import plan, plan_view, run

    member = work.member
    work.job = run.job_for(member.pipeline, member.receipt, work.console)
    planned = plan.make(work.job)
    with work.console.lock:
        plan_view.show(planned, work.job, work.console)
    work.console.note(event="made", job=work.job)
    outcome = Outcome(result=plan_view.result(planned))
    if planned.error is not None and outcome.result != "planned":
        outcome.fail(planned.error, planned.failed_step)
    end = plan_view.end(planned)
    return replace(
        _row(work, outcome),
        done="; ".join(end.done),
        not_done=", ".join(end.not_done),
        next=end.next,
        unknown=end.unknown,
    )


def _given_up(work: Work, number: int) -> Row:
    """A thread that doesn't come back: nothing holds it but a connection that isn't made, and it will send nothing."""
    work.console.silent = True
    outcome = Outcome()
    outcome.fail(canceled(number), "")
    if work.job is not None:
        work.job.give_up(work.progress.get("phase", "not sent"))
    return _row(work, outcome)


def _row(work: Work, outcome: Outcome) -> Row:
    """What is kept; an error's traceback would keep everything."""
    error, product = outcome.error, work.member.product
    if error is not None:
        error.__traceback__ = error.__context__ = error.__cause__ = None
    return Row(
        product.name,
        product.config,
        work.member.pipeline.version.text,
        result=outcome.result,
        exit_code=outcome.exit_code,
        failed_step=outcome.failed_step,
        error=error,
        done="; ".join(outcome.finished.values()),
        not_done=", ".join(outcome.not_done),
        next=outcome.next,
        unknown=_unknown(work.job) if outcome.result == "canceled" and work.job else "",
        receipt=outcome.outputs.get("receipt", ""),
    )


def _unknown(job: Job) -> str:
    """The step whose request may have been applied."""
    return next((entry["name"] for entry in job.receipt.steps if entry["status"] in ("sending", "unknown")), "")


def _hand_over(context: Context, end: Together) -> None:
    from shipline import summary
    from shipline.commands import hand_over

    receipts = [row.receipt for row in end.rows if row.receipt]
    hand_over(context.system, context.console, end.outputs, summary.of_fleet(end), receipts)
