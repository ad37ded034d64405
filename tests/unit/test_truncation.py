"""Notes for v3: at most 4096 UTF-16 units, cut where a reader would cut them, with nothing left open."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shipline.release_notes import render

LINK = "https://ci.example.com/runs/1"
TAIL = f"\n\n… [Full notes]({LINK})"


def cut(text: str, link: str = LINK) -> str:
    """Return the cut text without the link to the full notes."""
    short, warning = render.bounded(text, "truncate", link)
    assert warning
    assert len(short.encode("utf-16-le")) // 2 <= 4096
    tail = TAIL if link else "\n\n… (shortened)"
    assert short.endswith(tail)
    assert short.count("…") == text[: len(short)].count("…") + 1
    return short.removesuffix(tail)


def test_short_notes_are_kept() -> None:
    assert render.bounded("a\r\nb\n", "fail", LINK) == ("a\nb", "")
    assert render.bounded("x" * 4096, "fail", LINK) == ("x" * 4096, "")
    assert render.bounded("", "truncate", LINK) == ("", "")


def test_long_notes_fail_with_their_length() -> None:
    with pytest.raises(ValueError, match=r"4097 characters, and v3 accepts 4096.*too-long: truncate"):
        render.bounded("x" * 4097, "fail", LINK)


def test_the_limit_counts_utf_16_units() -> None:
    assert render.bounded("😀" * 2048, "fail", LINK) == ("😀" * 2048, "")
    with pytest.raises(ValueError, match="4098 characters"):
        render.bounded("😀" * 2049, "fail", LINK)
    assert re.fullmatch("(?:😀 )*😀", cut("😀 " * 3000))


def test_the_warning_counts_what_was_cut() -> None:
    text = "word " * 1066
    short, warning = render.bounded(text, "truncate", LINK)
    left = len(text) - len(short.removesuffix(TAIL))
    assert warning == f"v3 accepts 4,096 characters: cut {left:,} of 5,330 characters of the notes"


@pytest.mark.parametrize("footer", ["Write to us.", "[Imprint](https://x.example.com)\n\n- a\n- b", "Bye <!-- x -->"])
def test_a_footer_is_kept(footer: str) -> None:
    shown = footer.replace("<!-- x -->", "")
    short, warning = render.bounded("word " * 1066 + f"\n\n{footer}", "truncate", LINK, footer)
    assert short.startswith("word word")
    assert short.endswith(f"{TAIL}\n\n{shown}")
    assert len(short) <= 4096
    assert f"of {5330 + 2 + len(shown):,} " in warning
    assert render.bounded(f"a\n\n{footer}", "truncate", LINK, footer) == (f"a\n\n{shown}", "")


def test_a_footer_that_leaves_little_room_is_cut_too() -> None:
    footer = "word " * 600
    short, _ = render.bounded(f"Notes.\n\n{'text ' * 600}\n\n{footer}", "truncate", LINK, footer)
    assert short.startswith("Notes.")
    assert short.endswith(TAIL)


def test_a_block_is_the_first_choice() -> None:
    items = "\n".join(f"- change {number}. More of it" for number in range(1000))
    kept = cut(items)
    assert items.startswith(f"{kept}\n- change")
    assert len(kept) + len(TAIL) > 4096 - 40
    paragraph = "One sentence. Another one. " * 60
    assert cut(f"{paragraph}\n\n{paragraph}\n\n{paragraph}") == f"{paragraph}\n\n{paragraph.rstrip()}"


def test_a_heading_is_not_left_alone() -> None:
    paragraph = "One sentence. Another one. " * 140
    assert cut(f"{paragraph}\n\n## More\n\n{paragraph}") == paragraph.rstrip()


def test_a_sentence_is_the_second_choice() -> None:
    kept = cut("Intro.\n\n" + "This sentence has seven words in it. " * 200)
    assert kept.endswith("words in it.")
    assert len(kept) + len(TAIL) > 4096 - 40


def test_a_word_is_the_third_choice() -> None:
    text = " ".join(f"word{number}" for number in range(1000))
    kept = cut(text)
    assert text.startswith(f"{kept} ")
    assert len(kept) + len(TAIL) > 4096 - 10


@pytest.mark.parametrize(
    "text", ["x" * 5000, "https://example.com/" + "x/" * 3000, "中文句子很长。" * 900, "長" * 5000]
)
def test_a_text_without_spaces_is_cut_too(text: str) -> None:
    for link in (LINK, ""):
        kept = cut(text, link)
        assert text.startswith(kept)
        assert len(kept) > 3500


WORDS = "a few words that go on, " * 200


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (f"**{WORDS}end**", "**"),
        (f"_{WORDS}end_", "_"),
        (f"~~{WORDS}end~~", "~~"),
        (f"***{WORDS}end***", "***"),
        (f"**bold _{WORDS}end_**", "_**"),
        (f"`{WORDS}`", "`"),
        (f"[{WORDS}](https://e.x/1 'T')", '](<https://e.x/1> "T")'),
        (f"[**{WORDS}end**][r]\n\n[r]: https://e.x/1", "**](<https://e.x/1>)"),
        (f"a <kbd>{WORDS}</kbd>", "</kbd>"),
        (f"> - *{WORDS}end*", "*"),
        (f"- one\n\n  {WORDS}", ""),
        (f"| a | b |\n|---|---|\n| 1 | **{WORDS}end** |", "**"),
        (f"<details><summary>All</summary>\n\n{WORDS}\n\n</details>", "\n\n</details>"),
        (f"<details>\n<blockquote>\n{WORDS}\n</blockquote></details>", "\n\n</blockquote>\n\n</details>"),
        ("Intro\n\n```python\n" + "print()\n" * 1000 + "```\n", "print()\n```"),
        ("~~~~\n" + "a b\n" * 1500 + "~~~~\n", "a b\n~~~~"),
        ("- ```\n" + "  a b\n" * 1500 + "  ```\n", "  a b"),
        ("    a b\n" * 1000, "    a b"),
    ],
)
def test_what_is_open_is_closed(text: str, end: str) -> None:
    kept = cut(text)
    assert kept.endswith(end)
    assert len(kept) > 3900
    full, short = render.to_html(text), render.to_html(kept + TAIL)
    assert elements(short.rpartition("<p>…")[0]) == elements(full)
    assert short.endswith(f'<p>… <a href="{LINK}">Full notes</a></p>\n')


def elements(html: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html)) - {"p", "tr", "td"}


def test_links_keep_their_definitions() -> None:
    text = (
        "See [the guide][g] and [it]. " * 200 + "\n\n[g]: https://e.x/guide\n[IT]: https://e.x/it\n[x]: https://e.x/x\n"
    )
    kept = cut(text)
    assert kept.endswith("[g]: https://e.x/guide\n[IT]: https://e.x/it")
    assert '<a href="https://e.x/guide">the guide</a>' in render.to_html(kept)


def test_references_to_footnotes_that_are_cut_off_go() -> None:
    kept = cut("A change[^1] and `[^2]`. " * 300 + "\n\n[^1]: why\n")
    assert "[^1]" not in kept
    assert "`[^2]`" in kept


def test_a_link_with_parentheses_stays_a_link() -> None:
    short, _ = render.bounded("x\n" * 5000, "truncate", "https://example.com/a)b")
    assert 'href="https://example.com/a)b"' in render.to_html(short)


def test_an_open_comment_is_left_out() -> None:
    assert render.bounded("Intro\n\n<!--\n" + "hidden\n" * 1000 + "-->\n", "truncate", LINK) == ("Intro", "")


class Words(HTMLParser):
    """The words that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def __str__(self) -> str:
        return "".join("".join(self.text).split())


INLINE = st.sampled_from(
    ["word", "Sentence.", "**bold**", "**two words**", "_em_", "`code x`", "[link text](https://e.x/a)", "[ref][r]",
     "😀", "~~gone~~", "<kbd>Ctrl</kbd>", "a<br>b", "https://e.x/b_c", "é", "中文", "**bold _em `x y`_**",
     "1 < 2", "a*b"]
)  # fmt: skip
PROSE = st.lists(INLINE, min_size=1, max_size=30).map(" ".join)
BLOCK = st.one_of(
    PROSE,
    PROSE.map(lambda text: f"## {text}"),
    st.lists(PROSE, min_size=1, max_size=5).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(PROSE, min_size=1, max_size=3).map(
        lambda items: "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))
    ),
    PROSE.map(lambda text: f"> {text}"),
    PROSE.map(lambda text: f"> [!NOTE]\n> {text}"),
    st.lists(PROSE, min_size=1, max_size=4).map(
        lambda rows: "| a |\n|---|\n" + "\n".join(f"| {row} |" for row in rows)
    ),
    st.lists(PROSE, min_size=1, max_size=9).map(lambda rows: "```\n" + "\n".join(rows) + "\n```"),
    PROSE.map(lambda text: f"<details><summary>More</summary>\n\n{text}\n\n</details>"),
)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])  # to shrink such texts takes minutes
@given(st.lists(BLOCK, min_size=1, max_size=20), st.integers(1, 40), st.booleans())
def test_readers_see_the_beginning_of_the_notes(blocks: list[str], times: int, linked: bool) -> None:
    text = "\n\n".join(blocks * times) + "\n\n[r]: https://e.x/r"
    link = LINK if linked else ""
    short, warning = render.bounded(text, "truncate", link)
    assert len(short.encode("utf-16-le")) // 2 <= 4096
    short.encode()
    assert bool(warning) == (len(short) < len(text) and "…" in short)
    seen, full = str(Words(render.to_html(short))), str(Words(render.to_html(text)))
    if warning:
        kept, _, end = seen.rpartition("…")
        assert end in ("Fullnotes", "(shortened)")
        assert full.startswith(kept)
        assert len(short) > 2000
        html = render.to_html(short)
        assert re.search(r"<p>… .*</p>\n$", html), html[-300:]
    else:
        assert seen == full


def test_a_tag_that_does_not_end_takes_nothing_of_the_end() -> None:
    lines = ["[a]: <x", "[^1]: x", "~~~~", "[^1]", "", "</details>", "[^1]: x", "| a |\n|---|", "`" * 900, "<script>"]
    short, warning = render.bounded("\n".join(lines * 30), "truncate", "")
    assert warning
    assert "<p>… (shortened)</p>" in render.to_html(short)


LINE = st.sampled_from(
    ["", "a", "```", "~~~~", "> ```", "- ```", "# h", "<!--", "<pre>", "| a |\n|---|", "    code", "[a]: <x",
     "x " * 200, "`" * 900, "<details>", "</details>", "[x](", "**", "\U00100000", "[^1]", "[^1]: x", "<script>",
     "- [ ] a", "a\\", "|a"]
)  # fmt: skip


@settings(max_examples=25, deadline=None, phases=[Phase.generate])  # to shrink such texts takes minutes
@given(
    st.lists(LINE, min_size=1, max_size=40), st.sampled_from(["", LINK, "https://e.x/" + "y" * 5000, "https://e.x/(a"])
)
def test_any_text_is_bounded_and_ends_with_the_link(lines: list[str], link: str) -> None:
    short, warning = render.bounded("\n".join(lines * 30), "truncate", link)
    assert len(short.encode("utf-16-le")) // 2 <= 4096
    if warning:
        assert "<p>…" in render.to_html(short)
