"""What of a file can be release notes: Markdown or plain text, without HTML comments, empty anchors and metadata."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from shipline.display import escape_markdown, printable
from shipline.release_notes import titles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token


_FORMATS = {
    **dict.fromkeys(("rst", "rest"), "reStructuredText"),
    **dict.fromkeys(("adoc", "asciidoc", "asc"), "AsciiDoc"),
    **dict.fromkeys(("yml", "yaml"), "YAML"),
    **{name.lower(): name for name in ("JSON", "XML", "Org", "Textile", "RTF", "POD")},
}
_DEBIAN = re.compile(r"\s*[a-z0-9][a-z0-9+.-]* \([^()\s]+\)(?: [\w-]+)+; *urgency=", re.IGNORECASE)
_GNU_ENTRY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}\s+\S.*<[^<>\s]+@[^<>\s]+>$")  # of a ChangeLog: date and author
_REMOVED = "\0"  # marks the place of what is removed; CommonMark has no such character
_CODE = r"(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)|`+|\\."
_COMMENT = r"<!---?>|<!--.*?-->|(?P<unclosed><!--.*)"
_ANCHOR = r"<(?P<tag>a|span)\b(?![^<>]*\bhref)[^<>]*(?:/>|>\s*</(?P=tag)\s*>)"
_IN_TEXT = re.compile(f"(?P<code>{_CODE})|{_COMMENT}|{_ANCHOR}", re.DOTALL | re.IGNORECASE)
_IN_LONG_TEXT = re.compile(f"(?P<code>(?!))|{_COMMENT}|{_ANCHOR}", re.DOTALL | re.IGNORECASE)
_IN_HTML = re.compile(f"{_COMMENT}|{_ANCHOR}", re.DOTALL | re.IGNORECASE)
_MAX_WITH_CODE = 100_000  # characters of a block in which code is recognized: the time grows faster than the text
_BARE_MARK = re.compile(r"[\s>]*(?:[-*+]|[0-9]{1,9}[.)])?\s*")
_LIST_MARK = re.compile(r"\s*(?:[-*+•]|[0-9]+[.)])\s+")
_MARKUP = re.compile(r"<[^<>]*>|\]\([^()]*\)|^[\s>#=!]+|^h[1-6]\.\s|[*_`=#]{2,}|[=#]+$")
_MAX_LOOK_ALIKE_WORDS = 3
_SINCE = re.compile(
    r"(?:.*\s)?since"
    r"|(?:changes|bugs fixed|(?:bug ?)?fixes|upgrad(?:e|ing)|migrat(?:e|ing|ion))(?: (?:in|to|from|of|for|after))?"
)
_MAX_SHOWN = 60  # characters of a line in a message
_BEGINS_WITH_VERSION = re.compile(r"\W*v?[0-9]+\.[0-9]+\.[0-9]+(?![0-9]*\.[0-9])")  # not an IP address
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{3,})[ \t]*")
_BLOCK_TAG = re.compile(
    r"</?(?:h[1-6]|p|div|section|article|li|[uod]l|d[td]|tr|table|tbody|summary|details|body|html|br|hr)\b[^<>]*>",
    re.IGNORECASE,
)
_CELL_TAG = re.compile(r"</?t[dh]\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_MEDIA = re.compile(r"<(?:img|picture|video|audio|svg|iframe)\b", re.IGNORECASE)
_FRONT_MATTER_LINE = re.compile(r"\s|#|-|$|[\w.-]+\s*[:=]")
_GROUP = re.compile(
    r"added|changed?|deprecated|removed|fixed|security|features?|fixes|changes|improve(?:d|ments)|breaking|other|and"
    r"|enhancements|bugs?|bugfixes|chores|documentation|docs|performance|tests|misc(?:ellaneous)?|dependencies"
)


def other_format(text: str, file: str) -> str:
    """Return the name of a file's format if it is neither Markdown nor plain text; else an empty text.

    Source of Debian's form: deb-changelog(5).
    """
    if _DEBIAN.match(text[:1000]):
        return "a Debian changelog"
    return _FORMATS.get(file.rpartition(".")[2].lower(), "") if "." in file else ""


def clean(lines: list[str], tokens: Iterable[Token]) -> list[str]:
    """Return the lines without HTML comments and empty anchors; each line keeps its number."""
    cleaned = [*lines]
    for token in tokens:
        if token.map and token.type in {"paragraph_open", "heading_open", "table_open", "html_block"}:
            first, after = token.map
            block = "\n".join(lines[first:after])
            if token.type == "html_block":
                marked = _IN_HTML.sub(_REMOVED, block)
            else:
                marked = (_IN_TEXT if len(block) < _MAX_WITH_CODE else _IN_LONG_TEXT).sub(_mark, block)
            if marked != block:
                kept = [line for line in map(_without_marks, marked.split("\n")) if line is not None]
                cleaned[first:after] = [*kept, *[""] * (after - first - len(kept))]
    return cleaned


def _mark(match: re.Match[str]) -> str:
    """Return code and a comment without an end as they are, and the mark for anything else."""
    return match["code"] or match["unclosed"] or _REMOVED


def _without_marks(line: str) -> str | None:
    """Return a line without the marks in it; None if nothing else was in it."""
    if _REMOVED not in line:
        return line
    kept = line.replace(_REMOVED, "")
    if _BARE_MARK.fullmatch(kept):
        return None
    return kept.rstrip() if line.rstrip().endswith(_REMOVED) else kept


def has_content(lines: list[str], tokens: Iterable[Token], ignored: frozenset[int]) -> bool:
    """True if blocks have text or media, or a heading says more than a group such as Added; not on ignored lines."""
    heading = False
    for token in tokens:
        if not token.map or token.map[0] in ignored:
            continue
        block = "\n".join(lines[slice(*token.map)])
        if token.type == "inline":
            words = re.findall(r"[^\W\d_]+", block.casefold())
            readable = not (all(map(_GROUP.fullmatch, words)) if heading else _BARE_MARK.fullmatch(block))
        elif token.type == "html_block":
            readable = bool(_MEDIA.search(block) or _TAG.sub("", block).strip())
        else:
            readable = bool(token.content.strip())
        if readable:
            return True
        heading = token.type == "heading_open"
    return False


def without_metadata(lines: list[str]) -> list[str]:
    """Empty the lines that begin a file with metadata for a site generator."""
    fence = lines[0].rstrip()
    if fence in {"---", "+++"} and re.match(r"[\w.-]+\s*[:=]", "".join(lines[1:2])):
        for end, line in enumerate(lines[1:], start=1):
            if line.rstrip() == fence:
                return [*[""] * (end + 1), *lines[end + 1 :]]
            if not _FRONT_MATTER_LINE.match(line):
                break
    return lines


def plain(lines: Iterable[str]) -> list[str]:
    """Return lines of plain text as Markdown that keeps their line endings and indentation."""
    expanded = [line.expandtabs().rstrip() for line in lines]
    words = [line.lstrip() for line in expanded]
    indents = ["\N{NO-BREAK SPACE}" * (len(line) - len(word)) for line, word in zip(expanded, words, strict=True)]
    ends = ["  " if word else "" for word in [*words[1:], ""]]
    texts = (escape_markdown(word, sparingly=True) for word in words)
    return [f"{indent}{text}{end}" if text else "" for indent, text, end in zip(indents, texts, ends, strict=True)]


def look_alikes(lines: list[str], tokens: Iterable[Token], ignored: frozenset[int]) -> Iterator[str]:
    """Yield the lines outside code that look like version headings; not the ignored ones."""
    code = {
        line
        for token in tokens
        if token.type in {"fence", "code_block"} and token.map
        # Tildes may underline a heading of reStructuredText instead.
        if not (token.markup.startswith("~") and token.map[0] and _looks_like_heading(lines[token.map[0] - 1]))
        for line in range(*token.map)
    }
    for number, line in enumerate(lines):
        if line.strip() and number not in code and number not in ignored:
            yield from (part.strip() for part in _parts(line) if _looks_like_heading(part))


def _parts(line: str) -> list[str]:
    """Return what HTML's blocks divide a line into; a table's row is one, with bars between its cells."""
    return _BLOCK_TAG.sub("\n", _CELL_TAG.sub("|", line)).split("\n") if "<" in line else [line]


def swallowed_headings(lines: list[str], start: int, end: int) -> Iterator[str]:
    """Yield underlined version headings that Markdown takes for a part of the list or paragraph above them."""
    for line, below in itertools.pairwise(lines[start:end]):
        if _UNDERLINE.fullmatch(below) and _looks_like_heading(line):
            yield line.strip()


def warn_of_versions(lines: Iterable[str], subject: str) -> str:
    """Return a warning about a full file in which several lines begin with versions, as in a table; else nothing."""
    parts = (part.strip() for line in lines for part in _parts(line))
    found = [printable(part[:_MAX_SHOWN]) for part in parts if _BEGINS_WITH_VERSION.match(part)]
    what = f"{subject}: Shipline found no version headings and uses the full text, with lines such as"
    advice = "if they are of several releases, write versions as Markdown headings"
    return f"{what} {' and '.join(found[:2])}: {advice}" if len(found) > 1 else ""


def _looks_like_heading(line: str) -> bool:
    """True if a line that isn't a heading holds little else than a version or an author, a name and a date."""
    if _GNU_ENTRY.match(line.rstrip()):
        return True
    mark = _LIST_MARK.match(line)
    text = _MARKUP.sub(" ", line[mark.end() : titles.MAX_LENGTH] if mark else line[: titles.MAX_LENGTH])
    title = titles.parse(text, numbers=True)
    if not title or title.version == titles.UNRELEASED or "://" in text:
        return False
    if not title.certain:
        return title.clean and not mark and bool(_SINCE.fullmatch(title.package))
    name, after = titles.name_words(title.package), title.after.split()
    if "|" in text:  # a table's row
        return not name and not after
    in_list = mark and not titles.has_date(text) and not titles.is_about_changes(title.package)
    if name and (re.search(rf":\s*v?{re.escape(title.version)}", text) or in_list):
        return False  # "Bootloader: 2.1.0", "- OpenSSL 3.0.13"
    return len(name) + len(after) <= _MAX_LOOK_ALIKE_WORDS and not (after and (mark or title.plain))
