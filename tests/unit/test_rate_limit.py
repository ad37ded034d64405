"""Requests keep to the services' limits by themselves, and to what a run may spend on retries."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from shipline.services import openapi
from shipline.transport.rate_limit import Limit, Pacer
from shipline.transport.retry import TOKENS, Budget

TEN_A_SECOND = Limit(10, 1, "endpoint")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=80))
def test_no_window_ever_has_more_than_the_limit_however_long_a_request_takes_to_arrive(
    times: list[tuple[float, float, float]],
) -> None:
    clock = Clock()
    pacer = Pacer(clock, clock.sleep)
    arrived = []
    for pause, there, back in times:
        clock.sleep(pause)
        with pacer.turn(TEN_A_SECOND, "https://cc.widget.test/api/v1/x"):
            clock.sleep(there)
            arrived.append(clock.now)
            clock.sleep(back)
    for first, eleventh in zip(arrived, arrived[10:], strict=False):
        assert eleventh - first >= 1


def test_the_first_of_a_burst_may_arrive_late_and_the_next_burst_early() -> None:
    """What was sent first has a connection to make; what is sent a second later finds one."""
    pacer = Pacer()
    limit = Limit(4, 0.3, "host")
    lock, arrived = threading.Lock(), []

    def send(number: int) -> None:
        with pacer.turn(limit, "https://v3.widget.test/"):
            time.sleep(0.2 if number < 4 else 0)
            with lock:
                arrived.append(time.monotonic())

    threads = [threading.Thread(target=send, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrived.sort()
    assert all(fifth - first >= 0.3 for first, fifth in zip(arrived, arrived[4:], strict=False))


def test_what_is_within_the_limit_is_not_held_up_and_endpoints_do_not_share_it() -> None:
    clock = Clock()
    pacer = Pacer(clock, clock.sleep)
    urls = ["https://cc.widget.test/api/v1/x"] * 10 + ["https://cc.widget.test/api/v1/y"] * 10
    for url in urls:
        with pacer.turn(TEN_A_SECOND, url):
            pass
    assert clock.now == 100
    with pacer.turn(TEN_A_SECOND, urls[0]):
        assert clock.now > 101


def test_a_host_shares_its_limit_and_buildmaster_has_none() -> None:
    limit = openapi.rate_limit("v3")
    assert limit == Limit(50, 5, "host")
    assert openapi.rate_limit("centercode") == TEN_A_SECOND._replace(refusal=("status", "description"))
    assert openapi.rate_limit("buildmaster") is None
    clock = Clock()
    pacer = Pacer(clock, clock.sleep)
    for i in range(100):
        with pacer.turn(limit, f"https://v3.widget.test/v3/releases/{i}"):
            pass
    assert 5 <= clock.now - 100 < 5.2


def test_a_server_that_stays_away_is_waited_for_once_whoever_asks() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.failed("a.example.com")
    clock.sleep(100)
    budget.failed("a.example.com")
    assert budget.allows("a.example.com", 10, limit=120)
    assert not budget.allows("a.example.com", 30, limit=120)
    assert budget.allows("b.example.com", 30, limit=120)
    budget.succeeded("a.example.com")
    budget.failed("a.example.com")
    assert budget.allows("a.example.com", 30, limit=120)


def test_all_servers_share_the_retries() -> None:
    budget = Budget(Clock())
    for _ in range(TOKENS):
        assert budget.allows("a.example.com", 0, limit=120)
    assert not budget.allows("b.example.com", 0, limit=120)
    budget.succeeded("c.example.com")
    assert budget.allows("b.example.com", 0, limit=120)
