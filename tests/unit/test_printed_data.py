"""Secrets in the data that an operation's command prints."""

from __future__ import annotations

import csv

import pytest

from shipline.cli.printed_data import hide_keys, hide_keys_in_csv, mask_fields
from shipline.errors import RefusedError
from shipline.redaction import Redactor, Secret
from shipline.services import openapi


def keys(*texts: str) -> Redactor:
    redactor = Redactor()
    for text in texts:
        redactor.register(Secret(text, f"the variable with {len(text)} characters"))
    return redactor


@pytest.mark.parametrize("operation", ["create-webhook", "get-webhook", "update-webhook", "list-webhooks"])
def test_only_the_field_with_the_token_is_masked(operation: str) -> None:
    hook = {"id": "t", "token": "t", "name": "t", "events": ["t"], "other": {"token": "t"}}
    shown = {**hook, "token": "***"}
    schema = openapi.find("v3", operation).answer_schema
    several = operation.startswith("list")
    assert mask_fields("v3", schema, [hook] if several else hook) == ([shown] if several else shown)
    for empty in ("", None):
        unset = {**hook, "token": empty}
        assert mask_fields("v3", schema, [unset] if several else unset) == ([unset] if several else unset)


def test_a_key_is_masked_in_texts_and_an_error_in_numbers_and_names() -> None:
    hide = keys("7001", "key-7")
    data = {"a": ["x key-7", None, True, 1.5, {"7": '{"k": "key-7"}'}]}
    assert hide_keys(hide, data) == {"a": ["x ***", None, True, 1.5, {"7": '{"k": "***"}'}]}
    ids = ["27d6-key-7", "https://dl.example.com/key-7/w.zip", "1.0"]
    assert hide_keys(hide, ids) == ["***", "***", "1.0"], "half of an id or an address would be another one"
    for wrong, place in (
        ({"key-7": 1}, "5 characters in the name of a field"),
        ([{"a": 70015}], "4 characters in a number"),
    ):
        with pytest.raises(RefusedError, match=f"it contains the text of the variable with {place}"):
            hide_keys(hide, wrong)


def test_a_key_is_masked_in_a_field_of_csv_and_an_error_across_fields() -> None:
    text = "A,key-7\nB,x"
    assert [*csv.reader(hide_keys_in_csv(keys("key-7"), text).splitlines())] == [["A", "***"], ["B", "x"]]
    assert hide_keys_in_csv(keys("key-7"), 'A,"id-key-7 ""B"""\r\n') == 'A,"id-*** ""B"""\r\n'
    assert hide_keys_in_csv(keys("key-8"), text) == text
    for key in ("key-7\nB", "A,key-7"):
        with pytest.raises(RefusedError, match="characters in several fields"):
            hide_keys_in_csv(keys(key), text)
