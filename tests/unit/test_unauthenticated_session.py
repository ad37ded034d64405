"""Links are asked for as anybody would: nothing of this machine goes along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import http1
from hostile.server import Server
from shipline.run.links import UnauthenticatedSession
from shipline.transport.connection import Adapter

if TYPE_CHECKING:
    import socket


class Recorder(http1.Listener):
    """Keeps the requests it gets; answers each with a redirect to ``there``, or an empty 200."""

    def __init__(self, there: str = "") -> None:
        super().__init__()
        self.there = there
        self.seen: list[bytes] = []

    def served(self, client: socket.socket) -> None:
        self.seen.append(http1.request(client))
        status = f"307 X\r\nLocation: {self.there}" if self.there else "200 OK"
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def test_what_was_authorised_for_one_server_is_not_handed_on() -> None:
    with Recorder() as other, Recorder(f"{other.url}/y") as first, UnauthenticatedSession(Adapter()) as session:
        answer = session.get(f"{first.url}/x", headers={"Authorization": "Bearer somebody's", "X-Kept": "1"}, timeout=5)
        assert (answer.status_code, answer.url) == (200, f"{other.url}/y")
        assert b"Authorization" in first.seen[0]
        assert b"X-Kept: 1" in other.seen[0]
        assert b"uthorization" not in other.seen[0]


@pytest.mark.parametrize("url", ["http://a.example.com/x", "https://a.example.com/x"])
def test_every_connection_is_one_that_can_be_cut(url: str) -> None:
    with UnauthenticatedSession(Adapter()) as session:
        assert isinstance(session.get_adapter(url), Adapter)


def test_what_is_no_redirect_is_answered_whole() -> None:
    with Server({"GET /x": {"body": "all of it"}}) as server, UnauthenticatedSession(Adapter()) as session:
        assert session.get(f"{server.url}/x", timeout=5).text == "all of it"
