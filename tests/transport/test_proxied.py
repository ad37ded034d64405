"""By way of a proxy a request is what it is without one: sent once, with its key, over a connection that is watched."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from faults import wire
from faults.http1 import Listener, request
from faults.proxy import Asked, Exchange, Proxy, Rule
from job.tls import behind_tls
from shipline.errors import RefusedError, UnavailableError, UnknownOutcomeError
from shipline.redaction import Secret
from shipline.transport import session as sessions
from shipline.transport.messages import Credential, Request
from shipline.transport.session import Session
from shipline.transport.settings import Network

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator

KEY = "a-key-of-the-tests"


class Service(Listener):
    """Answers each request in the same way, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    def served(self, client: socket.socket) -> None:
        self.heard.append(request(client))
        client.sendall(self.answer)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture(params=["plain", "TLS"])
def proxy(
    service: Service,
    certified: tuple[ssl.SSLContext, str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Proxy]:
    """One that forwards, and one through which TLS is tunneled."""
    context, authority = certified
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)
    tls = context if request.param == "TLS" else None
    with Proxy(("127.0.0.1", int(service.url.rpartition(":")[2])), tls=tls, forward=True) as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.address)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        yield proxy


def session(*, header: bool = False, **network: Any) -> Session:
    key = Credential(Secret(KEY, "K"), "header" if header else "query", "apiKey")
    return Session("v3", Network(**{"read_timeout": 5.0, "retry_for": 20.0, **network}), key)


@pytest.mark.parametrize("fault", ["reset-after", "fin-after", "garbage-after", "500-after"])
def test_a_change_whose_answer_is_lost_is_sent_once(proxy: Proxy, service: Service, fault: str) -> None:
    lost = next(one for one in wire.of_change("", 0) if one.label == fault)
    proxy.rule = Rule(Asked("POST", "/x", 1), lost)
    with contextlib.suppress(UnknownOutcomeError):
        assert session().send(Request("POST", f"{proxy.url}/x", json={})).status == 500
    assert len(service.heard) == 1


@pytest.mark.parametrize("header", [False, True])
def test_a_key_arrives(proxy: Proxy, service: Service, *, header: bool) -> None:
    session(header=header).send(Request("POST", f"{proxy.url}/x", json={}))
    assert (f"apiKey: {KEY}" if header else f"POST /x?apiKey={KEY} ") in service.heard[0].decode()


def test_what_provably_was_not_sent_is_sent_again(proxy: Proxy, service: Service) -> None:
    proxy.refuse()
    with pytest.raises(UnavailableError):
        session(retry_for=0).send(Request("POST", f"{proxy.url}/x", json={}))
    proxy.listen()
    proxy.no_handshake = 1
    assert session().send(Request("POST", f"{proxy.url}/x", json={})).ok
    assert len(service.heard) == 1


def test_a_change_after_a_pause_has_a_connection_of_its_own(
    proxy: Proxy, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = session()
    one.send(Request("GET", f"{proxy.url}/x"))
    (idle,) = proxy._clients
    monkeypatch.setattr(sessions, "_MAX_IDLE_FOR_CHANGE_S", -1.0)
    one.send(Request("POST", f"{proxy.url}/x", json={}))
    assert len(service.heard) == 2
    assert proxy._clients - {idle}


def test_an_answer_that_drips_is_cut_off(proxy: Proxy) -> None:
    def drip(exchange: Exchange) -> None:
        exchange.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            exchange.say(b".")
            time.sleep(0.05)

    proxy.rule = Rule(Asked("GET", "/x", 1), wire.Fault("drips", "maybe", drip))
    with pytest.raises(UnavailableError, match="too long"):
        session(read_timeout=0.5, retry_for=0).send(Request("GET", f"{proxy.url}/x"))


def test_an_endless_answer_is_given_up(proxy: Proxy, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LARGEST_RESPONSE", 10)
    service.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a"
    with pytest.raises(UnavailableError, match="larger than 10 bytes"):
        session(retry_for=0).send(Request("GET", f"{proxy.url}/x"))


@pytest.mark.parametrize("proxy", ["TLS"], indirect=True)
def test_a_proxy_that_speaks_tls_itself(
    proxy: Proxy,
    service: Service,
    tmp_path: Path,
    certified: tuple[ssl.SSLContext, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authorities = tmp_path / "both.pem"
    with behind_tls(proxy.address, tmp_path) as secured:
        authorities.write_text(Path(certified[1]).read_text() + (tmp_path / "company-ca.pem").read_text())
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authorities))
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, secured)
        assert session().send(Request("POST", f"{proxy.url}/x", json={})).ok
        proxy.rule = Rule(Asked("POST", "/x", 2), next(f for f in wire.of_change("", 0) if f.label == "fin-after"))
        with pytest.raises(UnknownOutcomeError):
            session().send(Request("POST", f"{proxy.url}/x", json={}))
        assert len(service.heard) == 2
        proxy.rule = Rule(Asked("GET", "/x", 1), wire.Fault("silent", "maybe", lambda exchange: exchange.hold()))
        with pytest.raises(UnavailableError):
            session(read_timeout=0.3, retry_for=0).send(Request("GET", f"{proxy.url}/x"))


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:9", "SOCKS5h://127.0.0.1:9", "socks4://127.0.0.1:9"])
def test_socks_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", address)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(RefusedError, match="SOCKS"):
        session(retry_for=60).send(Request("GET", "http://builds.example.com/x"))
