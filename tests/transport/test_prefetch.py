"""Read-only requests that threads send ahead: results, errors and logs come when the caller takes them."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from shipline.cancellation import cancel_token
from shipline.errors import CanceledError, UnavailableError
from shipline.transport import prefetch, session
from shipline.transport.prefetch import Prefetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONE, OTHER, BUSY = "https://one.example.com/a", "https://other.example.com:8443/b", "https://busy.example.com"
_PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def token() -> Iterator[None]:
    cancel_token.reset()
    yield
    cancel_token.reset()


class Requests:
    """Requests that note in which order and thread they are sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.threads: dict[str, int] = {}

    def to(self, url: str, name: str, before: Callable[[], Any] = lambda: None) -> Prefetched[str]:
        return Prefetched(url, partial(self._send, name, before))

    def _send(self, name: str, before: Callable[[], Any]) -> str:
        self.sent.append(name)
        self.threads[name] = threading.get_ident()
        before()
        return f"the result of {name}"


def fail() -> NoReturn:
    raise UnavailableError("no response")


def test_requests_to_several_hosts_are_sent_at_the_same_time() -> None:
    both, requests = threading.Barrier(2), Requests()
    first, second = (requests.to(url, url, lambda: both.wait(_PATIENCE_S)) for url in (ONE, OTHER))
    prefetch.begin([first, second], busy=BUSY)
    assert second.take() == f"the result of {OTHER}"
    assert first.take() == f"the result of {ONE}"


def test_requests_to_one_host_are_sent_one_after_the_other() -> None:
    requests = Requests()
    every = [requests.to(f"{ONE}{number}", str(number)) for number in range(5)]
    prefetch.begin(every, busy=BUSY)
    assert [one.take() for one in reversed(every)][-1] == "the result of 0"
    assert requests.sent == ["0", "1", "2", "3", "4"]
    (thread,) = set(requests.threads.values())
    assert thread != threading.get_ident()


def test_caller_itself_sends_requests_to_the_host_that_it_uses() -> None:
    requests = Requests()
    request = requests.to("https://BUSY.example.com:444/x", "x")
    prefetch.begin([request], busy=BUSY)
    assert not requests.sent
    request.take()
    assert requests.threads["x"] == threading.get_ident()


def test_a_result_is_taken_once() -> None:
    requests = Requests()
    request = requests.to(ONE, "x")
    prefetch.begin([request], busy=BUSY)
    assert [request.take(), request.take()] == ["the result of x"] * 2
    assert requests.sent == ["x", "x"]


def test_an_error_is_raised_where_the_result_is_taken_and_nothing_follows_it() -> None:
    requests = Requests()
    failing, following = requests.to(ONE, "failing", fail), requests.to(ONE, "following")
    prefetch.begin([failing, following], busy=BUSY)
    with pytest.raises(UnavailableError, match="no response"):
        failing.take()
    assert requests.sent == ["failing"]
    assert following.take() == "the result of following"
    assert requests.threads["following"] == threading.get_ident()


def test_an_old_result_is_requested_again() -> None:
    results = iter(["old", "new"])
    request = Prefetched(ONE, lambda: next(results), fresh_for=0.0)
    prefetch.begin([request], busy=BUSY)
    assert request.take() == "new"


def test_without_threads_the_caller_sends_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    requests = Requests()
    request = requests.to(ONE, "x")
    monkeypatch.setattr(threading.Thread, "start", start)
    prefetch.begin([request], busy=BUSY)
    assert request.take() == "the result of x"


def test_what_a_request_logs_is_logged_when_its_result_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    log = session._log
    caplog.set_level(logging.INFO, log.name)
    logged, requests = threading.Event(), Requests()

    def send() -> None:
        log.info("sent by a thread")
        logged.set()

    request = requests.to(ONE, "x", send)
    prefetch.begin([request], busy=BUSY)
    assert logged.wait(_PATIENCE_S)
    log.info("sent by the caller")
    request.take()
    assert caplog.messages == ["sent by the caller", "sent by a thread"]


def test_a_cancel_ends_the_wait_for_a_result() -> None:
    requests, end = Requests(), threading.Event()
    request = requests.to(ONE, "x", lambda: cancel_token.cancel(15) or end.wait(_PATIENCE_S))
    prefetch.begin([request], busy=BUSY)
    try:
        with pytest.raises(CanceledError):
            request.take()
    finally:
        end.set()
