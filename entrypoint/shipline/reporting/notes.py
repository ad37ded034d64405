"""Release notes in the log, the report and the job summary: as HTML, in Markdown, or as text for a terminal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from shipline import sanitizer
from shipline.display import escape_controls
from shipline.release_notes import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shipline.pipeline.model import Pipeline


def rendered(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield the rendered notes of each target by its name."""
    every = [*((v3.name, v3.notes) for v3 in pipeline.v3), *((c.name, c.body) for c in pipeline.centercode)]
    yield from ((name, text) for name, text in every if text)


def is_html(target: str) -> bool:
    """Return True if a target shows its notes as HTML, not as Markdown."""
    return target.startswith("centercode")


def as_html(notes: Iterable[tuple[str, str]], level: int = 4) -> str:
    """Return the notes that testers see, else those of customers, as harmless HTML; empty if there are none.

    ``notes`` are the rendered notes by target. Headings begin at ``level`` and leave no level out.
    """
    every = [(is_html(name), text) for name, text in notes]
    html = next((text for is_html, text in every if is_html), "")
    html = html or next((render.to_html(text) for is_html, text in every if not is_html), "")
    clean = sanitizer.sanitize(escape_controls(html), embedded=True)[0]
    clean = re.sub(r'<input type="checkbox"( checked="")?[^>]*>', lambda box: "☑ " if box[1] else "☐ ", clean)
    ranks = {found: level + rank for rank, found in enumerate(sorted(set(re.findall(r"<h([1-6])", clean))))}
    last, opened = level - 1, level

    def moved(tag: re.Match[str]) -> str:
        nonlocal last, opened
        if not tag[1]:
            last = opened = min(ranks[tag[2]], last + 1, 6)
        return f"<{tag[1]}h{opened}"

    return re.sub(r"<(/?)h([1-6])", moved, clean)


def markdown_block(html: str) -> str:
    """Return HTML as one block of Markdown: without an empty line, and no line of it looks like a heading."""
    one_block = re.sub(r"\n(?=[ \t]*[\n#])", "\n&#8203;", html.strip())
    return f"<div>\n{one_block}\n</div>"


def as_text(html: str) -> str:
    """Return sanitized HTML as text for a terminal: lists, quotes, tables and addresses stay readable."""
    without_returns = re.sub(r' <a href="#fnref[^>]*>.*?</a>', "", html)
    return _Text(re.sub(r'<sup><a href="#fn-[^>]*>([0-9]+)</a></sup>', r"[\1]", without_returns)).text


class _Text(HTMLParser):
    """Writes the text of HTML; each block begins a line, behind the marks of the lists and quotes around it."""

    _APART = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "blockquote", "details", "hr"))
    _BLOCKS = _APART | {"div", "ul", "ol", "li", "dl", "dt", "dd", "tr", "summary"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._line = ""  # what is written of the current line, without its marks
        self._marks: list[str] = []  # of the open lists' items and quotes
        self._first = ""  # the mark of an item's first line
        self._lists: list[int | None] = []  # the next number of each open list; None: it has bullets
        self._links: list[str] = []
        self._verbatim = 0
        self.feed(html)
        self.close()
        self._end()

    @property
    def text(self) -> str:
        """The text, without empty lines at its ends."""
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")

    def _end(self, *, apart: bool = False) -> None:
        """End the current line; ``apart``: an empty line follows."""
        marks = "".join(self._marks)
        if self._line.strip() or self._first:
            head = marks[: len(marks) - len(self._first)] + self._first
            self._lines.append((head + self._line).rstrip())
            self._line = self._first = ""
        empty = "".join(self._marks).rstrip()
        if apart and not self._lists and self._lines and self._lines[-1] not in ("", empty):
            self._lines.append(empty)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in self._BLOCKS and (self._line.strip() or tag not in ("p", "ul", "ol")):
            self._end(apart=tag in self._APART)
        match tag:
            case "ul" | "ol":
                self._end()
                self._lists.append(None if tag == "ul" else int(re.sub(r"\D", "", values.get("start", "")) or 1))
            case "li":
                number = self._lists[-1] if self._lists else None
                self._first = "- " if number is None else f"{number}. "
                if number is not None:
                    self._lists[-1] = number + 1
                self._marks.append(" " * len(self._first))
            case "blockquote":
                self._marks.append("> ")
            case "pre":
                self._verbatim += 1
                self._marks.append("    ")
            case "hr":
                self._line = "----"
                self._end(apart=True)
            case _:
                self._begin_inline(tag, values)

    def _begin_inline(self, tag: str, values: dict[str, str]) -> None:
        match tag:
            case "br":
                self._end()
            case "a":
                self._links.append(values.get("href", ""))
            case "img":
                self._line += values.get("alt", "") or values.get("src", "")
            case "input":
                self._line += "[x] " if "checked" in values else "[ ] "
            case "td" | "th":
                self._line = f"{self._line.rstrip()} | " if self._line else ""
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag in self._BLOCKS:
            self._end(apart=tag in self._APART)
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self._end(apart=True)
        elif tag in ("li", "blockquote", "pre") and self._marks:
            if self._lines and self._lines[-1] == "".join(self._marks).rstrip():
                self._lines.pop()
            self._marks.pop()
            self._end(apart=tag != "li")
            self._verbatim -= tag == "pre"
        elif tag == "a" and self._links:
            address = self._links.pop()
            if address and address[0] != "#" and address.removeprefix("mailto:") not in self._line:
                self._line += f" ({address})"

    def handle_data(self, data: str) -> None:
        if self._verbatim:
            first, *more = data.split("\n")
            self._line += first
            for line in more:
                self._lines.append("".join((*self._marks, self._line)).rstrip())
                self._line = line
            return
        text = re.sub(r"\s+", " ", data)
        self._line += text.lstrip() if not self._line or self._line.endswith(" ") else text
