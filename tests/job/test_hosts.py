"""Services on several hosts: requests that only read are sent at the same time, and nothing else differs."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from faults import wire
from faults.proxy import Asked, Proxy, Rule
from job.test_main_job import ALL

if TYPE_CHECKING:
    from faults.proxy import Exchange
    from job.project import Ended, Project

LIST, FILE = Asked("GET", "/v3/releases", 1), Asked("HEAD", "/files/widget.zip", 1)
_PATIENCE_S = 20


def elsewhere(project: Project, url: str = "", host: str = "localhost") -> list[str]:
    """Flags that move v3 and the files to another host: another name of this machine."""
    url = (url or project.sandbox.url).replace("127.0.0.1", host)
    return ["--v3-url", url, "--artifacts", f"dist/*.zip => {url}/files/{{filename}}"]


def same(ended: Ended) -> str:
    """What it printed, without what differs between two runs."""
    return re.sub(r" in \d+ ms", "", ended.text.replace("localhost", "127.0.0.1"))


def proxy(project: Project) -> Proxy:
    return Proxy(("127.0.0.1", int(project.sandbox.url.rpartition(":")[2])))


def _once(project: Project, method: str, path: str) -> wire.Fault:
    """A response that waits until the sandbox has received another request."""

    def wait(exchange: Exchange) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not any((method, path) == (entry["method"], entry["path"]) for entry in project.sandbox.requests()):
            assert time.monotonic() < end
            time.sleep(0.05)
        exchange.say(exchange.answer or b"")

    return wire.Fault("late", "accepted", wait, applied=True)


@pytest.mark.parametrize("late", [LIST, FILE])
def test_other_hosts_are_requested_while_the_first_has_not_responded(project: Project, late: Asked) -> None:
    with proxy(project) as slow:
        slow.rule = Rule(Asked("POST", "/api/releases", 1), _once(project, late.method, late.path))
        ended = project.shipline("plan", "--buildmaster-url", slow.url, *elsewhere(project))
        assert slow.rule.fired == 1
    assert ended.code == 0, ended.text


def test_centercode_is_requested_while_the_last_check_of_the_files_waits(project: Project) -> None:
    with proxy(project) as slow:
        slow.rule = Rule(
            replace(FILE, number=2), _once(project, "HEAD", "/api/v1/projects/WidgetPro/releaseTypes/Firmware")
        )
        elsewhere_too = ["--centercode-url", project.sandbox.url.replace("127.0.0.1", "localhost")]
        files = f"dist/*.zip => {slow.url.replace('127.0.0.1', 'localhost')}/files/{{filename}}"
        ended = project.shipline("run", *elsewhere(project)[:2], *elsewhere_too, "--artifacts", files)
        assert slow.rule.fired == 1
    assert ended.code == 0, ended.text


@pytest.mark.parametrize("how", [(), ("-v",), ("--format", "json")])
def test_a_plan_is_printed_as_for_one_host(project: Project, how: tuple[str, ...]) -> None:
    one = project.shipline("plan", *how, *elsewhere(project, host="127.0.0.1"))
    several = project.shipline("plan", *how, *elsewhere(project))
    assert several.code == 0, several.text
    assert same(several) == same(one)


def test_a_run_sends_the_same_requests_in_the_same_order_to_each_host(project: Project) -> None:
    project.shipline("plan", *elsewhere(project, host="127.0.0.1"))
    one = project.sandbox.requests()
    ended = project.shipline("run", *elsewhere(project))
    assert ended.code == 0, ended.text
    assert project.operations() == ALL
    planned = project.sandbox.requests()[len(one) :][: len(one)]
    for service in ("buildmaster", "v3", "files"):
        assert [r["path"] for r in planned if r["service"] == service] == [
            r["path"] for r in one if r["service"] == service
        ]


def test_the_first_error_in_the_order_of_the_steps_is_reported(project: Project) -> None:
    flags = elsewhere(project)
    both = project.shipline("plan", *flags, "--buildmaster-release", "id:99", SHIPLINE_V3_TOKEN="sandbox-no")
    assert both.code == 4
    assert "has no release with id 99" in both.err
    with proxy(project) as refusing:
        refusing.rule = Rule(LIST, next(f for f in wire.refusals("", 0) if f.name == "401"), lasting=True)
        alone = project.shipline("run", *elsewhere(project, refusing.url))
    assert alone.code == 3
    assert alone.outputs["failed-step"] == "publish:v3"
    assert project.changes() == []


@pytest.mark.parametrize(
    "fault", ["503", "404", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("reset", "timeout", "fin"))]
)
@pytest.mark.parametrize("at", [LIST, Asked("GET", "/v3/releases", 2), FILE])
def test_a_fault_on_another_host_changes_nothing_else(project: Project, at: Asked, fault: str) -> None:
    with proxy(project) as failing:
        failing.rule = Rule(at, next(f for f in wire.of_look_up("", 0) if f.name == fault))
        flags = ["--network-read-timeout", "1s", "--network-retry-for", "20s"]
        ended = project.shipline("run", *flags, *elsewhere(project, failing.url))
        assert failing.rule.fired == 1
    expected = 4 if fault == "404" and at.method == "GET" else 0
    assert ended.code in (0, expected), ended.text
    if ended.code == 0:
        assert project.operations() == ALL


def test_files_on_several_hosts_are_checked_in_their_order(project: Project) -> None:
    for number in range(6):
        project.write(f"dist/{number}.zip", b"PK" + b"w" * number)
        project.sandbox.put_file(f"{number}.zip", b"PK" + b"w" * (number if number % 2 else 99))
    hosts = (project.sandbox.url, project.sandbox.url.replace("127.0.0.1", "localhost"))
    entries = [f"dist/{number}.zip => {hosts[number % 4 // 2]}/files/{number}.zip" for number in range(6)]
    ended = project.shipline("plan", "--artifacts", "\n".join(entries))
    assert ended.code == 0, ended.text
    found = re.findall(r"warning: \S+/files/(\d)\.zip: the file there has", ended.text)
    assert found == ["0", "2", "4"]


@pytest.mark.parametrize("arguments", [("validate",), ("plan", "--network-connect-timeout", "soon")])
def test_validate_and_wrong_settings_of_the_network_open_no_connection(
    project: Project, arguments: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        ended = project.shipline(*arguments, "--buildmaster-url", url, "--v3-url", url)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert ended.code == (0 if arguments == ("validate",) else 2), ended.text
