"""Changelogs: what a section brings along, what it leaves out, and which sections have nothing to send."""

from __future__ import annotations

import html
import re

import pytest

from shipline import version
from shipline.release_notes import changelog, render


def read(text: str, number: str = "1.4.0", file: str = "CHANGELOG.md") -> str:
    return changelog.section(text, version.parse(number), file).text


@pytest.mark.parametrize(
    ("inside", "right"),
    [
        ("- Fixed <!-- internal: ACME-123 --> pairing", "- Fixed  pairing"),
        ("- Fixed pairing <!-- internal: ACME-123 -->", "- Fixed pairing"),
        ("- Fixed <!-- one\n  two --> pairing", "- Fixed  pairing"),
        ("<!-- one -->\n- new", "- new"),
        ("- new\n\n<!--\n## 1.3.9\n\n- hidden\n-->", "- new"),
        ("- new\n- <!-- hidden -->", "- new"),
        ("> new <!-- hidden -->", "> new"),
        ("> new <!-- a\n> b --> more", "> new  more"),
        ("| a <!-- hidden --> | b |\n|---|---|\n| 1 | 2 |", "| a  | b |\n|---|---|\n| 1 | 2 |"),
        ("### Fixes <!-- hidden -->\n\n- new", "### Fixes\n\n- new"),
        ("<details>\n<!-- hidden -->\n<p>new</p>\n</details>", "<details>\n<p>new</p>\n</details>"),
        ("- new\n\n<!-- never closed\n\n- hidden", "- new"),
        ("- `<!-- shown -->` and ``a ` <!-- b -->``", "- `<!-- shown -->` and ``a ` <!-- b -->``"),
        ("```\n<!-- shown -->\n```", "```\n<!-- shown -->\n```"),
        ("    <!-- shown -->", "    <!-- shown -->"),
        ("- \\<!-- shown -->", "- \\<!-- shown -->"),
        ("- a <!-- not closed", "- a <!-- not closed"),
        ('<a name="fixes"></a>\n### Fixes\n\n- new', "### Fixes\n\n- new"),
        ('### <a id="fixes"></a>Fixes\n\n- new', "### Fixes\n\n- new"),
        ('<a name="fixes"/>\n\n- new', "- new"),
        ('- <span id="x"></span>new', "- new"),
        ('- <a href="https://example.com">new</a>', '- <a href="https://example.com">new</a>'),
        ("- `<a name='x'></a>`", "- `<a name='x'></a>`"),
        ("---\n\n- new\n\n---", "- new"),
        ("- new\n\n***\n\n- more\n\n- - -", "- new\n\n***\n\n- more"),
    ],
)
def test_what_is_left_out(inside: str, right: str) -> None:
    below = "" if "closed\n" in inside else '\n\n<a name="1.3.0"></a>\n\n## 1.3.0\n\n- old\n'
    assert read(f"## 1.4.0\n\n{inside}{below}") == right


def test_comments_and_metadata_are_left_out_of_a_full_file() -> None:
    assert read("---\ntitle: Widget\nversion: 1.4.0\n---\n\n- new <!-- hidden -->\n") == "- new"
    assert read('+++\nversion = "1.4.0"\n+++\n- new\n') == "- new"
    assert read("---\n\n- new: a\n\n---\n") == "- new: a"


@pytest.mark.parametrize(
    "inside",
    [
        "- new",
        "1. new",
        "new",
        "* * *\n\nnew",
        "- [x] new",
        "> new",
        "> - new",
        "```\nnew\n```",
        "    new",
        "| new |\n|---|",
        "| new |\n|---|\n| 1 |",
        "<p>new</p>",
        "<details><summary>new</summary>\n\n</details>",
        "![new](https://example.com/new.png)",
        '<img src="https://example.com/new.png">',
        "<!-- hidden --> new",
        '<a name="x"></a>new',
        "### Only the firmware is new",
        "### Fixed\n\n- new",
        "#### Fixed\n##### Radio",
        "**Note:** Version bump only for package widget",
        "&nbsp;new",
        "42",
        "🎉",
    ],
)
def test_text_of_any_kind_is_a_section(inside: str) -> None:
    end = re.sub("<!-- hidden -->|<a name.*</a>", "", inside).split("\n")[-1]
    assert read(f"## 1.4.0\n\n{inside}\n").endswith(end)
    assert read(f"## 1.4.0\n\n{inside}\n\n## 1.3.0\n\n- old\n").endswith(end)
    assert read(f"# 1.4.0\n\n{inside}\n\n## License\n\nMIT\n").endswith("MIT")


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "### Added\n\n### Fixed",
        "### 🐛 Bug fixes",
        "<!-- soon -->",
        "---",
        '<a name="x"></a>',
        "-",
        ">",
        "<br>",
        "[docs]: https://example.com",
        "[^1]: A footnote.",
        "```\n```",
    ],
)
def test_a_section_without_text_is_refused(inside: str) -> None:
    message = "CHANGELOG.md: the section [1.4.0] - 2026-11-02 is empty: write below its heading what changed"
    with pytest.raises(changelog.NoSectionError, match=re.escape(message)):
        read(f"## [1.4.0] - 2026-11-02\n\n{inside}\n\n## 1.3.0\n\n- old\n")
    with pytest.raises(changelog.NoSectionError, match=r"no section for 1\.4\.0, and the section Unreleased is empty"):
        read(f"## Unreleased\n\n{inside}\n\n## 1.3.0\n\n- old\n")


def test_definitions_of_links_and_footnotes_come_along() -> None:
    text = (
        "[top]: https://example.com/top\n\n## 1.4.0\n\n- See [top], [Docs][DOCS], ![logo] and a note.[^1]\n\n"
        "## 1.3.0\n\n- old [own]\n\n[own]: https://example.com/own\n[docs]: <https://example.com/the docs>\n"
        "  'Title'\n\n[^1]: A note with [another][own].\n\n    In two paragraphs.\n\n[^2]: Unused.\n\n"
        "> [logo]: https://example.com/logo\n"
    )
    right = (
        "- See [top], [Docs][DOCS], ![logo] and a note.[^1]\n\n[top]: https://example.com/top\n"
        "[docs]: <https://example.com/the docs>\n'Title'\n[logo]: https://example.com/logo\n[own]: https://example.com/own\n\n"
        "[^1]: A note with [another][own].\n\n    In two paragraphs."
    )
    assert read(text) == right
    assert read(text.replace("\n", "\r\n")) == right
    assert read(text, "1.3.0") == "- old [own]\n\n[own]: https://example.com/own"
    assert '<a href="https://example.com/own"' in render.to_html(read(text, "1.3.0"))


PLAIN = """\
WIDGET
======

Version 1.4.0 (2026-11-02)
--------------------------

* Turns *left*
  and <right>
\t- deeper
1. one
#no heading
[1] is a reference

Version 1.3.0
-------------

old
"""


def test_plain_text_keeps_its_line_endings() -> None:
    for text in (PLAIN, PLAIN.replace("\n", "\r\n")):
        shown = html.unescape(render.to_html(read(text, file="NEWS.txt")))
        lines = re.split(r"<br ?/?>\n", shown.strip().replace("\N{NO-BREAK SPACE}", "_"))
        assert lines == [
            "<p>* Turns *left*",
            "__and <right>",
            "________- deeper",
            "1. one",
            "#no heading",
            "[1] is a reference</p>",
        ]


def test_plain_text_with_versions_that_are_no_headings_is_refused() -> None:
    with pytest.raises(changelog.NoSectionError, match=r"v1\.4\.0, v1\.3\.0"):
        read("v1.4.0\n  new\n\nv1.3.0\n  old\n", file="NEWS.txt")
    assert read("new\nand more\n", file="NEWS.TXT") == "new  \nand more"


CANDIDATES = (
    "## 1.4.0\n\n- final\n\n## 1.4.0-rc.2\n\n- two\n\n## 1.4.0-rc.1\n\n- one\n\n## 1.4.0-beta.1\n\n"
    "## gadget-v1.4.0-rc.1\n\n- gadget\n\n## 1.4.0.post1\n\n- post\n\n## 1.3.0-rc.1\n\n- older\n"
)


def test_the_sections_of_pre_releases() -> None:
    final, candidate = version.parse("1.4.0"), version.parse("1.4.0-rc.3")
    sections = changelog.prereleases(CANDIDATES, final, "CHANGELOG.md", "widget-v")
    assert sections == (changelog.Section("1.4.0-rc.2", "- two"), changelog.Section("1.4.0-rc.1", "- one"))
    assert changelog.prereleases(CANDIDATES, final)[-1] == changelog.Section("gadget-v1.4.0-rc.1", "- gadget")
    assert changelog.prereleases(CANDIDATES, candidate) == ()
    assert changelog.prereleases("- new\n", final) == ()
