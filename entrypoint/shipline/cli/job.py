"""The commands validate, plan, run, rehearse and doctor: from the environment of the process to an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shipline import cancellation, redaction
from shipline.cancellation import cancel_token
from shipline.ci import detect
from shipline.errors import ShiplineError, bug, invalid_input
from shipline.inputs import catalogue
from shipline.inputs.parsing import config_paths, is_fleet
from shipline.inputs.sources import Inputs
from shipline.pipeline import resolve
from shipline.reporting.console import Console, show_log
from shipline.reporting.delivery import Context, describe, finish
from shipline.run.outcome import Outcome, validated
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.pipeline.model import Pipeline
    from shipline.pipeline.resolve import ResolvedPipeline
    from shipline.reporting.html_recorder import Report
    from shipline.run.step import Job


CommandName = Literal[
    "validate", "plan", "run", "rehearse", "doctor", "journal", "status", "retract", "promote", "publish"
]


def main(name: CommandName, flags: Mapping[str, str], action: Callable[[Context], int] | None = None) -> int:
    """Carry out a command, or ``action``, with these flags (by input name). Returns the exit code (docs/errors.md)."""
    inputs = Inputs.read(flags, os.environ)
    redaction.mask(inputs.environ)
    console = _console(inputs)
    report: Report | None = None
    try:
        cancellation.install()
        if name not in ("doctor", "journal"):
            console.system.begin()
        report = _report(name, inputs, console)
        options = inputs.options()
        # `run` is what the wrappers start; their input `command` chooses.
        chosen = options["command"] if name == "run" else name
        context = Context(inputs, options, console)
        if action is not None:
            return action(context)
        config = options.get("config")
        may_be_several = is_fleet(config) or ("shard" in options and config_paths(config) != ["-"])
        if chosen not in ("doctor", "rehearse") and may_be_several:
            return _run_products(chosen, context)
        return _COMMANDS[chosen](context)
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        return _fail(bug(error), console)
    finally:
        if report is not None:
            cancellation.ignore()
            report.end(console)
        with contextlib.suppress(OSError):
            sys.stdout.flush()


def flags_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Return click's parameters as flags by input name, without those that are unset and switches that are off."""
    return {
        name.replace("_", "-"): "true" if value is True else value
        for name, value in given.items()
        if value not in (None, False)
    }


def usage_error(what: str, command: str, flags: Mapping[str, str]) -> int:
    """End a command whose arguments can't be parsed, except for ``flags``. Returns the exit code."""
    error = invalid_input("command line", what, todo=f"{command} --help lists what there is")
    return _fail(error, _console(Inputs.read(flags, os.environ)))


def _console(inputs: Inputs) -> Console:
    """Return the console for the options that are valid; others are reported on it."""
    ci, form, quiet = (option.text if (option := inputs.option(name)) else "" for name in ("ci", "format", "quiet"))
    return Console(detect.system(ci, inputs.environ, Path.cwd()), form=form, quiet=quiet == "true")


def _report(name: CommandName, inputs: Inputs, console: Console) -> Report | None:
    """Begin the run report, if the input names one. Raises InvalidInputError if it can't be written."""
    given = inputs.option("report")
    if given is None:
        return None
    from shipline.reporting.html_recorder import Report

    command = inputs.option("command") if name == "run" else None
    report = Report.begin(given, command.text if command else name)
    report.listen(console)
    return report


def _fail(error: ShiplineError, console: Console) -> int:
    """End a command that an error stopped before anything was sent."""
    outcome = Outcome.ended_early(error, advice="fix the configuration and run again")
    outcome.outputs = {"result": error.result}
    return finish(console, outcome, partial(_error_summary, error))


def _error_summary(error: ShiplineError) -> str:
    from shipline.reporting import job_summary

    return job_summary.of_error(error)


def _validate(context: Context) -> int:
    loaded = load(context, sources_of(context, need_keys=False))
    pipeline = loaded.pipeline
    context.console.line(f"valid: {describe(pipeline)}")
    if loaded.missing_keys:
        context.console.line(f"not set yet, and needed by plan and run: {', '.join(loaded.missing_keys)}")
    return finish(context.console, validated("checked the input"), show_outputs=False)


def _plan(context: Context) -> int:
    pipeline = load(context, sources_of(context, need_keys=True)).pipeline
    from shipline.reporting import job_summary, plan_text
    from shipline.run import execute, plan, shared_journal

    shared = shared_journal.read(pipeline)
    job = execute.job_for(pipeline, _receipt_path(pipeline, context), context.console, shared)
    planned = plan.make(job)
    plan_text.show(planned, job, context.console)
    outcome = plan_text.outcome(planned)
    if outcome.error is not None and not outcome.unknown:
        return finish(context.console, outcome, partial(_error_summary, outcome.error))
    code = finish(context.console, outcome, lambda: job_summary.of_plan(outcome, planned, job))
    context.console.note(event="made", job=job)
    return code


def _run(context: Context) -> int:
    from shipline.run import execute

    return carry_out(context, load(context, sources_of(context, need_keys=True)).pipeline, execute.release)


def carry_out(context: Context, pipeline: Pipeline, action: Callable[[Job], Outcome], *, prompts: bool = False) -> int:
    """Have ``action`` change something, with the receipt and the shared journal locked. Returns the exit code."""
    from shipline import workspace
    from shipline.run import execute, shared_journal

    path = _receipt_path(pipeline, context)
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


def _rehearse(context: Context) -> int:
    """Rehearse each product, once all of them are valid. The exit code is that of the first one that fails."""
    from shipline.cli import rehearse
    from shipline.pipeline import rehearsal
    from shipline.transport import loopback

    loopback.confine()
    every = [rehearsal.with_tag(one) for _, one in each_product(sources_of(context, need_keys=False))]
    codes = [rehearse.main(loaded.pipeline, context.console) for loaded in [load(context, one) for one in every]]
    return next(filter(None, codes), 0)


def each_product(sources: resolve.Sources) -> list[tuple[str, resolve.Sources]]:
    """Each product that the config names, with its sources; a single config file's has no name."""
    if not is_fleet(sources.config):
        return [("", sources)]
    from shipline.fleet import products

    found = products.select(sources, shard="").products
    return [(product.name, replace(sources, config=product.config)) for product in found]


def _doctor(context: Context) -> int:
    from shipline.doctor import diagnose

    if context.verbose:
        show_log(context.console, requests=True)
    every = each_product(sources_of(context, need_keys=False))
    return diagnose.main((one for _, one in every), context.console, quiet=context.options["quiet"] == "true")


_COMMANDS: Mapping[str, Callable[[Context], int]] = {
    "validate": _validate,
    "plan": _plan,
    "run": _run,
    "rehearse": _rehearse,
    "doctor": _doctor,
}


def _run_products(name: str, context: Context) -> int:
    """Carry out a command for several products, or a shard of them; a single config file is a plain job."""
    from shipline.fleet import products
    from shipline.fleet import run as fleet

    sources = sources_of(context, need_keys=name != "validate")
    chosen = products.select(
        sources, shard=context.options.get("shard", ""), ci_shard=detect.shard(context.inputs.environ)
    )
    if chosen.products and not is_fleet(sources.config):
        return _COMMANDS[name](context)
    return fleet.main(name, context, chosen, sources)


def sources_of(context: Context, *, need_keys: bool) -> resolve.Sources:
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


def load(context: Context, sources: resolve.Sources) -> ResolvedPipeline:
    """Resolve the pipeline and show its warnings. Raises InvalidInputError."""
    loaded = resolve.load(sources)
    context.console.note(event="loaded", loaded=loaded)
    for warning in loaded.pipeline.warnings:
        context.console.warning(warning)
    if context.verbose:
        show_log(context.console, requests=True)
        for path, shown, origin in loaded.origins:
            context.console.line(f"  {path} = {shown}  ({origin})")
    return loaded


def _receipt_path(pipeline: Pipeline, context: Context) -> Path:
    from shipline.run.naming import default_path

    if "receipt" in context.options:
        return Path(context.options["receipt"])
    return default_path(pipeline)
