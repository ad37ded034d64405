"""Fixtures for tests with a real browser; skipped unless `tests/browser/engine` has set one up (`make browser`).

A test takes `browser`, opens an address (also `path.as_uri()`), and asserts what a person would notice:

    def test_it(browser):
        browser.offline()
        browser.open(report.as_uri())
        assert "DONE" in browser.text("main")
        assert browser.axe() == []

After each test nothing red may stand in the console, and no request may have left this machine; a test that expects an
error there takes it away with `browser.errors()`. By hand, for one file:

    eval "$(tests/browser/engine)" && .venv/bin/pytest tests/browser/test_page.py
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from browser.chromium import Browser, start
from job.project import NOTES, Project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Started once."""
    if os.environ.get("SHIPLINE_BROWSER") != "1":
        pytest.skip('needs Chromium with its driver: make browser, or eval "$(tests/browser/engine)"')
    driver = start()
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A fresh tab; at the end nothing may have gone wrong in it."""
    chromium.fresh()
    yield chromium
    assert chromium.errors() == []
    assert chromium.foreign() == []


@pytest.fixture
def speed() -> float:
    """Of the sandbox; a test that looks on parametrizes it with a low one."""
    return 60


@pytest.fixture
def sandbox(browser: Browser, speed: float) -> Iterator[Running]:
    with running(speed=speed) as server:
        yield server
        browser.open("about:blank")  # before it is gone: an open page goes on asking


@pytest.fixture
def project(tmp_path: Path, sandbox: Running) -> Project:
    """A project whose main job is all in order."""
    project = Project(tmp_path, sandbox)
    project.write("CHANGELOG.md", NOTES)
    project.write("dist/widget.zip", b"PK" + b"w" * 2046)
    sandbox.put_file("widget.zip", b"PK" + b"w" * 2046)
    project.config()
    return project


@pytest.fixture
def call(sandbox: Running) -> Callable[..., requests.Response]:
    """A request to BuildMaster, as somebody's own script sends it."""
    import requests

    def send(path: str, **parameters: str) -> requests.Response:
        headers = {"X-ApiKey": "sandbox-browser"}
        return requests.post(f"{sandbox.url}{path}", data=parameters, headers=headers, timeout=10)

    return send


@pytest.fixture
def announce(sandbox: Running) -> Callable[..., None]:
    """A release in Centercode, by its members."""
    import requests

    def send(**members: object) -> None:
        where = f"{sandbox.url}/api/v1/projects/WidgetPro/releaseTypes/Firmware"
        answer = requests.post(where, params={"apiKey": "sandbox-browser"}, json=members, timeout=10)
        assert answer.status_code == 201, answer.text

    return send
