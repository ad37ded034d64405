"""The run report in a browser without any network: it is whole, quiet, and readable for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser.chromium import Browser
    from job.project import Project

WIDTHS = (360, 1280)


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=60) as server:
        yield server


@pytest.fixture(params=["succeeded", "failed", "invalid", "plan"])
def report(request: pytest.FixtureRequest, project: Project) -> Path:
    """Of a run that ended so."""
    how = request.param
    if how == "failed":
        project.sandbox.admin("faults", {"operation": "create-release", "service": "v3", "status": 403})
    if how == "invalid":
        project.config(platforms="  platforms: [amiga]")
    project.shipline("plan" if how == "plan" else "run", "--report", f"{how}.html")
    return project.path / f"{how}.html"


def test_without_a_network_it_is_all_there(browser: Browser, report: Path) -> None:
    browser.offline()
    browser.open(report.as_uri())
    assert set(browser.requests()) <= {"about:blank", report.as_uri()}
    assert browser.text("h1").startswith(("Widget 1.4.0: ", "Shipline: "))
    for word in ("DONE", "NOT DONE", "NEXT"):
        assert word in browser.text("header")
    assert browser.text("footer").startswith("Written by Shipline ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(browser: Browser, report: Path, scheme: str) -> None:
    browser.media(scheme=scheme)
    browser.open(report.as_uri())
    browser.script("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width in WIDTHS:
        browser.size(width)
        assert browser.overflow() == 0
        assert browser.axe() == []
        browser.screenshot(f"report-{report.stem}-{scheme}-{width}")
    dark = browser.script("return getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    assert dark == (scheme == "dark")


def test_what_is_folded_is_printed_and_opens_by_key(browser: Browser, project: Project) -> None:
    from selenium.webdriver import Keys

    project.shipline("run", "--report", "report.html")
    browser.open((project.path / "report.html").as_uri())
    shown = "return [...document.querySelectorAll('details pre')].every(each => each.checkVisibility())"
    assert not browser.script(shown)
    browser.media(kind="print")
    assert browser.script(shown)
    browser.media()
    for _ in range(50):
        browser.press(Keys.TAB)
        if browser.focused().tag_name == "summary":
            break
    browser.press(Keys.ENTER)
    assert "applicationName" in browser.text("details[open]")
