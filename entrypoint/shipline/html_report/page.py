"""The page of a run report: plain HTML with its style in it, no script, and nothing that a browser would fetch."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline import __version__
from shipline.html_report import pieces as h
from shipline.html_report.story import Story, body
from shipline.transport.redaction import redact
from shipline.values import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.html_report.story import Entry, Part

_MARK = '<meta name="generator" content="Shipline '
_DOCS = f"https://github.com/shipline/shipline/blob/v{__version__}"
_UNENDED = "not ended"
_AFTER_A_KILL = "if this run was killed, run again: the receipt knows what was done, and that is not repeated"


def is_one(path: Path) -> bool:
    """Whether a file is a report. Raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return _MARK in file.read(1000)


def page(command: str, stories: Mapping[str, Story], started: float, took: float) -> str:
    """The whole document. ``started`` is a POSIX time, ``took`` are the seconds since then."""
    writer = _Writer(datetime.fromtimestamp(started, UTC), took)
    whole = stories.get("", Story())
    products = {name: story for name, story in stories.items() if name}
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'{_MARK}{__version__}">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">',
        # Else a browser asks the server for an icon.
        '<link rel="icon" href="data:,">',
        f"<title>{h.text(_title(whole, products))}: {h.text(_result(whole))}</title>",
        f"<style>{style}</style>\n</head>\n<body>\n<header>",
        f"<h1>{h.text(_title(whole, products))}: {h.state(_result(whole))}</h1>",
        *writer.head(command, whole),
        "</header>\n<main>",
        *(writer.products(whole, products) if products else ()),
        *writer.story(whole, 2),
        "</main>",
        f"<footer>Written by Shipline {__version__}. Times are UTC; keys are never part of this page.</footer>",
        "</body>\n</html>\n",
    ]
    return redact("\n".join(parts))


class _Writer:
    """Writes parts of a page that tell the time."""

    def __init__(self, started: datetime, took: float) -> None:
        self._started = started
        self._took = took

    def head(self, command: str, story: Story) -> Iterator[str]:
        """How it ended, before everything else."""
        exit_code = f", exit {story.result['exit_code']}" if story.result else ""
        begun = f'<time datetime="{self._started:%Y-%m-%dT%H:%M:%SZ}">{self._started:%Y-%m-%d %H:%M:%S} UTC</time>'
        took = f", took {h.short(self._took)}" if story.result else ""
        yield f'<p class="quiet">shipline {h.text(command)}{exit_code}; began {begun}{took}</p>'
        yield from _ends(story)

    def products(self, whole: Story, products: Mapping[str, Story]) -> Iterator[str]:
        """Of a fleet: a table of all, which leads to those that were begun; then each of these."""
        begun = {name: story for name, story in products.items() if story.result or not whole.result}
        anchors = {name: f"product-{number}" for number, name in enumerate(begun, start=1)}
        ends: dict[str, Mapping[str, Any]] = {name: story.result for name, story in products.items()}
        ends |= {row["product"]: row for row in whole.result.get("products", ())}
        rows = [
            [
                f'<a href="#{anchors[name]}">{h.text(name)}</a>' if name in anchors else h.text(name),
                h.state(end.get("result", "not started" if whole.result else _UNENDED)),
                h.text("" if end.get("exit_code") is None else end["exit_code"]),
                h.text(end.get("next", "" if whole.result else _AFTER_A_KILL)),
            ]
            for name, end in ends.items()
        ]
        yield "<h2>Products</h2>"
        yield from h.table("Products", ("Product", "Result", "Exit", "Next"), rows)
        for name, story in begun.items():
            yield f'<section aria-labelledby="{anchors[name]}">'
            title = story.about.get("name", "")
            heading = h.text(f"{name}: {title}" if title else name)
            yield f'<h2 id="{anchors[name]}">{heading}: {h.state(_result(story))}</h2>'
            yield from _ends(story)
            yield from self.story(story, 3)
            yield "</section>"

    def story(self, story: Story, level: int) -> Iterator[str]:
        """Everything that is known, the most pressing first; ``level`` is that of its headings."""
        yield from _error(story, level)
        yield from _warnings(story, level)
        yield from self._steps(story, level)
        yield from _plan(story, level)
        yield from _links(story, level)
        yield from _artifacts(story, level)
        yield from self._timeline(story, level)
        yield from _settings(story, level)

    def _steps(self, story: Story, level: int) -> Iterator[str]:
        rows = []
        for part in story.parts:
            if part.name:
                ended = self._took if part.ended is None else part.ended
                state = h.state(part.state or ("not done" if story.result else _UNENDED))
                when = self._time(part.begun), h.short(ended - part.begun), self._bar(part.begun, ended)
                rows.append([h.text(part.name), state, *when])
        if rows:
            yield h.heading(level, "Steps")
            yield from h.table("Steps", ("Step", "State", "Began", "Took", "When"), rows)

    def _bar(self, begun: float, ended: float) -> str:
        """Where a time lies within the whole, for the eye only: the numbers stand beside it."""
        whole = max(self._took, 0.001)
        start, width = 1000 * begun / whole, max(1000 * (ended - begun) / whole, 4)
        rect = f'<rect x="{min(start, 996):.0f}" y="0" width="{width:.0f}" height="10"/>'
        return f'<svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{rect}</svg>'

    def _timeline(self, story: Story, level: int) -> Iterator[str]:
        if not story.parts:
            return
        yield h.heading(level, "What happened when")
        for part in story.parts:
            yield h.heading(level + 1, part.name or "Before the first step")
            yield from self._part(part)
        if story.left_out:
            yield f'<p class="quiet">{story.left_out} further look-ups and messages are left out.</p>'

    def _part(self, part: Part) -> Iterator[str]:
        yield '<ol class="happened">'
        for entry in part.entries:
            text = f"<code>{h.text(entry.text)}</code>" if entry.kind == "request" else h.text(entry.text)
            word = "" if entry.kind in ("request", "progress") else f"{h.state(entry.kind)}: "
            when = f'{self._time(entry.at)} <span class="after">+{h.short(entry.at)}</span>'
            yield f"<li>{when} <span>{word}{text}</span>"
            yield from self._more(entry)
            yield "</li>"
        yield "</ol>"

    def _more(self, entry: Entry) -> Iterator[str]:
        if entry.count > 1:
            last = f"{self._time(entry.last)} +{h.short(entry.last)}"
            yield f'<span class="more quiet">{entry.count} times, last {last}</span>'
        if entry.body is not None:
            yield h.details("What was sent", f"<pre>{h.text(entry.body)}</pre>")
        if entry.answer is not None:
            yield h.details("What was answered", f"<pre>{h.text(entry.answer)}</pre>")

    def _time(self, after: float) -> str:
        moment = self._started + timedelta(seconds=after)
        whole = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return f'<time datetime="{whole}">{moment:%H:%M:%S}</time>'


def _title(whole: Story, products: Mapping[str, Story]) -> str:
    return f"{len(products)} products" if products else whole.about.get("name") or "Shipline"


def _result(story: Story) -> str:
    return str(story.result.get("result", _UNENDED))


def _ends(story: Story) -> Iterator[str]:
    result = story.result
    ends = (
        ("DONE", result.get("done", ())),
        ("NOT DONE", result.get("not_done", () if result else ("not known",))),
        ("NEXT", (result.get("next", _AFTER_A_KILL),)),
    )
    yield "<dl>"
    for name, items in ends:
        texts = [h.text(item) for item in items] or ["nothing"]
        listed = texts[0] if len(texts) == 1 else f"<ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul>"
        yield f"<dt>{name}</dt><dd>{listed}</dd>"
    yield "</dl>"


def _error(story: Story, level: int) -> Iterator[str]:
    error = story.error
    if error or story.problems:
        yield h.heading(level, "What went wrong")
    if error:
        step = f"{error['step']}: " if error["step"] else ""
        yield f'<div class="box"><p><strong>{h.text(step + error["what"])}</strong></p>'
        for name, text in (("Why", error["why"]), ("What to do", error["todo"])):
            if text:
                yield f"<p>{name}: {h.text(text)}</p>"
        see = h.text(error["see"])
        yield f'<p>More: <a href="{_DOCS}/{see}" rel="noopener noreferrer">{see}</a></p>'
        yield "</div>"
    if story.problems:
        rows = [[h.text(problem[name]) for name in ("place", "path", "what")] for problem in story.problems]
        yield from h.table("Problems", ("Where", "Setting", "What"), rows)
    if story.trace:
        yield h.details("The program's own trace", f"<pre>{h.text(story.trace)}</pre>")


def _warnings(story: Story, level: int) -> Iterator[str]:
    if story.warnings:
        yield h.heading(level, "Warnings")
        yield f'<ul class="box warned">{"".join(f"<li>{h.text(text)}</li>" for text in story.warnings)}</ul>'


def _plan(story: Story, level: int) -> Iterator[str]:
    """Each request that a run would send."""
    if not story.plan:
        return
    yield h.heading(level, "What a run sends")
    for step in story.plan["steps"]:
        yield h.heading(level + 1, step["name"])
        for label in ("skip", "reuse", "unknown", "note"):
            if step[label]:
                yield f"<p>{label}: {h.text(step[label])}</p>"
        for request in step["requests"]:
            yield f"<p><code>{h.text(request['method'])} {h.text(request['url'])}</code></p>"
            yield f"<pre>{h.text(body(request['body']))}</pre>"
        for request in step["otherwise"]:
            yield f"<p>if that fails: <code>{h.text(request['method'])} {h.text(request['url'])}</code></p>"
        if step["wait"]:
            yield f"<p>waits {h.text(step['wait'])}</p>"
    for name, text in story.plan["notes"].items():
        yield h.details(f"Release notes for {name}, from {story.about.get('notes', '')}", f"<pre>{h.text(text)}</pre>")


def _links(story: Story, level: int) -> Iterator[str]:
    build = story.result.get("outputs", {}).get("buildmaster-url", "")
    links = [("The build in BuildMaster", build), *story.made.get("pages", ())]
    links += [("This run", story.about.get("run", "")), *story.about.get("services", ())]
    rows = [f"<li>{h.text(name)}: {h.link(url)}</li>" for name, url in links if url]
    if rows:
        yield h.heading(level, "Links")
        yield f"<ul>{''.join(rows)}</ul>"


def _artifacts(story: Story, level: int) -> Iterator[str]:
    rows = [
        [h.text(file), human_size(size) if size is not None else "", f"<code>{h.text(sha256)}</code>", h.link(url)]
        for file, size, sha256, url in story.made.get("artifacts", ())
    ]
    if rows:
        yield h.heading(level, "Artifacts")
        yield from h.table("Artifacts", ("File", "Size", "SHA-256", "Link"), rows)


def _settings(story: Story, level: int) -> Iterator[str]:
    outputs = [[f"<code>{h.text(n)}</code>", h.text(v)] for n, v in story.result.get("outputs", {}).items() if v]
    given = story.about.get("origins", ())
    origins = [[f"<code>{h.text(name)}</code>", h.text(value), h.text(place)] for name, value, place in given]
    if not outputs and not origins:
        return
    yield h.heading(level, "In and out")
    if outputs:
        yield h.details("Outputs", "\n".join(h.table("Outputs", ("Output", "Value"), outputs)))
    if origins:
        table = "\n".join(h.table("Settings", ("Setting", "Value", "Where it comes from"), origins))
        yield h.details(f"Settings, and where each comes from ({len(origins)})", table)
