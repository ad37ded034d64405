"""Release notes: Markdown in; HTML for Centercode or bounded Markdown for v3 out."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, Literal

from shipline import markdown as md
from shipline.changelog import NoSectionError, section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

__all__ = ["V3_LIMIT", "NoSectionError", "bounded", "sanitised", "section", "to_html"]

V3_LIMIT = 4096
"""Characters that v3 takes for notes (v3 "Create a release", ``notes``)."""

_SCHEMES = frozenset({"http", "https", "mailto"})

_ATTRIBUTES = {
    "*": {"title", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "code": {"class"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}
_TAGS = (
    "a abbr b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span"
    " strong sub sup table tbody td tfoot th thead tr u ul var"
)


def to_html(markdown: str) -> str:
    """CommonMark with tables and strikethrough as HTML.

    Raw HTML is shown as text, HTML comments are left out. Links keep their text but lead only to http, https and
    mailto; of an image from elsewhere its description stays.
    """
    parser = md.parser(html=False, every_link=True)  # _safe_links decides, and keeps the text
    env: dict[str, Any] = {}
    tokens = parser.parse("\n".join(_without_comments(md.lines(markdown))), env)
    for token in tokens:
        if token.children:
            token.children = list(_safe_links(token.children))
    return str(parser.renderer.render(tokens, parser.options, env))


def sanitised(html: str) -> tuple[str, bool]:
    """HTML with only harmless elements and attributes, and whether anything was taken out."""
    import nh3

    from shipline.html_content import Pieces

    clean = nh3.clean(html, tags=set(_TAGS.split()), attributes=_ATTRIBUTES, url_schemes=set(_SCHEMES))
    return clean, bool(Pieces.of(html) - Pieces.of(clean))


def bounded(markdown: str, too_long: Literal["fail", "truncate"], link: str) -> str:
    """Markdown of at most 4096 characters.

    Longer text is a ValueError, or is cut after a line and ends with a link to the full notes. Of links whose
    definition was cut off the text stays.
    """
    text = "\n".join(md.lines(markdown)).strip("\n")
    if len(text) <= V3_LIMIT:
        return text
    if too_long == "fail":
        raise ValueError(
            f"the notes have {len(text)} characters and v3 takes {V3_LIMIT}: shorten them, or set too-long: truncate"
        )
    tail = f"… [Full notes](<{link}>)" if re.search(r"[()<>\s]", link) else f"… [Full notes]({link})"
    if not link or len(tail) > V3_LIMIT:
        tail = "… (shortened)"
    return _truncated(text.split("\n"), tail)


def _without_comments(lines: list[str]) -> list[str]:
    for token in md.parser(html=True).parse("\n".join(lines)):
        if token.map and md.is_comment(token):
            first, after = token.map
            lines[first:after] = [""] * (after - first)
    return lines


def _safe_links(children: Iterable[Token]) -> Iterator[Token]:
    from markdown_it.token import Token

    kept: list[bool] = []
    for child in children:
        if child.type == "link_open":
            kept.append(_scheme(child.attrGet("href")) in _SCHEMES)
        if child.type == "image" and _scheme(child.attrGet("src")) not in {"http", "https"}:
            yield Token("text", "", 0, content=child.content)
        elif child.type not in {"link_open", "link_close"} or (kept[-1] if child.type == "link_open" else kept.pop()):
            yield child


def _scheme(url: object) -> str:
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", str(url))
    return match[1].lower() if match else ""


def _truncated(lines: list[str], tail: str) -> str:
    room = V3_LIMIT - len(tail) - len("\n\n")
    ends = itertools.accumulate(len(line) + 1 for line in lines)
    count = sum(end - 1 <= room for end in ends)
    while count:
        kept = _closed(lines[:count], tail)
        if len(kept) <= room:
            return f"{kept}\n\n{tail}".lstrip("\n")
        count -= 1
    return tail


def _closed(lines: list[str], tail: str) -> str:
    """The lines, with what would swallow the tail ended: a code fence is closed, an open comment or script left out."""
    text = "\n".join(lines).rstrip()
    last = md.parser(html=True).parse(f"{text}\n\n{tail}")[-1]
    if last.type == "fence":
        return f"{text}\n{last.markup}"
    if last.type == "html_block" and last.map:
        return "\n".join(lines[: last.map[0]]).rstrip()
    return text
