"""Rendering of release notes: Markdown becomes HTML for Centercode, or Markdown of bounded length for v3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shipline import sanitizer
from shipline.release_notes import markdown as md

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markdown_it.token import Token


V3_LIMIT = 4096
"""The longest notes that v3 accepts, in UTF-16 units (v3 "Create a release", ``notes``)."""

MAX_LENGTH = 1024 * 1024
"""The most characters that are rendered: more aren't the notes of one release, and would take minutes."""

_WINDOW = 4 * V3_LIMIT  # characters: what is open at a cut shows in the text after it
_BLOCK, _SENTENCE, _WORD, _ANYWHERE = range(4)
_FIRST_MARK = 0x100000  # characters for private use, which mark the places where notes can be cut
_CJK = "\u3001-\u30ff\u3400-\u9fff\uac00-\ud7af\uff01\uff1f"
_PLACES = rf"(?P<word>(?<=\S)(?=\s))|(?<=[{_CJK}])(?=[{_CJK}])|(?<=\S{{200}})(?=[\w/])"
_ONLY_MARKERS = r"(?:[-*+#\s>]|[0-9]+[.)])*(?:\[[ xX]?\]?|\[!\w+\])?\s*"
_NO_TEXT = r"[\s>|:=*_~`#+-]*"  # an underline, a rule, a fence, or what separates a table's head
_DEFINITION = r"(?m)^ {0,3}\[([^\]\n]+)\]:[ \t]*\S.*$"
_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
_EXPECTED = frozenset({sanitizer.COMMENT, *(f"class of <{tag}>" for tag in ("ul", "ol", "li", "input", "a", "p"))})


class _Cut(NamedTuple):
    """A place where notes can be cut, and what closes that which is open there."""

    offset: int
    level: int
    closing: str


def to_html(markdown: str) -> str:
    """Render Markdown as GitHub does, with only harmless HTML, and links only to http, https and mailto."""
    return rendered(markdown)[0]


def rendered(markdown: str) -> tuple[str, list[str]]:
    """Return Markdown as HTML, and the HTML and addresses that readers won't see, in words.

    Raises ValueError for more than ``MAX_LENGTH`` characters.
    """
    env: dict[str, Any] = {}
    # An empty comment keeps apart what a comment separates, such as two lists.
    html = str(md.github().render(_text(markdown, "<!-- -->"), env))
    clean, removed = sanitizer.sanitize(html, relative=False)
    return clean, [what for what in dict.fromkeys((*env.get("removed", ()), *removed)) if what not in _EXPECTED]


def units(text: str) -> int:
    """Return the length of a text as v3 counts it, in UTF-16 units: an emoji has two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def bounded(markdown: str, too_long: Literal["fail", "truncate"], link: str, footer: str = "") -> tuple[str, str]:
    """Return Markdown without comments of at most 4096 UTF-16 units, and a warning if it was cut.

    Raises ValueError for longer text, or cuts it after a block, else a sentence, else a word, closes what is open
    there, and adds a link to the full notes. The text may end with a ``footer``, which isn't cut.
    """
    text = _text(markdown, "").strip("\n")
    length = units(text)
    if length <= V3_LIMIT:
        return text, ""
    if too_long == "fail":
        what = f"the notes have {length} characters, and v3 accepts {V3_LIMIT}"
        raise ValueError(f"{what}: shorten them, or set too-long: truncate")
    tail = f"… [Full notes](<{link}>)" if re.search(r"[()<>\s]", link) else f"… [Full notes]({link})"
    if not link or units(tail) > V3_LIMIT // 2:
        tail = "… (shortened)"
    end = _text(footer, "").strip("\n")
    if end and text.endswith(end) and units(end) <= V3_LIMIT // 4:
        text, tail = text.removesuffix(end).rstrip(), f"{tail}\n\n{end}"
    kept, cut = _truncate(text, tail)
    return kept, f"v3 accepts {V3_LIMIT:,} characters: cut {cut:,} of {length:,} characters of the notes"


def _text(markdown: str, comment: str) -> str:
    """Replace line endings and comments. Raises ValueError for more than ``MAX_LENGTH`` characters."""
    if len(markdown) > MAX_LENGTH:
        what = f"the notes have {len(markdown):,} characters: expected the notes of one release, at most {MAX_LENGTH:,}"
        raise ValueError(what)
    return md.without_comments("\n".join(md.lines(markdown)), comment)


def _truncate(text: str, tail: str) -> tuple[str, int]:
    """Return what fits of a text and the tail, and the number of units that were cut."""
    room = V3_LIMIT - units(f"\n\n{tail}")
    definitions = {label.casefold(): line for label, line in _definitions(text)}
    window = text[:_WINDOW]
    # The last block, else sentence, else word that leaves at least half of the room; then the others.
    cuts = _cuts(window, _missing(window, definitions), room)
    for cut in sorted(cuts, key=lambda cut: (cut.level if cut.offset * 2 >= room else _ANYWHERE + 1, -cut.offset)):
        kept = _without_footnotes(text[: cut.offset].strip("\n").rstrip(), definitions) + cut.closing
        parts = [kept, _missing(kept, definitions), tail]
        shortened = "\n\n".join(part for part in parts if part)
        if units(shortened) <= V3_LIMIT:
            return shortened, units(text[cut.offset :])
    return tail, units(text)


def _definitions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the line of each definition of a link or a footnote."""
    return ((match[1], match[0].strip()) for match in re.finditer(_DEFINITION, text))


def _missing(text: str, definitions: Mapping[str, str]) -> str:
    """Return the definitions of links that a text uses and doesn't hold."""
    own = {label.casefold() for label, _ in _definitions(text)}
    labels = dict.fromkeys(label.casefold() for label in re.findall(r"\[([^^\[\]][^\[\]]*)\]", text))
    return "\n".join(definitions[label] for label in labels if label in definitions and label not in own)


def _without_footnotes(kept: str, definitions: Mapping[str, str]) -> str:
    """Remove references to footnotes that were cut off."""
    own = {label.casefold() for label, _ in _definitions(kept)}
    cut_off = {label for label in definitions if label[0] == "^"} - own
    return re.sub(r"\[(\^[^\]\s]+)\]", lambda match: "" if match[1].casefold() in cut_off else match[0], kept)


def _cuts(window: str, definitions: str, room: int) -> list[_Cut]:
    """Return the places up to ``room`` where the text can be cut.

    Each place is marked by a character of its own; the parser then shows what is open there.
    """
    window = re.sub("[\U00100000-\U0010ffff]", "\ufffd", window)
    marked, places, start = list[str](), list[int](), 0
    for offset, spaced in _places(window, room):
        marked += [window[start:offset], " " if spaced else "", chr(_FIRST_MARK + len(places))]
        start = offset
        places.append(offset)
    text = "".join((*marked, window[start:], "\n\n", definitions))
    cuts, tags, before = [], list[str](), ""
    ends = [offset for offset, char in enumerate(f"{window}\n") if char == "\n"]
    heads = 0
    for token in md.github().parse(text):
        heads += token.nesting if token.type.startswith("thead") else 0
        for mark, closing in _marks(token, tags):
            offset = places[ord(mark) - _FIRST_MARK]
            is_sentence = token.type != "inline" or re.search(r"[.!?…\u3002\uff01\uff1f][\"')\]*_]*$", window[:offset])
            cuts.append(_Cut(offset, _SENTENCE if is_sentence else _WORD, closing + _closed(tags)))
        if token.map and token.nesting == 0 and not heads and before != "heading_open" and token.map[1] <= len(ends):
            offset = ends[token.map[1] - 1]
            if offset <= room:
                cuts.append(_Cut(offset, _BLOCK, _closed(tags)))
        before = token.type
    return cuts


def _places(window: str, room: int) -> Iterator[tuple[int, bool]]:
    """Yield where a mark can be put without a change to the Markdown, and whether it needs a space before it."""
    start = 0
    for line in window.splitlines(keepends=True):
        if not re.fullmatch(_NO_TEXT, line) and not re.match(_DEFINITION, line.rstrip("\n")):
            for match in re.finditer(_PLACES, line):
                head = line[: match.start()]
                if start + len(head) <= room and not re.fullmatch(_ONLY_MARKERS, head) and not head.endswith("\\"):
                    yield start + len(head), match["word"] is not None
        start += len(line)


def _marks(token: Token, tags: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the marks in a block's text, and what closes that which is open there; ``tags`` gets the open elements."""
    mark = "[\U00100000-\U0010ffff]"
    if token.type in ("fence", "code_block"):
        closing = f"\n{token.markup}" if token.type == "fence" and token.level == 0 else ""
        yield from ((found, closing) for found in re.findall(rf"({mark})\n", token.content))
    elif token.type == "html_block":
        for piece in re.split(rf"({mark}|<[^<>]*>)", token.content):
            if re.fullmatch(mark, piece):
                yield piece, ""
            _follow(piece, tags)
    open_here: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            closing = "".join([child.markup if child.type == "code_inline" else "", *reversed(open_here)])
            yield from ((found, closing) for found in re.findall(mark, child.content))
        elif child.type == "html_inline":
            inner = [closer[2:-1] for closer in open_here if closer.startswith("</")]
            _follow(child.content, inner)
            open_here = [c for c in open_here if not c.startswith("</") or c[2:-1] in inner]
            open_here += [f"</{tag}>" for tag in inner if f"</{tag}>" not in open_here]
        elif child.nesting > 0:
            open_here.append(_link_end(child) if child.type == "link_open" else child.markup)
        elif child.nesting < 0 and open_here:
            open_here.pop()


def _follow(tag: str, tags: list[str]) -> None:
    """Add an element that a tag opens to ``tags``, or remove the one that it closes and those within."""
    match = re.match(r"<(/?)([A-Za-z][\w-]*)[^<>]*?(/?)>", tag)
    name = match[2].lower() if match else ""
    if match and match[1] and name in tags:
        del tags[len(tags) - 1 - tags[::-1].index(name) :]
    elif match and not match[1] and not match[3] and name not in _VOID:
        tags.append(name)


def _link_end(link: Token) -> str:
    if link.info == "auto":
        return ""
    title = f' "{link.attrs["title"]}"' if link.attrs.get("title") else ""
    return f"](<{link.attrs['href']}>{title})"


def _closed(tags: list[str]) -> str:
    return "".join(f"\n\n</{tag}>" for tag in reversed(tags))
