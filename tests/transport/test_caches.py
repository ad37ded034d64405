"""A read-only request gets its data from the server itself, or fails."""

from __future__ import annotations

import pytest

from http_server import HttpServer, Received, Reply
from shipline.errors import RefusedError, UnavailableError
from shipline.transport.intermediaries import cache_mark, signs
from shipline.transport.messages import Request
from shipline.transport.session import Session
from shipline.transport.settings import Network

NETWORK = Network(connect_timeout=2, read_timeout=2, retry_for=2)

COPIES = [
    {"Age": "1"},
    {"Age": "0120"},
    {"X-Cache": "HIT from proxy"},
    {"X-Cache": "Hit from cloudfront"},
    {"X-Cache": "TCP_MEM_HIT from a23.deploy"},
    {"X-Cache-Status": "STALE"},
    {"CF-Cache-Status": "UPDATING"},
    {"X-Proxy-Cache": "hit"},
    {"Cache-Status": "ExampleCache; hit; ttl=30"},
    {"X-Varnish": "32770 3", "Age": "0"},
]
ORIGINALS = [
    {},
    {"Age": "0"},
    {"X-Cache": "MISS from proxy", "X-Cache-Lookup": "HIT from proxy:3128"},
    {"X-Cache": "RefreshHit from cloudfront"},
    {"X-Cache": "TCP_REFRESH_HIT from a23.deploy"},
    {"X-Cache": "hit-for-miss"},
    {"X-Cache-Status": "REVALIDATED"},
    {"X-Cache-Status": "BYPASS"},
    {"CF-Cache-Status": "DYNAMIC"},
    {"Cache-Status": "ExampleCache; fwd=stale; stored"},
    {"X-Varnish": "32770"},
]


@pytest.mark.parametrize("headers", COPIES, ids=str)
def test_a_copy_is_requested_again_from_the_server(headers: dict[str, str]) -> None:
    replies = [Reply(200, {"old": True}, headers), Reply(200, {"old": False})]
    with HttpServer(lambda _: replies.pop(0), keep_alive=True) as server:
        response = Session("BuildMaster", NETWORK).send(Request("GET", f"{server.url}/x"))
        assert response.text == '{"old": false}'
        assert [received.headers["Cache-Control"] for received in server.received] == ["no-cache"] * 2
        assert server.connections == 2


@pytest.mark.parametrize("request_", [Request("GET", "/x"), Request("POST", "/x", form={"a": "1"}, reads=True)])
def test_a_cache_that_always_responds_is_an_error_that_names_it(request_: Request) -> None:
    mark = {"Age": "7", "Via": "1.1 varnish (Varnish/7.1)", "X-Varnish": "5 3"}
    with HttpServer(lambda _: Reply(200, [], mark)) as server:
        request = Request(request_.method, server.url + request_.url, request_.form, reads=request_.reads)
        with pytest.raises(RefusedError) as caught:
            Session("BuildMaster", NETWORK).send(request)
    assert f"BuildMaster: a cache responded to {request.method} {request.url}, and not the server (Age: 7)" in str(
        caught.value
    )
    assert "Via: 1.1 varnish (Varnish/7.1), X-Varnish: 5 3" in caught.value.why


@pytest.mark.parametrize("headers", ORIGINALS, ids=str)
def test_a_response_of_the_server_is_used(headers: dict[str, str]) -> None:
    with HttpServer(lambda _: Reply(200, {}, headers)) as server:
        assert Session("S", NETWORK).send(Request("GET", f"{server.url}/x")).status == 200
        assert len(server.received) == 1


def test_the_response_to_a_change_or_to_a_head_needs_no_server() -> None:
    with HttpServer(lambda _: Reply(200, {}, {"Age": "9"})) as server:
        for method in ("HEAD", "POST"):
            assert Session("S", NETWORK).send(Request(method, f"{server.url}/x")).status == 200
    assert [received.method for received in server.received] == ["HEAD", "POST"]
    assert "Cache-Control" not in server.received[1].headers


def test_whether_a_request_may_be_sent_again_is_its_operations_property() -> None:
    """A POST that only reads is, a POST that changes something isn't."""

    def respond(received: Received) -> Reply:
        return Reply(200, {}) if len(server.received) > 1 else Reply(503, b"", {"Retry-After": "0"})

    with HttpServer(respond) as server:
        assert Session("S", NETWORK).send(Request("POST", f"{server.url}/x", reads=True)).status == 200
        assert len(server.received) == 2
    with HttpServer(lambda _: Reply(503)) as server:
        assert Session("S", NETWORK).send(Request("POST", f"{server.url}/x")).status == 503
        assert len(server.received) == 1
    silent = Request("POST", "http://127.0.0.1:1/x", reads=True)
    with pytest.raises(UnavailableError, match="got no response"):
        Session("S", Network(connect_timeout=1, retry_for=0)).send(silent)


def test_what_stands_in_between_is_named_by_its_headers() -> None:
    headers = {"Server": "nginx/1.22.1", "CF-Ray": "8c1", "Content-Type": "text/html", "Age": "3"}
    assert signs(headers) == "CF-Ray: 8c1, Server: nginx/1.22.1"
    assert signs({"Server": "Microsoft-IIS/10.0"}) == ""
    assert signs({"Via": "1.1 " + "x" * 500}) == "Via: 1.1 " + "x" * 191
    assert cache_mark({"Age": "9" * 500})[:6] == "Age: 9"
