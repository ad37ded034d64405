"""What the report shows of a timeline: the steps, one sentence, one action, the places to look at, and the bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from shipline.display import counted, escape_controls
from shipline.errors import DeploymentFailedError
from shipline.redaction import HIDDEN, redact
from shipline.reporting import notes as release_notes
from shipline.reporting import step_view
from shipline.reporting.html_timeline import UNENDED, ReleasedFile, RunTimeline, StepTimeline
from shipline.reporting.step_view import StepView
from shipline.values import http_url, human_duration

_STATUS = "pipelineStageName "  # of deployments only, in a summary
AFTER_KILL = "If the CI system killed this run, re-run it. Shipline reads the receipt and repeats nothing that is done."
_STATES = {  # of results and steps: the color that means it, and its words
    "succeeded": ("ok", "Succeeded"),
    "warned": ("warn", "Succeeded with warnings"),
    "failed": ("bad", "Failed"),
    "planned": ("plan", "Planned"),
    "canceled": ("off", "Canceled"),
    "superseded": ("off", "Replaced by a later build"),
    "unknown": ("warn", "Result unknown"),
    "not started": ("off", "Not started"),
    UNENDED: ("off", "Not ended"),
    "done": ("ok", "Done"),
    "skipped": ("off", "Skipped"),
    "not run": ("off", "Not run"),
    "running": ("plan", "Running"),
}
_TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MAX_TICKS = 6


class Bar(NamedTuple):
    """A row of the timeline, in seconds; ``waited`` is the end of its pale part."""

    color: str
    name: str
    begun: float
    waited: float
    ended: float


class Product(NamedTuple):
    """A row of a fleet's table; ``anchor`` is empty for a product that was never begun."""

    name: str
    anchor: str
    result: str
    next: str
    timeline: RunTimeline


def state(word: str) -> tuple[str, str]:
    """Return the color and the words of a result or a step's state."""
    return _STATES.get(word, ("bad", step_view.capital(word)))


def steps(run: RunTimeline) -> Sequence[StepView]:
    """Return every step with its result, as far as it is known."""
    if run.plan:
        return step_view.of_plan(run.plan, run.about.targets, run.failed_step)
    return run.released.steps or [*_begun(run)]


def _begun(run: RunTimeline) -> Iterator[StepView]:
    parts = {part.name: part for part in run.steps}
    for name in dict.fromkeys((*run.names, *parts)):
        part = parts.get(name)
        state: step_view.State = "not run"
        if part is not None:
            state = part.state or ("not run" if run.outcome else "running")
        seconds = part.ended - part.begun if part and part.ended is not None else None
        yield StepView(name, state, seconds=seconds, about=run.about.targets.get(name, ""))


def sentence(run: RunTimeline, products: Sequence[Product] = ()) -> str:
    """Return the result in one or two sentences; ``products`` are those of a fleet."""
    if run.outcome is None:
        return AFTER_KILL
    if products:
        failed = [product for product in products if state(product.result)[0] != "ok"]
        why = sentence(failed[0].timeline) if failed else ""
        first = f" {failed[0].name}: {why[0].lower()}{why[1:]}" if why else ""
        return f"{len(products) - len(failed)} of {counted(len(products), 'product')} done.{first}"
    if run.findings:
        return f"{step_view.checks(finding['state'] for finding in run.findings)}. Shipline changed nothing."
    return step_view.sentence(run.outcome, steps(run))


def action(run: RunTimeline) -> step_view.Action | None:
    """Return the one thing to do next, if there is one."""
    url = run.about.run_url
    if run.outcome is None or run.findings or run.products:
        return step_view.Action("Open the CI run", url) if url else None
    return step_view.action(run.outcome, url)


def response(run: RunTimeline) -> tuple[str, str, str] | None:
    """Return what decided that a step failed: the service, its response, and the request."""
    service = StepView(run.failed_step, "failed").service or "The service"
    for entry in (e for part in reversed(run.parts) if part.name == run.failed_step for e in reversed(part.entries)):
        if entry.refused and entry.answer:
            return service, entry.answer, entry.text
        if isinstance(run.error, DeploymentFailedError) and _STATUS in entry.summary:
            return service, entry.summary.replace("; ", "\n"), entry.text.partition(" (")[0]
    return None


def where(run: RunTimeline) -> Iterator[tuple[str, str, str, str]]:
    """Yield where the releases and the build are: a name, a state, an address and its label."""
    for step in steps(run) if run.names else ():
        if step.name.startswith("publish:"):
            who = "Customers" if step.service == "Cryptlex" else "Testers"
            text = (
                step.result if step.state == "done" else "Unknown" if step.state == "unknown" else "Nothing published"
            )
            yield f"{who} ({step.about or step.service})", text, step.url, "Open the release"
    stage, build = run.outputs.get("buildmaster-stage", ""), run.outputs.get("buildmaster-build-number", "")
    if build:
        deployed = f", {run.outputs.get('buildmaster-deployment-status')} in {stage}" if stage else ""
        yield (
            "Build (BuildMaster)",
            f"Build {build}{deployed}",
            run.outputs.get("buildmaster-url", ""),
            "Open the build",
        )


def links(artifacts: Sequence[ReleasedFile]) -> str:
    """Return the states of the artifacts' links in a sentence; nothing without a link."""
    count = Counter(artifact.link for artifact in artifacts if artifact.url)
    total, good, unchecked = count.total(), count["checked"], count["unchecked"]
    if total in (good, unchecked):
        return "" if not total else "Shipline checked every link." if good else "The links are unchecked."
    parts = ((good, "checked"), (total - good - unchecked, "bad"), (unchecked, "unchecked"))
    return f"Links: {', '.join(f'{number} {word}' for number, word in parts if number)}."


def first(run: RunTimeline) -> float:
    """Return when the first thing happened, in seconds: not the start of the program."""
    return next((part.entries[0].at for part in run.parts if part.entries), 0.0)


def bars(run: RunTimeline) -> list[Bar]:
    """Return the rows of the timeline: it begins with the first step."""
    labels = {step.name: step.label for step in steps(run)}
    return [
        Bar(
            state(part.state or "canceled")[0],
            labels.get(part.name, part.name),
            part.begun,
            part.pending or part.begun,
            _end(part),
        )
        for part in run.steps
    ]


def products(whole: RunTimeline, timelines: Mapping[str, RunTimeline]) -> list[Product]:
    """Return the products of a fleet, failures first, those that were never begun too."""
    rows = {row.product: row for row in whole.products}
    begun = [name for name, timeline in timelines.items() if timeline.outcome or not whole.outcome]
    unknown = ("not started", "") if whole.outcome else (UNENDED, "")
    found = []
    for name in dict.fromkeys((*timelines, *rows)):
        timeline = timelines.get(name, RunTimeline())
        ended: tuple[str, str] = unknown
        if name in rows:
            ended = rows[name].result, rows[name].next
        elif timeline.outcome:
            ended = timeline.outcome.result, timeline.outcome.next
        found.append(Product(name, f"product-{begun.index(name) + 1}" if name in begun else "", *ended, timeline))
    return sorted(found, key=lambda product: state(product.result)[0] != "bad")


def of_products(products: Iterable[Product]) -> list[Bar]:
    """Return a row for each product that has begun a step."""
    return [
        Bar(state(product.result)[0], product.name, steps[0].begun, steps[0].begun, max(map(_end, steps)))
        for product in products
        if (steps := product.timeline.steps)
    ]


def _end(part: StepTimeline) -> float:
    return part.ended if part.ended is not None else max([part.begun, *(entry.at for entry in part.entries)])


def ticks(length: float) -> list[tuple[float, str]]:
    """Return the round times of a scale: each as a share of ``length`` in percent, and its label."""
    step = next((step for step in _TICKS_S if length / step <= _MAX_TICKS), length / _MAX_TICKS)
    marks = [number * step for number in range(int(length / step) + 1)]
    return [(100 * mark / length, human_duration(mark)) for mark in marks]


def is_followable(url: str) -> bool:
    """Return True if a link may lead to ``url``: a server may have sent anything."""
    shown = redact(url)
    try:
        http_url(shown)
    except ValueError:
        return False
    return HIDDEN not in shown


def linked(text: str) -> Markup:
    """Return advice with the web addresses in it as links."""
    link = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>')
    parts = [escape_controls(part) for part in step_view.with_addresses(text)]
    shown = (link.format(p) if at % 2 and is_followable(p) else escape(p) for at, p in enumerate(parts))
    return Markup("").join(shown)


def notes(run: RunTimeline, level: int) -> Markup:
    """Return the release notes, with headings from ``level`` on."""
    return Markup(release_notes.as_html(run.about.notes, level))  # noqa: S704 - sanitized
