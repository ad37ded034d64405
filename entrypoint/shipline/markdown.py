"""Markdown as the services read it: CommonMark with tables and strikethrough."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


def lines(markdown: str) -> list[str]:
    """The lines that token maps count: ended by LF, CR LF or CR, and without a byte order mark."""
    return markdown.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


@cache
def parser(*, html: bool, every_link: bool = False) -> MarkdownIt:
    """With ``html`` raw HTML is told apart from text; without it, it is text. Not to be changed by the caller.

    ``every_link``: those that lead to a script or a file are links too; it is for the caller to take them out.
    """
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": html}).enable(["table", "strikethrough"])
    if every_link:
        made.validateLink = lambda _url: True  # type: ignore[method-assign, assignment]
    return made


def is_comment(token: Token) -> bool:
    return (
        token.type == "html_block"
        and token.content.strip().startswith("<!--")
        and token.content.strip().endswith("-->")
    )
