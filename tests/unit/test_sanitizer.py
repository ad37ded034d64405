"""Sanitizing of HTML: what is harmful goes, and what is harmless stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline import sanitizer
from shipline.release_notes import render
from shipline.reporting import notes


@given(
    st.lists(
        st.sampled_from([*list("<>[]()!*`~|\n ab/:\"'&;#-="), "javascript:", "https://e.x", "<a href=", "onload="])
    )
)
def test_html_from_markdown_is_harmless(pieces: list[str]) -> None:
    html = render.to_html("".join(pieces))
    assert sanitizer.sanitize(html)[1] == []


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
    assert sanitizer.sanitize(html)[1] == []


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
    clean, removed = sanitizer.sanitize(html)
    assert removed
    assert gone not in clean


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a <b>b</b>\nc</p><p>d<br>e</p>", "a b c\n\nd\ne"),
        (
            "<ul><li>one<ul><li>two</li></ul></li></ul><ol start=3><li>x</li><li>y</li></ol>",
            "- one\n  - two\n\n3. x\n4. y",
        ),
        ("<blockquote><p>a</p><ul><li>b</li></ul></blockquote><p>c</p>", "> a\n>\n> - b\n\nc"),
        ("<pre><code>a\n\n  b\n</code></pre><hr>", "    a\n\n      b\n\n----"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ('<a href="https://e.x">https://e.x</a> <a href="https://e.x/1">one</a>', "https://e.x one (https://e.x/1)"),
        ('<img src="https://e.x/i.png" alt="logo"> <input type="checkbox" disabled="" checked=""> a', "logo [x] a"),
        ('a<sup><a href="#fn-1" id="fnref-1">1</a></sup><ol><li>b <a href="#fnref-1">↩</a></li></ol>', "a[1]\n1. b"),
        ("</li></ul>a<li>b", "a\n- b"),
    ],
)
def test_html_as_text(html: str, text: str) -> None:
    assert notes.as_text(html) == text


def test_a_part_of_a_page_fetches_nothing_and_has_no_ids() -> None:
    html = '<img src="https://e.x/i.png" alt="<b>"><a href="#fn-1" id="fnref-1">1</a><a href="https://e.x">x</a>'
    assert sanitizer.sanitize(html, embedded=True)[0] == '&lt;b&gt;1<a href="https://e.x">x</a>'


@pytest.mark.parametrize("start", ['<div title="a>', "<div class", "<p>if a <b\n</p"])
def test_text_after_a_tag_that_does_not_end_stays(start: str) -> None:
    found = render.to_html(f"{start}\n\nThis stays.\n\nAnd *this*.\n")
    assert "<p>This stays.</p>" in found
    assert "<p>And <em>this</em>.</p>" in found


def test_a_comment_that_does_not_end_is_not_shown() -> None:
    assert "internal" not in render.to_html("<!-- internal: don't\n<b \"show\n\n")
