"""Compares the sections that Shipline finds in real public changelogs with an independent slicing, version by version.

    python tools/changelog_corpus.py FOLDER [--fetch] [--only TEXT]

changelog_corpus.yml lists the files, each at a fixed commit, with a pattern of its version headings. The slicing works
on lines: it knows nothing of Markdown but fences and comments, and nothing of Shipline. FOLDER/REPOSITORY/PATH holds
each file; ``--fetch`` downloads the missing ones. Exits with 1 if the notes of any version would be the full file.

Known differences from cmark-gfm (``--render``): InputSystem 1.5.0 and Ember.js 1.0.0-rc.4 have a bare address in
brackets, of which GitHub makes no link; fzf 0.66.0 has an alert (``[!NOTE]``), which GitHub's site knows.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
import urllib.request
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from markdown_it import MarkdownIt

from shipline import version as versions
from shipline.release_notes import changelog

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).with_suffix(".yml")
RAW = "https://raw.githubusercontent.com"
VERSION = r"(?P<v>\d+(?:\.\d+)*(?:[-.+_]?[A-Za-z0-9][0-9A-Za-z_.+-]*)?)"
FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})(?!.*`.*$)")
ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
DEFINITION = re.compile(r" {0,3}\[[^\]]+\]:[ \t]*\S+(?:[ \t]+[\"'(].*)?[ \t]*$")
RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
OMITTED = re.compile(r"<!--.*?-->|<(?P<tag>a|span)\b[^>]*>\s*</(?P=tag)>|<a\b[^>]*/>", re.DOTALL)


class Heading(NamedTuple):
    """A heading in a file's lines. ``version``: empty for one that only ends a section."""

    start: int
    body: int
    level: int
    version: str
    ends: bool  # matches the file's patterns


class Result(NamedTuple):
    """What Shipline found for one version of one file, in a word."""

    file: str
    version: str
    kind: str  # right, refused, cut, more, full, or other
    detail: str


def main() -> int:
    """Compare each file; print the counts and every version that isn't right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the files are")
    parser.add_argument("--fetch", action="store_true", help="download the missing ones")
    parser.add_argument("--only", default="", help="only files with this text in their name")
    parser.add_argument("--most", type=int, default=0, help="versions of a file to compare; 0: all")
    parser.add_argument("--render", action="store_true", help="compare the sections' HTML with cmark-gfm's instead")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    sources = [s for s in yaml.safe_load(SOURCES.read_text()) if args.only in f"{s['repository']}/{s['path']}"]
    if args.fetch:
        for source in sources:
            _fetch(source, args.folder)
    found = [source for source in sources if (args.folder / source["repository"] / source["path"]).exists()]
    results: list[Result] = []
    with ProcessPoolExecutor(args.jobs) as pool:
        compared = functools.partial(compare, folder=args.folder, most=args.most, render=args.render)
        for some in pool.map(compared, found):
            results += some
            for result in some:
                if result.kind != "right":
                    print(f"{result.kind}\t{result.file}\t{result.version}\t{result.detail}", flush=True)
    counts = Counter(result.kind for result in results)
    right = counts["right"] / max(len(results), 1)
    print(f"{len(found)} of {len(sources)} files, {len(results)} sections: {right:.2%} right")
    print(", ".join(f"{kind} {count}" for kind, count in counts.most_common()))
    return 1 if counts["full"] else 0


def compare(source: dict[str, Any], folder: Path, most: int = 0, *, render: bool = False) -> list[Result]:
    """Compare the versions that the file's headings name: all, or at most so many."""
    _parse_once()
    name = f"{source['repository']}/{source['path']}"
    text = (folder / name).read_bytes().decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    expected = slices(text, source["heading"], source.get("boundary", ""))
    if len(expected) < 2:  # noqa: PLR2004  the pattern doesn't fit
        return [Result(name, "", "other", "the pattern finds fewer than two versions")]
    known = [version for version in expected if versions.parsed(version)]
    step = max(len(known) - 1, 1) / max(most - 1, 1)
    chosen = known if not most or len(known) <= most else [known[round(number * step)] for number in range(most)]
    if render:
        return [result for version in chosen if (result := _rendered(name, text, version))]
    return [_compare(name, text, version, expected[version]) for version in chosen]


def _rendered(name: str, text: str, version: str) -> Result | None:
    """Compare a section's HTML with GitHub's: the same words, links and tables. None: there is no such section."""
    sys.path.append(str(ROOT / "tests"))
    from github_markdown import Seen, on_github
    from shipline.release_notes.render import to_html

    try:
        notes = changelog.section(text, versions.parse(version), name).text
    except changelog.NoSectionError:
        return None
    ours, theirs = Seen(to_html(notes)), on_github(notes)
    if ours.text.split() != theirs.text.split():
        return Result(name, version, "other words", "")
    if ours.links != theirs.links:
        return Result(name, version, "other links", str(next(iter({*ours.links} ^ {*theirs.links}), ""))[:160])
    return Result(name, version, "right" if ours.tables == theirs.tables else "other tables", "")


def slices(text: str, heading: str, boundary: str) -> dict[str, list[str]]:
    """Return the text of each version's sections, by what their headings call it."""
    lines = text.split("\n")
    headings = _headings(lines, heading, boundary)
    of_versions = [h for h in headings if h.ends]
    top = min((h.level for h in of_versions if h.version), default=0)
    found: dict[str, list[str]] = {}
    without: set[int] = set()  # the levels of headings without a version in the sections before
    for number, start in enumerate(of_versions):
        last = number == len(of_versions) - 1
        end = len(lines) if last else of_versions[number + 1].start
        inner = [h for h in headings if start.start < h.start < end]
        stops = [h.start for h in inner if h.level < top or (last and h.level == start.level not in without)]
        without |= {h.level for h in inner}
        if start.version:
            found.setdefault(start.version, []).append("\n".join(lines[start.body : min([end, *stops])]))
    return found


def _headings(lines: list[str], heading: str, boundary: str) -> list[Heading]:
    """Return all headings outside fences and comments; those that match a pattern end sections."""
    other = VERSION.replace("<v>", "<w>")  # a name may be given once
    patterns = [re.compile(p.replace("{V}", VERSION).replace("{W}", other)) for p in (heading, boundary) if p]
    hidden = _hidden(lines)
    found: list[Heading] = []
    for number, line in enumerate(lines):
        if number in hidden or not line.strip():
            continue
        after = lines[number + 1] if number + 1 < len(lines) else ""
        both = f"{line.rstrip()}\n{after.rstrip()}"
        begins = not number or not lines[number - 1].strip() or RULE.match(lines[number - 1])
        texts = {True: both if begins else "", False: line.rstrip()}  # by whether the heading is underlined
        match = next(filter(None, (p.match(texts["\\n" in p.pattern]) for p in patterns)), None)
        atx = ATX.match(line)
        setext = not atx and begins and UNDERLINE.match(after) and re.match(r"\w|\[|\*\*|<", line)
        if not match and not atx and not setext:
            continue
        level = len(atx[1]) if atx else 1 if after.lstrip().startswith("=") else 2
        groups = match.groupdict() if match else {}
        version = groups.get("v") or groups.get("w") or ""
        found.append(Heading(number, number + (1 if atx else 2), level, version, match is not None))
    return found


def _hidden(lines: list[str]) -> set[int]:
    """Return the lines within fences and comments."""
    hidden: set[int] = set()
    mark = ""
    comment = False
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if mark:
            hidden.add(number)
            if fence and fence["mark"].startswith(mark) and not line.strip(" `~"):
                mark = ""
        elif comment or line.lstrip().startswith("<!--"):
            hidden.add(number)
            comment = "-->" not in line
        elif fence:
            hidden.add(number)
            mark = fence["mark"]
    return hidden


def comparable(text: str) -> list[str]:
    """Return the lines without what notes omit, and without what may be added or moved: definitions and blank lines."""
    kept = [line.rstrip() for line in OMITTED.sub("", text).split("\n") if not DEFINITION.match(line)]
    kept = [line for line in kept if line.strip()]
    while kept and RULE.match(kept[-1]):
        kept.pop()
    while kept and RULE.match(kept[0]):
        kept.pop(0)
    return kept


def _compare(name: str, text: str, version: str, parts: list[str]) -> Result:
    expected = [line for part in parts for line in comparable(part)]
    try:
        section = changelog.section(text, versions.parse(version), name)
    except changelog.NoSectionError as error:
        message = str(error)
        return Result(name, version, "refused" if expected else "right", message[:200])
    got = comparable(section.text)
    if got == expected:
        return Result(name, version, "right", "")
    everything = comparable(text)
    if len(got) > 0.9 * len(everything) and len(expected) < 0.9 * len(got):
        return Result(name, version, "full", "")
    more, less = Counter(got) - Counter(expected), Counter(expected) - Counter(got)
    kind = "cut" if less and not more else "more" if more and not less else "other"
    detail = f"+{sum(more.values())} -{sum(less.values())} {next(iter(more or less), '')!r}"
    return Result(name, version, kind, detail[:160])


@functools.cache
def _parse_once() -> None:
    """Let the Markdown parser remember a file: Shipline parses it once a version, which is once a run."""
    parse = MarkdownIt.parse
    known: dict[tuple[str, str], tuple[list[Any], dict[str, Any]]] = {}

    def remembered(self: MarkdownIt, src: str, env: Any = None) -> list[Any]:
        key = (src, f"{self.options} {self.get_active_rules()}")
        if key not in known:
            if len(known) > 3:  # noqa: PLR2004
                known.clear()
            own: dict[str, Any] = {}
            known[key] = (parse(self, src, own), own)
        if env is not None:
            env.update(known[key][1])
        return known[key][0]

    MarkdownIt.parse = remembered  # type: ignore[method-assign]


def _fetch(source: dict[str, Any], folder: Path) -> None:
    """Download a file unless it is there."""
    file = folder / source["repository"] / source["path"]
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        address = f"{RAW}/{source['repository']}/{source['commit']}/{source['path']}"
        with urllib.request.urlopen(address) as response:  # noqa: S310  a constant host
            file.write_bytes(response.read())


if __name__ == "__main__":
    sys.exit(main())
