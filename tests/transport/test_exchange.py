"""One exchange in a thread of its own: canceled at once wherever it is stuck, and settled by how far it got."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest

from shipline.cancellation import cancel_token
from shipline.errors import CanceledError, UnavailableError
from shipline.run.links import File, LinkChecker
from shipline.transport.exchange import Progress, perform
from shipline.transport.messages import Request
from shipline.transport.session import Session
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NETWORK = Network(connect_timeout=60, read_timeout=60, retry_for=0)
AT_ONCE = 15  # seconds, on a busy machine; far less than any timeout


@pytest.fixture(autouse=True)
def token() -> Iterator[None]:
    yield
    cancel_token.reset()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Accepts connections in the kernel alone: nobody reads from them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def canceled(do: Callable[[], object], when: Callable[[], bool]) -> CanceledError:
    """What is raised in a thread that is canceled as soon as ``when`` is true."""

    def cancel() -> None:
        while not when():
            time.sleep(0.01)
        cancel_token.cancel(15)

    threading.Thread(target=cancel, daemon=True).start()
    begun = time.monotonic()
    with pytest.raises(CanceledError) as raised:
        do()
    assert time.monotonic() - begun < AT_ONCE
    return raised.value


def test_a_request_without_a_response(listener: socket.socket) -> None:
    request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/x", json={})
    canceled(lambda: Session("S", NETWORK).send(request), lambda: request.progress.phase == "sent")
    assert request.progress.sent
    client, _ = listener.accept()
    with client:
        client.settimeout(AT_ONCE)
        while client.recv(65536):  # the connection was shut down
            pass


def test_a_name_that_is_not_found_out(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is abandoned before it was sent never is, even if the name is known later."""
    known, looked_up = threading.Event(), socket.getaddrinfo

    def stuck(*args: object, **kwargs: object) -> object:
        known.wait(60)
        return looked_up(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    request = Request("POST", f"http://localhost:{listener.getsockname()[1]}/x", json={})
    canceled(lambda: Session("S", NETWORK).send(request), lambda: request.progress.phase == "connecting")
    assert not request.progress.sent
    cancel_token.reset()  # only that nobody waits for it holds it back now
    listener.settimeout(AT_ONCE)
    known.set()
    client, _ = listener.accept()
    with client:
        client.settimeout(AT_ONCE)
        assert client.recv(65536) == b""
    assert request.progress.phase == "connecting"


@pytest.fixture
def greeted(listener: socket.socket) -> Iterator[threading.Event]:
    """Is set once a client has sent its first bytes, to which nobody responds."""
    greeted, done = threading.Event(), threading.Event()

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(65536)
            greeted.set()
            done.wait()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield greeted
    done.set()
    thread.join()


def test_a_tls_handshake_without_an_end(listener: socket.socket, greeted: threading.Event) -> None:
    request = Request("POST", f"https://127.0.0.1:{listener.getsockname()[1]}/x", json={})
    canceled(lambda: Session("S", NETWORK).send(request), greeted.is_set)
    assert not request.progress.sent


def test_a_link_that_does_not_respond(listener: socket.socket, greeted: threading.Event) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    canceled(lambda: LinkChecker(NETWORK).look_up(File(url)), greeted.is_set)


def test_nothing_is_sent_once_it_is_canceled(listener: socket.socket) -> None:
    request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/")
    cancel_token.cancel(2)
    with pytest.raises(CanceledError) as raised:
        Session("v3", NETWORK).send(request)
    assert raised.value.exit_code == 130
    assert request.progress.phase == "not sent"
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_stop_holds_back_what_is_connecting_and_lets_a_response_arrive(listener: socket.socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    sent, held = Request("POST", url), Request("POST", url)

    def respond() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(65536)
            cancel_token.stop("another product failed")
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=respond, daemon=True).start()
    assert Session("S", NETWORK).send(sent).status == 200
    with pytest.raises(CanceledError):
        Session("S", NETWORK).send(held)
    assert not held.progress.sent


def test_an_interrupt_of_the_waiting_thread_abandons_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a script that calls the Python API: Python's own handler raises KeyboardInterrupt."""
    progress = Progress()
    begun = threading.Event()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cancel_token, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        perform(begun.wait, progress)
    begun.set()
    with pytest.raises(ConnectionAbortedError):
        progress.start_sending(None)
    assert not progress.sent


def test_where_no_thread_can_be_started_it_is_sent_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnavailableError, match="got no response"):
        Session("S", NETWORK).send(Request("POST", f"http://127.0.0.1:{port}/"))


def test_where_no_thread_can_be_started_a_cancel_ends_the_request_of_another_thread(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a product, while the main thread of the fleet is canceled."""
    request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/x", json={})
    begin, ended = threading.Event(), threading.Event()

    def product() -> None:
        begin.wait()
        with pytest.raises(CanceledError):
            Session("S", NETWORK).send(request)
        ended.set()

    def none_left(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threading.Thread(target=product, daemon=True).start()
    monkeypatch.setattr(threading.Thread, "start", none_left)
    begin.set()
    while request.progress.phase != "sent":
        time.sleep(0.01)
    cancel_token.cancel(15)
    cancel_token.end_blocked()
    assert ended.wait(AT_ONCE)
    assert request.progress.sent


def test_an_error_of_the_task_is_raised_where_it_is_waited_for() -> None:
    def task() -> None:
        raise ssl.SSLError("as in the handshake")

    with pytest.raises(ssl.SSLError, match="as in the handshake"):
        perform(task, Progress())
