"""validate, plan and run: each from the process's environment to an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shipline import ci, inputs, resolve, signals
from shipline.errors import InvalidInputError, Problem, ShiplineError, UnknownOutcomeError, bug
from shipline.fleet import products
from shipline.record import dataclass
from shipline.report import Console, show_log
from shipline.transport import proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shipline.html_report.report import Report
    from shipline.pipeline import Pipeline
    from shipline.resolve import Loaded

CommandName = Literal["validate", "plan", "run", "doctor"]
_OF_MANY = frozenset({"validate", "plan", "run"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with."""

    flags: Mapping[str, str]
    options: Mapping[str, str]
    system: ci.System
    console: Console

    @property
    def verbose(self) -> bool:
        return self.options.get("verbose") == "true" or self.system.debugging


def main(name: CommandName, flags: Mapping[str, str]) -> int:
    """Carry out a command with these flags (by input name); the exit code, as in docs/errors.md."""
    signals.install()
    proxies.mask(os.environ)
    inputs.mask(flags, os.environ)
    system = ci.system("", os.environ, Path.cwd())
    console = _first_console(system, flags)
    report: Report | None = None
    try:
        report = _report(name, flags, console)
        options = inputs.options(flags, os.environ)
        system = ci.system(options.get("ci", ""), os.environ, Path.cwd())
        console = Console(system, form=options["format"], quiet=options["quiet"] == "true")
        if report is not None:
            report.listen(console)
        # `run` is what the wrappers start; their input `command` chooses.
        chosen = options["command"] if name == "run" else name
        context = Context(flags, options, system, console)
        if chosen in _OF_MANY and products.asked_for(options):
            return _of_many(chosen, context)
        return _COMMANDS[chosen](context)
    except ShiplineError as error:
        return _failed(error, system, console)
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        return _failed(bug(error), system, console)
    finally:
        if report is not None:
            signals.ignore()
            report.end(console)
        with contextlib.suppress(OSError):
            sys.stdout.flush()


def _first_console(system: ci.System, flags: Mapping[str, str]) -> Console:
    """For what is wrong with the options themselves."""
    given = (inputs.option(name, flags, os.environ) for name in ("format", "quiet"))
    form, quiet = (option.text if option else "" for option in given)
    return Console(system, form=form, quiet=quiet == "true")


def misused(what: str, command: str, flags: Mapping[str, str]) -> int:
    """A command line that can't be read, of which ``flags`` are known; the exit code."""
    inputs.mask(flags, os.environ)
    system = ci.system("", os.environ, Path.cwd())
    error = InvalidInputError([Problem("command line", "", what)], todo=f"{command} --help lists what there is")
    return _failed(error, system, _first_console(system, flags))


def _report(name: CommandName, flags: Mapping[str, str], console: Console) -> Report | None:
    """The run report, if one is asked for. Raises InvalidInputError if it can't be written."""
    given = inputs.option("report", flags, os.environ)
    if given is None:
        return None
    from shipline.html_report.report import Report

    command = inputs.option("command", flags, os.environ) if name == "run" else None
    report = Report.begin(given, command.text if command else name)
    report.listen(console)
    return report


def _failed(error: ShiplineError, system: ci.System, console: Console) -> int:
    """A command that ended before anything was sent."""
    from shipline import summary

    console.error(error)
    following = error.todo or "mend the input and run again"
    outputs = {"result": error.result}
    console.result(error.result, error.exit_code, done=[], not_done=["everything"], outputs=outputs, next=following)
    console.line(f"result={error.result}")
    console.last_lines("nothing", "everything", following)
    hand_over(system, console, {"result": error.result}, summary.of_error(error))
    return error.exit_code


def hand_over(
    system: ci.System, console: Console, outputs: Mapping[str, str], page: str, receipts: Sequence[str] = ()
) -> None:
    """Outputs and summary to the CI system, and the receipts of several products.

    Its files being out of reach doesn't change how the run ended.
    """
    try:
        system.outputs(outputs)
        system.summary(page)
        system.receipts(receipts)
    except (OSError, ValueError) as error:
        console.warning(f"the CI system didn't take the outputs or the summary: {error}")


def _validate(context: Context) -> int:
    loaded = _load(context, need_keys=False)
    pipeline = loaded.pipeline
    outputs = {"result": "succeeded"}
    context.console.result(
        "succeeded", 0, done=["checked the input"], not_done=[], outputs=outputs, next="shipline plan"
    )
    context.console.line(f"valid: version {pipeline.version.text}, {in_words(pipeline)}")
    if loaded.missing_keys:
        context.console.line(f"not set yet, and needed by plan and run: {', '.join(loaded.missing_keys)}")
    context.console.last_lines("checked the input", "nothing was sent or looked up", "shipline plan")
    context.system.outputs({"result": "succeeded"})
    return 0


def _plan(context: Context) -> int:
    pipeline = _to_send(context)
    from shipline import plan, plan_view, run, summary

    job = run.job_for(pipeline, _receipt_path(pipeline, context), context.console)
    planned = plan.make(job)
    plan_view.show(planned, job, context.console)
    if planned.error is not None and not isinstance(planned.error, UnknownOutcomeError):
        outputs = {"result": planned.error.result, "failed-step": planned.failed_step}
        hand_over(context.system, context.console, outputs, summary.of_error(planned.error))
        return planned.error.exit_code
    hand_over(context.system, context.console, {"result": "planned"}, summary.of_plan(planned, job))
    context.console.note(event="made", job=job)
    return 0


def _run(context: Context) -> int:
    pipeline = _to_send(context)
    from shipline import run, summary, workspace

    path = _receipt_path(pipeline, context)
    with workspace.locked(path):
        job = run.job_for(pipeline, path, context.console)
        context.console.follow()
        outcome = run.release(job)
    context.console.outcome(outcome)
    hand_over(context.system, context.console, outcome.outputs, summary.of_run(outcome, job))
    context.console.note(event="made", job=job)
    return outcome.exit_code


def _doctor(context: Context) -> int:
    from shipline import doctor

    if context.verbose:
        show_log(context.console, requests=True)
    quiet = context.options["quiet"] == "true"
    return doctor.main(_sources(context, need_keys=False), context.console, quiet=quiet)


_COMMANDS: Mapping[str, Callable[[Context], int]] = {
    "validate": _validate,
    "plan": _plan,
    "run": _run,
    "doctor": _doctor,
}


def _of_many(name: str, context: Context) -> int:
    """Several products, or a part of them; one that is named plainly, and is in it, is carried out as ever."""
    from shipline.fleet import command as fleet

    sources = _sources(context, need_keys=name != "validate")
    chosen = products.select(sources, shard=context.options.get("shard", ""), ci_shard=context.system.shard)
    if chosen.products and not products.are_many(sources.config):
        return _COMMANDS[name](context)
    return fleet.main(name, context, chosen, sources)


def _sources(context: Context, *, need_keys: bool) -> resolve.Sources:
    config = context.options.get("config", "").strip() or None
    return resolve.Sources(
        flags=context.flags,
        environ=os.environ,
        config=config,
        stdin=sys.stdin.read() if config == "-" else None,
        facts=context.system.facts(),
        workspace=Path.cwd(),
        need_keys=need_keys,
    )


def _load(context: Context, *, need_keys: bool) -> Loaded:
    loaded = resolve.load(_sources(context, need_keys=need_keys))
    context.console.note(event="loaded", loaded=loaded)
    for warning in loaded.pipeline.warnings:
        context.console.warning(warning)
    if context.verbose:
        show_log(context.console, requests=True)
        for path, shown, origin in loaded.origins:
            context.console.line(f"  {path} = {shown}  ({origin})")
    return loaded


def _to_send(context: Context) -> Pipeline:
    """What is valid, with a connection begun to the first server that will be asked, TLS included."""
    pipeline = _load(context, need_keys=True).pipeline
    from shipline.transport import ahead

    urls = [pipeline.buildmaster.url] if pipeline.buildmaster else []
    urls += [target.url for target in pipeline.v3 if not target.skip]  # Centercode has nothing to look up
    if urls:
        ahead.begin_tcp(urls[0], pipeline.network.connect_timeout)
        if urls[0].startswith("https:"):
            from shipline.transport.session import Session

            Session("", pipeline.network).begin(urls[0])
    return pipeline


def _receipt_path(pipeline: Pipeline, context: Context) -> Path:
    from shipline.receipt import default_path

    return Path(context.options.get("receipt", default_path(pipeline)))


def in_words(pipeline: Pipeline) -> str:
    parts = [f"steps {', '.join(s for s in ('build', 'deploy', 'publish') if s in pipeline.steps)}"]
    parts += [f"{len(pipeline.artifacts)} artifact{'s' * (len(pipeline.artifacts) != 1)}"]
    parts += [f"{t.name} skipped ({t.skip})" for t in pipeline.v3 if t.skip]
    parts += [f"{t.name} skipped ({t.skip})" for t in pipeline.centercode if t.skip]
    return "; ".join(parts)
