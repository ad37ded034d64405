"""No text makes a parser fail in another way than the one it promises."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzz.parsers import PARSERS

BOUNDED = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(settings.get_profile("long"), derandomize=False)

# Words that some parser knows, so that random text comes further into it.
WORDS = st.sampled_from([
    "{", "}", "[", "]", "{{", "\"", "'", ":", ",", "\n", "\r\n", "\t", " ", "- ", "#", "## ", "```", "<", ">", "&",
    "*", "!", "|", "%", "\\", "&a ", "*a", "!!str ", "<<: ", "---\n", "? ", "id", '"id"', "null", "true", "NaN",
    "Infinity", "-1", "1e999", "9" * 30, "0x1F", "\u00e9", "\ufeff", "\u0000", "\u001b", "\u2028", "\ud800", "1.4.0",
    "v1.4.0-beta.3", "## 1.4.0\n", "## Unreleased\n", "[1.4.0]: https://x.example\n", "<!--", "-->", "<script>",
    "[x](javascript:x)", "release", "version", "2026-01-31", "T", "09:00:00", "Z", "+02:00", "+99:99",
    "Mon, 01 Jan 2026 00:00:00 GMT", "Jan", "GMT", "99999999999999999999", "1h30m", "90s", "https://", "x.example",
    "@", "?apiKey=", "/api/v1/", "..", "%2e%2e", "{version}", "{build_number}", "bytes 0-0/", "\u001f", "message",
    "code", "invalidParameters",
])  # fmt: skip
TEXT = st.one_of(
    st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=40).map("".join),
    st.text(st.characters(), max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["id", "status", "message", "name", "createdOn", "x"]), inner, max_size=4)
        ),
        max_leaves=15,
    ).map(json.dumps),
)


@pytest.mark.parametrize("name", PARSERS)
@(LONG if os.environ.get("HYPOTHESIS_PROFILE") == "long" else BOUNDED)
@given(text=TEXT)
@example(text="[" * 3000)
@example(text='{"a":' * 3000)
@example(text='{"id": "\\ud800"}')
@example(text="Mon, 01 Jan 99999999999999999999 00:00:00 GMT")
@example(text="Mon, 01 Jan 2020 00:00:00 +99999999999999999|Mon, 01 Jan 2020 00:00:00 +99999999999999999")
@example(text="9" * 5000)
@example(text="0001-01-01T00:00:00+23:59|Fri, 31 Dec 9999 23:59:59 -2359")
def test_it_keeps_its_promise(name: str, text: Any) -> None:
    PARSERS[name](text)
