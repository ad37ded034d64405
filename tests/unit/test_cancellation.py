"""The cancel token: which waits it ends, and when."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from shipline.cancellation import CancelToken
from shipline.errors import CanceledError

PATIENCE = 30  # seconds


def in_threads(token: CancelToken, count: int) -> tuple[list[threading.Thread], list[int]]:
    """Threads that sleep or wait, half of each, and the exit codes of the errors that end them."""
    codes: list[int] = []

    def wait(number: int) -> None:
        try:
            if number % 2:
                token.sleep(PATIENCE)
            else:
                token.wait(queue.SimpleQueue())
        except CanceledError as error:
            codes.append(error.exit_code)

    threads = [threading.Thread(target=wait, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads, codes


def test_a_cancel_ends_every_wait_at_once() -> None:
    token = CancelToken()
    threads, codes = in_threads(token, 6)
    token.check()
    begun = time.monotonic()
    token.cancel(15)
    for thread in threads:
        thread.join(PATIENCE)
    assert time.monotonic() - begun < PATIENCE / 3
    assert codes == [143] * 6
    with pytest.raises(CanceledError):
        token.check()
    token.reset()
    token.check()


def test_a_stop_ends_sleeps_and_lets_results_arrive() -> None:
    token = CancelToken()
    results: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Timer(0.1, token.stop, ("another product failed",)).start()
    threading.Timer(0.7, results.put, ("the response",)).start()
    assert token.wait(results, PATIENCE) == "the response"
    for wait in (token.check, lambda: token.sleep(PATIENCE)):
        with pytest.raises(CanceledError, match="another product failed") as raised:
            wait()
        assert raised.value.exit_code == 130


def test_a_result_that_has_arrived_counts_more_than_a_cancel() -> None:
    token = CancelToken()
    results: queue.SimpleQueue[int] = queue.SimpleQueue()
    results.put(7)
    token.cancel(2)
    assert token.wait(results) == 7
    with pytest.raises(CanceledError):
        token.wait(results)


def test_a_wait_has_its_limit() -> None:
    token = CancelToken()
    begun = time.monotonic()
    assert token.wait(queue.SimpleQueue(), 0.6) is None
    token.sleep(0.05)
    assert 0.65 <= time.monotonic() - begun < PATIENCE
    token.sleep(-1)
