"""What the address of a proxy holds of a password is kept out of everything written."""

from __future__ import annotations

import pytest

from shipline import redaction

PASSWORD = "Pa55word"


@pytest.fixture
def shown() -> redaction.Redactor:
    return redaction.Redactor()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "All_Proxy"])
@pytest.mark.parametrize(
    "address",
    [
        f"http://user:{PASSWORD}@proxy.example.com:3128",
        f" http://user:{PASSWORD}@proxy.example.com:3128 ",
        f"user:{PASSWORD}@proxy.example.com",
        f"http://a@b:{PASSWORD}@proxy.example.com",
        f"socks5h://user:{PASSWORD}@proxy.example.com",
    ],
)
def test_a_password_is_masked(shown: redaction.Redactor, name: str, address: str) -> None:
    redaction.mask({name: address}, shown)
    assert PASSWORD not in shown(f"no connection through {address}")
    assert PASSWORD not in shown(f"refused: {PASSWORD}")


@pytest.mark.parametrize("cut", "#/?\\")
def test_each_part_of_one_that_cuts_the_address_off_is_masked(shown: redaction.Redactor, cut: str) -> None:
    redaction.mask({"HTTP_PROXY": f"http://user:front-part{cut}rear-part@proxy.example.com"}, shown)
    assert "front-part" not in shown("can't parse http://user:front-part")
    assert "rear-part" not in shown("no such path rear-part@proxy.example.com")


def test_it_is_masked_as_it_is_sent_too(shown: redaction.Redactor) -> None:
    redaction.mask({"HTTP_PROXY": "http://user:p%C3%A4ss%40word@proxy.example.com"}, shown)
    assert "word" not in shown("407 for päss@word")


def test_one_without_a_user_may_be_a_password(shown: redaction.Redactor) -> None:
    redaction.mask({"HTTP_PROXY": f"http://{PASSWORD}/{PASSWORD}@proxy.example.com"}, shown)
    assert PASSWORD not in shown(f"for {PASSWORD}")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("HTTP_PROXY", "http://proxy.example.com:3128"),
        ("HTTP_PROXY", "http://somebody@proxy.example.com:3128"),
        ("NO_PROXY", f"user:{PASSWORD}@proxy.example.com"),
        ("MY_HTTP_PROXY", f"user:{PASSWORD}@proxy.example.com"),
    ],
)
def test_what_is_no_password_is_shown(shown: redaction.Redactor, name: str, address: str) -> None:
    redaction.mask({name: address}, shown)
    assert shown(address) == address


def test_a_short_password_blanks_out_no_words_but_is_hidden_in_the_address(shown: redaction.Redactor) -> None:
    redaction.mask({"HTTP_PROXY": "http://me:open@proxy.example.com"}, shown)
    assert shown("the release is open") == "the release is open"
    assert "open" not in shown("http://me:open@proxy.example.com")
