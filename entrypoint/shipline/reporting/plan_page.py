"""A plan on one short page of Markdown, for people who review a change before its release."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from shipline import sanitizer
from shipline.display import one_line
from shipline.errors import InvalidInputError, ShiplineError
from shipline.reporting import notes, plan_text, step_view
from shipline.reporting.job_summary import ICONS, fenced, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shipline.pipeline.model import Pipeline
    from shipline.run.announced import Change
    from shipline.run.outcome import Outcome
    from shipline.run.plan import Plan
    from shipline.run.step import Job


_MOST_LINES = 56  # the comment adds a few
_MOST = {"changes": 6, "steps": 10, "warnings": 3, "problems": 8, "diff": 6}
_MOST_PROBLEMS = 30  # of a config without a plan
_LONGEST_LINE = 300  # characters
_MOST_HTML = 20_000  # characters of notes


def of_plan(outcome: Outcome, plan: Plan, job: Job, changes: Sequence[Change]) -> str:
    """Return the requests in words, what differs from what is announced now, and the rendered notes."""
    described = [*plan_text.steps(plan, job)]
    views = step_view.of_plan(described, step_view.targets(job.pipeline), plan.failed_step)
    sentence = step_view.sentence(outcome, views)
    warnings = [warning for step in described for warning in step.warnings]
    warnings += [str(link) for link in plan.links if not link.good]
    page = _render(
        ICONS.get(outcome.result, "❌"),
        f"{title_of(job)}: {outcome.result}",
        error=outcome.error,
        sentence=sentence,
        changes=changes,
        steps=[*_in_words(plan, views)],
        warnings=warnings,
        **_difference(changes),
    )
    return page + _notes(job.pipeline, _MOST_LINES - page.count("\n"))


def without_requests(pipeline: Pipeline, why: str) -> str:
    """Return the rendered notes, and why Shipline sent no request."""
    icon, title = ICONS["planned"], f"Version {pipeline.version.text}: the input is valid"
    page = _render(icon, title, sentence=f"Shipline sent no request: {why}")
    return page + _notes(pipeline, _MOST_LINES - page.count("\n"))


def of_error(error: ShiplineError) -> str:
    """Return why there is no plan."""
    return _render("❌", "No plan", error=error)


def _render(icon: str, title: str, *, error: ShiplineError | None = None, **values: Any) -> str:
    from shipline.reporting import templates  # Jinja2 costs 50 ms

    given = {"sentence": "", "changes": (), "steps": (), "warnings": (), "differing": "", "diff": "", **values}
    given["problems"] = [str(problem) for problem in error.problems] if isinstance(error, InvalidInputError) else []
    most = _MOST if given["steps"] else {**_MOST, "problems": _MOST_PROBLEMS}
    given["more"] = {name: max(len(given[name]) - count, 0) for name, count in most.items() if name != "diff"}
    given |= {name: given[name][: most[name]] for name in given["more"]}
    about = {"icon": icon, "title": title, "error": error, "view": step_view}
    return re.sub(r"\n{3,}", "\n\n", templates.markdown("plan.md.jinja", sparingly=True, **about, **given))


def _in_words(plan: Plan, views: Sequence[step_view.StepView]) -> Iterator[tuple[str, str, str]]:
    """Yield each step's icon, label, and what it sends: ``Create Release in BuildMaster``."""
    for planned, view in zip(plan.steps, views, strict=True):
        sent = Counter(call.operation.heading for call in planned.decision.calls)
        text = ", ".join(f"{heading} ×{count}" if count > 1 else heading for heading, count in sent.items())  # noqa: RUF001
        words = [
            text and f"{text} in {view.service}",
            f"waits: {planned.decision.wait}" if planned.decision.wait else "",
        ]
        icon = "🔹" if view.state == "planned" else ICONS.get(view.state, "❌")
        shown = "; ".join(filter(None, words)) if view.state == "planned" else view.result or view.state
        yield icon, view.label, _short(shown)


def _difference(changes: Sequence[Change]) -> dict[str, str]:
    """Return the lines by which the notes of a version differ that is drafted or published already."""
    for change in changes:
        if change.notes:
            before, after = (text.splitlines() for text in change.notes)
            lines = [*difflib.unified_diff(before, after, n=1, lineterm="")][2:]
            more = len(lines) - _MOST["diff"]
            shown = [_short(line) for line in lines[: _MOST["diff"]]] + ([f"… {more} more lines"] if more > 0 else [])
            return {"differing": change.where, "diff": fenced("\n".join(shown), "diff")}
    return {}


def _notes(pipeline: Pipeline, lines: int) -> str:
    """Return the rendered notes in at most this many lines, as HTML that Markdown keeps as one block."""
    html = notes.as_html(notes.rendered(pipeline)).strip()
    head, own = f"\n#### Release notes from {one_line(pipeline.notes_from)}\n\n", 6  # lines of the head and around
    if not html or lines <= own:
        return ""
    found = html.splitlines()
    kept, length = [], 0
    for line in found[: lines - own]:
        length += len(line)
        if length > _MOST_HTML:
            break
        kept.append(line)
    if len(kept) < len(found):
        html = sanitizer.sanitize("\n".join(kept), embedded=True)[0]  # ends what is open
        html += f"\n<p>… {len(found) - len(kept)} more lines</p>"
    return f"{head}{notes.markdown_block(html)}\n"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 1]}…"
