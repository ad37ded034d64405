"""A registered secret can't be written in any form that requests, shells or JSON give it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline.transport.redaction import Redactor, Secret

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
