"""``shipline retract``, ``promote`` and ``publish``: what people do with a release that a run has made."""

from __future__ import annotations

import contextlib
import signal
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from shipline.cli import common
from shipline.errors import CanceledError, invalid_input
from shipline.inputs.parsing import is_fleet, list_items
from shipline.pipeline import resolve
from shipline.transport import exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shipline.pipeline.model import Pipeline
    from shipline.reporting.delivery import CommandContext
    from shipline.run.outcome import Outcome
    from shipline.run.plan import Plan
    from shipline.run.step import Job


# What isn't sent again, so that it needs neither the files of the build nor keys.
_CONTENT = frozenset({"artifacts", "artifacts-url", "notes", "notify", "centercode", "variables"})


def _load(context: CommandContext, *without: str) -> Pipeline:
    """The pipeline of the one config file, without these settings. Raises InvalidInputError."""
    sources = common.sources_of(context, need_keys=True)
    if is_fleet(sources.config):
        raise invalid_input("config", "names several products: expected the config file of one")
    pipeline = common.load(context, replace(sources, without=frozenset(without))).pipeline
    whole = resolve.outline(sources)  # without keys: a receipt may be named after a Centercode project
    return pipeline._replace(centercode=whole.centercode if whole else ())


def _continued(job: Job) -> Job:
    """The job, if its receipt is a new one, as one that can't know what other runs have announced."""
    if not job.receipt.existed:
        job.evidence.note_release("another run has made this release")
    return job


def _continue(job: Job) -> Outcome:
    from shipline.run import execute, plan

    return execute.release(_continued(job), [*plan.continued(job.pipeline)])


def _stages(context: CommandContext) -> list[str]:
    return list_items(context.options.get("to-stage", ""))


def _promote(context: CommandContext) -> int:
    stages = _stages(context)
    if not stages:
        raise invalid_input("to-stage", "is missing: promote needs the stage to deploy to")
    inputs = context.inputs.with_flags({"steps": "deploy", "buildmaster-stages": "\n".join(stages)})
    pipeline = _load(context._replace(inputs=inputs), *_CONTENT, "v3")
    return common.carry_out(context, pipeline, _continue)


def _publish(context: CommandContext) -> int:
    inputs = context.inputs.with_flags({"steps": "publish"})
    pipeline = _load(context._replace(inputs=inputs), "notify", "centercode")
    if not pipeline.v3:
        raise invalid_input("v3", "is missing: there is nothing to publish without a v3 section")
    published = (target._replace(state="published") for target in pipeline.v3)
    targets = tuple(t._replace(if_exists="complete") if t.if_exists == "fail" else t for t in published)
    return common.carry_out(context, pipeline._replace(v3=targets), _continue)


def _retract(context: CommandContext) -> int:
    stages, confirmed = _stages(context), context.options["yes"] == "true"
    if not confirmed and not (sys.stdin.isatty() and sys.stderr.isatty()):
        what = "retract prompts first, and there is no terminal: pass --yes, or set SHIPLINE_YES to true"
        raise invalid_input("--yes", what)
    pipeline = _load(context, *_CONTENT, "deploy-variables", "steps")._replace(steps=frozenset())
    if stages and pipeline.buildmaster is None:
        raise invalid_input("--redeploy", "needs a buildmaster section")
    action = partial(_take_back, context, stages, confirmed=confirmed)
    return common.carry_out(context, pipeline, action, prompts=not confirmed)


def _take_back(context: CommandContext, stages: Sequence[str], job: Job, *, confirmed: bool) -> Outcome:
    """Show what will be done and what can't be, ask, and do it. Raises CanceledError if the answer is no."""
    from shipline.run import execute, plan
    from shipline.run.steps import retract

    planned = plan.make(_continued(job), [*retract.steps(job.pipeline, stages)])
    if planned.error is not None:
        raise planned.error  # what the receipt restores isn't what this command has done
    by_hand = retract.left_to_do(job, stages)
    _show(context, planned, by_hand)
    if not confirmed and not _agreed(f"Take version {job.pipeline.version.text} back?"):
        raise CanceledError(signal.SIGINT, "you didn't confirm it: Shipline has changed nothing", todo="run it again")
    outcome = execute.run(planned, job)
    if outcome.error is None:
        outcome.next = "; ".join(by_hand) or "fix the cause, and release it as a new version"
    return outcome


def _agreed(question: str) -> bool:
    """Prompt in a thread, as requests are sent: a signal just before a read starts wouldn't end it."""
    with contextlib.suppress(click.Abort):  # the end of the input
        return exchange.perform(lambda: click.confirm(question, err=True), exchange.Progress())
    return False


def _show(context: CommandContext, planned: Plan, by_hand: Sequence[str]) -> None:
    for step in planned.steps:
        requests = ", ".join(call.operation.heading for call in step.decision.calls)
        if requests or step.step.name.startswith(("retract:", "reject", "redeploy:")):
            context.console.line(f"{step.step.name}: {requests or step.decision.reuse}")
    for text in by_hand:
        context.console.line(f"by hand: {text}")
        context.console.event(event="by-hand", text=text)


ACTIONS: Mapping[str, Callable[[CommandContext], int]] = {"retract": _retract, "promote": _promote, "publish": _publish}
"""What each command does; for the wrappers too, whose input ``command`` names it."""
