"""What HTML is made of, to tell whether anything was taken out of it."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser


class Pieces(HTMLParser):
    """What HTML is made of, counted: elements, attributes, comments, words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[tuple[str, ...]] = Counter()

    @classmethod
    def of(cls, html: str) -> Counter[tuple[str, ...]]:
        parser = cls()
        parser.feed(html)
        parser.close()
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update([(tag,), *((tag, name, value or "") for name, value in attrs)])

    def handle_data(self, data: str) -> None:
        self.found.update(("text", word) for word in data.split())

    def handle_comment(self, data: str) -> None:
        self.found[("comment", data)] += 1
