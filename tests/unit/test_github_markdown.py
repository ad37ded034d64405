"""Notes in HTML, compared with GitHub's own renderer: the same text, the same links and the same tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from github_markdown import Seen, on_github
from shipline.release_notes import markdown as md
from shipline.release_notes import render

_CORPUS = Path(__file__).with_name("notes.txt").read_text(encoding="utf-8")
CASES = dict(re.findall(r"(?ms)^%%% ([^\n]+)\n(.*?)(?=^%%% |\Z)", _CORPUS))


@pytest.mark.parametrize("name", CASES)
def test_readers_see_what_github_shows(name: str) -> None:
    ours, theirs = Seen(render.to_html(CASES[name])), on_github(CASES[name])
    assert ours.text.split() == theirs.text.split()
    assert ours.links == theirs.links
    assert ours.tables == theirs.tables
    assert ours.others == theirs.others
    assert "hidden" not in ours.text


@pytest.mark.parametrize("name", CASES)
def test_notes_for_v3_show_the_same(name: str) -> None:
    text, _ = render.bounded(CASES[name], "fail", "")
    assert md.without_comments(text) == text
    assert Seen(render.to_html(text)).text.split() == Seen(render.to_html(CASES[name])).text.split()


def test_alerts_are_quotes_with_a_title() -> None:
    for kind in ("note", "Tip", "IMPORTANT", "WARNING", "CAUTION"):
        seen = Seen(render.to_html(f"> [!{kind}]\n> Mind **this**.\n> - and this"))
        assert seen.text.split() == [kind.capitalize(), "Mind", "this.", "and", "this"]
    assert "[!OTHER]" in render.to_html("> [!OTHER]\n> text")


def test_an_address_in_brackets_ends_before_the_bracket() -> None:
    """GitHub makes it no link; with the bracket it would lead nowhere."""
    for text, address in (
        ("[fixes https://example.com/485]", "https://example.com/485"),
        ("(details)[https://example.com/a.html], and more", "https://example.com/a.html"),
        ("[see www.example.com/x]", "http://www.example.com/x"),
    ):
        assert [link[0] for link in Seen(render.to_html(text)).links] == [address]
    assert Seen(render.to_html("https://example.com/a[1]")).links[0][1] == "https://example.com/a[1]"


def test_an_address_is_shown_as_written() -> None:
    address = "https://example.com/list?columns=ID%20Status"
    for text in (address, f"<{address}>"):
        assert Seen(render.to_html(text)).links == [(address, address)]
