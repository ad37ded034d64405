"""What GitHub's, GitLab's and Jenkins' maskers would miss, we mask."""

from __future__ import annotations

import pytest

from shipline.redaction import Redactor, Secret, variants
from unit import maskers


@pytest.mark.parametrize("key", maskers.CANARIES)
@pytest.mark.parametrize("form", maskers.FORMS)
def test_every_form_is_masked_by_us(key: str, form: str) -> None:
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    told = redact.unmasked_forms()  # what GitHub gets to mask
    for text in maskers.FORMS[form](key):
        assert maskers.left(redact(text).split("***")) == []
        assert maskers.hidden(told, text)


@pytest.mark.parametrize("key", maskers.CANARIES)
def test_every_form_that_we_mask_is_in_the_table(key: str) -> None:
    texts = [text for form in maskers.FORMS.values() for text in form(key)]
    assert [form for form in variants(key) if not any(form in text for text in texts)] == []


@pytest.mark.parametrize(
    ("system", "form", "verdict"),
    [
        ("GitHub", "as it is", "yes"),
        ("GitHub", "percent-encoded: `%2B`, `%2F`", "yes"),
        ("GitHub", "base64 of `user:key`", "yes"),
        ("GitHub", "percent-encoded in lower case: `%2b`", "no"),
        ("GitHub", "percent-encoded twice: `%252B`", "no"),
        ("GitLab", "as it is", "yes"),
        ("GitLab", "percent-encoded: `%2B`, `%2F`", "no"),
        ("GitLab", "base64 of `user:key`", "no"),
        ("Jenkins", "as it is", "yes"),
        ("Jenkins", "percent-encoded: `%2B`, `%2F`", "no"),
    ],
)
def test_the_oracles_say_what_the_systems_do(system: str, form: str, verdict: str) -> None:
    assert maskers.verdict(maskers.MASKERS[system], maskers.FORMS[form]) == verdict
