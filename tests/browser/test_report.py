"""The run report in a browser without any network, and the job summary as GitHub shows it: readable for everyone."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from job import fleet
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser.chromium import Browser
    from job.project import Project

SIZES = (1280, 400)
NARROWEST = 360
# GitHub's column for a job summary, and its style sheet for tables, code and quotes.
SUMMARY = """<!DOCTYPE html><html lang="en"><title>Summary</title><meta name="viewport" content="width=device-width">
<style>:root { color-scheme: light dark } body { max-width: 976px; margin: 24px auto; padding: 0 24px;
overflow-wrap: break-word;
font: 14px/1.5 system-ui, sans-serif; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #f0f6fc) }
a { color: light-dark(#0969da, #4493f8) } h2 { border-bottom: 1px solid #8886 }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse }
th, td { padding: 6px 13px; border: 1px solid #8886 }
blockquote { margin: 0; padding: 0 1em; border-left: .25em solid #8886 }
pre { padding: 16px; background: #8882; overflow: auto } code { font-size: 85% }</style><main>"""
PILLS = {
    "succeeded": "Succeeded",
    "failed": "Failed",
    "planned": "Planned",
    "canceled": "Canceled",
    "fleet": "Failed",
    "doctor": "Succeeded",
}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=60) as server:
        yield server


def seed(project: Project, **stage: Any) -> None:
    """An application whose stage Testing is like this."""
    pipelines = {"Standard": {"stages": [{"name": "Integration"}, {"name": "Testing", **stage}]}}
    applications = [{"id": 1, "name": "Widget", "pipelines": pipelines}]
    project.sandbox.admin("seed", {"buildmaster": {"applications": applications}})


def report(project: Project, browser: Browser, how: str) -> Path:
    """Write the report of a command that ended so."""
    command, more = {"planned": "plan", "doctor": "doctor"}.get(how, "run"), ()
    if how == "failed":
        seed(project, outcome="failed")
    if how == "fleet":
        fleet.make(project, stages={"camera": {"outcome": "failed"}})
        more = ("--config", fleet.ALL)
    if how == "canceled":
        seed(project, executing_seconds=3600)
        job = project.start("run", "--report", "canceled.html")
        log = project.sandbox.requests
        browser.wait(lambda: len([r for r in log() if r["operation"] == "deploy-build"]) > 1, 60)
        browser.wait(lambda: any("Testing" in str(r["query"]) + str(r["body"]) for r in log()[-3:]), 60)
        assert project.cancel(job, signal.SIGTERM).code == 143
    else:
        project.shipline(command, *more, "--report", f"{how}.html")
    return project.path / f"{how}.html"


@pytest.mark.parametrize("how", PILLS)
def test_everyone_can_read_it_without_a_network(browser: Browser, project: Project, how: str) -> None:
    file = report(project, browser, how)
    browser.offline()
    browser.open(file.as_uri())
    assert set(browser.requests()) <= {"about:blank", file.as_uri()}
    assert browser.text("h1") == {"fleet": "3 products", "doctor": "shipline doctor"}.get(how, "Widget 1.4.0")
    assert browser.text(".pill") == PILLS[how]
    assert "Shipline" in browser.text("footer")
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        for width in SIZES:
            browser.size(width)
            browser.screenshot(f"report-{how}-{scheme}-{width}")
        dark = browser.script("return getComputedStyle(document.body).backgroundColor") == "rgb(15, 17, 22)"
        assert dark == (scheme == "dark")
    browser.script("document.querySelectorAll('details').forEach(each => each.open = true)")
    browser.size(NARROWEST)
    assert browser.overflow() == 0
    assert browser.axe() == []  # dark and narrow
    browser.media()
    browser.size(SIZES[0])
    assert browser.overflow() == 0
    assert browser.axe() == []


def show_summary(browser: Browser, file: Path) -> None:
    """Open a job summary as GitHub renders it."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    file.with_suffix(".html").write_text(SUMMARY + parser.render(file.read_text()), encoding="utf-8")
    browser.open(file.with_suffix(".html").as_uri())


@pytest.mark.parametrize("how", ["succeeded", "failed", "planned", "fleet"])
def test_the_summary_fits_github_s_column(browser: Browser, project: Project, how: str) -> None:
    file = project.path / "summary.md"
    run = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_NUMBER": "57"}
    project.environ = {**run, "GITHUB_STEP_SUMMARY": str(file)}
    report(project, browser, how)
    show_summary(browser, file)
    tables = "return [...document.querySelectorAll('table')].map(one => one.scrollWidth - one.clientWidth)"
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        for width in SIZES:
            browser.size(width)
            assert browser.overflow() == 0
            browser.screenshot(f"summary-{how}-{scheme}-{width}")
    browser.size(SIZES[0])
    assert max(browser.script(tables)) == 0
    assert all(one.get_attribute("href").startswith("http") for one in browser.all("a"))
    first = browser.text("main").split("\n")
    assert first[0].endswith(PILLS[how].lower())
    if how in ("failed", "fleet"):
        assert browser.text("main").index("The deployment to ") < browser.text("main").index("Next")


def test_it_opens_by_key_and_prints_what_counts(browser: Browser, project: Project) -> None:
    from selenium.webdriver import Keys

    project.shipline("run", "--v3-state", "draft", "--report", "report.html")
    browser.open((project.path / "report.html").as_uri())
    assert browser.text(".act code") == "shipline publish 1.4.0"
    browser.find(".act .copy").click()
    browser.wait(lambda: browser.text(".act .copy").startswith("Copied"))
    shown = "return document.querySelector(arguments[0]).checkVisibility()"
    assert not browser.script(shown, ".log pre")
    for _ in range(50):
        browser.press(Keys.TAB)
        if "Requests" in browser.focused().text:
            break
    browser.press(Keys.ENTER)
    assert "Create a release" in browser.text("details[open]") or "POST" in browser.text("details[open]")
    browser.media(kind="print")
    assert not browser.script(shown, ".raw")
    cut = "const sum = document.querySelector('.sum'); return sum.scrollWidth > sum.clientWidth"
    assert not browser.script(cut)
    browser.media()
    assert browser.script(cut)
    browser.find(".sum").click()
    assert len(browser.script("return getSelection().toString()")) == 64
