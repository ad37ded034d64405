"""The page that a CI system shows beside a run: Markdown, with every foreign text escaped."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from shipline import plan_view
from shipline.errors import InvalidInputError
from shipline.report import one_line, visible
from shipline.values import http_url, human_duration, human_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shipline.errors import ShiplineError
    from shipline.fleet.report import Together
    from shipline.plan import Plan
    from shipline.report import Outcome
    from shipline.steps import Job

_ICONS = {"succeeded": "✅", "planned": "📝", "warned": "⚠️", "canceled": "🛑", "unknown": "❓"}
# What GitHub's Markdown, too, could read as more than text: it links www.example.com.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~@:&-]|(?<=www)\.", re.IGNORECASE)
_STATUS = {"done": "done", "sent": "started", "failed": "failed", "refused": "refused", "unknown": "not known"}


def of_run(outcome: Outcome, job: Job) -> str:
    """What was built, deployed and published, what wasn't, and what to do."""
    parts = [
        _title(job, outcome.result),
        *_last_lines("; ".join(outcome.finished.values()), ", ".join(outcome.not_done), outcome.next),
        *(_error(outcome.error) if outcome.error else ()),
        *_steps(job),
        *_links(outcome),
        *_artifacts(job),
    ]
    return "\n".join(parts)


def of_plan(plan: Plan, job: Job) -> str:
    """Each request that a run would send."""
    parts = [_title(job, "planned"), "Nothing was sent. `shipline run` sends:\n"]
    for step in plan_view.steps(plan, job):
        parts.append(f"### {_text(step['name'])}\n")
        parts += [f"- {_text(step[label])}" for label in ("skip", "reuse", "unknown") if step[label]]
        parts += [_request(request) for request in step["requests"]]
    return "\n".join([*parts, *_artifacts(job)])


def of_error(error: ShiplineError) -> str:
    """A run that ended before it began."""
    return "\n".join(["## ❌ Shipline: failed\n", *_last_lines("nothing", "everything", error.todo), *_error(error)])


def of_fleet(end: Together) -> str:
    """Several products: a row each, and the details of those that failed."""
    rows = [
        (row.product, row.version, row.result, "" if row.exit_code is None else str(row.exit_code), row.next)
        for row in end.rows
    ]
    parts = [
        f"## {_ICONS.get(end.result, '❌')} {len(rows)} products: {_text(end.result)}\n",
        *_last_lines(end.done, end.not_done, end.next),
        *_table(("Product", "Version", "Result", "Exit", "What to do"), rows),
    ]
    for row in end.rows:
        if row.error is not None:
            parts += [f"## {_text(row.where)}\n", *_last_lines(row.done, row.not_done, row.next), *_error(row.error)]
    return "\n".join(parts)


def _title(job: Job, result: str) -> str:
    pipeline = job.pipeline
    builder = pipeline.buildmaster
    named = job.values.get("application") or (builder.application if builder else "") or ""
    return f"## {_ICONS.get(result, '❌')} {_text(f'{named} {pipeline.version.text}'.strip())}: {result}\n"


def _last_lines(done: str, not_done: str, following: str) -> Iterator[str]:
    for name, text in (("DONE", done), ("NOT DONE", not_done), ("NEXT", following)):
        yield f"- **{name}**: {_text(text or 'nothing')}"
    yield ""


def _error(error: ShiplineError) -> Iterator[str]:
    yield f"### {_text(error.title)} (exit {error.exit_code})\n"
    yield f"{_text(error.what)}\n"
    if isinstance(error, InvalidInputError):
        yield from _table(("Where", "Setting", "What"), ((p.place, p.path, p.what) for p in error.problems))
    for name, text in (("Why", error.why), ("What to do", error.todo)):
        if text:
            yield f"**{name}**: {_text(text)}\n"
    yield f"More: `{error.section}`\n"


def _steps(job: Job) -> Iterator[str]:
    rows = [
        (
            entry["name"],
            _STATUS.get(entry["status"], entry["status"]),
            human_duration(entry["seconds"]) if "seconds" in entry else "",
            ", ".join(f"{name.rpartition('-')[2]} {value}" for name, value in entry["made"].items() if _tells(name)),
        )
        for entry in job.receipt.steps
    ]
    if rows:
        yield from ("### Steps\n", *_table(("Step", "State", "Took", "Made"), rows))


def _tells(name: str) -> bool:
    return name.endswith(("-id", "-number", "-status", "-state")) and name != "application-id"


def _links(outcome: Outcome) -> Iterator[str]:
    urls = {"BuildMaster": "buildmaster-url", "Centercode": "centercode-release-url"}
    found = [
        f"- [{name}](<{_url(outcome.outputs[key])}>)" for name, key in urls.items() if _leads(outcome.outputs, key)
    ]
    if found:
        yield from ("### Links\n", *found, "")


def _leads(outputs: Mapping[str, str], key: str) -> bool:
    """Whether an address is one to click on: a server may have said anything."""
    try:
        return bool(http_url(outputs.get(key, "")))
    except ValueError:
        return False


def _artifacts(job: Job) -> Iterator[str]:
    rows = []
    for artifact in job.pipeline.artifacts:
        size = job.links.size(artifact, job.values)
        url = artifact.url.fill(job.values) if artifact.url else ""
        rows.append((artifact.filename, human_size(size) if size is not None else "", artifact.sha256 or "", url))
    if rows:
        yield from ("### Artifacts\n", *_table(("File", "Size", "SHA-256", "Link"), rows))


def _request(request: dict[str, Any]) -> str:
    line = f"- {request['method']} {_text(request['url'])}\n"
    if request["body"] is None:
        return line
    body = visible(json.dumps(request["body"], indent=2, ensure_ascii=False))
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", body)), 0)
    shown = [f"{fence}json", *body.splitlines(), fence]
    return line + "\n" + "\n".join(f"  {text}" for text in shown) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = tuple(head)
    yield f"| {' | '.join(names)} |"
    yield "|" + " --- |" * len(names)
    for row in rows:
        yield f"| {' | '.join(_text(cell) for cell in row)} |"
    yield ""


def _text(text: str) -> str:
    """One line that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text)).replace("\\<", "&lt;").replace("\\>", "&gt;")


def _url(url: str) -> str:
    return one_line(url).replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")
