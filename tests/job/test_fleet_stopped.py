"""A fleet that fails fast, is canceled, killed or can't write its log: what it sends, leaves and continues later."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from job import fleet
from job.fleet import ALL, NAMES, done_once, receipts, rows, until
from job.project import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Project

BRANCHES = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag"}


def test_fail_fast_starts_no_further_one(products: Project) -> None:
    fleet.make(products, stages={"camera": {"outcome": "failed"}})
    ended = products.shipline("run", ALL, "--fail-fast", "--parallel", "1")
    assert ended.code == 5
    assert products.operations().count("create-build") == 1
    assert rows(ended)["switch"] == "not started  -     run again"
    assert "router (not started), switch (not started)" in ended.line("NOT DONE")


def test_fail_fast_stops_those_under_way_before_their_next_request(products: Project) -> None:
    stages = {"camera": {"outcome": "failed", "executing_seconds": 60}, "router": {"executing_seconds": 6000}}
    fleet.make(products, stages=stages)
    ended = products.shipline("run", ALL, "--fail-fast")
    assert ended.code == 5
    assert ended.line("result=") == "result=failed"
    assert ended.line("failed-step=") == "failed-step=camera/deploy:Integration"
    assert rows(ended)["router"].startswith("canceled   130   run again: Shipline continues where this run stopped")
    assert "router | error: deploy:Integration: stopped before its next request, as another product has f" in ended.text
    fleet.make(products)
    products.sandbox.admin("clock", {"advance": 6000})
    assert products.shipline("run", ALL).code == 0
    assert Counter(products.operations())["project-release"] == len(NAMES)
    assert Counter(products.operations())["create-build"] == len(NAMES)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_canceled_fleet_ends_at_once_and_goes_on_later(products: Project, number: int) -> None:
    fleet.make(products, stages={"router": {"executing_seconds": 6000}})
    process = products.start("run", ALL, "--parallel", "2")
    until(products, "project-release", 2)  # camera's and switch's; router is being deployed
    time.sleep(0.3)
    begun = time.monotonic()
    ended = products.cancel(process, number)
    assert time.monotonic() - begun < 3
    assert ended.code == 128 + number
    assert ended.line("result=") == "result=canceled"
    assert ended.line("DONE") == "DONE: 2 of 3 products: camera, switch"
    assert "router (canceled at deploy:Integration)" in ended.line("NOT DONE")
    assert "Traceback" not in ended.text
    assert receipts(products)["router-1.4.0"]["exit-code"] == 128 + number
    products.sandbox.admin("clock", {"advance": 9000})
    assert products.shipline("run", ALL).code == 0
    assert done_once(products), Counter(products.operations())


def test_a_signal_while_announcements_are_under_way(products: Project) -> None:
    late = {"operation": "project-release", "kind": "delay", "seconds": 8, "times": None}
    products.sandbox.admin("faults", late)
    process = products.start("run", ALL)
    until(products, "publish-release", len(NAMES))
    time.sleep(1)
    before = products.operations()
    begun = time.monotonic()
    ended = products.cancel(process)
    assert time.monotonic() - begun < 3
    assert ended.code == 143
    assert ended.line("NOT DONE").count("publish:centercode may have been applied") == len(NAMES)
    states = [r["steps"][-1] for r in receipts(products).values()]
    assert {(s["name"], s["status"], s["requests"][-1]["phase"]) for s in states} == {
        ("publish:centercode", "unknown", "sent")
    }
    products.sandbox.admin("faults", [])
    again = products.shipline("run", ALL)
    assert again.code == 8
    assert [op for op in products.operations() if op != "project-release"] == [
        op for op in before if op != "project-release"
    ]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """One that a connection is never made to: its queue is full."""
    with socket.socket() as server, contextlib.ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_signal_while_no_connection_is_made(products: Project, silent_server: str) -> None:
    for name in NAMES:
        target = {"project": name, "release-type": "Firmware", "url": silent_server}
        config = {"release": {"version": "1.4.0"}, "centercode": target}
        products.write(f"products/{name}.yml", json.dumps(config))
    process = products.start("run", ALL)
    end = time.monotonic() + 30
    while len(receipts(products)) < len(NAMES):
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(1)  # they ask whether Centercode is there, and wait for a connection
    begun = time.monotonic()
    ended = products.cancel(process)
    assert time.monotonic() - begun < 3
    assert ended.code == 143
    assert ended.line("NOT DONE").startswith("NOT DONE: 3 of 3 products: camera (canceled)")
    assert "may have been applied" not in ended.out
    assert [r["steps"] for r in receipts(products).values()] == [[]] * len(NAMES)
    assert "Traceback" not in ended.text
    assert "Fatal" not in ended.text


def test_nothing_more_is_sent_after_a_signal(products: Project) -> None:
    busy = {"operation": "project-release", "kind": "status", "status": 429, "headers": {"Retry-After": "30"}}
    quota = json.dumps({"status": 429, "description": "API calls quota exceeded"})
    products.sandbox.admin("faults", {**busy, "times": None, "body": quota})
    for name in NAMES:
        fleet.write(products, name, network="network: {retry-for: 2m}")
    process = products.start("run", ALL)
    until(products, "project-release", len(NAMES))
    time.sleep(0.5)
    ended = products.cancel(process)
    assert ended.code == 143
    assert "may have been applied" not in ended.line("NOT DONE")
    assert {r["steps"][-1]["status"] for r in receipts(products).values()} == {"refused"}


def test_a_fleet_that_was_killed_goes_on(products: Project) -> None:
    fleet.make(products, stages={"router": {"executing_seconds": 6000}})
    process = products.start("run", ALL)
    until(products, "project-release", 2)
    time.sleep(1)
    process.kill()
    process.communicate()
    products.sandbox.admin("clock", {"advance": 9000})
    assert products.shipline("run", ALL).code == 0
    assert done_once(products), Counter(products.operations())


@pytest.mark.parametrize("log", [">/dev/full 2>&1", ">&- 2>&-"])
def test_a_log_that_cant_be_written_doesnt_hold_a_fleet(products: Project, log: str) -> None:
    command = [sys.executable, "-m", "shipline", "run", ALL]
    environ = {"PATH": os.environ["PATH"], **KEYS}
    bash = ["bash", "-c", f'"$@" {log}', "bash", *command]
    assert subprocess.run(bash, cwd=products.path, env=environ, check=False, timeout=60).returncode == 0
    assert done_once(products), Counter(products.operations())
