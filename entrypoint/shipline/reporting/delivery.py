"""The end of a command: the last lines of the log, then outputs, job summary and receipts for the CI system."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shipline import cancellation
from shipline.display import counted, hide_in_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.ci.facts import Facts
    from shipline.inputs.sources import Inputs
    from shipline.pipeline.model import Pipeline
    from shipline.reporting.console import Console
    from shipline.run.outcome import Outcome


class CommandContext(NamedTuple):
    """The input of a command, the program's own options by name, and where its results go."""

    inputs: Inputs
    options: Mapping[str, str]
    console: Console

    @property
    def verbose(self) -> bool:
        """True if the log shows each request and the source of each value."""
        return self.options.get("verbose") == "true" or self.console.system.debugging


def lacks_keys(options: Mapping[str, str], pipeline: Pipeline) -> bool:
    """Return True if a review can send no requests, because the CI system gives this run no keys."""
    accounts = [account for account in (pipeline.buildmaster, *pipeline.v3, *pipeline.centercode) if account]
    return may_lack_keys("plan", options, pipeline.facts) and any(account.key is None for account in accounts)


def may_lack_keys(command: str, options: Mapping[str, str], facts: Facts) -> bool:
    """Return True if missing keys are no problem."""
    return command == "plan" and options["comment"] == "true" and bool(facts.key_hint)


def finish(console: Console, outcome: Outcome, summary: Callable[[], str] | None = None) -> int:
    """End a command: write the last lines of the log, then deliver to the CI system. Returns the exit code."""
    cancellation.ignore()
    console.finish(outcome)
    deliver(console, outcome, summary)
    return outcome.exit_code


def deliver(console: Console, outcome: Outcome, summary: Callable[[], str] | None = None) -> None:
    """Deliver outputs, links, job summary and the products' receipts to the CI system.

    ``summary`` returns Markdown, and is called only where the CI system shows a summary. If the CI system's files can't
    be written, that is a warning: it doesn't change how the run ended.
    """
    outputs = outcome.outputs | ({"failed-step": outcome.failed_step} if outcome.failed_step else {})
    try:
        console.system.outputs(outputs)
        console.system.links(outcome.links)
        if summary is not None and console.system.shows_summary:
            console.system.summary(summary())
        console.system.receipts(row.receipt for row in outcome.products if row.receipt)
        # A log must not get control characters, which a service may have put into an id.
        shown = {name: hide_in_value(value) for name, value in outputs.items() if value.isprintable()}
        for line in console.system.results(shown):
            console.command(line)
    except Exception as error:  # noqa: BLE001 - whatever fails here doesn't change how the run ended
        console.warning(f"the CI system didn't take the outputs or the summary: {error}")


def describe(pipeline: Pipeline) -> str:
    """Return the version, the steps, the number of artifacts and the skipped targets in a few words."""
    if not pipeline.version.text:
        return "any version; the artifacts and the notes aren't checked"
    skipped = [(target.name, target.skip) for target in pipeline.v3 if target.skip]
    skipped += [(target.name, target.skip) for target in pipeline.centercode if target.skip]
    parts = [
        f"steps {', '.join(step for step in ('build', 'deploy', 'publish') if step in pipeline.steps)}",
        counted(len(pipeline.artifacts), "artifact"),
        *(f"{name} skipped ({why})" for name, why in skipped),
    ]
    return f"version {pipeline.version.text}, {'; '.join(parts)}"
