"""validate, plan and run: each from the process's environment to an exit code."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shipline import ci, inputs, resolve
from shipline.errors import CanceledError, ShiplineError, UnknownOutcomeError, bug
from shipline.report import Console, show_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from shipline.pipeline import Pipeline
    from shipline.resolve import Loaded
    from shipline.steps import Job

CommandName = Literal["validate", "plan", "run"]


@dataclass(frozen=True, slots=True)
class _Context:
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
    _install_signal_handlers()
    system = ci.system("", os.environ, Path.cwd())
    console = Console(system)
    try:
        options = inputs.options(flags, os.environ)
        system = ci.system(options.get("ci", ""), os.environ, Path.cwd())
        console = Console(system, form=options["format"], quiet=options["quiet"] == "true")
        # `run` is what the wrappers start; their input `command` chooses.
        chosen = options["command"] if name == "run" else name
        return _COMMANDS[chosen](_Context(flags, options, system, console))
    except ShiplineError as error:
        return _failed(error, system, console)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        return _failed(bug(error), system, console)
    finally:
        sys.stdout.flush()


def _failed(error: ShiplineError, system: ci.System, console: Console) -> int:
    """A command that ended before anything was sent."""
    from shipline import summary

    console.error(error)
    following = error.todo or "mend the input and run again"
    outputs = {"result": error.result}
    console.result(error.result, error.exit_code, done=[], not_done=["everything"], outputs=outputs, next=following)
    console.line(f"result={error.result}")
    console.last_lines("nothing", "everything", following)
    _hand_over(system, console, {"result": error.result}, summary.of_error(error))
    return error.exit_code


def _hand_over(system: ci.System, console: Console, outputs: Mapping[str, str], page: str) -> None:
    """Outputs and summary to the CI system; its files being out of reach doesn't change how the run ended."""
    try:
        system.outputs(outputs)
        system.summary(page)
    except OSError as error:
        console.warning(f"the CI system didn't take the outputs or the summary: {error}")


def _validate(context: _Context) -> int:
    loaded = _load(context, need_keys=False)
    pipeline = loaded.pipeline
    outputs = {"result": "succeeded"}
    context.console.result(
        "succeeded", 0, done=["checked the input"], not_done=[], outputs=outputs, next="shipline plan"
    )
    context.console.line(f"valid: version {pipeline.version.text}, {_in_words(pipeline)}")
    if loaded.missing_keys:
        context.console.line(f"not set yet, and needed by plan and run: {', '.join(loaded.missing_keys)}")
    context.console.last_lines("checked the input", "nothing was sent or looked up", "shipline plan")
    context.system.outputs({"result": "succeeded"})
    return 0


def _plan(context: _Context) -> int:
    from shipline import plan, plan_view, summary

    job = _job(_load(context, need_keys=True).pipeline, context)
    planned = plan.make(job)
    plan_view.show(planned, job, context.console)
    if planned.error is not None and not isinstance(planned.error, UnknownOutcomeError):
        outputs = {"result": planned.error.result, "failed-step": planned.failed_step}
        _hand_over(context.system, context.console, outputs, summary.of_error(planned.error))
        return planned.error.exit_code
    _hand_over(context.system, context.console, {"result": "planned"}, summary.of_plan(planned, job))
    return 0


def _run(context: _Context) -> int:
    from shipline import plan, run, summary, workspace

    pipeline = _load(context, need_keys=True).pipeline
    with workspace.locked(_receipt_path(pipeline, context)):
        job = _job(pipeline, context)
        planned = plan.make(job)
        for link in planned.links:
            if not link.good:
                context.console.warning(f"{link}; it is asked for again before anything is announced")
        outcome = run.run(planned, job)
    context.console.outcome(outcome)
    _hand_over(context.system, context.console, outcome.outputs, summary.of_run(outcome, job))
    return outcome.exit_code


_COMMANDS: Mapping[str, Callable[[_Context], int]] = {"validate": _validate, "plan": _plan, "run": _run}


def _load(context: _Context, *, need_keys: bool) -> Loaded:
    config = context.options.get("config")
    sources = resolve.Sources(
        flags=context.flags,
        environ=os.environ,
        config=config,
        stdin=sys.stdin.read() if config == "-" else None,
        facts=context.system.facts(),
        workspace=Path.cwd(),
        need_keys=need_keys,
    )
    loaded = resolve.load(sources)
    for warning in loaded.pipeline.warnings:
        context.console.warning(warning)
    if context.verbose:
        show_log(context.console, requests=True)
        for path, shown, origin in loaded.origins:
            context.console.line(f"  {path} = {shown}  ({origin})")
    return loaded


def _job(pipeline: Pipeline, context: _Context) -> Job:
    from shipline.links import Links
    from shipline.receipt import Receipt
    from shipline.steps import Job

    receipt = Receipt.open(_receipt_path(pipeline, context), pipeline)
    return Job(pipeline=pipeline, receipt=receipt, console=context.console, links=Links(pipeline.network))


def _receipt_path(pipeline: Pipeline, context: _Context) -> Path:
    from shipline.receipt import slug

    default = Path(".shipline") / f"{slug(pipeline)}-{pipeline.version.text}.json"
    return Path(context.options.get("receipt", default))


def _in_words(pipeline: Pipeline) -> str:
    parts = [f"steps {', '.join(s for s in ('build', 'deploy', 'publish') if s in pipeline.steps)}"]
    parts += [f"{len(pipeline.artifacts)} artifact{'s' * (len(pipeline.artifacts) != 1)}"]
    parts += [f"{t.name} skipped ({t.skip})" for t in pipeline.v3 if t.skip]
    parts += [f"{t.name} skipped ({t.skip})" for t in pipeline.centercode if t.skip]
    return "; ".join(parts)


def _install_signal_handlers() -> None:
    """The first signal ends the run; the second, which CI systems send soon after, must not cut the report short."""

    def cancel(number: int, frame: FrameType | None) -> None:
        del frame
        for known in (signal.SIGINT, signal.SIGTERM):
            signal.signal(known, signal.SIG_IGN)
        raise CanceledError(
            number, todo="run again: it goes on where this run stopped; what BuildMaster has started goes on by itself"
        )

    for known in (signal.SIGINT, signal.SIGTERM):
        signal.signal(known, cancel)
