"""``shipline plan``: what a run would send; as a page and as a comment for a review, if that is requested."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shipline.cli.common import load, receipt_path, sources_of
from shipline.errors import CanceledError, ShiplineError
from shipline.pipeline import resolve
from shipline.reporting.delivery import CommandContext, finish, lacks_keys, may_lack_keys

if TYPE_CHECKING:
    from shipline.pipeline.model import Pipeline


def main(context: CommandContext) -> int:
    """Plan one product. Returns the exit code."""
    console, options = context.console, context.options
    sources = sources_of(context, need_keys=True)
    sources.need_keys = not may_lack_keys("plan", options, sources.facts)
    if options["comment"] == "true":
        from shipline.pipeline import rehearsal

        sources = rehearsal.with_tag(sources)
    pipeline: Pipeline | None = None
    try:
        pipeline = load(context, sources).pipeline
        from shipline.reporting import review
        from shipline.run import execute, plan, shared_journal

        if lacks_keys(options, pipeline):
            outcome, page = review.show_without_keys(console, pipeline)
            return finish(console, outcome, lambda: page)
        shared = shared_journal.read(pipeline)
        job = execute.job_for(pipeline, receipt_path(pipeline, context), console, shared)
    except CanceledError:
        raise
    except ShiplineError as error:
        from shipline.reporting import review

        review.show_error(console, options, pipeline or resolve.outline(sources), error)
        raise
    planned = plan.make(job)
    from shipline.reporting import job_summary, plan_text

    plan_text.show(planned, job, console)
    outcome = plan_text.outcome(planned)
    review.show(console, options, outcome, planned, job)
    if outcome.error is not None and not outcome.unknown:
        return finish(console, outcome, partial(job_summary.of_error, outcome.error))
    code = finish(console, outcome, lambda: job_summary.of_plan(outcome, planned, job))
    console.note(event="made", job=job)
    return code
