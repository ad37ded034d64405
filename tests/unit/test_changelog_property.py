"""Generated changelogs: the sections of all versions are disjoint, and together they have every line."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from shipline import version
from shipline.release_notes import changelog

NAMES = ("", "Widget ", "@acme/widget@", "widget-v", "Release ", "v")
AFTER = ("", " (2026-11-02)", " - 2026-11-02", " [YANKED]", " 🚀")
# Inside of a section: "#" is a heading below the version's; MARK is replaced by a text of its own.
BLOCKS = (
    "MARK\n",
    "- MARK\n- MARK\n",
    "1. MARK\n\n   MARK\n",
    "{sub} Fixes MARK\n",
    "{sub} 2.4 GHz MARK\n",
    "{sub} 1.1 New features MARK\n",
    "{sub} Python 3.10 support MARK\n",
    "{sub} Upgrade to OpenSSL 3.0.13 MARK\n",
    "MARK\n----\n",
    "```\n## 9.9.9\nMARK\n```\n",
    "~~~~ text\n# 9.9.8\nMARK\n~~~~\n",
    "    ## 9.9.7\n    MARK\n",
    "> ## 9.9.6\n>\n> MARK\n",
    "- MARK\n\n  ## 9.9.5\n",
    "<!--\n## 9.9.4\n-->\n\nMARK\n",
    "| a | b |\n|---|---|\n| MARK | 9.9.3 |\n",
    "MARK, see [the docs][docs] and [^note].\n",
    "<details>\n\nMARK\n\n</details>\n",
    "***\n\nMARK\n",
)
DEFINITIONS = "[docs]: https://docs.example.com\n\n[^note]: A footnote.\n"


class Made(NamedTuple):
    """A changelog, and the marks of each version's section by the version."""

    text: str
    marks: dict[str, list[str]]


@st.composite
def changelogs(draw: st.DrawFn) -> Made:
    count = draw(st.integers(1, 40))
    numbers = [f"{count - at}.{draw(st.integers(0, 12))}.{draw(st.integers(0, 30))}" for at in range(count)]
    name, after = draw(st.sampled_from(NAMES)), draw(st.sampled_from(AFTER))
    top = draw(st.integers(1, 3))
    mixed, setext = draw(st.booleans()), draw(st.booleans())
    marks: dict[str, list[str]] = {}
    marker = (f"mark{number}x" for number in itertools.count())
    lines = ["# Changelog", "", "All changes.", ""] if top > 1 and draw(st.booleans()) else []
    for number in numbers:
        level = top + mixed * draw(st.integers(0, 1))
        title = f"{name}{number}{after}"
        underline = {1: "=", 2: "-"}.get(level) if setext else None
        lines += [title, underline * 5] if underline else [f"{'#' * level} {title}"]
        lines += [""] * draw(st.integers(0, 2))
        marks[number] = []
        for block in ["MARK\n", *draw(st.lists(st.sampled_from(BLOCKS), max_size=5))]:
            if "----" in block and top + mixed > 1:
                continue  # a heading of the versions' level or a higher one, which may end a section
            parts = block.format(sub="#" * (top + 2)).split("MARK")
            fresh = list(itertools.islice(marker, len(parts) - 1))
            marks[number] += fresh
            lines += "".join(itertools.chain(*zip(parts, [*fresh, ""], strict=True))).split("\n")
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return Made(newline.join([*lines, *DEFINITIONS.split("\n")]), marks)


@settings(max_examples=40)
@given(changelogs())
def test_sections_are_disjoint_and_complete(made: Made) -> None:
    for number, marks in made.marks.items():
        section = changelog.section(made.text, version.parse(number))
        found = section.text.replace("\n", " ").split("mark")[1:]
        assert [f"mark{part.partition('x')[0]}x" for part in found] == marks
        assert ("[docs]: https://docs.example.com" in section.text) == ("[docs]" in section.text)
        assert ("[^note]: A footnote." in section.text) == ("[^note]" in section.text)
