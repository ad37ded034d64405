"""What goes over the wire, what is sent again, and what never is."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from shipline.errors import RefusedError, UnavailableError, UnknownOutcomeError
from shipline.redaction import Secret
from shipline.run.links import File, LinkChecker
from shipline.services import openapi
from shipline.transport import session as sessions
from shipline.transport.messages import Credential, Request
from shipline.transport.session import Session
from shipline.transport.settings import Network
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_QUOTA = b'{"status": 429, "description": "API calls quota exceeded"}'
OWN = b"HTTP/1.1 429 Too Many\r\nRetry-After: 0\r\nContent-Length: %d\r\n\r\n" % len(_QUOTA) + _QUOTA  # Centercode's
LIMITED = b"HTTP/1.1 429 Too Many\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
NETWORK = Network(connect_timeout=2, read_timeout=0.5, retry_for=2)


class Server:
    """Answers each connection with the next of its raw answers, then closes it; None closes without an answer."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.seen: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed: nothing more was sent
            with connection:
                self.seen.append(_request(connection))
                if answer:
                    connection.sendall(answer)

    def close(self) -> None:
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def serving(*answers: bytes | None) -> Iterator[Server]:
    server = Server(*answers)
    try:
        yield server
    finally:
        server.close()


def post(url: str) -> Request:
    return Request("POST", f"{url}/x", form={"a": "ä b"})


@pytest.mark.parametrize("refusal", [LIMITED, BUSY, None])
def test_a_get_is_sent_again(refusal: bytes | None) -> None:
    with serving(refusal, OK) as server:
        assert Session("S", NETWORK).send(Request("GET", f"{server.url}/x")).status == 200
        assert len(server.seen) == 2


def test_a_post_is_sent_again_after_429_only() -> None:
    """And only after Centercode's own: a proxy that has sent a request twice may pass on another one."""
    with serving(OWN, OK) as server:
        assert Session("S", NETWORK, limit=openapi.rate_limit("centercode")).send(post(server.url)).status == 200
        assert server.seen[0].endswith(b"a=%C3%A4+b")
    foreign = OWN.replace(b"description", b"explanation")
    for service, refusal in (("centercode", LIMITED), ("centercode", foreign), ("v3", OWN), ("buildmaster", OWN)):
        with serving(refusal, OK) as server:
            assert Session("S", NETWORK, limit=openapi.rate_limit(service)).send(post(server.url)).status == 429
            assert len(server.seen) == 1
    with serving(BUSY, OK) as server:
        assert Session("S", NETWORK).send(post(server.url)).status == 503
        assert len(server.seen) == 1


@pytest.mark.parametrize("answer", [None, b"garbage\r\n\r\n"], ids=["closed", "garbage"])
def test_a_post_whose_answer_is_lost_is_unknown_and_not_sent_again(answer: bytes | None) -> None:
    with serving(answer, OK) as server:
        with pytest.raises(UnknownOutcomeError, match="was sent, but the response was lost"):
            Session("S", NETWORK).send(post(server.url))
        assert len(server.seen) == 1


def test_a_post_that_broke_off_while_it_was_sent_may_have_been_applied() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        met: list[int] = []

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    met.append(1)
                    connection.recv(1)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        large = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/x", form={"a": "x" * 20_000_000})
        with pytest.raises(UnknownOutcomeError):
            Session("S", NETWORK).send(large)
        assert met == [1]
        listener.shutdown(socket.SHUT_RDWR)


def test_an_accepted_post_whose_answer_is_cut_off_is_known_to_be_accepted() -> None:
    with serving(b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{}", OK) as server:
        answer = Session("S", NETWORK).send(post(server.url))
        assert (answer.status, answer.cut_off) == (201, True)
        assert len(server.seen) == 1


def test_nothing_is_sent_after_the_moment_until_which_it_may_be_sent() -> None:
    received: list[bytes] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    received.append(connection.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/", form={"a": "b"})
        request.progress.send_by = time.monotonic() - 0.001
        with pytest.raises(UnavailableError, match="got no response") as ended:
            Session("S", NETWORK).send(request)
    assert "too late" in ended.value.why
    assert b"".join(received) == b""
    assert not request.progress.sent


def test_a_post_that_never_left_is_not_unknown() -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(UnavailableError, match="got no response"):
        Session("S", Network(retry_for=0.1)).send(post(url))


def moved(status: int, url: str) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


each_redirect = pytest.mark.parametrize("status", [301, 302, 303, 307, 308])


@each_redirect
@pytest.mark.parametrize("service", ["buildmaster", "centercode", "v3"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_a_second_origin_receives_nothing_by_any_redirect(status: int, service: str, method: str) -> None:
    key = Credential(Secret("sandbox-secret", "K"), *openapi.key_place(service))
    body = {"form": {"a": "b"}} if method in ("POST", "PUT", "PATCH") else {}
    with serving(OK) as other, serving(moved(status, f"{other.url}/y")) as server:
        answer = Session(service, NETWORK, key).send(Request(method, f"{server.url}/x", **body))
        assert answer.status == status
        assert server.seen[0].count(b"sandbox-secret") == (method != "HEAD")  # which carries no key
        assert other.seen == []


@each_redirect
def test_a_link_is_followed_to_a_second_origin_without_credentials(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(OK) as other, serving(moved(status, f"{other.url}/y")) as server:
        link = LinkChecker(NETWORK).look_up(File(f"{server.url}/x"))
        assert (link.status, link.size) == (200, 2)
        (asked,) = other.seen
        assert asked.startswith(b"HEAD /y ")
        for seen in (*server.seen, asked):
            names = {line.partition(b":")[0].lower() for line in seen.split(b"\r\n")[1:] if line}
            assert names == {b"host", b"user-agent", b"accept-encoding", b"accept", b"connection"}


def test_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(OK, OK) as server:
        key = Credential(Secret("sandbox-token", "K"), "header", "Authorization", "Bearer ")
        Session("S", NETWORK, key).send(Request("GET", f"{server.url}/x"))
        Session("S", NETWORK).send(Request("GET", f"{server.url}/x"))
        assert b"Authorization: Bearer sandbox-token" in server.seen[0]
        assert b"Authorization" not in server.seen[1]


def test_a_query_key_reaches_the_server_and_no_message() -> None:
    key = Credential(Secret("a+b/c=d e", "K"), "query", "apiKey")
    with serving(None) as server:
        with pytest.raises(UnknownOutcomeError) as raised:
            Session("S", NETWORK, key).send(post(server.url))
        assert server.seen[0].startswith(b"POST /x?apiKey=a%2Bb%2Fc%3Dd%20e HTTP/1.1")
    assert "a%2Bb" not in repr(vars(raised.value))
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LARGEST_RESPONSE", 1000)
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000
    with serving(endless) as server, pytest.raises(UnavailableError) as raised:
        Session("S", Network(read_timeout=1, retry_for=0.1)).send(Request("GET", f"{server.url}/x"))
    assert "larger than 1000 bytes" in raised.value.why


@contextlib.contextmanager
def dripping(start: bytes) -> Iterator[str]:
    """Sends ``start`` and then a byte now and then, each sooner than the read time-out, for ever."""
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            _request(connection)
            connection.sendall(start)
            while not done.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["head", "body"],
)
def test_a_server_that_drips_can_not_hold_the_run(start: bytes) -> None:
    with dripping(start) as url, pytest.raises(UnavailableError) as raised:
        Session("S", Network(read_timeout=0.2, retry_for=0)).send(Request("GET", f"{url}/x"))
    assert raised.value.why == "the response took too long"


def test_a_change_whose_answer_drips_may_have_been_applied() -> None:
    with dripping(b"HTTP/1.1 ") as url, pytest.raises(UnknownOutcomeError):
        Session("S", Network(read_timeout=0.2, retry_for=0)).send(post(url))
    with dripping(b"HTTP/1.1 201 Created\r\nX-Slow: ") as url:
        assert Session("S", Network(read_timeout=0.2, retry_for=0)).send(post(url)).cut_off


def test_a_file_is_sent_with_its_length_and_again_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "widget.zip"
    path.write_bytes(b"PK" * 100_000)
    with serving(OWN, OK) as server:
        session = Session("S", NETWORK, limit=openapi.rate_limit("centercode"))
        assert session.send(Request("PUT", f"{server.url}/x", upload=Upload(path))).status == 200
        for seen in server.seen:
            head, _, body = seen.partition(b"\r\n\r\n")
            assert b"Content-Length: 200000" in head
            assert b"chunked" not in head
            assert body == path.read_bytes()


def test_a_file_in_a_form_is_the_part_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / 'a "quoted" name.zip'
    path.write_bytes(b"PK\r\n--")
    with serving(OK) as server:
        Session("S", NETWORK).send(Request("POST", f"{server.url}/x", upload=Upload(path, "file")))
        head, _, body = server.seen[0].partition(b"\r\n\r\n")
        boundary = head.partition(b"boundary=")[2].partition(b"\r\n")[0]
        assert body.startswith(
            b"--" + boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="a %22quoted'
        )
        assert body.endswith(b"\r\n\r\nPK\r\n--\r\n--" + boundary + b"--\r\n")


def test_a_client_certificate_is_shown_where_a_server_asks_for_one(tmp_path: Path) -> None:
    pem = tmp_path / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    pem.write_bytes((tmp_path / "cert.pem").read_bytes() + (tmp_path / "key.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.load_verify_locations(pem)
    context.verify_mode = ssl.CERT_REQUIRED

    def serve() -> None:
        for _ in range(2):
            plain, _ = listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                _request(connection)
                connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/x"
        trusting = Network(ca_bundle=str(pem), read_timeout=2, retry_for=0)
        with pytest.raises((UnavailableError, RefusedError)):
            Session("S", trusting).send(Request("GET", url))
        known = Network(ca_bundle=str(pem), client_certificate=str(pem), read_timeout=2, retry_for=0)
        assert Session("S", known).send(Request("GET", url)).status == 200
