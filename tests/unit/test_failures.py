"""A request that got no usable answer: what is said of it, and whether it may have been applied."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipline.errors import RefusedError, ShiplineError, UnavailableError, UnknownOutcomeError
from shipline.transport.messages import Request
from shipline.transport.session import Session
from shipline.transport.settings import Network, ca_bundle
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = Network(connect_timeout=1, read_timeout=0.3, retry_for=0)
NOT_APPLIED = "run again: nothing was applied. Check the URL"


@contextlib.contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """Answers one request and closes; None keeps the connection open and says nothing."""
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            if answer is None:
                done.wait(5)
            else:
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        done.set()
        thread.join()


def failure(request: Request, network: Network = NETWORK) -> ShiplineError:
    with pytest.raises(ShiplineError) as failed:
        Session("BuildMaster", network).send(request)
    return failed.value


def test_a_limit_of_this_machine_is_named_and_nothing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", create)
    error = failure(Request("POST", "http://127.0.0.1:9/x"), Network(retry_for=60))
    assert isinstance(error, RefusedError)
    assert "Too many open files" in error.why
    assert error.todo == "raise the limit on open files (ulimit -n)"


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/x"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection(method: str) -> None:
    url = closed_port()
    error = failure(Request(method, url))
    assert isinstance(error, UnavailableError)
    assert error.what == f"BuildMaster: {method} {url} got no response"
    assert error.why == "Connection refused"
    assert error.todo == NOT_APPLIED


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", closed_port())
    monkeypatch.setenv("no_proxy", "")
    error = failure(Request("POST", "https://builds.example.com/x"))
    assert isinstance(error, UnavailableError)
    assert error.why == "proxy: Connection refused"
    assert "Check the proxy" in error.todo


@pytest.mark.parametrize(
    "proxy", ["http://user:se#cret@127.0.0.1:9", "http://user:secret@127.0.0.1:99999", "user:secret@h:9", "http://"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_malformed_address_of_the_proxy_is_not_repeated(
    scheme: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    error = failure(Request("POST", f"{scheme}://builds.example.com/x"), Network(retry_for=60))
    assert isinstance(error, RefusedError)
    assert error.what == "BuildMaster: the proxy's address is malformed"
    assert "write # as %23" in error.todo
    assert not any(part in str(error) for part in ("se#", "secret", "127.0.0.1"))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "Remote end closed connection without response"),
        (b"garbage\r\n\r\n", "garbage"),
        (None, "Read timed out. (read timeout=0.3)"),
    ],
    ids=["closed", "garbage", "silent"],
)
def test_an_answer_that_is_lost(answer: bytes | None, why: str) -> None:
    with answering(answer) as url:
        error = failure(Request("POST", url))
        assert isinstance(error, UnknownOutcomeError)
        assert error.what == f"BuildMaster: POST {url} was sent, but the response was lost"
        assert (error.why.strip(), error.todo) == (
            why,
            f"open {url.removesuffix('/x')} and check whether POST /x was applied; if it wasn't, run again",
        )
    with answering(answer) as url:
        error = failure(Request("GET", url))
        assert isinstance(error, UnavailableError)
        assert (error.why.strip(), error.todo) == (why, NOT_APPLIED)


def test_a_look_up_whose_answer_is_cut_off_got_none() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}") as url:
        error = failure(Request("GET", url))
    assert isinstance(error, UnavailableError)
    assert error.why == "IncompleteRead(2 bytes read, 8 more expected)"


def test_a_refusal_that_is_cut_off_may_hide_what_was_done() -> None:
    with answering(b"HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\n{}") as url:
        assert isinstance(failure(Request("POST", url)), UnknownOutcomeError)


@pytest.fixture
def self_signed(tmp_path: Path) -> Path:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "both.pem").write_bytes((tmp_path / "cert.pem").read_bytes() + (tmp_path / "key.pem").read_bytes())
    return tmp_path / "both.pem"


INTERNAL_ERROR = b"\x15\x03\x03\x00\x02\x02\x50"  # an alert of TLS (RFC 8446, section 6)


def hang_up(listener: socket.socket, last_words: bytes = b"") -> None:
    client, _ = listener.accept()
    client.recv(65536)  # the beginning of the handshake: unread, the end of the connection would be a reset
    client.sendall(last_words)
    client.close()


@contextlib.contextmanager
def secure(pem: Path, *, after: int = 0, wants: bool = False) -> Iterator[str]:
    """A server that speaks TLS, after it has hung up so often; ``wants``: only with clients that have a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if wants:
        context.load_verify_locations(pem)
        context.verify_mode = ssl.CERT_REQUIRED

    def serve() -> None:
        for _ in range(after):
            hang_up(listener)
        plain, _ = listener.accept()
        if wants:
            connection = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            with pytest.raises(ssl.SSLError):
                connection.do_handshake()
            with socket.socket(fileno=connection.detach()) as refused:
                while refused.recv(65536):  # left unread, the request would end the connection by a reset
                    pass
            return
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/x"
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused(self_signed: Path) -> None:
    with secure(self_signed) as url:
        error = failure(Request("POST", url))
    assert isinstance(error, RefusedError)
    assert error.what == f"BuildMaster: no secure connection to {url}"
    assert "certificate verify failed: self-signed certificate" in error.why
    assert "ca-bundle" in error.todo


def test_a_certificate_of_another_host_leads_to_the_url(self_signed: Path) -> None:
    with secure(self_signed) as url:
        trusting = Network(ca_bundle=str(self_signed.parent / "cert.pem"), retry_for=0)
        error = failure(Request("POST", url.replace("127.0.0.1", "localhost")), trusting)
    assert isinstance(error, RefusedError)
    assert "Hostname mismatch" in error.why
    assert error.todo == "write the host in the url as the certificate names it"


@pytest.mark.parametrize("last_words", [b"", INTERNAL_ERROR], ids=["silently", "internal error"])
def test_a_server_that_hangs_up_during_the_handshake_is_tried_again(self_signed: Path, last_words: bytes) -> None:
    bundle = str(self_signed.parent / "cert.pem")
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"https://127.0.0.1:{gone.getsockname()[1]}/x"
        threading.Thread(target=hang_up, args=(gone, last_words), daemon=True).start()
        error = failure(Request("POST", url), Network(ca_bundle=bundle, retry_for=0))
    assert isinstance(error, UnavailableError)
    assert error.what == f"BuildMaster: POST {url} got no response"
    assert (error.why, error.todo) == ("the connection was closed while TLS was being set up", NOT_APPLIED)
    with secure(self_signed, after=2) as url:
        answer = Session("BuildMaster", Network(ca_bundle=bundle, retry_for=60)).send(Request("POST", url))
    assert answer.status == 200


def test_a_server_that_wants_a_client_certificate_says_so(self_signed: Path) -> None:
    bundle = str(self_signed.parent / "cert.pem")
    with secure(self_signed, wants=True) as url:
        error = failure(Request("GET", url), Network(ca_bundle=bundle, retry_for=60))
    assert isinstance(error, RefusedError)
    assert error.what == f"BuildMaster: {url} wants a client certificate"
    assert "network.client-certificate" in error.todo
    with secure(self_signed, wants=True) as url:
        error = failure(Request("POST", url), Network(ca_bundle=bundle, retry_for=60))
    assert isinstance(error, UnknownOutcomeError)  # it was under way already
    assert "CERTIFICATE_REQUIRED" in error.why


@pytest.mark.parametrize(
    ("request_", "environment", "why"),
    [
        (Request("GET", "https://127.0.0.1:9/"), {"REQUESTS_CA_BUNDLE": "/gone.pem"}, "/gone.pem"),
        (Request("GET", "https://127.0.0.1:9/"), {"https_proxy": "socks5://127.0.0.1:9"}, "SOCKS"),
        (Request("POST", "http://127.0.0.1:9/", upload=Upload(Path("/gone.zip"))), {}, "/gone.zip"),
        (Request("POST", "http://127.0.0.1:9/", json={"a": float("nan")}), {}, "JSON"),
    ],
    ids=["authorities", "socks", "upload", "json"],
)
def test_what_is_wrong_on_this_machine_is_no_outage(
    request_: Request, environment: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    error = failure(request_, Network(retry_for=60))
    assert isinstance(error, RefusedError)
    assert error.what.endswith("can't be sent")
    assert why in error.why


@pytest.mark.parametrize("as_text", [False, True])
def test_a_bundle_vouches_for_it_as_a_path_or_as_text(self_signed: Path, *, as_text: bool) -> None:
    ca_bundle.cache_clear()
    bundle = (self_signed.parent / "cert.pem").read_text() if as_text else str(self_signed)
    with secure(self_signed) as url:
        answer = Session("BuildMaster", Network(ca_bundle=bundle, retry_for=0)).send(Request("GET", url))
    assert (answer.status, answer.body) == (200, b"{}")


def test_a_server_without_tls() -> None:
    def answer_at_once() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_at_once, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/x"
        error = failure(Request("POST", url))
    assert isinstance(error, RefusedError)
    assert error.what == f"BuildMaster: {url} doesn't speak TLS"
    assert error.why == "the server on this port isn't an https server"
    assert error.todo == "check the port, or whether the url begins with http"
