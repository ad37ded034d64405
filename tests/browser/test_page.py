"""The sandbox's page in a real browser, while a real pipeline runs against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chromium import Browser
    from job.project import Project
    from shipline_sandbox.server import Running

SLOW = [2]  # each state of a deployment takes 2.5 s then, so that none is missed


def column(browser: Browser, stage: str) -> str:
    """What stands in one stage of the lane."""
    columns = (one.text for one in browser.all(".lane > li"))
    return next((text for text in columns if text.startswith(f"{stage}\n")), "")


@pytest.mark.parametrize("speed", SLOW)
def test_a_build_moves_through_the_stages_while_the_page_is_open(browser: Browser, project: Project) -> None:
    browser.open(project.sandbox.url)
    assert "No build yet." in browser.text("#builds")
    job = project.start("run")
    for stage in ("Integration", "Testing"):
        for state in ("pending", "executing"):
            browser.wait(lambda stage=stage, state=state: f"Build 7 release 1.4.0\n{state}" in column(browser, stage))
        assert "End deployment" in browser.text("#builds")
        browser.screenshot(f"page-{stage.lower()}")
    assert "No build here." in column(browser, "Integration")
    browser.wait(lambda: "published" in browser.text("#customers .release"))
    browser.wait(lambda: "Widget 1.4.0" in browser.text("#testers .release"))
    out, err = job.communicate(timeout=60)
    assert job.returncode == 0, out + err
    browser.wait(lambda: "Build deployed" in column(browser, "Testing"))
    assert "Deployment 3 has ended: succeeded." in browser.text("#builds")
    browser.screenshot("page-done")


@pytest.mark.nightly
def test_testers_and_customers_see_the_release(browser: Browser, project: Project) -> None:
    assert project.shipline("run").code == 0
    browser.open(project.sandbox.url)
    testers, customers = browser.text("#type-WidgetPro-Firmware"), browser.text("#customers .release")
    assert "Widget 1.4.0" in testers
    assert "Download\nwidget.zip 2 KB" in testers
    assert "published 1.4.0 · stable · windows, linux" in customers
    assert "Software update\nWidget 1.4.0 is available\nWidgets turn <both> ways." in customers
    assert "widget.zip 2048 bytes" in customers
    browser.driver.switch_to.frame(browser.find("#testers iframe"))
    assert browser.text() == "Widgets turn ways."
    browser.driver.switch_to.default_content()
    browser.find("#testers .title a").click()
    assert browser.text("h1") == "Widget 1.4.0"
    assert browser.axe() == []
    browser.screenshot("tester")


@pytest.mark.nightly
def test_a_newer_release_archives_the_older_one(browser: Browser, sandbox: Running, announce) -> None:
    announce(title="Widget 1.3", body="<p>Old</p>")
    browser.open(sandbox.url)
    assert "Widget 1.3" in browser.text("#type-WidgetPro-Firmware")
    announce(title="Widget 1.4", body="<p>New</p>", isClickThroughNotice=True)
    browser.wait(lambda: "Archived: 1" in browser.text("#testers"))
    said = browser.text("#type-WidgetPro-Firmware")
    assert "Widget 1.3" not in said
    assert "Testers click through this release" in said
    browser.find("#type-WidgetPro-Firmware summary").click()
    assert "Widget 1.3" in browser.text("#type-WidgetPro-Firmware")


@pytest.mark.nightly
def test_an_app_asks_for_an_update(browser: Browser, project: Project) -> None:
    assert project.shipline("run").code == 0
    browser.open(project.sandbox.url)
    for version, says in (("1.3.0", "is offered 1.4.0."), ("1.4.0", "gets no update (204)")):
        field = browser.find("[name=version]")
        field.clear()
        field.send_keys(version)
        browser.find("#update-check button").click()
        browser.wait(lambda says=says: says in browser.text("#update-answer"))


def test_a_near_miss_is_explained(browser: Browser, sandbox: Running, call) -> None:
    browser.open(sandbox.url)
    call("/api/releases/create", applicationName="Widget", pipelineName="Standard", releaseNo="1.4")
    browser.wait(lambda: "400 refused: releaseNumber" in browser.text("#requests"))
    browser.find("#requests summary").click()
    said = browser.text("#requests .miss")
    assert "releaseNumber is required." in said
    assert "releaseNumber is known; was that meant?" in said
    browser.wait(lambda: browser.text("#requests pre"))
    assert "sandbox-" not in browser.text("#requests")
    assert browser.axe() == []


@pytest.mark.nightly
def test_a_form_that_was_wrong_says_why(browser: Browser, sandbox: Running) -> None:
    browser.open(sandbox.url)
    browser.script("document.querySelector('[name=status]').form.noValidate = true")
    browser.find("[name=status]").clear()
    browser.find("[name=status]").send_keys("99")
    browser.find("#faults form button").click()
    browser.wait(lambda: "status is a number from 200 to 599" in browser.text("[role=alert]"))
    assert browser.axe() == []
    assert any("400" in error for error in browser.errors())


def test_it_says_when_the_sandbox_is_gone_and_goes_on(browser: Browser, sandbox: Running) -> None:
    browser.open(sandbox.url)
    browser.offline()
    browser.wait(lambda: "doesn't respond" in browser.text("#live-state"))
    browser.offline(on=False)
    browser.wait(lambda: browser.text("#live-state") == "Live")
    browser.errors()


def test_notes_load_nothing_from_elsewhere(browser: Browser, sandbox: Running, announce) -> None:
    elsewhere = sandbox.url.replace("127.0.0.1", "localhost")
    images = f'<img alt="" src="{elsewhere}/files/elsewhere.png"><img alt="" src="{sandbox.url}/files/own.png">'
    announce(title="Widget 1.4", body=f"{images}<script>fetch('{sandbox.url}/files/script')</script>")
    browser.open(sandbox.url)
    browser.wait(lambda: "/files/own.png" in {entry["path"] for entry in sandbox.requests()})
    browser.script("return new Promise(done => setTimeout(done, 500))")
    assert {entry["path"] for entry in sandbox.requests() if entry["service"] == "files"} == {"/files/own.png"}
    refused = browser.errors()
    assert any("Blocked script execution" in error for error in refused), refused
