"""`shipline rehearse`: the main job of this project, twice, against a sandbox that has what the config names."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shipline import workspace
from shipline.cli import demo
from shipline.errors import invalid_input
from shipline.pipeline import rehearsal
from shipline.reporting.console import Console
from shipline.reporting.delivery import finish
from shipline.run import execute
from shipline.run.shared_journal import Shared

if TYPE_CHECKING:
    from shipline.pipeline.model import Pipeline
    from shipline.run.outcome import Outcome
    from shipline.run.step import Job

_SPEED = 60.0


def main(pipeline: Pipeline, console: Console) -> int:
    """Rehearse one product. Returns the exit code of the first run, or of the second if only that fails.

    Raises InvalidInputError without the sandbox.
    """
    try:
        server = demo.sandbox_server()
    except click.ClickException as error:
        raise invalid_input("shipline rehearse", error.message) from None
    with (
        workspace.temporary_folder("rehearse") as folder,
        server.running(speed=_SPEED, seed=rehearsal.seed(pipeline)) as sandbox,
    ):
        rehearsed = rehearsal.redirected(pipeline, sandbox.url)
        console.line(f"Rehearsal of {pipeline.version.text} on this machine: nothing is sent elsewhere")
        for line in rehearsal.changes(pipeline):
            console.line(f"  {line}")
        console.line()
        outcome, job = _run(rehearsed, Path(folder), console)
        if outcome.error is None:
            state = sandbox.admin("state")
            console.event(event="announced", testers=state["centercode"]["releases"], customers=state["v3"]["releases"])
            for title, lines in demo.announcements(state):
                console.line(f"\n{title}\n")
                for line in "\n".join(lines).splitlines():
                    console.line(f"  {line}".rstrip())
            before = demo.count_changes(sandbox)
            unseen = Console(console.system, quiet=True, out=io.StringIO(), err=io.StringIO())
            again, _ = _run(rehearsed, Path(folder), unseen)
            _compare(outcome, again, rehearsed, demo.count_changes(sandbox) - before, console)
    # Nobody may take the sandbox's ids for real ones, or follow links to it.
    outcome.outputs, outcome.links = {"result": outcome.result}, {}
    for record in job.receipt.steps:
        record.made = {name: text for name, text in record.made.items() if not text.startswith(sandbox.url)}
    if not outcome.exit_code:
        outcome.next = "shipline run does the same with the real services"
    code = finish(console, outcome, partial(_summary, outcome, job))
    console.note(event="made", job=job)
    return code


def _run(pipeline: Pipeline, folder: Path, console: Console) -> tuple[Outcome, Job]:
    receipt = folder / "receipt.json"
    with workspace.locked(receipt):
        job = execute.job_for(pipeline, receipt, console, Shared())
        return execute.release(job), job


def _compare(first: Outcome, again: Outcome, pipeline: Pipeline, changes: int, console: Console) -> None:
    """Show what the second run did. If it fails, so does the rehearsal, unless the config requests that."""
    console.event(event="repeated", exit_code=again.exit_code, changes=changes)
    console.line(f"\nThe second run sent {changes} requests that change something\n")
    for text in again.finished.values():
        console.line(f"  {text}")
    if again.error is None:
        return
    if any(target.if_exists == "fail" for target in pipeline.centercode):
        console.line(f"  refused, as if-exists: fail requests: {again.error.what}")
        return
    first.fail(again.error, again.failed_step)


def _summary(outcome: Outcome, job: Job) -> str:
    from shipline.reporting import job_summary

    return job_summary.of_run(outcome, job, "Rehearsal of ")
