"""Changelogs: the section of one version.

Headings are read from CommonMark's token stream, so that what looks like one inside code or a comment is left alone.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import markdown as md
from shipline import version as versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

_SHOWN_HEADINGS = 10
_CONTENT = frozenset({"paragraph_open", "fence", "code_block", "table_open", "html_block"})

# Compiled when first used, as few runs read a changelog.
# A version, then nothing or what isn't prose: "1.4.0 - 2026-01-01" and "1.4.0 Aurora", not "1.5 times faster".
_VERSION_HEADING = (
    r"(?:(?i:version|release)\s+)?\[?[vV]?(?P<version>[0-9]+(?:\.[0-9]+){1,3}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)"
    r"(?:\+[0-9A-Za-z.-]+)?"
    r"(?:$|\s*[^\s\w.+-]|\s+[^\sa-z])"
)
_UNRELEASED_HEADING = r"(?i)\[?unreleased\b"
_UNRELEASED = "Unreleased"


class NoSectionError(ValueError):
    """The notes have no section for this version, or an empty one. ``headings`` are the version headings found."""

    def __init__(self, what: str, headings: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.headings = headings


class _Heading(NamedTuple):
    name: str  # the version, or Unreleased; empty: another heading
    level: int
    start: int  # its first line
    body: int  # the line after it


def section(markdown: str, version: versions.Version, file: str = "") -> str:
    """This version's section of a changelog, without its heading; text without any version heading as a whole.

    A pre-release without a section of its own gets its core version's; a version without one gets Unreleased. Link
    definitions that the section uses come with it, wherever the file has them. Raises NoSectionError, naming ``file``.
    """
    lines = md.lines(markdown)
    parser = md.parser(html=True)
    parser.options["store_labels"] = True
    env: dict[str, Any] = {}
    tokens = parser.parse("\n".join(lines), env)
    headings = list(_headings(tokens))
    chosen = _choose(headings, version, file) if any(h.name for h in headings) else None
    start, end = (chosen.body, _end(chosen, headings, len(lines))) if chosen else (0, len(lines))
    inside = [token for token in tokens if token.map and start <= token.map[0] < end]
    if not any(token.type in _CONTENT and not md.is_comment(token) for token in inside):
        raise NoSectionError(_is_empty(chosen, version, file), tuple(h.name for h in headings if h.name))
    if not chosen:
        return "\n".join(lines).strip("\n")
    return _with_definitions(lines, (start, end), env, set(_labels(inside)))


def _headings(tokens: list[Token]) -> Iterator[_Heading]:
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            text = "".join(child.content for child in inline.children or () if child.type in {"text", "code_inline"})
            yield _Heading(_heading_name(text.strip()), int(token.tag[1:]), *token.map)


def _heading_name(text: str) -> str:
    if match := re.match(_VERSION_HEADING, text):
        return match["version"]
    return _UNRELEASED if re.match(_UNRELEASED_HEADING, text) else ""


def _choose(headings: list[_Heading], version: versions.Version, file: str) -> _Heading:
    named = [heading for heading in headings if heading.name]
    for name in (version.text, version.core, _UNRELEASED):
        for heading in named:
            if _key(heading.name) == _key(name):
                return heading
    found = tuple(heading.name for heading in named)
    more = f" and {len(found) - _SHOWN_HEADINGS} more" if len(found) > _SHOWN_HEADINGS else ""
    raise NoSectionError(
        f"{_have(file)} no section for {version.text}: expected a heading such as "
        f'"## {version.text}" or "## Unreleased"; headings found: {", ".join(found[:_SHOWN_HEADINGS])}{more}',
        found,
    )


def _key(name: str) -> tuple[str, ...]:
    """What two ways to write a version have in common: 1.4 is 1.4.0."""
    if name == _UNRELEASED:
        return (name,)
    version = versions.parse(name)
    return (*(*(number.lstrip("0") for number in version.numbers), "", "")[:4], version.prerelease)


def _end(chosen: _Heading, headings: list[_Heading], last: int) -> int:
    """Where the next version heading of any level is (changelogs mix them), or another that isn't below this one."""
    return next((h.start for h in headings if h.start >= chosen.body and (h.name or h.level <= chosen.level)), last)


def _is_empty(chosen: _Heading | None, version: versions.Version, file: str) -> str:
    if not chosen:
        return f"{f'{file} is' if file else 'the notes are'} empty: expected what changed, in Markdown"
    if chosen.name == _UNRELEASED:
        return f"{_have(file)} no section for {version.text}, and the section Unreleased is empty"
    return f"{file or 'the notes'}: the section {chosen.name} is empty: write below its heading what changed"


def _have(file: str) -> str:
    return f"{file} has" if file else "the notes have"


def _labels(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if "label" in token.meta:
            yield str(token.meta["label"])
        yield from _labels(token.children or ())


def _with_definitions(lines: list[str], chosen: tuple[int, int], env: dict[str, Any], used: set[str]) -> str:
    """The chosen lines and the link definitions they use, of those at their end only these."""
    start, end = chosen
    references: dict[str, Any] = env.get("references", {})
    maps = [definition["map"] for definition in (*references.values(), *env.get("duplicate_refs", ()))]
    defining = {line for first, after in maps for line in range(first, after)}
    while end > start and (not lines[end - 1].strip() or end - 1 in defining):
        end -= 1
    wanted = [definition["map"] for label, definition in references.items() if label in used]
    moved = [line.strip(" >") for first, after in wanted if not start <= first < end for line in lines[first:after]]
    return "\n".join((*lines[start:end], *([""] if moved else []), *moved)).strip("\n")
