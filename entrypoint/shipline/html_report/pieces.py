"""Pieces of HTML: everything foreign in them is escaped, and secrets are hidden."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from shipline.report import visible
from shipline.transport.redaction import HIDDEN, redact
from shipline.values import http_url, human_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def heading(level: int, title: str) -> str:
    return f"<h{level}>{text(title)}</h{level}>"


def details(title: str, content: str) -> str:
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def table(name: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The cells are HTML already. Where it is wider than the window, it alone is scrolled, by keys too."""
    yield f'<div class="wide" role="group" aria-label="{text(name)}" tabindex="0"><table><thead><tr>'
    yield "".join(f'<th scope="col">{title}</th>' for title in head)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = (f'<td class="bar">{c}</td>' if c.startswith("<svg") else f"<td>{c}</td>" for c in row)
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def state(word: str) -> str:
    """A result or a step's state, in its colour."""
    return f'<span class="{"open" if " " in word else text(word)}">{text(word)}</span>'


def link(url: str) -> str:
    """An address to follow: a server may have said anything."""
    shown = redact(url)
    try:
        http_url(shown)
    except ValueError:
        return text(url)
    return text(url) if HIDDEN in shown else f'<a href="{text(url)}" rel="noopener noreferrer">{text(url)}</a>'


def text(value: Any) -> str:
    """Foreign text as HTML shows it, in elements and in attributes alike."""
    return escape(visible(str(value)))


def short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else human_duration(seconds)  # noqa: PLR2004
