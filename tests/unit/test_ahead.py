"""A connection begun early is the first request's, or nobody's."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shipline.errors import UnavailableError
from shipline.pipeline import Network
from shipline.transport import ahead
from shipline.transport.session import Request, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PATIENCE = 5.0  # seconds; nothing here takes as long


class Server:
    """Counts the connections made to it, and answers each request on them."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        self.met = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.met.set()
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            while b"\r\n\r\n" in client.recv(65536):
                client.sendall(OK)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    ahead.drop()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with closing(Server()) as server:
        yield server
        ahead.drop()


def ask(url: str) -> int:
    return Session("v3", Network(connect_timeout=PATIENCE, read_timeout=PATIENCE)).send(Request("GET", url)).status


def test_the_first_request_takes_it(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    assert server.met.wait(PATIENCE)
    assert ask(server.url) == 200
    assert server.connections == 1


def test_nothing_is_sent_on_it_before(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    with closing(taken(server)) as made:
        assert made.getpeername() == ("127.0.0.1", server.port)
        made.settimeout(0.05)
        with pytest.raises(TimeoutError):
            made.recv(1)  # the server has had nothing to answer


def taken(server: Server) -> socket.socket:
    assert server.met.wait(PATIENCE)
    made = ahead.take_tcp("127.0.0.1", server.port)
    assert made is not None
    return made


def test_it_is_taken_once(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    taken(server).close()
    assert ahead.take_tcp("127.0.0.1", server.port) is None


def test_a_request_to_elsewhere_leaves_it(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    assert ahead.take_tcp("127.0.0.1", server.port + 1) is None
    assert ahead.take_tcp("localhost", server.port) is None
    taken(server).close()


def test_the_requests_time_out_holds_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead.drop()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:  # which never answers
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ahead.begin_tcp(url, 60)
        client, _ = listener.accept()
        with pytest.raises(UnavailableError):
            Session("v3", Network(connect_timeout=PATIENCE, read_timeout=0.2, retry_for=0.1)).send(Request("GET", url))
        with client:
            assert client.recv(3) == b"GET"


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "All_Proxy"])
def test_where_proxies_are_set_nothing_is_begun(server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    ahead.begin_tcp(server.url, PATIENCE)
    assert not server.met.wait(0.1)
    assert ahead.take_tcp("127.0.0.1", server.port) is None


@pytest.mark.parametrize("name", ["no_proxy", "MY_HTTP_PROXY"])
def test_other_variables_are_no_proxies(server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "example.com")
    ahead.begin_tcp(server.url, PATIENCE)
    assert server.met.wait(PATIENCE)


@pytest.mark.parametrize(("url", "port"), [("http://{}", 80), ("https://{}", 443), ("https://{}:8443/x", 8443)])
def test_the_port_is_the_urls_or_its_schemes(monkeypatch: pytest.MonkeyPatch, url: str, port: int) -> None:
    asked: list[object] = []
    met = threading.Event()

    def connect(place: object, timeout: object) -> socket.socket:
        asked.append((place, timeout))
        met.set()
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    ahead.drop()
    ahead.begin_tcp(url.format("[::1]"), 7)
    assert met.wait(PATIENCE)
    assert asked == [(("::1", port), 7)]


def test_what_could_not_be_connected_is_tried_by_the_request_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead.drop()
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    ahead.begin_tcp(f"http://127.0.0.1:{port}", PATIENCE)
    assert ahead.take_tcp("127.0.0.1", port) is None
    with closing(Server(port)) as there_by_now:
        assert ask(there_by_now.url) == 200


def test_one_for_another_product_closes_what_nobody_took(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    assert server.met.wait(PATIENCE)
    with closing(Server()) as other:
        ahead.begin_tcp(other.url, PATIENCE)
        assert ahead.take_tcp("127.0.0.1", server.port) is None
        taken(other).close()


def test_a_name_that_nobody_could_have_ends_quietly(capfd: pytest.CaptureFixture[str], server: Server) -> None:
    name = "a" * 64 + ".invalid"
    ahead.begin_tcp(f"http://{name}:1", PATIENCE)
    assert ahead.take_tcp(name, 1) is None
    time.sleep(0.05)
    assert capfd.readouterr().err == ""


def test_one_that_comes_too_late_is_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on, connect = threading.Event(), socket.create_connection
    made: list[socket.socket] = []

    def slow(*args: object) -> socket.socket:
        may_go_on.wait(PATIENCE)
        made.append(connect(("127.0.0.1", server.port)))
        return made[0]

    monkeypatch.setattr(socket, "create_connection", slow)
    ahead.begin_tcp(server.url, PATIENCE)
    assert ahead.take_tcp("127.0.0.1", server.port) is None
    may_go_on.set()
    end = time.monotonic() + PATIENCE
    while not (made and made[0].fileno() == -1):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert ahead.take_tcp("127.0.0.1", server.port) is None


def test_one_that_has_grown_old_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    assert ahead._tcp is not None
    assert ahead._tcp._ended.wait(PATIENCE)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2)
    assert ahead.take_tcp("127.0.0.1", server.port) is None
    monkeypatch.undo()
    assert ask(server.url) == 200


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n"])
def test_one_that_the_server_has_given_up_is_not_used(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    ahead.drop()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        ahead.begin_tcp(f"http://127.0.0.1:{port}", PATIENCE)
        client, _ = listener.accept()
        client.sendall(said)
        client.close()
        time.sleep(0.05)
        assert ahead.take_tcp("127.0.0.1", port) is None


def test_one_that_was_reset_is_not_used() -> None:
    ahead.drop()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        ahead.begin_tcp(f"http://127.0.0.1:{port}", PATIENCE)
        client, _ = listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        time.sleep(0.05)
        assert ahead.take_tcp("127.0.0.1", port) is None


def test_no_change_is_sent_on_it(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    assert server.met.wait(PATIENCE)
    network = Network(connect_timeout=PATIENCE, read_timeout=PATIENCE)
    assert Session("v3", network).send(Request("POST", server.url, json={})).status == 200
    assert server.connections == 2
    assert ahead.take_tcp("127.0.0.1", server.port) is None


def test_a_name_beyond_ascii_is_left_to_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    ahead.drop()
    monkeypatch.setattr(ahead._thread, "start_new_thread", lambda *args: asked.append(args))
    ahead.begin_tcp("https://stra\u00dfe.example.com", PATIENCE)
    assert asked == []


def test_a_machine_without_a_thread_to_spare_does_without(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ahead._thread, "start_new_thread", none_left)
    ahead.begin_tcp(server.url, PATIENCE)
    monkeypatch.undo()
    assert ahead.take_tcp("127.0.0.1", server.port) is None
