"""A HEAD shows whether a server is up: it carries no key, and only a balancer's statuses count as down."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from contract import clients
from http_server import HttpServer, Reply
from shipline.errors import UnavailableError
from shipline.transport.messages import Request
from shipline.transport.session import Session
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from shipline.services.client import Client

NETWORK = Network(connect_timeout=2, read_timeout=2, retry_for=1)


@pytest.mark.parametrize("status", [200, 301, 302, 401, 403, 404, 405, 429, 500, 501])
def test_whatever_centercode_itself_responds_shows_that_it_is_up(status: int) -> None:
    with HttpServer(lambda _: Reply(status)) as server:
        clients.centercode(server.url).check_up(f"{server.url}/x")
        (received,) = server.received
    assert received.target == "/x"
    assert clients.KEY not in received.head


@pytest.mark.parametrize("status", [502, 503, 504, 521])
def test_a_balancer_without_a_server_is_tried_again_and_then_unavailable(status: int) -> None:
    replies = [Reply(status, b"", {"Retry-After": "0"}), Reply(405)]
    with HttpServer(lambda _: replies.pop(0)) as server:
        clients.centercode(server.url, NETWORK).check_up(f"{server.url}/x")
        assert [received.method for received in server.received] == ["HEAD", "HEAD"]
    with HttpServer(lambda _: Reply(status, b"<h1>down</h1>")) as server, pytest.raises(UnavailableError) as caught:
        clients.centercode(server.url).check_up(f"{server.url}/x")
    assert f"HEAD {server.url}/x responded {status}" in caught.value.what


@pytest.mark.parametrize("service", ["buildmaster", "centercode", "v3"])
def test_a_head_carries_no_key_and_the_next_request_does(service: str) -> None:
    with HttpServer(lambda _: Reply(200, [])) as server:
        made: Client = getattr(clients, service)(url=server.url)
        for method in ("HEAD", "POST", "HEAD"):
            made._session.send(Request(method, f"{server.url}/x"))
    assert [clients.KEY in received.head for received in server.received] == [False, True, False]


def test_a_body_may_come_after_its_headers_so_that_no_proxy_has_the_request_in_one_piece() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pieces: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                pieces.append(connection.recv(65536))
                pieces.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/x", json={"a": 1})
        request.progress.body_after = 0.2
        assert Session("S", NETWORK).send(request).status == 204
        thread.join(5)
    head, body = pieces
    assert head.endswith(b"\r\n\r\n")
    assert body == b'{"a": 1}'
