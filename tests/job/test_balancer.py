"""Centercode behind a balancer that reaches no server: nothing is posted, so nothing is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from http_server import Received, Reply
from reverse_proxy import ReverseProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Ended, Project

PAGE = b"<html><body><h1>503 Service Unavailable</h1>No server is available to handle this request.</body></html>"


class Balancer(ReverseProxy):
    """Responds itself while ``down`` is above 0, which each of its responses lowers."""

    down = 0
    status = 503

    def balance(self, received: Received) -> Reply:
        if self.down:
            self.down -= 1
            return Reply(self.status, PAGE, {"Content-Type": "text/html"})
        return self.forward(received)


@pytest.fixture
def balancer(project: Project) -> Iterator[Balancer]:
    with Balancer(project.sandbox.url) as balancer:
        balancer.respond = balancer.balance
        yield balancer


def release(project: Project, balancer: Balancer, *more: str) -> Ended:
    return project.shipline("run", "--centercode-url", balancer.url, *more)


def methods(balancer: Balancer) -> list[str]:
    return [received.method for received in balancer.received]


@pytest.mark.parametrize("status", [502, 503])
def test_nothing_is_posted_while_it_is_down_and_the_next_run_announces(
    project: Project, balancer: Balancer, status: int
) -> None:
    balancer.down, balancer.status = 99, status
    ended = release(project, balancer)
    assert ended.code == 7, ended.text
    assert "Centercode is down" in ended.err
    assert set(methods(balancer)) == {"HEAD"}
    balancer.down = 0
    ended = release(project, balancer)
    assert ended.code == 0, ended.text
    assert project.operations().count("project-release") == 1


def test_it_comes_back_within_retry_for(project: Project, balancer: Balancer) -> None:
    balancer.down = 2
    ended = release(project, balancer, "--network-retry-for", "20s")
    assert ended.code == 0, ended.text
    assert methods(balancer) == ["HEAD", "HEAD", "HEAD", "POST"]


def test_an_announcement_costs_one_head_to_its_own_address_without_a_key(project: Project, balancer: Balancer) -> None:
    assert release(project, balancer).code == 0
    head, post = balancer.received
    assert (head.method, post.method) == ("HEAD", "POST")
    assert head.target == post.path
    assert "apiKey" in post.target
    assert project.sandbox.admin("requests")[-2]["status"] == 405


def test_a_run_that_has_announced_already_sends_nothing(project: Project, balancer: Balancer) -> None:
    assert release(project, balancer).code == 0
    balancer.down, count = 99, len(balancer.received)
    assert release(project, balancer).code == 0
    assert len(balancer.received) == count
