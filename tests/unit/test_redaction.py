"""A registered secret can't be written in any form that requests, shells or JSON give it."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline.redaction import Redactor, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = 'aB+c/d==e F"0%<123'
FORMS = {
    "raw": KEY,
    "percent": quote(KEY, safe=""),
    "percent, slash kept": quote(KEY),
    "plus": quote_plus(KEY),
    "lower-case percent": "aB%2bc%2fd%3d%3de%20F%220%25%3c123",
    "twice": quote(quote(KEY, safe="")),
    "json": json.dumps(KEY)[1:-1],
    "json, slash escaped": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "html": html.escape(KEY),
    "base64": base64.b64encode(KEY.encode()).decode().rstrip("="),
    "base64 of user:key": base64.b64encode(f"api:{KEY}".encode()).decode().rstrip("="),
    "base64 of u:key": base64.b64encode(f"u:{KEY}".encode()).decode().rstrip("="),
    "base64 of us:key:x": base64.b64encode(f"us:{KEY}:x".encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_is_hidden(form: str) -> None:
    redact = Redactor()
    redact.register(Secret(KEY, "TEST"))
    hidden = redact(f"before {form} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert "***" in hidden
    assert len(hidden) < len("before  after") + 12


@pytest.mark.parametrize("user", ["", "u:", "user:"])
@pytest.mark.parametrize(
    "escaped",
    [
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: quote(text, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
        lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
        lambda text: text.replace("+", "\\u002b").replace("=", "\\u003D"),
        lambda text: text.replace("+", "&#43;").replace("=", "&#x3D;").replace("/", "&sol;"),
    ],
)
def test_base64_is_hidden_however_it_is_escaped(user: str, escaped: Callable[[str], str]) -> None:
    key = "sandbox->>>???>>>???~~~ooo"  # whose base64 has + and /
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = escaped(encode(f"{user}{key}".encode()).decode())
        left = redact(text).split("***")
        assert len(left) == 2, left
        assert len(left[0]) <= len(user) * 4 / 3 + 2
        assert len(re.split(r"[=%\\&]", left[1])[0]) <= 2  # what the neighbours change, and then padding


def test_a_key_that_is_no_text_is_hidden_too() -> None:
    key = b"sandbox-\xff\xfe+key".decode("utf-8", "surrogateescape")  # as Python has such a variable
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    assert redact(f"x {key} {quote(key.encode('utf-8', 'surrogateescape'), safe='')} x") == "x *** *** x"
    assert Secret(key, "TEST").malformed


def test_a_secret_does_not_show_itself() -> None:
    assert KEY not in f"{Secret(KEY, 'TEST')} {Secret(KEY, 'TEST')!r}"


def test_the_longest_of_two_secrets_is_hidden_whole() -> None:
    redact = Redactor()
    for text in ("sandbox-key", "sandbox-key-and-more"):
        redact.register(Secret(text, "TEST"))
    assert redact("x sandbox-key-and-more y") == "x *** y"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.text(), st.text())
def test_what_is_around_a_secret_stays(key: str, before: str, after: str) -> None:
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    assert key not in redact(before + key + after).replace("***", "")


TOLD_HEX = b"""sandbox-a+b/c=d'e"f g""".hex()
TOLD = [
    """sandbox-a+b/c=d'e"f g""",
    "sandbox-a%2Bb%2Fc%3Dd%27e%22f%20g",
    "sandbox-a%2Bb/c%3Dd%27e%22f%20g",
    "sandbox-a%2Bb%2Fc%3Dd%27e%22f+g",
    "sandbox-a%2Bb%2Fc=d%27e%22f%20g",
    "sandbox-a%2Bb/c=d%27e%22f%20g",
    "sandbox-a+b%2Fc%3Dd%27e%22f%20g",
    "sandbox-a+b%2Fc=d%27e%22f%20g",
    "sandbox-a+b/c%3Dd%27e%22f%20g",
    "sandbox-a+b/c=d%27e%22f%20g",
    "sandbox-a%2bb%2fc%3dd%27e%22f%20g",
    "sandbox-a%2bb%2fc%3dd%27e%22f+g",
    "sandbox-a%2bb/c%3dd%27e%22f%20g",
    "sandbox-a%252Bb%252Fc%253Dd%2527e%2522f%2520g",
    "sandbox-a%252Bb%252Fc%253Dd%2527e%2522f%2Bg",
    "sandbox-a%252Bb/c%253Dd%2527e%2522f%2520g",
    "sandbox-a%252Bb%2Fc%253Dd%2527e%2522f%2520g",
    "sandbox-a%252bb%252fc%253dd%2527e%2522f%2520g",
    "sandbox-a%252bb%252fc%253dd%2527e%2522f%2Bg",
    "sandbox-a%252bb/c%253dd%2527e%2522f%2520g",
    "sandbox-a%252bb%2Fc%253dd%2527e%2522f%2520g",
    "sandbox-a+b/c=d&#39;e&quot;f g",
    "sandbox-a+b/c=d&#x27;e&quot;f g",
    "sandbox-a+b/c=d&apos;e&quot;f g",
    "sandbox&#45;a&#43;b&#47;c&#61;d&#39;e&#34;f&#32;g",
    "sandbox&#x2D;a&#x2B;b&#x2F;c&#x3D;d&#x27;e&#x22;f&#x20;g",
    "sandbox&#x2d;a&#x2b;b&#x2f;c&#x3d;d&#x27;e&#x22;f&#x20;g",
    r"sandbox\u002Da\u002Bb\u002Fc\u003Dd\u0027e\u0022f\u0020g",
    r"sandbox\u002da\u002bb\u002fc\u003dd\u0027e\u0022f\u0020g",
    r"""sandbox-a+b/c=d'e\"f g""",
    r"""sandbox-a+b\/c=d'e\"f g""",
    r"""sandbox-a+b/c=d\'e"f g""",
    r"""sandbox-a+b/c=d\'e\"f\ g""",
    r"""sandbox-a+b/c=d'\''e"f g""",
    """sandbox-a+b/c=d'"'"'e"f g""",
    "c2FuZGJveC1hK2IvYz1kJ2UiZiBn",
    "NhbmRib3gtYStiL2M9ZCdlImYgZ",
    "zYW5kYm94LWErYi9jPWQnZSJmIG",
    TOLD_HEX,
    TOLD_HEX.upper(),
]


def test_these_forms_of_a_key_are_told_to_those_that_hide_texts() -> None:
    redact = Redactor()
    redact.register(Secret(TOLD[0], "TEST"))
    assert sorted(redact.unmasked_forms()) == sorted(TOLD)


def test_what_is_around_a_key_that_was_pasted_with_blanks_is_not_part_of_it() -> None:
    redact = Redactor()
    redact.register(Secret(" sandbox-ü>?>?>?\n", "TEST"))
    told = redact.unmasked_forms()
    assert {"sandbox-ü>?>?>?", r" sandbox-\u00fc>?>?>?\n", r" sandbox-ü>?>?>?\n"} <= {*told}
    assert any("-" in form and form.isascii() and ">" not in form and "%" not in form for form in told)
    assert redact("x sandbox-ü>?>?>? x") == "x *** x"


def test_the_forms_of_two_keys_are_told_together() -> None:
    redact = Redactor()
    for key in ("sandbox-one+1", "sandbox-two+2"):
        redact.register(Secret(key, "TEST"))
    assert {"sandbox-one+1", "sandbox-one%2B1", "sandbox-two+2", "sandbox-two%2B2"} <= {*redact.unmasked_forms()}


def test_the_longer_of_two_secrets_is_hidden_whole_in_base64() -> None:
    redact = Redactor()
    for text in ("sandbox-key", "sandbox-key-and-more"):
        redact.register(Secret(text, "TEST"))
    assert redact(f"x {base64.b64encode(b'sandbox-key-and-mor').decode()} y").startswith("x ***")
    assert redact(f"x {base64.b64encode(b'sandbox-key-and-more').decode()} y") in ("x *** y", "x ***= y", "x ***U= y")


def test_a_further_secret_is_hidden_as_well_as_the_first() -> None:
    redact = Redactor()
    for key in ("sandbox-one+1", "sandbox-two+2"):
        redact.register(Secret(key, "TEST"))
        assert key in redact.unmasked_forms()
    # Escaped in a way that only the pattern of each knows.
    assert redact(r"sandbox-one%25252b1 sandbox-two\\\u002B2 sandbox-one+1 sandbox-two+2") == "*** *** *** ***"


def test_one_secret_with_a_blank_at_its_end_hides_both() -> None:
    redact = Redactor()
    redact.register(Secret("sandbox-one ", "TEST"))
    redact.register(Secret("sandbox-one", "TEST"))
    assert redact("(sandbox-one)(sandbox-one )") == "(***)(***)"


ESCAPED = [
    ("+", "+", "%2B", "%2b", "%252B", "%252525252b", r"\u002b", r"\\\u002B", r"\x2b", r"\\x2B", r"\+"),
    ("+", "&#43;", "&#0043;", "&#x2b;", "&#X002B;", "&plus;", "&amp;plus;", "&amp;amp;#43;"),
    (" ", " ", "+", "%20", "&#32;", r"\ "),
    ("\n", "\n", "%0a", r"\n", r"\\n", "&NewLine;"),
    ("\t", r"\t", "%09"),
    ("\r", r"\r", "%0D"),
    ("'", "'", r"'\''", """'"'"'""", "&apos;", "&#39;", r"\'"),
    ("&", "&", "&amp;", "&amp;amp;", "%26"),
    ("%", "%", "%25", "%2525", "&percnt;"),
    ("ü", "ü", "%C3%BC", "%c3%25bc", r"\u00fc", r"\xFC", "&uuml;", "&#252;", "&#xfc;"),
    ("\udc80", "\udc80", r"\udc80", "%ed%b2%80"),
    ("€", "€", "%E2%82%AC", r"\u20ac", "&euro;"),
]


def hidden(key: str, text: str) -> str:
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    return redact(text)


@pytest.mark.parametrize(("char", "text"), [(char, text) for char, *texts in ESCAPED for text in texts])
def test_a_character_is_known_however_it_is_escaped(char: str, text: str) -> None:
    assert hidden(f"key-a{char}b", f"(key-a{text}b)") == "(***)"


@pytest.mark.parametrize("text", ["a b", "ab", "a%2Cb", "a++b", "a%2", r"a\u002cb", "a&#44;b", "A+b", "a+B", "a&amp;b"])
def test_another_text_is_left_alone(text: str) -> None:
    assert hidden("key-a+b", f"key-{text}") == f"key-{text}"


LETTERS = "key-of-Widget"


@pytest.mark.parametrize(
    "escaped",
    [
        "".join(f"%{ord(char):02X}" for char in LETTERS),
        "".join(f"%25{ord(char):02x}" for char in LETTERS),
        "".join(f"&#{ord(char)};" for char in LETTERS),
        "".join(f"&#x{ord(char):x};" for char in LETTERS),
        "".join(f"\\u{ord(char):04x}" for char in LETTERS),
        "".join(f"\\x{ord(char):02x}" for char in LETTERS),
        "".join(f"\\{ord(char):03o}" for char in LETTERS),
        f"k%65y-{LETTERS[4:]}",
        LETTERS.encode().hex(),
        LETTERS.encode().hex().upper(),
        LETTERS.encode().hex(" "),
        LETTERS.encode().hex(":"),
    ],
)
def test_a_key_whose_letters_are_escaped_is_hidden(escaped: str) -> None:
    assert hidden(LETTERS, f"({escaped})") == "(***)"


def test_base64_that_is_broken_into_lines_is_hidden() -> None:
    key = "sandbox-" + "x1Yz" * 20
    broken = base64.encodebytes(key.encode()).decode()
    assert broken.count("\n") > 1
    assert re.fullmatch(r"\(\*\*\*[^*]{0,4}\)", hidden(key, f"({broken})"))
    assert re.fullmatch(r"\(\*\*\*[^*]{0,5}\)", hidden(key, json.dumps(f"({broken})")[1:-1]))


def test_a_key_of_hex_digits_is_hidden_in_the_other_letter_case() -> None:
    key = "27d6f2a05c5e4b8e9d430d1a9d6f6c11"
    assert hidden(key, f"({key.upper()})") == "(***)"
    assert hidden("27d6f2a0-5c5e-4b8e", "(27D6F2A0-5C5E-4B8E)") == "(***)"


def test_ci_systems_hide_a_hex_key_in_both_letter_cases() -> None:
    key = "27d6f2a05c5e4b8e9d430d1a9d6f6c11"
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    assert {key, key.upper(), key.encode().hex()} <= {*redact.unmasked_forms()}


ESCAPERS: list[Callable[[str], str]] = [
    lambda char: char,
    lambda char: quote(char, safe="") if not char.isalnum() else f"%{ord(char):02X}",
    lambda char: f"%25{ord(char):02x}",
    lambda char: f"\\u{ord(char):04x}",
    lambda char: f"\\\\x{ord(char):02X}",
    lambda char: f"\\{ord(char):03o}",
    lambda char: f"&#{ord(char)};",
    lambda char: f"&amp;#x{ord(char):x};",
]
OUTER: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: json.dumps(text)[1:-1],
    html.escape,
    lambda text: repr(text)[1:-1],
]


@given(
    st.lists(
        st.tuples(
            st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), st.sampled_from(ESCAPERS)
        ),
        min_size=8,
        max_size=20,
    ),
    st.lists(st.sampled_from(OUTER), max_size=2),
)
def test_no_mixture_of_escapes_shows_a_key(
    escaped: list[tuple[str, Callable[[str], str]]], outer: list[Callable[[str], str]]
) -> None:
    text = "".join(escape(char) for char, escape in escaped)
    for escape in outer:
        text = escape(text)
    redact = Redactor()
    redact.register(Secret("".join(char for char, _ in escaped), "TEST"))
    assert redact(f"({text})") == "(***)"


HOSTILE = {
    "escapes": "%41",
    "levels of escapes": "%2525252541&amp;amp;amp;#65;",
    "backslashes": "\\",
    "references": "&amp;",
    "zeros of a reference": f"&#{'0' * 1000}",
    "names": f"&{'a' * 31}",
    "beginnings of the key": "sandbox-k",
    "lines of base64": "c2Fu\n",
    "keys": "sandbox-k%65y ",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    redact = Redactor()
    redact.register(Secret("sandbox-key", "TEST"))
    seconds = []
    for size in (200_000, 1_600_000):
        text = piece * (size // len(piece))
        begun = time.process_time()
        redact(text)
        seconds.append(time.process_time() - begun)
    assert seconds[1] < 24 * seconds[0] + 0.2  # eight times the text; quadratic is 64 times


def test_escapes_elsewhere_in_the_text_stay_as_they_are() -> None:
    text = r"\u00fc %41 &amp; &unknown; \n"
    assert hidden(LETTERS, f"{text} k%65y{LETTERS[3:]} {text}") == f"{text} *** {text}"
