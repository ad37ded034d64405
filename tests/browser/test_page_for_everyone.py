"""The sandbox's page for everyone: small, dark, by keyboard, by ear, without scripts, and without a jump."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.chromium import Browser
    from job.project import Project
    from shipline_sandbox.server import Running

ACROSS = 1280
NARROW = 400
NARROWEST = 360
SLOW = [2]  # each state of a deployment takes 2.5 s then, so that none is missed
OUTLINED = """
const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
return [one.dataset.stop ?? null, one.tagName, outlined && box.bottom > 0 && box.top < innerHeight];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everyone(browser: Browser, project: Project, call, scheme: str) -> None:
    assert project.shipline("run").code == 0
    project.sandbox.admin("faults", [{"service": "v3", "times": None}, {"operation": "health"}])
    call("/api/releases/create", applicationName="Widget", releaseNo="1.4")
    call("/api/releases/builds/create", applicationName="Gadget", releaseNumber="1.0", **{"$Long": "w" * 200})
    browser.media(scheme=scheme)
    browser.open(project.sandbox.url)
    for width in (ACROSS, NARROW):
        browser.size(width, 800)
        browser.screenshot(f"page-{scheme}-{width}")
    browser.script("document.querySelectorAll('details').forEach(one => { one.open = true })")
    for width in (ACROSS, NARROWEST):
        browser.size(width, 800)
        assert browser.axe() == []
        assert browser.overflow() == 0
    dark = browser.script("return getComputedStyle(document.body).backgroundColor") == "rgb(15, 17, 22)"
    assert dark == (scheme == "dark")


@pytest.mark.nightly
@pytest.mark.parametrize("milliseconds", [10, 100])
def test_a_build_can_be_read_while_it_arrives(browser: Browser, sandbox: Running, call, milliseconds: int) -> None:
    call("/api/releases/builds/create", applicationName="Gadget", releaseNumber="1.0")
    browser.open(sandbox.url)
    moving = browser.script(
        "const card = document.querySelector('.build');"
        "card.style.animation = 'none'; card.getBoundingClientRect(); card.style.animation = '';"
        "const all = document.getAnimations();"
        "for (const one of all) { one.pause(); one.currentTime = arguments[0]; }"
        "return all.length",
        milliseconds,
    )
    assert moving == 1
    assert browser.axe() == []
    assert browser.overflow() == 0


def test_an_empty_page_shows_everyone_how_to_begin(browser: Browser, sandbox: Running) -> None:
    browser.open(sandbox.url)
    assert browser.text("h1") == "Try a release without an account"
    assert browser.axe() == []
    assert {"header", "main", "footer", "nav", "h1"} <= {one.tag_name for one in browser.all("body *")}
    assert browser.requests()
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        for width in (ACROSS, NARROW):
            browser.size(width)
            browser.screenshot(f"page-first-{scheme}-{width}")
    browser.open(f"{sandbox.url}/nowhere")
    browser.find("a.button").click()
    assert browser.text("h1") == "Try a release without an account"
    browser.errors()  # of the 404


def test_every_control_is_reached_by_tab_and_shows_it(browser: Browser, project: Project, announce) -> None:
    from selenium.webdriver import Keys

    assert project.shipline("run").code == 0
    project.sandbox.admin("faults", [{"service": "v3", "times": None}, {"operation": "health"}])
    announce(title="Widget 1.5", body="<p>Long</p>" * 50)  # notes that must be scrolled
    browser.open(project.sandbox.url)
    browser.wait(lambda: browser.text("#live-state") == "Live")
    browser.find("#pause").click()
    browser.script(
        "const all = document.querySelectorAll('a, button, input:not([type=hidden]), select, summary, iframe');"
        "[...all].filter(one => one.checkVisibility()).forEach((one, index) => { one.dataset.stop = index });"
        "document.activeElement.blur(); window.scrollTo(0, 0)"
    )
    wanted = {one.get_attribute("data-stop") for one in browser.all("[data-stop]")}
    assert len(wanted) > 40
    reached = set()
    for _ in range(len(wanted) + 5):
        browser.press(Keys.TAB)
        stop, tag, outlined = browser.script(OUTLINED)
        if stop is not None:
            reached.add(stop)
            assert outlined or tag == "IFRAME", browser.script("return document.activeElement.outerHTML")
    missed = [browser.find(f'[data-stop="{stop}"]').get_attribute("outerHTML") for stop in wanted - reached]
    assert missed == []


def test_a_fault_is_set_hits_and_is_cleared_by_the_keyboard_only(browser: Browser, sandbox: Running, call) -> None:
    from selenium.webdriver import Keys

    browser.open(sandbox.url)
    tab_to(browser, "[name=request]")
    browser.press("buildmaster: get-releases")
    tab_to(browser, "[name=status]")
    browser.press("429")
    tab_to(browser, "[name=times]")
    browser.press("2", Keys.ENTER)
    browser.wait(
        lambda: "buildmaster: get-releases 429, before it takes effect, 2 times more" in browser.text("#faults")
    )
    assert call("/api/releases").status_code == 429
    browser.wait(lambda: "once more" in browser.text("#faults"))
    tab_to(browser, "#fault-1 button")
    browser.press(Keys.ENTER)
    browser.wait(lambda: "No fault is set. Every request gets its normal response." in browser.text("#faults"))
    assert call("/api/releases").status_code == 200


def tab_to(browser: Browser, css: str) -> None:
    from selenium.webdriver import Keys

    for _ in range(200):
        if browser.script("return document.activeElement.matches(arguments[0])", css):
            return
        browser.press(Keys.TAB)
    pytest.fail(f"Tab doesn't lead to {css}")


@pytest.mark.nightly
def test_what_happens_is_said_to_those_who_hear_the_page(browser: Browser, project: Project) -> None:
    browser.open(project.sandbox.url)
    browser.wait(lambda: browser.text("#live-state") == "Live")
    browser.script(
        "window.said = []; new MutationObserver(() => said.push(document.getElementById('told').textContent))"
        ".observe(document.getElementById('told'), {childList: true})"
    )
    assert project.shipline("run").code == 0
    browser.wait(lambda: any("Testers: Widget 1.4.0 released" in said for said in browser.script("return window.said")))
    said = " / ".join(browser.script("return window.said"))
    assert browser.find("#told").get_attribute("role") == "status"
    for event in (
        "Build 7 of Widget: Testing, succeeded",
        "Customers: Widget 1.4.0 published",
    ):
        assert event in said


@pytest.mark.nightly
def test_focus_scroll_and_what_is_typed_stay_while_the_page_changes(browser: Browser, project: Project) -> None:
    browser.open(project.sandbox.url)
    browser.find("[name=channel]").clear()
    browser.find("[name=channel]").send_keys("be")
    browser.find("#switches summary").click()
    browser.script("document.querySelector('[name=channel]').scrollIntoView({block: 'center'})")
    place = "return Math.round(document.querySelector('[name=channel]').getBoundingClientRect().top)"
    before = browser.script(place)
    browser.find("[name=channel]").click()
    assert project.shipline("run").code == 0
    browser.wait(lambda: "Build deployed" in browser.text("#builds") and "Widget 1.4.0" in browser.text("#customers"))
    browser.press("ta")
    assert browser.focused().get_attribute("name") == "channel"
    assert browser.focused().get_attribute("value") == "beta"
    assert browser.find("#switches").get_attribute("open") is not None
    top = browser.script(place)
    assert 0 < top < 900, (before, top)


@pytest.mark.nightly
@pytest.mark.parametrize("speed", SLOW)
def test_details_that_were_closed_stay_closed(browser: Browser, project: Project) -> None:
    browser.open(project.sandbox.url)
    job = project.start("run")
    browser.wait(lambda: browser.find("#deployment-1 summary")).click()
    browser.wait(lambda: "Build deployed" in browser.text("#builds"))
    assert browser.find("#deployment-1 details").get_attribute("open") is None
    assert job.wait(60) == 0
    job.communicate()


def test_the_page_can_be_paused(browser: Browser, sandbox: Running, call) -> None:
    browser.open(sandbox.url)
    browser.find("#pause").click()
    assert browser.text("#live-state") == "Paused"
    call("/api/releases")
    browser.script("return new Promise(done => setTimeout(done, 1500))")
    assert "None yet." in browser.text("#requests")
    browser.find("#pause").click()
    browser.wait(lambda: "Read-only requests: 1" in browser.text("#requests"))


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_notes_are_as_dark_as_the_page(browser: Browser, sandbox: Running, announce, scheme: str) -> None:
    announce(title="Widget 1.4", body="<p>Notes</p>")
    browser.media(scheme=scheme)
    browser.open(sandbox.url)
    browser.driver.switch_to.frame(browser.find("#testers iframe"))
    colour = "return getComputedStyle(document.body).backgroundColor"
    wanted = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 17, 22)"}[scheme]
    browser.wait(lambda: browser.script(colour) == wanted)
    browser.driver.switch_to.default_content()


@pytest.mark.nightly
def test_without_a_script_a_reload_does(browser: Browser, sandbox: Running, announce) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(sandbox.url)
        assert "Reload the page to see what is new." in browser.source()
        assert "Gizmo 9" not in browser.source()
        announce(title="Gizmo 9")
        browser.open(sandbox.url)
        assert "Gizmo 9" in browser.source()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
