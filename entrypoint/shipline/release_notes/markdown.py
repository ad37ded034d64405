"""Markdown parsers for release notes: CommonMark for their structure, and GitHub's Markdown for what readers see."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shipline import sanitizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict


_MAX_SHORT = 65_536  # characters of a text
# Characters of a paragraph that are parsed at once, in a short text and a long one: time grows with their square.
_MAX_INLINE, _MAX_INLINE_OF_LONG = 16_384, 4_096
_MAX_ENTITY = 34  # characters
# What the plugins render, in HTML that means the same without a style sheet, and with GitHub's footnote links.
_TEMPLATES = {
    "alert_open": "<blockquote>\n",
    "alert_title_open": "<p><strong>",
    "alert_title_close": "</strong></p>\n",
    "alert_close": "</blockquote>\n",
    "footnote_ref": '<sup><a href="#fn-{label}" id="fnref-{label}{again}">{number}</a></sup>',
    "footnote_block_open": "<hr>\n<ol>\n",
    "footnote_open": '<li id="fn-{label}">\n',
    "footnote_anchor": ' <a href="#fnref-{label}{again}">↩{again_number}</a>',
    "footnote_close": "</li>\n",
    "footnote_block_close": "</ol>\n",
}


def lines(markdown: str) -> list[str]:
    """Split Markdown into the lines that tokens count: ended by LF, CR LF or CR, without a byte order mark."""
    return markdown.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


@cache
def parser(*, html: bool) -> MarkdownIt:
    """Return a parser of CommonMark, tables and strikethrough, which callers share and must not change.

    ``html``: raw HTML gets tokens of its own; otherwise it is text.
    """
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": html}).enable(["table", "strikethrough"])


@cache
def github() -> MarkdownIt:
    """Return a parser that reads and renders Markdown as GitHub does, which callers share and must not change.

    Every link and all raw HTML passes: the caller must sanitize what it renders.
    """
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from mdit_py_plugins.footnote import footnote_plugin

    class Renderer(RendererHTML):
        """Removes from each block what could reach into the next one."""

        def renderInline(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> str:  # noqa: N802
            return _inert(super().renderInline(tokens, options, env), env)

        def html_block(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType) -> str:
            return _inert(tokens[idx].content, env)

    markdown_it = MarkdownIt("gfm-like2", renderer_cls=Renderer).use(footnote_plugin, inline=False)
    markdown_it.validateLink = lambda _url: True  # type: ignore[method-assign, assignment]
    markdown_it.normalizeLinkText = lambda url: url  # type: ignore[method-assign, assignment]  # %20 stays, as on GitHub
    markdown_it.core.ruler.at("inline", _parse_inline)
    for name, html in _TEMPLATES.items():
        markdown_it.add_render_rule(name, _rule(html))
    linkify = markdown_it.linkify
    if linkify is not None:  # it is installed
        linkify.set({"fuzzy_link": False})  # it would link README.md and 1.4.0.dev
        for schema in ("http:", "ftp:", "www."):
            linkify.add(schema, {"validate": _address_length, "normalize": _with_scheme})
        linkify.add("//", None)
    return markdown_it


def without_comments(markdown: str, replacement: str = "") -> str:
    """Return Markdown with each HTML comment replaced, but not what looks like one in code.

    Each comment is marked with its offset before the text is parsed, as tokens have no offsets.
    """
    if "<!--" not in markdown:
        return markdown
    marked = re.sub("<!--", lambda match: f"<!--\ue000{match.start()}\ue001", markdown)
    line_starts = [0, *(match.end() for match in re.finditer("\n", markdown)), len(markdown)]
    kept, position = [], 0
    for start, last_line in sorted(_comments(github().parse(marked))):
        if start >= position:
            end = re.compile(r"-?>|.*?-->|.*", re.DOTALL).match(markdown, start + len("<!--"), line_starts[last_line])
            kept += [markdown[position:start], replacement]
            position = end.end() if end else start
    return "".join((*kept, markdown[position:]))


def _comments(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield the offset of each comment, and the line after the block that it is in (-1: the last one)."""
    for block in tokens:
        for token in (block, *(block.children or ())):
            if token.type == "html_block" or (token.type == "html_inline" and token.content.startswith("<!--")):
                for offset in re.findall("<!--\ue000([0-9]+)\ue001", token.content):
                    yield int(offset), block.map[1] if block.map else -1


def _inert(html: str, env: EnvType) -> str:
    """Return HTML as ``sanitizer.inert`` does; the removed tags are added to the list ``removed`` of ``env``."""
    clean, removed = sanitizer.inert(html)
    env.setdefault("removed", []).extend(removed)
    return clean


def _parse_inline(state: StateCore) -> None:
    """Parse the content of paragraphs, cells and headings, in parts if one is very long."""
    size = _MAX_INLINE if len(state.src) <= _MAX_SHORT else _MAX_INLINE_OF_LONG
    for token in state.tokens:
        if token.type == "inline":
            children: list[Token] = []
            for part in _parts(token.content, size):
                parsed: list[Token] = []  # of its own: the parser joins the texts in it
                state.md.inline.parse(part, state.md, state.env, parsed)
                children += parsed
            for child in children:
                child.tag = "del" if child.tag == "s" else child.tag
            token.children = children


def _parts(text: str, size: int) -> Iterator[str]:
    """Yield parts of at most ``size`` characters, which end after a space if they have one."""
    while len(text) > size:
        end = text.rfind(" ", 0, size) + 1 or size
        yield text[:end]
        text = text[end:]
    yield text


def _address_length(_self: object, text: str, position: int) -> int:
    """Return how much of ``text`` belongs to an address whose scheme ends at ``position`` (GFM, "Autolinks")."""
    www = text[position - 1] == "."
    match = re.compile(rf"{'' if www else '//'}([\w.-]{{1,255}})[^\s<]*").match(text, position)
    host = match[1] if match else ""
    if not match or not host[0].isalnum() or "_" in "".join(host.split(".")[-2:]) or (www and "." not in host[:-1]):
        return 0
    previous, trimmed = "", match[0]
    if "[" not in trimmed:
        trimmed = trimmed.partition("]")[0]  # GitHub makes no link in brackets; with the bracket it would be dead
    while previous != trimmed:
        previous, trimmed = trimmed, trimmed.rstrip("?!.,:*_~'\"")
        if trimmed.endswith(";"):
            entity = re.search(r"&[A-Za-z0-9]+;$", trimmed[-_MAX_ENTITY:])
            trimmed = trimmed[: -len(entity[0]) if entity else -1]
        elif trimmed.endswith(")") and trimmed.count(")") > trimmed.count("("):
            trimmed = trimmed[:-1]
    return len(trimmed) if len(trimmed) > len("//") else 0


def _with_scheme(_self: object, match: Any) -> None:
    """Complete the address of a link that begins with www; called by linkify."""
    if match.schema == "www.":
        match.url = f"http://{match.url}"


def _rule(html: str) -> Any:
    """Return a rule of the renderer that fills in a footnote's number and label."""

    def render(_renderer: object, tokens: list[Token], index: int, *_: object) -> str:
        meta = tokens[index].meta
        again = meta.get("subId", 0) + 1
        return html.format(
            label=quote(str(meta.get("label", "")), safe=""),
            number=meta.get("id", 0) + 1,
            again=f"-{again}" if again > 1 else "",
            again_number=f"<sup>{again}</sup>" if again > 1 else "",
        )

    return render
