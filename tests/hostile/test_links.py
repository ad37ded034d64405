"""What a server may do to the check of a link: it is bounded, and only its size is believed, if a file can have it."""

from __future__ import annotations

from typing import Any

import pytest

from hostile.server import Server
from shipline.run import links
from shipline.run.links import File, LinkChecker
from shipline.transport.settings import Network

NETWORK = Network(connect_timeout=5, read_timeout=5, retry_for=0)
PACKED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize("length", ["-5", "1e9", "0x10", "9" * 5000, "5, 5", "\u0665"])
def test_a_length_that_none_can_have_is_no_size(length: str) -> None:
    case: dict[str, Any] = {"raw": f"HTTP/1.1 200 X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"}
    with Server({"HEAD /x": case if length.isascii() else {"headers": {"Content-Length": length}}}) as server:
        assert LinkChecker(NETWORK).look_up(File(f"{server.url}/x")).size in (None, 2)


@pytest.mark.parametrize("total", ["bytes 0-0/-1", "bytes 0-0/*", "bytes 0-0/" + "9" * 5000, "/", "bytes"])
def test_a_range_of_nothing_is_no_size(total: str) -> None:
    ranged = {"status": 206, "body": "x", "headers": {"Content-Range": total}}
    with Server({"HEAD /x": {"status": 405, "body": ""}, "GET /x": ranged}) as server:
        link = LinkChecker(NETWORK).look_up(File(f"{server.url}/x"))
        assert (link.status, link.size) == (206, None)


def test_the_body_of_a_redirect_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests would unpack all of it; 48 MiB here, and without a limit."""
    import requests

    read = 0
    content = requests.Response.iter_content

    def counted(response: requests.Response, *arguments: Any, **options: Any) -> Any:
        nonlocal read
        for chunk in content(response, *arguments, **options):
            read += len(chunk)
            yield chunk

    monkeypatch.setattr(requests.Response, "iter_content", counted)
    moved = {"status": 302, "bomb": "gzip", "mebibytes": 48, "headers": {**PACKED, "Location": "/there"}}
    answers = {"HEAD /x": {"status": 405, "body": ""}, "GET /x": moved, "GET /there": {"body": "{}"}}
    with Server(answers) as server:
        assert LinkChecker(NETWORK).look_up(File(f"{server.url}/x")).size == 2
        assert server.asked[-1] == "GET /there"
    assert read == 0


def test_each_link_is_told_of_however_the_links_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is missing at first, so all are gone through more than once."""
    monkeypatch.setattr(links, "_PAUSE_S", 0.01)
    answers = {
        f"{m} /{name}": {"status": code} for m in ("HEAD", "GET") for name, code in (("late", 404), ("odd", 500))
    }
    with Server(answers) as server:
        urls = [f"{server.url}/late", f"{server.url}/odd"]
        network = Network(connect_timeout=5, read_timeout=5, retry_for=0.2)
        found = LinkChecker(network).checked((File(url) for url in urls), lambda _: None)
    assert [(link.url, link.good) for link in found] == [(url, False) for url in urls]


def test_redirects_for_ever_are_no_answer() -> None:
    with Server({"HEAD /x": {"status": 302, "body": "", "headers": {"Location": "/x"}}}) as server:
        link = LinkChecker(NETWORK).look_up(File(f"{server.url}/x"))
        assert (link.status, link.good) == (None, False)
        assert len(server.asked) < 40
