"""The page that a CI system shows beside a run: Markdown, from a template that escapes every value."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from shipline.display import counted, escape_controls, escape_markdown, one_line, shorten
from shipline.reporting import notes, plan_text, step_view
from shipline.run.outcome import Outcome
from shipline.values import http_url, human_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from shipline.errors import ShiplineError
    from shipline.run.plan import Plan
    from shipline.run.step import Job


_TEMPLATE = "summary.md.jinja"
ICONS = {
    **dict.fromkeys(("succeeded", "done"), "✅"),
    "warned": "⚠️",
    "planned": "📝",
    "canceled": "🛑",
    "unknown": "❓",
    **dict.fromkeys(("not run", "not started"), "⬜"),
    "skipped": "➖",  # noqa: RUF001
}
_MAX_HTML = 60_000  # characters of notes; GitHub rejects a summary of over 1 MiB


def of_run(outcome: Outcome, job: Job, what: str = "") -> str:
    """Return the result in one sentence, the cause of a failure, what to do next, every step, and the notes.

    ``what`` it is, if it isn't a release: the beginning of the title.
    """
    steps = step_view.of_run(outcome, job)
    sentence = step_view.sentence(outcome, steps)
    return _render(outcome, what + title_of(job), **_of_job(job), steps=steps, sentence=sentence)


def of_plan(outcome: Outcome, plan: Plan, job: Job) -> str:
    """Return every step, its notes and waits, and each request that a run would send."""
    described = [*plan_text.steps(plan, job)]
    steps = step_view.of_plan(described, step_view.targets(job.pipeline), plan.failed_step)
    sentence = step_view.sentence(outcome, steps)
    links = [str(link) for link in plan.links if not link.good]
    values = {"steps": steps, "sentence": sentence, "plan": described, "code_block": _code_block, "warnings": links}
    return _render(outcome, title_of(job), **_of_job(job), **values)


def of_error(error: ShiplineError) -> str:
    """Return the summary of a command that an error ended before its first step."""
    outcome = Outcome.ended_early(error, advice="nothing")
    outcome.result = "failed"
    return _render(outcome, "Shipline", sentence=step_view.sentence(outcome, ()))


def of_fleet(outcome: Outcome, failures: Sequence[tuple[str, Outcome]]) -> str:
    """Return a table of the products, and the causes of failures."""
    count = counted(len(outcome.products), "product")
    done = f"{len(outcome.finished)} of {count} done."
    return _render(outcome, count, sentence=done, failures=failures)


def _render(outcome: Outcome, title: str, **values: Any) -> str:
    from shipline.reporting import templates  # Jinja2 costs 50 ms

    about: dict[str, Any] = {
        "icons": ICONS,
        "icon": ICONS.get(outcome.result, "❌"),
        "counted": counted,
        "view": step_view,
        "duration": human_duration,
        "web": _web,
        "linked": _linked,
        "fenced": fenced,
    }
    action = step_view.action(outcome, values.get("run_url", "")) if "steps" in values else None
    return templates.markdown(_TEMPLATE, outcome=outcome, title=title, action=action, **about, **values)


def title_of(job: Job) -> str:
    """The application, else nothing, and the version."""
    pipeline = job.pipeline
    builder = pipeline.buildmaster
    name = job.values.application or (builder.application if builder else "") or ""
    return f"{name} {pipeline.version.text}".strip()


def _of_job(job: Job) -> dict[str, Any]:
    facts = job.pipeline.facts
    artifacts = [*plan_text.artifacts(job)]
    sums = "\n".join(f"{sha256}  {one_line(name)}" for name, _, sha256, *_ in artifacts if sha256)
    run = {"run_url": facts.run_url, "run_number": facts.run_number}
    shown = {"notes": _notes(job), "notes_from": job.pipeline.notes_from}
    return {**run, **shown, "artifacts": artifacts, "checksums": sums}


def _web(url: str) -> str:
    """Return a web address; nothing for anything else: a server may have sent it."""
    with contextlib.suppress(ValueError):
        return one_line(http_url(url))
    return ""


def _linked(text: str) -> Markup:
    """Return advice as Markdown, with the web addresses in it as links."""
    from markupsafe import Markup

    parts = enumerate(step_view.with_addresses(one_line(text)))
    return Markup("".join(f"<{web}>" if at % 2 and (web := _web(p)) else escape_markdown(p) for at, p in parts))  # noqa: S704


def _notes(job: Job) -> str:
    """Return the notes as HTML that Markdown keeps as one block."""
    html = notes.as_html(notes.rendered(job.pipeline))
    if len(html) > _MAX_HTML:
        return fenced(shorten(notes.as_text(html)))
    return notes.markdown_block(html) if html else ""


def _code_block(body: Any) -> str:
    """Return a body as a fenced block within a list item."""
    return fenced(json.dumps(body, indent=2, ensure_ascii=False), "json")


def fenced(text: str, language: str = "") -> str:
    """Return text as a fenced block within a list item; no backticks in it can end it."""
    text = escape_controls(text)
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return "\n".join(f"  {line}" for line in (f"{fence}{language}", *text.splitlines(), fence))
