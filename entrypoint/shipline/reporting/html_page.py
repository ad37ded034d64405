"""The page of a run report: HTML with its style and a small script in it, and nothing that a browser would fetch."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from shipline import __version__
from shipline.display import counted
from shipline.errors import DOCUMENTATION
from shipline.redaction import redact
from shipline.reporting import html_body, html_view, step_view, templates
from shipline.reporting.html_timeline import RunTimeline
from shipline.values import human_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_MARK = '<meta name="generator" content="Shipline '
_STYLES = ("design.css", "report.css")
_POLICY = Markup(
    "default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; form-action 'none'"
)


def is_report(path: Path) -> bool:
    """Return True if a file is a report. Raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return _MARK in file.read(1000)


def page(command: str, timelines: Mapping[str, RunTimeline], start: float, took: float) -> str:
    """Return the complete document.

    ``timelines`` are those of a fleet's products by name, and of the command itself by ``""``. ``start`` is a POSIX
    time; ``took`` are the seconds since then.
    """
    started = datetime.fromtimestamp(start, UTC)
    whole = timelines.get("", RunTimeline())
    products = html_view.products(whole, {name: timeline for name, timeline in timelines.items() if name})
    title = counted(len(products), "product") if products else whole.about.name or f"shipline {command}"
    style, script = _file(*_STYLES), _file("report.js")
    text = templates.html(
        "report.html.jinja",
        capital=step_view.capital,
        clock_time=lambda after: f"{started + timedelta(seconds=after):%H:%M:%S.%f}"[:-5],
        command=command,
        counted=counted,
        documentation=DOCUMENTATION,
        duration=human_duration,
        iso_time=lambda after: _iso_time(started + timedelta(seconds=after)),
        products=products,
        progress=step_view.progress,
        show_body=html_body.show,
        started=started,
        policy=_POLICY.format(style=_digest(style), script=_digest(script)),
        script=script,
        style=style,
        timeline=whole,
        title=f"Rehearsal of {title}" if command == "rehearse" and whole.about.name else title,
        took=took,
        version=__version__,
        view=html_view,
    )
    return redact(text)


def _file(*names: str) -> Markup:
    """Return files of the program as a part of the page."""
    return Markup("").join(Markup((templates.FOLDER / name).read_text(encoding="utf-8")) for name in names)  # noqa: S704


def _digest(text: str) -> Markup:
    """Return the source that permits this text, and no other (Content Security Policy Level 3, hash-source)."""
    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")  # noqa: S704


def _iso_time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
