"""What stands between Shipline and a service's response: interim responses, and addresses that don't connect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faults import wire
from faults.proxy import Asked, Proxy, Rule
from job.situations import announced

if TYPE_CHECKING:
    from faults.proxy import Exchange
    from job.project import Project

LAUNCH = Path(__file__).parents[1] / "faults/launch.py"


@pytest.mark.parametrize("interim", ["102 Processing", "103 Early Hints"])
def test_an_announcement_is_accepted_whatever_interim_response_precedes(project: Project, interim: str) -> None:
    def precede(exchange: Exchange) -> None:
        exchange.say(f"HTTP/1.1 {interim}\r\nLink: </style.css>\r\n\r\n".encode() + (exchange.answer or b""))

    with Proxy(("127.0.0.1", int(project.sandbox.url.rpartition(":")[2]))) as proxy:
        announcement = Asked("POST", "/api/v1/projects/WidgetPro/releaseTypes/Firmware", 1)
        proxy.rule = Rule(announcement, wire.Fault("interim", "accepted", precede, applied=True))
        ended = project.shipline("run", "--centercode-url", proxy.url)
        assert proxy.rule.fired == 1, proxy.seen
    assert ended.code == 0, ended.text
    assert announced(project) == 1


def test_a_first_address_that_is_dead_is_not_waited_for(project: Project, silent: tuple[str, int]) -> None:
    """Each wait for it would take longer than this test."""
    process = project.start("run", "--network-connect-timeout", "5m", by=(str(LAUNCH), "dead-first", str(silent[1])))
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, out + err
    assert announced(project) == 1
