"""TLS that was begun early is the first request's, if it trusts as that request does."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests.adapters

from job.tls import certificates
from shipline import commands
from shipline.errors import RefusedError, ShiplineError, UnavailableError
from shipline.pipeline import Network
from shipline.transport import ahead, connection
from shipline.transport.session import Request, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PATIENCE = 10.0  # seconds; nothing here takes as long


class Server:
    """Notes each handshake that ended well, and each request; ``hangs_up`` right after a handshake if it shall."""

    def __init__(self, folder: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.bundle = str(folder / "company-ca.pem")
        self.seen: list[str] = []
        self.hangs_up = False
        self.answers = True
        self.slow = 0.0  # seconds before a handshake
        self.connections = self.closed = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        time.sleep(self.slow)
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as client:
            self._note("secured")
            with contextlib.suppress(OSError):
                self._talk(client)
            with self._changed:
                self.closed += 1
                self._changed.notify_all()

    def _talk(self, client: ssl.SSLSocket) -> None:
        while not self.hangs_up and (asked := client.recv(65536)):
            self._note(asked.decode().partition(" ")[0])
            if self.answers:
                client.sendall(OK)

    def _note(self, what: str) -> None:
        with self._changed:
            self.seen.append(what)
            self._changed.notify_all()

    def wait_for(self, *seen: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.seen == list(seen), PATIENCE), self.seen

    def wait_for_closed(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.closed, PATIENCE)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificates, and in ``other`` those of an authority that it has nothing to do with."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "other").mkdir()
    certificates(folder)
    certificates(folder / "other")
    return folder


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    ahead.drop()
    proxies = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    for name in (*proxies, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with contextlib.closing(Server(folder)) as server:
        yield server
        ahead.drop()


def network(server: Server, **more: Any) -> Network:
    given = {"ca_bundle": server.bundle, "read_timeout": PATIENCE, **more}
    return Network(connect_timeout=PATIENCE, retry_for=0, **given)


def begin(server: Server, network: Network) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    Session("", network).begin(server.url)


def ask(server: Server, network: Network, method: str = "GET") -> int:
    return Session("v3", network).send(Request(method, server.url)).status


def test_the_first_request_finds_it_made(server: Server) -> None:
    begin(server, network(server))
    server.wait_for("secured")
    time.sleep(0.05)  # the server's tickets for later connections have arrived, and are no reason to give this one up
    assert ask(server, network(server)) == 200
    assert server.seen == ["secured", "GET"]
    assert server.connections == 1


def test_a_request_that_comes_at_once_waits_for_it(server: Server) -> None:
    begin(server, network(server))
    assert ask(server, network(server)) == 200
    assert server.connections == 1


def test_it_is_one_requests(server: Server) -> None:
    begin(server, network(server))
    for _ in range(2):
        assert ask(server, network(server)) == 200
    assert server.seen == ["secured", "GET", "secured", "GET"]


@pytest.mark.parametrize("name", ["", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_it_trusts_as_the_request_does_wherever_that_comes_from(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name:
        monkeypatch.setenv(name, server.bundle)
    else:  # where neither the config nor the environment says anything
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", server.bundle)
    usual = network(server, ca_bundle=None)
    begin(server, usual)
    server.wait_for("secured")
    assert ask(server, usual) == 200
    assert server.seen == ["secured", "GET"]


def test_a_request_that_trusts_others_does_not_take_it(server: Server, folder: Path) -> None:
    begin(server, network(server))
    server.wait_for("secured")
    with pytest.raises(RefusedError, match="certificate"):
        ask(server, network(server, ca_bundle=str(folder / "other/company-ca.pem")))
    server.wait_for_closed()  # the server may have only one connection to give


def test_a_server_that_is_not_trusted_is_the_requests_to_tell(server: Server, folder: Path) -> None:
    wrong = network(server, ca_bundle=str(folder / "other/company-ca.pem"))
    begin(server, wrong)
    with pytest.raises(RefusedError, match="certificate"):
        ask(server, wrong)
    assert server.seen == []
    assert server.connections == 1  # what was begun was the request's own try


def test_a_file_of_authorities_that_is_not_there_is_the_requests_to_tell(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    usual = network(server, ca_bundle=None)
    begin(server, usual)
    with pytest.raises(ShiplineError, match=r"/nowhere\.pem"):
        ask(server, usual)
    assert server.seen == []


def test_a_request_that_shows_the_same_certificate_takes_it(server: Server, folder: Path) -> None:
    known = network(server, client_certificate=str(folder / "server.pem"))
    begin(server, known)
    assert ask(server, known) == 200
    assert server.connections == 1


def test_a_request_that_shows_a_certificate_of_its_own_does_not_take_it(server: Server, folder: Path) -> None:
    begin(server, network(server))
    server.wait_for("secured")
    assert ask(server, network(server, client_certificate=str(folder / "server.pem"))) == 200
    assert server.seen == ["secured", "secured", "GET"]


def test_no_change_is_sent_on_it(server: Server) -> None:
    begin(server, network(server))
    server.wait_for("secured")
    assert ask(server, network(server), "POST") == 200
    assert server.seen == ["secured", "secured", "POST"]


def test_no_change_is_sent_on_it_right_after_a_request_to_elsewhere(server: Server, folder: Path) -> None:
    begin(server, network(server))
    server.wait_for("secured")
    session = Session("v3", network(server))
    with contextlib.closing(Server(folder)) as other:
        assert session.send(Request("GET", other.url)).status == 200
    assert session.send(Request("POST", server.url)).status == 200
    assert server.seen == ["secured", "secured", "POST"]


def test_one_that_the_server_has_given_up_is_not_used(server: Server) -> None:
    server.hangs_up = True
    begin(server, network(server))
    server.wait_for("secured")
    time.sleep(0.05)
    server.hangs_up = False
    assert ask(server, network(server)) == 200
    assert server.seen == ["secured", "secured", "GET"]


def test_one_that_has_grown_old_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(server, network(server))
    server.wait_for("secured")
    assert ahead._tls is not None
    ahead._tls.wait()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2)
    assert ask(server, network(server)) == 200
    assert server.seen == ["secured", "secured", "GET"]


def test_where_only_the_connection_was_begun_it_is_the_requests(server: Server) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    assert ask(server, network(server)) == 200
    assert server.connections == 1


def test_what_could_not_be_connected_is_left_to_the_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(socket, "create_connection", refused)
        begin(server, network(server))
        assert ahead._tls is not None
        ahead._tls.wait()
    assert server.connections == 0
    assert ask(server, network(server)) == 200
    assert server.connections == 1


def test_a_slow_look_up_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, asked, connect = threading.Event(), threading.Event(), socket.create_connection

    def slow(*given: Any) -> socket.socket:
        begun.set()
        asked.wait(PATIENCE)
        return connect(*given)

    with monkeypatch.context() as patched:
        patched.setattr(socket, "create_connection", slow)
        begin(server, network(server))
        assert begun.wait(PATIENCE)
    assert ask(server, network(server)) == 200  # on a connection of its own
    assert server.seen == ["secured", "GET"]
    asked.set()
    server.wait_for("secured", "GET")


def test_without_a_connection_there_is_no_tls(server: Server) -> None:
    Session("", network(server)).begin(server.url)
    time.sleep(0.05)
    assert server.connections == 0


def test_the_requests_time_out_holds_on_it(server: Server) -> None:
    server.answers = False
    begin(server, network(server))
    server.wait_for("secured")
    with pytest.raises(UnavailableError):
        ask(server, network(server, read_timeout=0.2))
    assert server.seen == ["secured", "GET"]


def test_a_slow_server_is_waited_for_as_its_request_would(server: Server) -> None:
    server.slow = 1.2
    begin(server, network(server))
    assert ask(server, network(server)) == 200
    assert server.connections == 1


def test_a_handshake_that_never_ends_has_the_requests_time_out(server: Server) -> None:
    server.slow = 2 * PATIENCE
    hurried = replace(network(server), connect_timeout=0.3)
    ahead.begin_tcp(server.url, PATIENCE)
    Session("", hurried).begin(server.url)
    with pytest.raises(UnavailableError):
        ask(server, hurried)
    assert server.connections == 1


def test_what_is_sent_on_it_has_a_time_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float | None] = []
    monkeypatch.setattr(connection.sockets, "add", lambda sock: limits.append(sock.gettimeout()))
    begin(server, network(server))
    assert ask(server, network(server)) == 200
    assert limits == [PATIENCE]


@pytest.mark.parametrize("proxy", ["https_proxy", "ALL_PROXY"])
def test_where_proxies_are_set_there_is_no_tls_either(
    server: Server, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    ahead.begin_tcp(server.url, PATIENCE)
    monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    Session("", network(server)).begin(server.url)
    time.sleep(0.05)
    assert server.seen == []


BUILDMASTER = "buildmaster: {{url: '{url}', application: Widget, release: '1.4', build-number: '7'}}\n"
V3 = "v3: {{url: '{url}', product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11, platforms: [linux]}}\n"
CENTERCODE = "centercode: {{url: '{url}', project: WidgetPro, release-type: Firmware}}\n"


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize(
    ("sections", "begun"), [(BUILDMASTER, True), (V3, True), (CENTERCODE, False), (CENTERCODE + V3, True)]
)
def test_it_is_begun_to_the_first_server_that_is_looked_at(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, sections: str, *, begun: bool
) -> None:
    wanted: list[object] = []
    monkeypatch.setattr(ahead, "begin_tls", lambda what, _: wanted.append(what))
    text = (
        f"release: {{version: 1.4.0, notes: {{text: New}}}}\nnetwork: {{ca-bundle: {server.bundle}, retry-for: 0s}}\n"
    )
    (tmp_path / "shipline.yml").write_text(text + sections.format(url=server.url))
    monkeypatch.chdir(tmp_path)
    for service in ("BUILDMASTER_API_KEY", "CENTERCODE_API_KEY", "V3_TOKEN"):
        monkeypatch.setenv(f"SHIPLINE_{service}", "sandbox-key")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert commands.main(command, {}) != 2
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert len(wanted) == begun
