"""What the commands of the main job share: the sources of the settings, the pipeline, and the locked receipt."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shipline.cancellation import cancel_token
from shipline.errors import invalid_input
from shipline.inputs import catalogue
from shipline.inputs.parsing import is_fleet
from shipline.pipeline import resolve
from shipline.reporting.console import show_log
from shipline.reporting.delivery import CommandContext, finish
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.inputs.sources import Inputs
    from shipline.pipeline.model import Pipeline
    from shipline.pipeline.resolve import ResolvedPipeline
    from shipline.run.outcome import Outcome
    from shipline.run.step import Job


def sources_of(context: CommandContext, *, need_keys: bool) -> resolve.Sources:
    """Where the settings of this command may come from."""
    any_version = context.options.get("any-version") == "true"
    if any_version and need_keys:
        raise invalid_input("any-version", "is for validate: plan and run need the version")
    config = context.options.get("config", "").strip() or None
    if config is None:
        _check_folder(Path.cwd(), context.inputs)
    return resolve.Sources(
        inputs=context.inputs,
        config=config,
        stdin=sys.stdin.read() if config == "-" else None,
        facts=context.console.system.facts(),
        workspace=Path.cwd(),
        need_keys=need_keys,
        progress=context.console.ongoing,
        any_version=any_version,
    )


def _check_folder(folder: Path, inputs: Inputs) -> None:
    """Raise InvalidInputError if the config file is in a folder above, and no other input gives a service."""
    of_services = (s for s in catalogue.settings() if s.path[0] in SERVICES and not s.secret)
    given = any(inputs.get(setting.name) for setting in of_services)
    if given or resolve.default_config(folder):
        return
    for above in folder.parents:
        if (folder / ".git").exists():
            return  # a repository of its own
        folder = above
        if name := resolve.default_config(folder):
            path = os.path.relpath(folder)
            what = f"there is none in this folder, but {path}/{name} exists: run shipline in {path}"
            raise invalid_input(resolve.DEFAULT_CONFIGS[0], what)


def load(context: CommandContext, sources: resolve.Sources) -> ResolvedPipeline:
    """Resolve the pipeline and show its warnings. Raises InvalidInputError."""
    loaded = resolve.load(replace(sources, ahead=sources.need_keys))
    context.console.note(event="loaded", loaded=loaded)
    for warning in loaded.pipeline.warnings:
        context.console.warning(warning)
    if context.verbose:
        show_log(context.console, requests=True)
        for path, shown, origin in loaded.origins:
            context.console.line(f"  {path} = {shown}  ({origin})")
    return loaded


def receipt_path(pipeline: Pipeline, context: CommandContext) -> Path:
    """The receipt's path."""
    from shipline.run.naming import default_path

    if "receipt" in context.options:
        return Path(context.options["receipt"])
    return default_path(pipeline)


def carry_out(
    context: CommandContext, pipeline: Pipeline, action: Callable[[Job], Outcome], *, prompts: bool = False
) -> int:
    """Have ``action`` change something, with the receipt and the shared journal locked. Returns the exit code."""
    from shipline import workspace
    from shipline.run import execute, shared_journal

    path = receipt_path(pipeline, context)
    with workspace.locked(path), shared_journal.hold(pipeline, context.console) as shared:
        job = execute.job_for(pipeline, path, context.console, shared)
        if not prompts:
            cancel_token.defer()  # the line that follows the run is drawn by a thread
            context.console.follow()
        outcome = action(job)
    code = finish(context.console, outcome, partial(_run_summary, outcome, job))
    context.console.note(event="made", job=job)
    return code


def _run_summary(outcome: Outcome, job: Job) -> str:
    from shipline.reporting import job_summary

    return job_summary.of_run(outcome, job)


def each_product(sources: resolve.Sources) -> list[tuple[str, resolve.Sources]]:
    """Each product that the config names, with its sources; a single config file's has no name."""
    if not is_fleet(sources.config):
        return [("", sources)]
    from shipline.fleet import products

    found = products.select(sources, shard="").products
    return [(product.name, replace(sources, config=product.config)) for product in found]
