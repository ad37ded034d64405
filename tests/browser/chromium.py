"""Debian's Chromium, steered by its own driver: what a person sees, presses and is told, and what the page asks for."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
_SCRIPT = 90  # seconds for a script: axe takes some five, and many times that on a machine that is busy
_OWN = {"127.0.0.1", "localhost"}
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # Chromium refuses to be root with it
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--lang=en",
)


class Browser:
    """One tab. Sizes are CSS pixels."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._axe = Path(os.environ["SHIPLINE_AXE"]).read_text(encoding="utf-8")
        self._asked: list[str] = []

    def fresh(self) -> None:
        """An empty tab of 1280 by 900, light, on line, with nothing logged."""
        self.open("about:blank")
        self.size(1280, 900)
        self.media(scheme="light")
        self.offline(on=False)
        self.errors()
        self.requests()
        self._asked.clear()

    def open(self, url: str) -> None:
        self.driver.get(url)

    # What is there

    def find(self, css: str) -> WebElement:
        return self.driver.find_element("css selector", css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements("css selector", css)

    def text(self, css: str = "body") -> str:
        """What a person reads there; of all places, if there are several."""
        return "\n".join(found.text for found in self.all(css))

    def source(self) -> str:
        """The document as HTML, also where scripts are off."""
        return self.driver.page_source

    def wait(self, condition: Callable[[], Any], seconds: float = 20) -> Any:
        """Look again until there is something. Raises AssertionError with the page's text if it doesn't come."""
        from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if found := condition():
                    return found
            except (NoSuchElementException, StaleElementReferenceException):
                pass  # the page was changing
            time.sleep(0.05)
        raise AssertionError(f"it didn't come within {seconds} s; the page says:\n{self.text('main')[:3000]}")

    def script(self, text: str, *arguments: Any) -> Any:
        """The value of a script's ``return``."""
        return self.driver.execute_script(text, *arguments)

    def overflow(self) -> int:
        """By how much the page is wider than the window: 0 if nothing has to be scrolled sideways."""
        return int(self.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def screenshot(self, name: str) -> None:
        """The whole page, into build/screenshots/."""
        import base64

        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width, height, whole = self.script("return [innerWidth, innerHeight, document.documentElement.scrollHeight]")
        self.size(width, max(height, whole))  # else frames below the fold stay white
        self.script("return new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {})
        self.size(width, height)
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))

    # What a person does

    def press(self, *keys: str) -> None:
        """``press(Keys.TAB)``, with selenium's Keys; goes to what has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def choose(self, css: str, text: str) -> None:
        """In a select, by what it shows."""
        from selenium.webdriver.support.select import Select

        Select(self.find(css)).select_by_visible_text(text)

    # How it is shown

    def size(self, width: int, height: int = 900) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def media(self, *, scheme: str = "light", motion: str = "no-preference", kind: str = "") -> None:
        """``scheme``: light or dark; ``motion``: reduce or no-preference; ``kind``: print, or nothing."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})

    def offline(self, *, on: bool = True) -> None:
        """No network at all; files still open."""
        conditions = {"offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)

    # What is wrong with it

    def axe(self) -> list[str]:
        """What axe-core finds: rule, what it says, and where. Best practices too, beside WCAG 2.2 AA."""
        self.driver.execute_script(self._axe)
        run = "axe.run(document, {iframes: false}).then(result => done(result.violations), why => done(String(why)))"
        found = self.driver.execute_async_script(f"const done = arguments[0]; {run}")
        assert isinstance(found, list), found
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:200]} {node['any'][0]['message'] if node['any'] else ''}"
            for rule in found
            for node in rule["nodes"]
        ]

    def errors(self) -> list[str]:
        """What the console was told since the last look, in red."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """Every address that was asked for since the test began, those of files included."""
        self._asked += _addresses(self.driver.get_log("performance"))
        return list(self._asked)

    def foreign(self) -> list[str]:
        """The requests that left this machine."""
        found = (urlsplit(address) for address in self.requests())
        return [
            url.geturl() for url in found if url.scheme not in {"data", "about", "file"} and url.hostname not in _OWN
        ]


def _addresses(log: list[dict[str, Any]]) -> Iterator[str]:
    for entry in log:
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


def start() -> Chrome:
    """Chromium and its driver, from where the engine found them."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = os.environ["SHIPLINE_CHROMIUM"]
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(os.environ["SHIPLINE_CHROMEDRIVER"]))
    driver.set_script_timeout(_SCRIPT)
    return driver
