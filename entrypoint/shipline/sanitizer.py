"""HTML made safe: only harmless elements, attributes and addresses stay."""

from __future__ import annotations

import html as html_text
import re
from collections import Counter
from html.parser import HTMLParser

COMMENT = "a comment"
_ATTRIBUTES = {
    "*": {"title", "lang", "dir"},
    "a": {"href", "id"},
    "code": {"class"},
    "details": {"open"},
    "div": {"align"},
    "img": {"src", "alt", "width", "height", "align"},
    "input": {"checked"},
    "li": {"id"},
    "ol": {"start"},
    "p": {"align"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}
_TAGS = (
    "a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i"
    " img input ins kbd li mark ol p pre q rp rt ruby s samp small span strike strong sub summary sup table tbody td"
    " tfoot th thead tr tt u ul var wbr"
)
_ATTRIBUTE = r' ([\w-]+)="([^"]*)"'
_FOOTNOTE = r"fn(?:ref)?-[^\s<>\"']+"
# Elements whose text isn't markup: without an end they would swallow all that follows.
_RAW = r"(?i)(</?(?:script|style|title|textarea|xmp|iframe|noembed|noframes|plaintext)(?![^\s/>])[^<>]*>)"
# Text, comments and tags up to a tag that doesn't end. Possessive: a long text is read once.
_COMPLETE_TAGS = r"""(?:[^<]++|<(?![A-Za-z/])|<(?:"[^"]*"|'[^']*'|[^"'>])*+>)*+"""


def sanitize(html: str, *, relative: bool = True, embedded: bool = False) -> tuple[str, list[str]]:
    """Return HTML with only harmless elements and attributes, and a description of each part that was removed.

    ``relative``: links and images may have an address without a host. ``embedded``: the HTML becomes a part of one of
    Shipline's pages, without images, which a browser would fetch, and without links within the page.
    """
    import nh3

    def allowed(tag: str, name: str, value: str) -> str | None:
        if embedded and (name in ("id", "src") or value.startswith("#")):
            return None
        if name == "id":
            return value if re.fullmatch(_FOOTNOTE, value) else None
        if name in ("href", "src"):
            absolute = r"https://" if tag == "img" else r"https?://|mailto:"
            known = re.match(rf"(?i){absolute}", value) or (name == "href" and re.fullmatch("#" + _FOOTNOTE, value))
            return value if known or (relative and not re.match(r"[\w.+-]*:|[/\\]{2}", value.strip())) else None
        return value

    clean = nh3.clean(
        html,
        tags=set(_TAGS.split()),
        attributes=_ATTRIBUTES,
        attribute_filter=allowed,
        link_rel=None,
        set_tag_attribute_values={"input": {"disabled": ""}},
        tag_attribute_values={"input": {"type": {"checkbox"}}},
        url_schemes={"http", "https", "mailto"},
    )
    clean = re.sub(rf"<a((?:{_ATTRIBUTE})*)>(.*?)</a>", _link, clean, flags=re.DOTALL)
    clean = re.sub(rf"<(?:img|input)((?:{_ATTRIBUTE})*)>", _image, clean)
    removed = _PartCounter(html).counts - _PartCounter(clean).counts
    addresses = [part for part in removed if part[1:2] in (("href",), ("src",))]
    others = [part for part in removed if part[0] not in {tag for tag, *_ in addresses}]
    return clean, [*dict.fromkeys(map(_describe, (*addresses, *others)))]


def inert(fragment: str) -> tuple[str, list[str]]:
    """Return a part of a page without scripts, styles and tags that would turn what follows into their text.

    A tag that doesn't end becomes text: what follows would be its attributes. The second value is the removed tags.
    """
    pieces = re.split(_RAW, fragment)
    names = [re.sub(r"(?s)</?(\w+).*", r"\1", tag).lower() for tag in pieces[1::2]]
    last_ends = {name: i for i, (name, tag) in enumerate(zip(names, pieces[1::2], strict=True)) if tag[1] == "/"}
    kept, within = pieces[:1], ""
    for i, (name, tag, text) in enumerate(zip(names, pieces[1::2], pieces[2::2], strict=True)):
        if within == name and tag[1] == "/":
            within = ""
        elif not within and name in ("script", "style") and i < last_ends.get(name, 0):
            within = name
        if not within:
            kept.append(text)
    text = "".join(kept)
    complete = re.match(_COMPLETE_TAGS, text)
    end = complete.end() if complete else 0
    return text[:end] + re.sub(r"<(?=[A-Za-z/])", "&lt;", text[end:]), pieces[1::2]


def _link(match: re.Match[str]) -> str:
    """Return a link, or only its text if it has lost its address and isn't the place that a footnote links to."""
    return match[0] if ' href="' in match[1] or ' id="' in match[1] else match[4]


def _image(match: re.Match[str]) -> str:
    """Return an image or a check box; the description of an image without an address; nothing for other fields."""
    attributes = dict(re.findall(_ATTRIBUTE, match[1]))
    if "src" in attributes or "type" in attributes:
        return match[0]
    return html_text.escape(html_text.unescape(attributes.get("alt", "")), quote=False)


def _describe(part: tuple[str, ...]) -> str:
    """Describe a part that ``_PartCounter`` counts: element, attribute and value, or ``text`` or ``comment``."""
    element, name, value = (*part, "", "")[:3]
    if element in ("text", "comment"):
        return COMMENT if element == "comment" else "text that isn't shown"
    if name:
        return f'{name}="{value}" of <{element}>' if name in ("href", "src") else f"{name} of <{element}>"
    return f"<{element}>"


class _PartCounter(HTMLParser):
    """Counts the elements, attributes, comments and words of HTML, so that two texts can be compared."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts.update([(tag,), *((tag, name, value or "") for name, value in attrs)])

    def handle_data(self, data: str) -> None:
        self.counts.update(("text", word) for word in data.split())

    def handle_comment(self, data: str) -> None:
        self.counts[("comment", data)] += 1
