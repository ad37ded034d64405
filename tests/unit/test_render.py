"""Rendering of release notes as HTML: as GitHub does it, without what could do harm."""

from __future__ import annotations

import re
import time

import pytest

from shipline.release_notes import markdown as md
from shipline.release_notes import render


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**New**: ~~old~~ `code`", "<p><strong>New</strong>: <del>old</del> <code>code</code></p>\n"),
        ("~one tilde~", "<p><del>one tilde</del></p>\n"),
        ("```python\nx = 1\n```", '<pre><code class="language-python">x = 1\n</code></pre>\n'),
        ("[x](https://example.com/?a=1&b=2)", '<p><a href="https://example.com/?a=1&amp;b=2">x</a></p>\n'),
        ("<mailto:a@example.com>", '<p><a href="mailto:a@example.com">mailto:a@example.com</a></p>\n'),
        ("[x](javascript:alert%281%29)", "<p>x</p>\n"),
        ("[x](JaVaScRiPt:alert)", "<p>x</p>\n"),
        ("[x](java&#10;script:alert)", "<p>x</p>\n"),
        ("[x](data:text/html,hi)", "<p>x</p>\n"),
        ("[**guide**](docs/guide.md)", "<p><strong>guide</strong></p>\n"),
        ("[x](#usage)", "<p>x</p>\n"),
        ("[x](//evil.example)", "<p>x</p>\n"),
        ("[x][y]\n\n[y]: file:///etc/passwd", "<p>x</p>\n"),
        ("![logo](https://example.com/l.png)", '<p><img src="https://example.com/l.png" alt="logo"></p>\n'),
        ("![logo](http://example.com/l.png)", "<p>logo</p>\n"),
        ("![<logo>](l.png)", "<p>&lt;logo&gt;</p>\n"),
        ('![a "b" &amp; c](l.png)', '<p>a "b" &amp; c</p>\n'),
        ("[![logo](l.png)](https://example.com)", '<p><a href="https://example.com">logo</a></p>\n'),
        (
            "> [!WARNING]\n> Back up first.",
            "<blockquote>\n<p><strong>Warning</strong></p>\n<p>Back up first.</p>\n</blockquote>\n",
        ),
    ],
)
def test_to_html(markdown: str, html: str) -> None:
    assert render.to_html(markdown) == html


def test_tables() -> None:
    html = render.to_html("| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert "<td>1</td>" in html
    assert "| a |" not in html


def test_task_lists_have_check_boxes_that_nobody_can_change() -> None:
    html = render.to_html("- [x] done\n- [ ] open\n")
    assert '<input type="checkbox" checked="" disabled=""> done' in html
    assert '<input type="checkbox" disabled=""> open' in html
    assert "[x]" not in html


def test_footnotes_are_numbered_and_linked_as_on_github() -> None:
    html = render.to_html("a[^n] b[^n] c[^m]\n\n[^n]: first\n[^m]: second\n")
    assert '<p>a<sup><a href="#fn-n" id="fnref-n">1</a></sup> b<sup><a href="#fn-n" id="fnref-n-2">1</a></sup>' in html
    assert '<li id="fn-m">\n<p>second <a href="#fnref-m">↩</a></p>' in html
    assert "[^n]" not in html


@pytest.mark.parametrize(
    ("markdown", "addresses"),
    [
        ("* Fix by @sam in https://git.example.com/w/pull/12", ["https://git.example.com/w/pull/12"]),
        ("See https://a.example/x_(y), (https://a.example/z).", ["https://a.example/x_(y)", "https://a.example/z"]),
        ('"https://a.example/q" **https://a.example/r**', ["https://a.example/q", "https://a.example/r"]),
        ("_https://a.example/x_ ~https://a.example/y~", ["https://a.example/x", "https://a.example/y"]),
        ("https://a.example/?a=1&amp;", ["https://a.example/?a=1"]),
        ("https://git.example.com/w/compare/v1...v2", ["https://git.example.com/w/compare/v1...v2"]),
        ("www.example.com/a_b", ["http://www.example.com/a_b"]),
        ("HTTPS://A.EXAMPLE/x", ["HTTPS://A.EXAMPLE/x"]),
        ("sam@example.com", ["mailto:sam@example.com"]),
        ("http://localhost:8080/x", ["http://localhost:8080/x"]),
        ("[https://a.example](https://b.example)", ["https://b.example"]),
        ("README.md, example.com, 1.4.0.dev, //example.com/x, ftp://example.com/x", []),
        ("`https://a.example` http:// https://_ xhttps://a.example http://a_b.c", []),
    ],
)
def test_bare_addresses_are_links(markdown: str, addresses: list[str]) -> None:
    found = re.findall(r'<a href="([^"]*)"', render.to_html(markdown))
    assert [address.replace("&amp;", "&") for address in found] == addresses


def test_harmless_html_stays() -> None:
    markdown = (
        "<details><summary>All changes</summary>\n\n"
        "- one<br>two <kbd>Ctrl</kbd> H<sub>2</sub>O x<sup>2</sup>\n\n</details>"
        '\n\n<script>alert(1)</script><p onclick="x()" align="center">kept</p>\n'
    )
    html = render.to_html(markdown)
    assert all(kept in html for kept in ("<details>", "<summary>", "<br>", "<kbd>", "<sub>", "<sup>", "</details>"))
    assert '<p align="center">kept</p>' in html
    assert not re.search("&lt;|<script|onclick|alert", html)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("a <blink>b</blink> c", "a b c"),
        ("<center>\n\n**b**\n\n</center>", "b"),
        ("a <script>alert(1)</script> b", "a  b"),
        ("a <STYLE>p {}</STYLE > b", "a  b"),
        ("<script>\nalert(1)\n\nalert(2)\n</script>\n\nb", "b"),
        ("- Remove the <script> tag\n- Next", "Remove the  tag\nNext"),
        ("- Close </script>, open <script> again\n- Next", "Close , open  again\nNext"),
        ("Ignore <style> here\n\nNext", "Ignore  here\nNext"),
        ("Embed an <iframe> here\n\n- **Next**", "Embed an  here\n\nNext"),
        ("A <textarea> and <title>, <plaintext>, <xmp>\n\nNext", "A  and , , \nNext"),
        ("<textarea>\n\nNext", "Next"),
        ("a <iframe src='https://x.example'>b</iframe> c", "a b c"),
        ('a<a name="1.4.0"></a>b', "ab"),
        ("<img src=x onerror=alert(1)>a", "a"),
        ("<input name=password> <form><button>b</button></form>", "b"),
        ("<svg><style>@import x</style></svg>a", "a"),
    ],
)
def test_other_html_loses_its_tags_and_keeps_its_text(markdown: str, text: str) -> None:
    html = render.to_html(markdown)
    assert re.sub(r"</?(?:p|ul|li|strong)>", "", html).strip() == text
    assert "script" not in html


COMMENTS = [
    ("a <!-- hidden --> b", "a  b"),
    ("a\n\n<!-- hidden -->\n\nb", "a\n\n\n\nb"),
    ("a\n<!-- hidden\n\nhidden -->\nb", "a\n\nb"),
    ("> a <!-- hidden\n> hidden --> b", "> a  b"),
    ("- a\n  <!-- hidden -->\n- b", "- a\n  \n- b"),
    ("| a <!-- hidden --> | b |\n|---|---|\n| 1 | 2 |", "| a  | b |\n|---|---|\n| 1 | 2 |"),
    ("## a <!-- hidden -->", "## a "),
    ("[a <!-- hidden -->](https://e.x)", "[a ](https://e.x)"),
    ("**a <!-- hidden --> b** <!-- hidden `x` -->", "**a  b** "),
    ("a\n\n<!-- hidden\n\nb", "a\n\n"),
    ("<div>\n<!-- hidden -->\nb</div>", "<div>\n\nb</div>"),
    ("<!-- hidden <!-- hidden --> b", " b"),
    ("a <!-- hidden --!> hidden --> b", "a  b"),
    ("`<!-- a` <!-- hidden --> `-->`", "`<!-- a`  `-->`"),
]


@pytest.mark.parametrize(("markdown", "without"), COMMENTS)
def test_comments_never_go_out(markdown: str, without: str) -> None:
    assert md.without_comments(markdown) == without
    assert render.bounded(markdown, "fail", "") == (without.strip("\n"), "")
    assert "hidden" not in render.to_html(markdown)


@pytest.mark.parametrize(
    "markdown", ["`<!-- shown -->`", "```\n<!-- shown -->\n```", "    <!-- shown -->", "\\<!-- shown"]
)
def test_what_looks_like_a_comment_in_code_stays(markdown: str) -> None:
    assert md.without_comments(markdown) == markdown
    assert "&lt;!-- shown" in render.to_html(markdown)


def test_a_comment_still_separates_two_lists() -> None:
    assert render.to_html("- a\n\n<!-- -->\n\n- b\n").count("<ul>") == 2


def test_what_readers_do_not_see_is_listed() -> None:
    markdown = (
        "<p onclick='x()' title=t>a</p> <blink>b</blink> <script>c</script>\n\n"
        "- [x] [d](docs/d.md)\n- a[^1]\n\n[^1]: <!-- e -->\n"
    )
    assert render.rendered(markdown)[1] == [
        "<script>", "</script>", 'href="docs/d.md" of <a>', "onclick of <p>", "<blink>"
    ]  # fmt: skip
    assert render.rendered("//example.com/x README.md")[1] == []
    assert render.rendered("> [!NOTE]\n> **a** https://e.x `<b>` ![i](https://e.x/i.png)")[1] == []


PIECES = ["[", "![", "[a](", "]", "**a* ", "`a ", "> ", "- ", "a:b ", "https://", "mailto:a@", "a@b.", "www.", "<b>"]
PIECES += ["<!-- ", "<script>", "&", "[^a]", "[^a]: x\n", "| a ", "x", "x\n", "https://a.example/x)", "//a.example/&a;"]


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_with_the_length_only(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = time.process_time()
    render.to_html(text)
    short, _ = render.bounded(text, "truncate", "")
    assert time.process_time() - start < 15
    assert render.units(short) <= render.V3_LIMIT


def test_notes_that_are_no_release_s_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"8,388,608 characters: expected the notes of one release, at most 1,048,576"):
        render.to_html("> " * 4 * 1024 * 1024)
    with pytest.raises(ValueError, match="expected the notes of one release"):
        render.bounded("[" * 8 * 1024 * 1024, "truncate", "")
