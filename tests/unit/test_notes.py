from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline import notes, version

CHANGELOG = """\
# Changelog

Everything that changed.

## [Unreleased]

- Coming: see [the plan][plan].

## [1.5.0-beta.2] - 2026-02-01

- Beta two.

## [1.5.0] - 2026-03-01

### Added

- Sync, see [#12] and [docs](https://example.com/docs).

```text
## 1.4.0
not a heading
```

<!--
## [1.4.9]
a template
-->

> ## 1.4.8

## 1.4.0 (2026-01-01)

- Old ![logo].

## Contributors

Nobody.

[Unreleased]: https://example.com/compare/main
[1.5.0]: https://example.com/compare/1.5.0
[#12]: https://example.com/issues/12
[plan]: <https://example.com/the plan> "The plan"
[logo]: https://example.com/logo.png
"""


def section(text: str, number: str) -> str:
    return notes.section(text, version.parse(number))


def test_the_section_of_this_version() -> None:
    text = section(CHANGELOG, "1.5.0")
    assert text.startswith("### Added\n\n- Sync")
    assert text.endswith("> ## 1.4.8\n\n[#12]: https://example.com/issues/12")
    assert "not a heading\n```" in text
    assert "Beta two" not in text
    assert "Old" not in text
    assert '<a href="https://example.com/issues/12">#12</a>' in notes.to_html(text)


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("1.5.0-beta.2", "- Beta two."),
        ("1.5.0-beta.3", "### Added"),  # the core version's
        ("v1.5.0", "### Added"),
        ("1.5", "### Added"),
        ("1.5.0+build.7", "### Added"),
        ("1.6.0", "- Coming"),
        ("1.6.0-rc.1", "- Coming"),
    ],
)
def test_which_section(number: str, first: str) -> None:
    assert section(CHANGELOG, number).startswith(first)


def test_definitions_come_along_only_if_used() -> None:
    assert section(CHANGELOG, "1.4.0") == "- Old ![logo].\n\n[logo]: https://example.com/logo.png"
    assert section(CHANGELOG, "1.6.0").endswith('[plan]: <https://example.com/the plan> "The plan"')
    assert section(CHANGELOG, "1.5.0-beta.2") == "- Beta two."


@pytest.mark.parametrize(
    "heading",
    [
        "## [1.4.0] - 2026-01-01",
        "# v1.4.0",
        "## 1.4.0 (date)",
        "1.4.0\n=====",
        "v1.4.0 / 2026-01-01\n---",
        "### 1.4.0",
        "## [1.4.0](https://example.com/compare) (2026-01-01)",
        '## <a name="1.4.0"></a>1.4.0',
        "## **1.4.0** — 1 January",
        "## Version 1.4.0: Aurora",
        "## 1.4.0 Aurora",
        "## [v1.4.0]",
        "## `1.4.0` ##",
        "## [1.4.0][]",
        "## 1.4",
        "## 1.4.0 [YANKED]",
        "## 1.4.0+build.7",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_headings(heading: str, newline: str) -> None:
    text = f"\ufeff{heading}\n\n- this\n\n[1.4.0]: https://example.com\n\n## 1.3.0\n\n- that\n".replace("\n", newline)
    assert section(text, "1.4.0") == "- this"


@pytest.mark.parametrize(
    "text",
    [
        "Just words about 1.4.0.\n\n* * *\n\nMore.",
        "# What's new\n\n## 1.5 times faster\n\nYes.",
        "```\n## 1.3.0\n```\nText",
        "    ## 1.3.0\n\nText",
        "## 3 fixes\n\nText",
        "## 1.4.0rc1\n\nText",
        "> ## 1.3.0\n\nText",
    ],
)
def test_without_version_headings_it_is_the_whole_text(text: str) -> None:
    assert section(f"\n{text}\n\n", "1.4.0") == text


def test_levels_may_be_mixed() -> None:
    text = "# 1.4.0\n\n## Features\n\n- a\n\n## 1.3.1\n\n- b\n\n# 1.3.0\n\n- c\n"
    assert section(text, "1.4.0") == "## Features\n\n- a"
    assert section(text, "1.3.1") == "- b"


def test_no_section_lists_the_headings() -> None:
    with pytest.raises(notes.NoSectionError, match=re.escape("no section for 2.0.0")) as caught:
        section("## 1.4.0\n\n- a\n\n## v1.3.0\n\n- b\n", "2.0.0")
    assert "headings found: 1.4.0, 1.3.0" in str(caught.value)
    assert "## Unreleased" in str(caught.value)
    assert caught.value.headings == ("1.4.0", "1.3.0")


def test_a_long_changelog_lists_some() -> None:
    text = "".join(f"## 1.{minor}.0\n\n- a\n\n" for minor in range(40))
    with pytest.raises(notes.NoSectionError, match=r"1\.9\.0 and 30 more$"):
        section(text, "2.0.0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("## 1.4.0\n\n## 1.3.0\n\n- b", "section 1.4.0 is empty"),
        ("## 1.4.0\n\n### Added\n\n### Fixed\n", "section 1.4.0 is empty"),
        ("## 1.4.0\n\n<!-- soon -->\n", "section 1.4.0 is empty"),
        ("## 1.4.0\n\n[1.4.0]: https://example.com\n", "section 1.4.0 is empty"),
        ("## Unreleased\n\n## 1.3.0\n\n- b", "no section for 1.4.0, and the section Unreleased is empty"),
        ("", "the notes are empty"),
        (" \n\n", "the notes are empty"),
    ],
)
def test_an_empty_section(text: str, message: str) -> None:
    with pytest.raises(notes.NoSectionError, match=re.escape(message)):
        section(text, "1.4.0")


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**New**: ~~old~~ `code`", "<p><strong>New</strong>: <s>old</s> <code>code</code></p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n"),
        ("a\n\n<!-- hidden -->\n\nb", "<p>a</p>\n<p>b</p>\n"),
        ("`<!-- shown -->`", "<p><code>&lt;!-- shown --&gt;</code></p>\n"),
        ("[x](https://example.com/?a=1&b=2)", '<p><a href="https://example.com/?a=1&amp;b=2">x</a></p>\n'),
        ("<mailto:a@example.com>", '<p><a href="mailto:a@example.com">mailto:a@example.com</a></p>\n'),
        ("[x](javascript:alert%281%29)", "<p>x</p>\n"),
        ("[x](JaVaScRiPt:alert)", "<p>x</p>\n"),
        ("[x](java&#10;script:alert)", "<p>x</p>\n"),
        ("[x](data:text/html,hi)", "<p>x</p>\n"),
        ("[**guide**](docs/guide.md)", "<p><strong>guide</strong></p>\n"),
        ("[x](//evil.example)", "<p>x</p>\n"),
        ("[x][y]\n\n[y]: file:///etc/passwd", "<p>x</p>\n"),
        ("![logo](https://example.com/l.png)", '<p><img src="https://example.com/l.png" alt="logo" /></p>\n'),
        ("![<logo>](l.png)", "<p>&lt;logo&gt;</p>\n"),
        ("[![logo](l.png)](https://example.com)", '<p><a href="https://example.com">logo</a></p>\n'),
    ],
)
def test_to_html(markdown: str, html: str) -> None:
    assert notes.to_html(markdown) == html


def test_tables() -> None:
    assert "<td>1</td>" in notes.to_html("| a |\n|---|\n| 1 |\n")


@given(
    st.lists(
        st.sampled_from([*list("<>[]()!*`~|\n ab/:\"'&;#-="), "javascript:", "https://e.x", "<a href=", "onload="])
    )
)
def test_html_from_markdown_is_harmless(pieces: list[str]) -> None:
    html = notes.to_html("".join(pieces))
    assert notes.sanitised(html)[1] is False


@pytest.mark.parametrize(
    "html",
    [
        "<p>New <b>release</b> &amp; more.<br>See <a href='https://example.com/?a=1&amp;b=2'>docs</a></p>",
        "<table><tr><td colspan=2>1</td></tr></table>",
        "<UL><LI>one<LI>two</UL>",
        '<a href="/project/feedback">report</a>',
        "1 < 2",
    ],
)
def test_harmless_html_is_unchanged(html: str) -> None:
    assert notes.sanitised(html)[1] is False


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ("<p onclick=x>a</p>", "onclick"),
        ("<script>alert(1)</script>a", "alert"),
        ("<a href='javascript:alert(1)'>a</a>", "javascript"),
        ("<iframe src='https://example.com'></iframe>", "iframe"),
        ("<p style='position:fixed'>a</p>", "position"),
        ("a<!-- b -->", "b"),
        ("<img src=x onerror=alert(1)>", "onerror"),
        ("<svg><style>@import x</style></svg>", "import"),
        ("<form action=/x><input name=y></form>", "form"),
    ],
)
def test_harmful_html_is_taken_out(html: str, gone: str) -> None:
    clean, changed = notes.sanitised(html)
    assert changed is True
    assert gone not in clean


LINK = "https://example.com/notes"


def test_short_notes_are_kept() -> None:
    assert notes.bounded("a\r\nb\n", "fail", LINK) == "a\nb"
    assert notes.bounded("x" * 4096, "fail", LINK) == "x" * 4096
    assert notes.bounded("", "truncate", LINK) == ""


def test_long_notes_fail_with_their_length() -> None:
    with pytest.raises(ValueError, match=r"4097 characters and v3 takes 4096.*too-long: truncate"):
        notes.bounded("x" * 4097, "fail", LINK)


def test_long_notes_are_cut_at_a_line() -> None:
    text = "\n".join(f"- change {number}" for number in range(1000))
    cut = notes.bounded(text, "truncate", LINK)
    kept, tail = cut.rsplit("\n\n", 1)
    assert tail == f"… [Full notes]({LINK})"
    assert text.startswith(kept + "\n")
    assert 4096 - len("\n- change 999") <= len(cut) <= 4096
    assert notes.bounded(text, "truncate", "").endswith("\n\n… (shortened)")


def test_one_endless_line_leaves_the_link() -> None:
    assert notes.bounded("x" * 5000, "truncate", LINK) == f"… [Full notes]({LINK})"


def test_a_link_with_parentheses_stays_a_link() -> None:
    html = notes.to_html(notes.bounded("x\n" * 5000, "truncate", "https://example.com/a)b"))
    assert 'href="https://example.com/a)b"' in html


@pytest.mark.parametrize("fence", ["```", "~~~~", "```python"])
def test_an_open_code_fence_is_closed(fence: str) -> None:
    text = f"Intro\n\n{fence}\n" + "print()\n" * 1000 + fence[:4].strip("p") + "\n"
    cut = notes.bounded(text, "truncate", LINK)
    assert len(cut) <= 4096
    assert f'<p>… <a href="{LINK}">Full notes</a></p>' in notes.to_html(cut)


def test_an_open_comment_is_left_out() -> None:
    text = "Intro\n\n<!--\n" + "hidden\n" * 1000 + "-->\n"
    assert notes.bounded(text, "truncate", LINK) == f"Intro\n\n… [Full notes]({LINK})"


LINE = st.sampled_from(
    [
        *(
            "",
            "a",
            "```",
            "~~~~",
            "> ```",
            "- ```",
            "# h",
            "<!--",
            "<pre>",
            "| a |\n|---|",
            "    code",
            "[a]: <x",
            "x " * 200,
        ),
        "`" * 900,
    ]
)


@given(
    st.lists(LINE, min_size=1, max_size=40), st.sampled_from(["", LINK, "https://e.x/" + "y" * 5000, "https://e.x/(a"])
)
def test_bounded_is_bounded_and_a_prefix(lines: list[str], link: str) -> None:
    text = "\n".join(lines * 30)
    cut = notes.bounded(text, "truncate", link)
    assert len(cut) <= 4096
    if len(text.strip("\n")) > 4096:
        kept = cut.rpartition("…")[0].rstrip("\n")
        closing = re.search(r"\n(?:`{3,}|~{3,})$", kept)
        assert any(
            text.strip("\n").startswith(prefix) for prefix in (kept, kept[: closing.start()] if closing else kept)
        )
        assert "<p>…" in notes.to_html(cut)
