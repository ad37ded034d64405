"""Changelog sections by version.

Headings come from CommonMark's blocks, so that text in code or a comment that looks like a heading isn't one.
"""

from __future__ import annotations

import itertools
import re
from functools import cache, lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import version as versions
from shipline.display import listed, printable
from shipline.release_notes import content, headings, titles
from shipline.release_notes import markdown as md
from shipline.release_notes.headings import Heading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from shipline.release_notes.titles import Title


_MAX_SHOWN = 10  # headings in a message
_MAX_HEADING_LENGTH = 1000  # characters of a heading that are read as Markdown
_MANY = 2  # as many lines that look like version headings are taken for them
_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999})\]", re.DOTALL)


class NoSectionError(ValueError):
    """The notes have no section for a version, or an empty one. ``headings``: the version headings found."""

    def __init__(self, what: str, headings: Iterable[str] = ()) -> None:
        super().__init__(what)
        self.headings = tuple(headings)


class Section(NamedTuple):
    """What a changelog has for a version."""

    heading: str  # the text of its heading; empty: the full file
    text: str  # Markdown, without the heading
    warning: str = ""  # what to tell users of this choice


class _File(NamedTuple):
    """A changelog as blocks. The text in them isn't parsed, except for headings."""

    name: str
    lines: list[str]
    tokens: list[Token]
    headings: list[tuple[str, int, int, int]]  # of the top level: text, level, first line, line after it
    definitions: dict[
        str, tuple[int, int]
    ]  # lines of link and footnote definitions by label; a footnote's begins with ^
    defining: frozenset[int]  # all their lines
    rules: frozenset[int]  # lines with a thematic break

    @property
    def subject(self) -> str:
        return self.name or "the notes"


class _Found(NamedTuple):
    """The headings of a changelog."""

    every: list[Heading]
    of_versions: list[Heading]
    own: list[Heading]  # without those of other packages
    chosen: list[Heading]


def section(markdown: str, version: versions.Version, file: str = "", tag_prefix: str = "") -> Section:
    """Return this version's section of a changelog without its heading, or the full text without version headings.

    A pre-release without its own section gets its core version's section, and a version without one gets Unreleased.
    Link and footnote definitions that the section uses come with it from anywhere in the file. ``tag_prefix``: headings
    that name another package don't count. Raises NoSectionError, which names ``file``.
    """
    parsed = _parse(markdown, file)
    found = _find(parsed, version, tag_prefix)
    names = [heading.text for heading in found.of_versions]
    no_section = f"{parsed.subject} {'has' if file else 'have'} no section for {version.text}"
    if not found.chosen:
        _refuse_versions(parsed, no_section, version, names, tag_prefix)
        if text := _text(parsed, [(0, len(parsed.lines))]):
            return Section("", text, content.warn_of_versions(parsed.lines, parsed.subject))
        raise NoSectionError(f"{parsed.subject} {'is' if file else 'are'} empty: expected what changed, in Markdown")
    made = _section(parsed, found, found.chosen)
    unreleased = found.chosen[0].version == titles.UNRELEASED
    if not made.text:
        where = f"{no_section}, and the section" if unreleased else f"{parsed.subject}: the section"
        raise NoSectionError(f"{where} {printable(made.heading)} is empty: write below its heading what changed", names)
    if unreleased and len(names) == 1:  # versions below it may be bold text
        _refuse_versions(parsed, no_section, version, [], tag_prefix)
    if unreleased and not version.prerelease:
        return made._replace(warning=f"{no_section}: Shipline uses the section {printable(made.heading)}")
    if len(found.chosen) > 1:
        packages = {heading.title.package for heading in found.chosen if heading.title}
        several, advice = (
            ("several packages' sections", "tag-prefix chooses one")
            if len(packages) > 1
            else (f"several sections of {version.text}", "keep one")
        )
        shown = ", ".join(printable(heading.text) for heading in found.chosen)
        return made._replace(warning=f"{parsed.subject}: the notes have {several} ({shown}); {advice}")
    return made


def prereleases(markdown: str, version: versions.Version, file: str = "", tag_prefix: str = "") -> tuple[Section, ...]:
    """Return the sections of a final version's pre-releases, in the file's order; none for a pre-release.

    Raises NoSectionError for a format other than Markdown.
    """
    parsed = _parse(markdown, file)
    found = _find(parsed, version, tag_prefix)
    earlier = [heading for heading in found.own if heading.title and heading.title.is_prerelease_of(version)]
    made = (_section(parsed, found, [heading]) for heading in earlier)
    return tuple(section for section in made if section.text)


@cache
def _block_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    blocks = MarkdownIt("commonmark", {"html": True}).enable("table").disable("inline")
    return blocks.use(footnote_plugin, inline=False, move_to_end=False)


@lru_cache(maxsize=1)
def _parse(markdown: str, file: str) -> _File:
    """Read a changelog's blocks. Raises NoSectionError if it isn't Markdown."""
    if other := content.other_format(markdown, file):
        raise NoSectionError(
            f"{file or 'the notes'} {'is' if file else 'are'} {other}, expected Markdown. Convert the file, "
            "or set the notes to a Markdown file or to text"
        )
    lines = content.without_metadata(md.lines(markdown))
    env: dict[str, Any] = {}
    tokens = _block_parser().parse("\n".join(lines), env)
    definitions = {label: tuple(definition["map"]) for label, definition in env.get("references", {}).items()}
    definitions |= {
        f"^{token.meta['label']}": tuple(token.map)
        for token in tokens
        if token.type == "footnote_reference_open" and token.map
    }
    maps = [*definitions.values(), *(definition["map"] for definition in env.get("duplicate_refs", ()))]
    return _File(
        file,
        content.clean(lines, tokens),
        tokens,
        list(_headings(tokens, env)),
        definitions,
        frozenset(line for first, after in maps for line in range(first, after)),
        frozenset(token.map[0] for token in tokens if token.type == "hr" and token.level == 0 and token.map),
    )


def _headings(tokens: list[Token], env: dict[str, Any]) -> Iterator[tuple[str, int, int, int]]:
    """Yield text, level, first line and the line after it of each top-level heading."""
    parser = md.parser(html=True)
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            children = parser.parseInline(inline.content[:_MAX_HEADING_LENGTH], env)[0].children or ()
            texts = (
                c.content if c.type in {"text", "code_inline"} else " " * c.type.endswith("break") for c in children
            )
            first, after = token.map
            yield " ".join("".join(texts).split()), int(token.tag[1:]), first, after


def _find(parsed: _File, version: versions.Version, tag_prefix: str) -> _Found:
    """Find the version headings, and those to take this version's notes from."""
    for numbers, dates in ((len(version.numbers) == 1, False), (True, True)):
        parse = partial(titles.parse, numbers=numbers, dates=dates)
        every = [Heading(parse(text), text, *place) for text, *place in parsed.headings]
        accepted = headings.of_versions(every)
        both = (accepted, headings.of_versions(every, titled=True))
        ranked = [(*_choose(headings.of_package(candidates, tag_prefix), version), candidates) for candidates in both]
        _, chosen, candidates = min(ranked, key=itemgetter(0))
        if chosen:
            return _Found(every, candidates, headings.of_package(candidates, tag_prefix), chosen)
        if len(accepted) >= (_MANY if dates else 1):
            break
    else:
        every = accepted = []
    return _Found(every, accepted, headings.of_package(accepted, tag_prefix), [])


def _choose(own: Iterable[Heading], version: versions.Version) -> tuple[int, list[Heading]]:
    """Return this version's headings by the first rule that one of them follows, and that rule's number."""
    text, key = version.text.casefold(), titles.key(version)
    build = text.partition("+")[2]
    core = titles.key(versions.parse(version.core)) if version.prerelease else None
    rules: tuple[Callable[[Title], bool], ...] = (
        lambda title: text in map(str.casefold, (title.version, *title.also)),
        lambda title: title.key == key and title.build == build,
        lambda title: title.key == key and not (build and title.build),
        lambda title: title.key == core is not None,
        lambda title: title.version == titles.UNRELEASED,
    )
    titled = [(heading, heading.title) for heading in own if heading.title]
    chosen = ([heading for heading, title in titled if rule(title)] for rule in rules)
    return next(((rank, found) for rank, found in enumerate(chosen) if found), (len(rules), []))


def _refuse_versions(
    parsed: _File, no_section: str, version: versions.Version, names: list[str], tag_prefix: str
) -> None:
    """Raise NoSectionError if the file has versions, in these headings or in lines that look like headings."""
    found, advice = names, f'expected a heading such as "## {version.text}" or "## Unreleased"; headings found'
    if tag_prefix and names:
        advice = f"with tag-prefix {printable(tag_prefix)}, {advice}"
    if not names:
        found = list(content.look_alikes(parsed.lines, parsed.tokens, parsed.defining))
        if len(found) < _MANY:
            return
        advice = (
            f'write versions as Markdown headings such as "## {version.text}"; Shipline found lines that look like them'
        )
    raise NoSectionError(f"{no_section}: {advice}: {listed([*map(printable, found)], _MAX_SHOWN)}", found)


def _section(parsed: _File, found: _Found, chosen: list[Heading]) -> Section:
    spans, warnings = [], []
    for heading in chosen:
        after = next((h.start for h in found.of_versions if h.start > heading.start), len(parsed.lines))
        end = headings.end_of_section(heading, after, found.every, found.of_versions, partial(_text, parsed))
        spans.append((heading.body, end.start if end else after))
        warnings += [
            f"{parsed.subject}: the line {printable(line)} isn't a heading in Markdown, so the text below it is in the "
            f"section {printable(heading.text)}: write an empty line above it"
            for line in content.swallowed_headings(parsed.lines, *spans[-1])
        ]
        if end and headings.is_surprising(end, heading, found.of_versions) and _text(parsed, [(end.body, after)]):
            warnings.append(
                f"{parsed.subject}: the section {printable(heading.text)} ends at the heading {printable(end.text)} in "
                f"line {end.start + 1}, which is higher than all version headings: lower its level to include it"
            )
    return Section(chosen[0].text, _text(parsed, spans), "; ".join(warnings))


def _text(parsed: _File, spans: list[tuple[int, int]]) -> str:
    """Return the text of some lines, and the definitions it uses; empty if there is nothing to read in it."""
    plain = parsed.name.lower().endswith(".txt")
    dropped = parsed.rules if plain else parsed.rules | parsed.defining
    kept: list[range] = []
    for start, end in spans:
        inside = [token for token in parsed.tokens if token.map and start <= token.map[0] < end]
        if content.has_content(parsed.lines, inside, parsed.defining):
            filled = [line for line in range(start, end) if parsed.lines[line].strip()]
            first = next(line for line in filled if line not in parsed.rules)
            kept.append(range(first, next(line for line in reversed(filled) if line not in dropped) + 1))
    texts = ["\n".join(parsed.lines[lines.start : lines.stop]) for lines in kept]
    if plain:
        return "\n\n".join("\n".join(content.plain(text.split("\n"))) for text in texts)
    return "\n\n".join((*texts, *_definitions(parsed, texts, kept)))


def _definitions(parsed: _File, texts: Iterable[str], kept: Iterable[range]) -> list[str]:
    """Return the definitions of links and footnotes that texts use, except for those in the kept lines."""
    from markdown_it.common.utils import normalizeReference

    links: list[str] = []
    footnotes: list[str] = []
    todo, used = [*texts], set[str]()
    for text in todo:
        for label in map(str, _LABEL.findall(text)):
            name = label if label.startswith("^") else normalizeReference(label)
            first, after = parsed.definitions.get(name, (0, 0))
            if name in used or after == 0 or any(first in lines for lines in kept):
                continue
            used.add(name)
            if name == label:  # a footnote, which may use others
                footnotes.append("\n".join(parsed.lines[first:after]).rstrip())
                todo.append(footnotes[-1])
            else:
                links.extend(line.lstrip(" >").rstrip() for line in parsed.lines[first:after])
    return [*filter(None, ("\n".join(links),)), *footnotes]
