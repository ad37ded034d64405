"""Connecting to hosts with several addresses, and interim responses."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from shipline.transport import addresses
from shipline.transport.connection import Adapter

if TYPE_CHECKING:
    from collections.abc import Iterator


def info(address: tuple[str, int]) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)


@pytest.fixture
def listening() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture(autouse=True)
def _forget() -> None:
    addresses._worked.clear()


def resolve(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [info(address) for address in found])


def test_a_dead_first_address_costs_a_moment_once(
    monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int], listening: tuple[str, int]
) -> None:
    resolve(monkeypatch, silent, listening)
    durations = []
    for _ in range(2):
        begun = time.monotonic()
        with addresses.connect("host", 1, 10, ()) as connected:
            assert connected.getpeername() == listening
            assert connected.gettimeout() == 10
        durations.append(time.monotonic() - begun)
    assert 0.2 < durations[0] < 5
    assert durations[1] < 0.2


def test_a_refusal_is_followed_by_the_next_address_at_once(
    monkeypatch: pytest.MonkeyPatch, listening: tuple[str, int]
) -> None:
    resolve(monkeypatch, ("127.0.0.1", 1), listening)
    with addresses.connect("host", 1, 10, ()) as connected:
        assert connected.getpeername() == listening


def test_all_addresses_share_the_time_limit(monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int]) -> None:
    resolve(monkeypatch, silent, silent)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        addresses.connect("host", 1, 0.6, ())
    assert time.monotonic() - begun < 5


def test_the_reason_of_the_first_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ("127.0.0.1", 1), ("127.0.0.1", 2))
    with pytest.raises(ConnectionRefusedError):
        addresses.connect("host", 1, 5, ())


def test_a_connection_that_was_begun_is_taken_once(listening: tuple[str, int]) -> None:
    addresses.begin(*listening, 5)
    thread, found = addresses._begun[listening]
    thread.join(5)
    (begun,) = found
    with addresses.connect(*listening, 10, ()) as first, addresses.connect(*listening, 10, ()) as second:
        assert first is begun
        assert second is not begun
        assert first.gettimeout() == 10


def test_a_connection_that_was_begun_and_failed_is_tried_again() -> None:
    addresses.begin("127.0.0.1", 1, 5)
    with pytest.raises(ConnectionRefusedError):
        addresses.connect("127.0.0.1", 1, 5, ())


def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    six = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (f"2001:db8::{n}", 1, 0, 0)) for n in (1, 2)]
    four = [info((f"192.0.2.{n}", 1)) for n in (1, 2)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [*six, *four])
    shown = [address.address[0] for address in addresses._in_order("host", 1)]
    assert shown == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]


@pytest.mark.parametrize("interim", ["102 Processing", "103 Early Hints", "199 Other"])
def test_interim_responses_are_skipped(interim: str) -> None:
    head = f"HTTP/1.1 {interim}\r\nLink: </style.css>\r\n\r\n".encode()

    def serve() -> None:
        connected, _ = server.accept()
        with connected:
            connected.recv(65536)
            connected.sendall(2 * head + b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as server, requests.Session() as session:
        threading.Thread(target=serve, daemon=True).start()
        session.mount("http://", Adapter())
        response = session.post(f"http://127.0.0.1:{server.getsockname()[1]}/", data="a")
    assert (response.status_code, response.text) == (201, "ok")
