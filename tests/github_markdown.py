"""What a reader sees of notes in HTML, ours and those of GitHub's own renderer."""

from __future__ import annotations

from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

from shipline import sanitizer

_BLOCKS = frozenset({"blockquote", "div", "h1", "h2", "h3", "h4", "ol", "p", "pre", "table", "ul"})


class Seen(HTMLParser):
    """What a reader sees of HTML: words, links, images, check boxes, and the cells of each table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[tuple[str, str]] = []
        self.tables: list[list[list[str]]] = []
        self.others: list[tuple[str, str]] = []
        self._link: tuple[str, int] | None = None
        self._cell: int | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self.text += "\n"
        if tag == "a":
            self._link = values.get("href", ""), len(self.text)
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = len(self.text)
        elif tag in (
            "img",
            "input",
            "li",
            "h1",
            "h2",
            "h3",
            "blockquote",
            "pre",
            "code",
            "strong",
            "em",
            "del",
            "details",
        ):
            self.others.append((tag, values.get("src", "") + ("checked" if "checked" in values else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link:
            address, start = self._link
            self.links.append((address, self.text[start:]))
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(self.text[self._cell :])

    def handle_data(self, data: str) -> None:
        self.text += data


def on_github(markdown: str) -> Seen:
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    html = cmarkgfm.cmark.markdown_to_html_with_extensions(
        markdown, options, ["table", "strikethrough", "autolink", "tasklist"]
    )
    return Seen(sanitizer.sanitize(html, relative=False)[0])
