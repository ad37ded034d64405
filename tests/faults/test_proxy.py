"""The proxy before any server: what passes through, and what a client sees of each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from faults import wire
from faults.proxy import Asked, Proxy, Rule
from faults.redirect_target import RedirectTarget
from http_server import HttpServer, Received, Reply

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@pytest.fixture
def got() -> list[bytes]:
    return []


@pytest.fixture(params=["plain", "TLS"])
def proxy(
    got: list[bytes],
    certified: tuple[ssl.SSLContext, str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Proxy]:
    context, authority = certified
    tls = context if request.param == "TLS" else None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)

    def echo(received: Received) -> Reply:
        got.append(received.body)
        return Reply(201, received.body)

    with HttpServer(echo) as server, Proxy(("127.0.0.1", server.server_port), tls=tls) as made:
        yield made


def test_it_passes_requests_on_over_one_connection_and_notes_them(proxy: Proxy) -> None:
    with requests.Session() as session:
        for number in (1, 2):
            answer = session.post(f"{proxy.url}/a/b?c=d", data=b"x" * 100_000, timeout=5)
            assert (answer.status_code, len(answer.content)) == (201, 100_000)
            assert proxy.seen[-1] == Asked("POST", "/a/b", number)


def test_ids_in_a_path_are_one_request_to_a_rule(proxy: Proxy) -> None:
    requests.post(f"{proxy.url}/r/27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11/publish", data=b"", timeout=5)
    assert proxy.seen == [Asked("POST", "/r/{id}/publish", 1)]


ANSWERED = {"html-200": 200, "400-exists": 400, "409": 409, "500": 500, "502-html": 502, "503": 503, "401": 401,
            "403": 403, "404": 404, "302": 302, "307": 307, "429-text": 429, "429-json": 429}  # fmt: skip
FAULTS = [fault for fault in wire.of_change("http://127.0.0.1:1", 1) if not fault.cut]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.label for fault in FAULTS])
def test_only_the_request_of_the_rule_meets_the_fault(proxy: Proxy, got: list[bytes], fault: wire.Fault) -> None:
    proxy.rule = Rule(Asked("POST", "/x", 2), fault)

    def post() -> requests.Response:
        return requests.post(f"{proxy.url}/x", data=b"some body", timeout=0.5, allow_redirects=False)

    assert post().status_code == 201
    if fault.name in ANSWERED:
        assert post().status_code == ANSWERED[fault.name]
    else:
        with pytest.raises(requests.exceptions.RequestException):
            post()
    assert len(got) == 1 + fault.applied
    assert post().status_code == 201
    assert proxy.rule.fired == 1


def test_a_lasting_fault_stays(proxy: Proxy) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "500")
    proxy.rule = Rule(Asked("POST", "/x", 1), fault, lasting=True)
    paths = ("/x", "/y", "/x")
    assert [requests.post(proxy.url + path, data=b"", timeout=5).status_code for path in paths] == [500, 201, 500]


def test_refused_from_the_request_on_and_taken_again_at_the_same_port(proxy: Proxy) -> None:
    proxy.cut_after, proxy.at_cut = 1, proxy.refuse
    with requests.Session() as session:
        assert session.post(f"{proxy.url}/x", data=b"", timeout=5).status_code == 201
        with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
            session.post(f"{proxy.url}/x", data=b"", timeout=5)
        proxy.listen()
        assert session.post(f"{proxy.url}/x", data=b"", timeout=5).status_code == 201
    assert len(proxy.seen) == 2


def test_what_reaches_another_host_is_kept() -> None:
    with RedirectTarget() as redirect_target:
        requests.get(f"{redirect_target.url}/moved", headers={"X-ApiKey": "sandbox-key"}, timeout=5)
    assert b"sandbox-key" in redirect_target.heard[0]


@pytest.mark.parametrize("proxy", ["TLS"], indirect=True)
def test_a_handshake_that_ends_at_its_beginning_sends_nothing(proxy: Proxy, got: list[bytes]) -> None:
    proxy.no_handshake = 1
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{proxy.url}/x", data=b"", timeout=5)
    assert got == proxy.seen == []
    assert requests.post(f"{proxy.url}/x", data=b"", timeout=5).status_code == 201
