"""The commands that work on a release: from the environment of the process to an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shipline import cancellation, redaction
from shipline.ci import detect
from shipline.cli.common import carry_out, each_product, load, sources_of
from shipline.errors import ShiplineError, bug, invalid_input
from shipline.inputs.parsing import config_paths, is_fleet
from shipline.inputs.sources import Inputs
from shipline.reporting.console import Console, show_log
from shipline.reporting.delivery import CommandContext, describe, finish, may_lack_keys
from shipline.run.outcome import Outcome, validated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.reporting.html_recorder import Report


CommandName = Literal[
    "validate", "plan", "run", "rehearse", "doctor", "journal", "status", "retract", "promote", "publish"
]


def main(name: CommandName, flags: Mapping[str, str], action: Callable[[CommandContext], int] | None = None) -> int:
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
        _check_format(chosen, options)
        context = CommandContext(inputs, options, console)
        if action is not None:
            return action(context)
        config = options.get("config")
        may_be_several = is_fleet(config) or ("shard" in options and config_paths(config) != ["-"])
        if chosen in ("validate", "plan", "run") and may_be_several:
            return _run_products(chosen, context)
        return _action(chosen)(context)
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        return _fail(bug(error), console)
    finally:
        if report is not None:
            cancellation.ignore()
            report.end(console)
        with contextlib.suppress(OSError):
            sys.stdout.flush()


def _check_format(command: str, options: Mapping[str, str]) -> None:
    if options["format"] == "markdown" and command != "plan":
        raise invalid_input("format", "markdown is for plan: expected text or json")


def flags_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Return click's parameters as flags by input name, without those that are unset and switches that are off."""
    return {
        name.replace("_", "-"): "true" if value is True else "\n".join(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value not in (None, False, ())
    }


def usage_error(what: str, command: str, flags: Mapping[str, str]) -> int:
    """End a command whose arguments can't be parsed, except for ``flags``. Returns the exit code."""
    error = invalid_input("command line", what, todo=f"{command} --help lists the options")
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


def _validate(context: CommandContext) -> int:
    loaded = load(context, sources_of(context, need_keys=False))
    pipeline = loaded.pipeline
    context.console.line(f"valid: {describe(pipeline)}")
    if loaded.missing_keys:
        context.console.line(f"not set yet, and needed by plan and run: {', '.join(loaded.missing_keys)}")
    return finish(context.console, validated("checked the input"))


def _action(command: str) -> Callable[[CommandContext], int]:
    """What carries out a command; it loads nothing of the others."""
    if command in _OWN:
        return _OWN[command]
    if command == "plan":
        from shipline.cli import plan

        return plan.main
    if command == "status":
        from shipline.cli import status

        return status.main
    from shipline.cli import release_commands

    return release_commands.ACTIONS[command]


def _run(context: CommandContext) -> int:
    pipeline = load(context, sources_of(context, need_keys=True)).pipeline
    from shipline.run import execute  # while the first connections are opened

    return carry_out(context, pipeline, execute.release)


def _rehearse(context: CommandContext) -> int:
    """Rehearse each product, once all of them are valid. The exit code is that of the first one that fails."""
    from shipline.cli import rehearse
    from shipline.pipeline import rehearsal
    from shipline.transport import loopback

    loopback.confine()
    every = [rehearsal.with_tag(one) for _, one in each_product(sources_of(context, need_keys=False))]
    codes = [rehearse.main(loaded.pipeline, context.console) for loaded in [load(context, one) for one in every]]
    return next(filter(None, codes), 0)


def _doctor(context: CommandContext) -> int:
    from shipline.doctor import diagnose

    if context.verbose:
        show_log(context.console, requests=True)
    every = each_product(sources_of(context, need_keys=False))
    return diagnose.main((one for _, one in every), context.console, quiet=context.options["quiet"] == "true")


_OWN = {"validate": _validate, "run": _run, "rehearse": _rehearse, "doctor": _doctor}


def _run_products(name: str, context: CommandContext) -> int:
    """Carry out a command for several products, or a shard of them; a single config file is a plain job."""
    from shipline.fleet import products
    from shipline.fleet import run as fleet

    sources = sources_of(context, need_keys=name != "validate")
    if may_lack_keys(name, context.options, sources.facts):
        sources.need_keys = False
    chosen = products.select(
        sources, shard=context.options.get("shard", ""), ci_shard=detect.shard(context.inputs.environ)
    )
    if chosen.products and not is_fleet(sources.config):
        return _action(name)(context)
    return fleet.main(name, context, chosen, sources)
