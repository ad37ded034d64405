"""The steps of a run or a plan as people read them in the report and the job summary, and the sentence above them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from shipline.display import counted, one_line
from shipline.errors import CanceledError, DeploymentFailedError, TimedOutError, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shipline.pipeline.model import Pipeline
    from shipline.reporting.plan_text import StepText
    from shipline.run.outcome import Outcome
    from shipline.run.step import Job


State = Literal["done", "failed", "unknown", "canceled", "skipped", "not run", "planned", "running"]
_STEPS = (  # a step's name, what it does, what it is doing, its service
    (r"release", "Create release", "creating the release", "BuildMaster"),
    (r"build", "Create build", "creating the build", "BuildMaster"),
    (r"deploy", "Deploy", "deploying", "BuildMaster"),
    (r"deploy:(?P<on>.+)", "Deploy to {on}", "deploying to {on}", "BuildMaster"),
    (r"await", "Wait for the deployment", "waiting for the deployment", "BuildMaster"),
    (r"await:(?P<on>.+)", "Wait for {on}", "waiting for the deployment to {on}", "BuildMaster"),
    (r"publish:v3(?::\d+)?", "Publish to customers", "publishing to customers", "Cryptlex"),
    (r"publish:centercode(?::\d+)?", "Post to testers", "posting to testers", "Centercode"),
    (r"notify(?::\d+)?:comment:?(?P<on>.*)", "Comment on {on}", "commenting on {on}", "Centercode"),
    (r"notify(?::\d+)?:macro:?(?P<on>.*)", "Run macro on {on}", "running the macro on {on}", "Centercode"),
)
_MADE = {  # by the begin of a step's name: the value that its receipt keeps, and how to show it
    "release": ("buildmaster-release-number", "Release {}"),
    "build": ("buildmaster-build-number", "Build {}"),
    "deploy": ("buildmaster-deployment-status", "{}"),
    "await": ("buildmaster-deployment-status", "{}"),
    "publish:v3": ("release-state", "{}"),
    "publish:centercode": ("release-status", "{}"),
}
_HINTS = {  # by command
    "run": "Sends what this page shows.",
    "plan": "Shows every request before a run sends it.",
    "publish": "Customers can't see the draft yet. Publishing can't be undone.",
}


class StepView(NamedTuple):
    """A step: its name in outputs, its label, and its result in a few words; ``seconds`` is None if it didn't run."""

    name: str
    state: State
    result: str = ""
    seconds: float | None = None
    url: str = ""  # the page of the build or the release
    about: str = ""  # the target, where a run has several of the kind
    requests: int = 0  # that a run will send

    @property
    def label(self) -> str:
        """What it does, such as "Deploy to Testing"."""
        return self._text(1) + (f" ({self.about})" if self.about else "")

    @property
    def doing(self) -> str:
        """What it does, after "Failed" or "Canceled"."""
        return self._text(2) + (f" ({self.about})" if self.about else "")

    @property
    def service(self) -> str:
        """The service that it uses."""
        return self._text(3)

    def _text(self, column: int) -> str:
        for row in _STEPS:
            if found := re.fullmatch(row[0], self.name, re.DOTALL):
                on = found.groupdict().get("on") or "feedback"
                return row[column].replace("{on}", one_line(on))
        return one_line(self.name) if column < len(_STEPS[0]) - 1 else ""


class Action(NamedTuple):
    """The one thing to do next: a page to open, or a command to run; and what to know about it."""

    label: str
    url: str = ""  # empty: the label is a command
    hint: str = ""


def of_run(outcome: Outcome, job: Job) -> list[StepView]:
    """Return every step of a run with its result, also those that did not run."""
    about = targets(job.pipeline)
    views = []
    for name, seconds in outcome.steps.items():
        decision, record = job.decisions.get(name), job.receipt.named(name)
        state: State = "not run"
        if decision is not None and decision.skip:
            state = "skipped"
        elif name in outcome.finished:
            state = "done"
        elif name == outcome.failed_step or seconds is not None:
            state = failed_as(outcome.error if name == outcome.failed_step else None)
        made = record.made if record else {}
        result = decision.skip if state == "skipped" and decision else ""
        if state == "done":
            result = _result(name, made, reused=bool(decision and not decision.calls)) or outcome.finished[name]
        url = made.get("release-url", "") or (outcome.outputs.get("buildmaster-url", "") if name == "build" else "")
        took_s = None if state == "skipped" else seconds
        views.append(StepView(name, state, result, took_s, url if state == "done" else "", about.get(name, "")))
    return views


def of_plan(steps: Iterable[StepText], about: Mapping[str, str], failed_step: str = "") -> list[StepView]:
    """Return every step of a plan: what exists already is done. ``about`` is what ``targets`` returns."""
    views = []
    for step in steps:
        state: State = "planned" if step.requests or step.wait else "not run"
        result = step.wait or counted(len(step.requests), "request")
        if step.name == failed_step or step.unknown:
            state, result = "unknown" if step.unknown else "failed", "Check this"
        elif step.skip:
            state, result = "skipped", step.skip
        elif state == "not run":
            state, result = ("done", step.reuse) if step.reuse else (state, step.note)
        own = about.get(step.name, "")
        views.append(StepView(step.name, state, result, about=own, requests=len(step.requests)))
    return views


def failed_as(error: Exception | None) -> State:
    """Return the state of a step that an error ended: what may have been applied has not failed."""
    if isinstance(error, UnknownOutcomeError):
        return "unknown"
    return "canceled" if isinstance(error, CanceledError) else "failed"


def sentence(outcome: Outcome, steps: Sequence[StepView]) -> str:
    """Return the result in one or two sentences."""
    failed = next((step for step in steps if step.name == outcome.failed_step), None)
    if outcome.result == "planned":
        count, requests = sum(step.state == "planned" for step in steps), sum(step.requests for step in steps)
        if not count:
            return "Shipline changed nothing: everything is done."
        return f"Shipline changed nothing. A run will send {counted(requests, 'request')} in {counted(count, 'step')}."
    achieved = capital(", ".join(_achieved(steps)))
    if outcome.error is None:
        return f"{achieved or capital(outcome.done_text or '; '.join(outcome.finished.values())) or 'Done'}."
    announced = capital(", ".join(_announced(steps))) or ("Shipline announced nothing" if steps else "")
    if failed is None:
        return "Shipline sent nothing."
    start = {"unknown": "Unknown result of", "canceled": "Canceled", "superseded": "Stopped before"}
    return f"{start.get(outcome.result, 'Failed')} {failed.doing}. {announced}."


def _achieved(steps: Sequence[StepView]) -> Iterator[str]:
    deployed = (step for step in steps if step.name.startswith("deploy") and step.state == "done")
    stages = [step.name.partition(":")[2] or "the first stage" for step in deployed]
    if stages:
        yield f"deployed to {joined(stages)}"
    yield from _announced(steps)


def _announced(steps: Sequence[StepView]) -> Iterator[str]:
    done = [step for step in steps if step.state == "done"]
    for kind, verb, whom in (("v3", "published", "to customers"), ("centercode", "posted", "to testers")):
        own = [step for step in done if step.name.startswith(f"publish:{kind}")]
        if own and all(step.result.lower().startswith("draft") for step in own):
            yield "drafted for customers"
        elif own:
            yield f"{verb} {whom}"


def action(outcome: Outcome, run_url: str) -> Action | None:
    """Return the one thing to do next, if there is one."""
    return next((found for found in _actions(outcome, run_url) if found.label), None)


def _actions(outcome: Outcome, run_url: str) -> Iterator[Action]:
    build, posted = outcome.outputs.get("buildmaster-url", ""), outcome.outputs.get("centercode-release-url", "")
    error, run = outcome.error, "Correct the cause, then re-run the job."
    if isinstance(error, DeploymentFailedError | TimedOutError):
        yield Action(build and "Open the deployment log", build, "The build's page in BuildMaster links it.")
    elif error is None:
        if found := re.search(r"(?:^|: )(shipline (run|plan|publish [\w.+-]+))", outcome.next):
            yield Action(found[1], "", _HINTS[found[2].partition(" ")[0]])
        yield Action(posted and "Open in Centercode", posted)
        yield Action(build and "Open the build", build)
    yield Action(run_url and "Open the CI run", run_url, run if error else "")


def progress(steps: Sequence[StepView]) -> str:
    """Return how many steps are done, such as "2 of 6 steps done, 1 skipped"."""
    skipped = sum(step.state == "skipped" for step in steps)
    done = sum(step.state == "done" for step in steps)
    return f"{done} of {counted(len(steps) - skipped, 'step')} done" + (f", {skipped} skipped" if skipped else "")


def checks(states: Iterable[str]) -> str:
    """Return how many findings of doctor have each state: ``11 checks: 10 passed, 1 warning``."""
    count = Counter(states)
    parts = [f"{count[state]} {word}" for state, word in (("ok", "passed"), ("unchecked", "unchecked")) if count[state]]
    parts += [counted(count[state], state) for state in ("warning", "problem") if count[state]]
    return f"{counted(count.total(), 'check')}: {', '.join(parts)}"


def with_addresses(text: str) -> list[str]:
    """Return the parts of a text; every second one is a web address."""
    return re.split(r"(https?://[^\s;,()<>]*[^\s;,()<>.])", text)


def joined(parts: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def capital(text: str) -> str:
    """Return a text as the begin of a sentence; a name or an address stays as it is."""
    return text[:1].upper() + text[1:] if text.partition(" ")[0].strip(",.'").isalpha() else text


def targets(pipeline: Pipeline) -> dict[str, str]:
    """Return what distinguishes the announcements of one kind, by step; nothing for the only one of its kind."""
    v3 = {f"publish:{target.name}": target.channel for target in pipeline.v3}
    testers = {f"publish:{t.name}": f"{t.project} / {t.release_type}" for t in pipeline.centercode}
    return {name: text for group in (v3, testers) if len(group) > 1 for name, text in group.items()}


def _result(name: str, made: dict[str, str], *, reused: bool) -> str:
    key, text = next((shown for start, shown in _MADE.items() if name.startswith(start)), ("", ""))
    if not made.get(key):
        return ""
    return capital(text.format(one_line(made[key]))) + (", reused" if reused and name in ("release", "build") else "")
