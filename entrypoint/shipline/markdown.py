"""Markdown as the services read it: CommonMark with tables and strikethrough."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


def lines(markdown: str) -> list[str]:
    """The lines that token maps count: ended by LF, CR LF or CR, and without a byte order mark."""
    return markdown.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def parser(*, html: bool) -> MarkdownIt:
    """With ``html`` raw HTML is told apart from text; without it, it is text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": html}).enable(["table", "strikethrough"])


def is_comment(token: Token) -> bool:
    return (
        token.type == "html_block"
        and token.content.strip().startswith("<!--")
        and token.content.strip().endswith("-->")
    )
