"""`plan` and the main job with services on four hosts, TLS and 50 ms round trips, beside an earlier commit.

Both have the same libraries.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from benchmarks import delay, measure, page, server
from benchmarks.job import ROUND_TRIP, certificate

if TYPE_CHECKING:
    from benchmarks.measure import Taken

BEFORE = "23b457c"
RUNS = 12
_LIMITS = {"plan": 0.60, "run": 0.75}
_FILE = b"PK" + bytes(2046)
_RELEASE = {"id": 4, "number": "1.4", "name": "1.4", "status": "active", "applicationName": "Widget"}
_BUILD = {"id": 7, "number": "7", "status": "active", "applicationName": "Widget", "releaseId": 4}
_DEPLOYMENT = {"status": "succeeded", "applicationName": "Widget", "buildId": 7, "releaseId": 4}
_DRAFT = "7d1e0c55-0a4e-4a52-a8d9-5f5d53b7c0a1"
_PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
_CONFIG = """\
release: {{version: 1.4.0, notes: {{text: New}}}}
artifacts: [{{path: widget.zip, url: "{files}/{{filename}}"}}]
buildmaster: {{url: "{buildmaster}", application: Widget, release: "1.4", build-number: "7", stages: [First, Second]}}
v3: {{url: "{v3}", product-id: {product}, platforms: [windows], state: published}}
centercode: {{url: "{centercode}", project: WidgetPro, release-type: Firmware}}
network: {{ca-bundle: {certificate}}}
"""
_KEYS = {f"SHIPLINE_{name}": "sandbox-key" for name in ("BUILDMASTER_API_KEY", "CENTERCODE_API_KEY", "V3_TOKEN")}


class _Services:
    """The responses to a job whose deployments end immediately."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._build: list[Any] = []
        self._deployments: list[Any] = []

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path.startswith("/api/releases"):
            form = {name: value for name, (value, *_) in parse_qs(body.decode()).items()}
            return 200, self._buildmaster(path.removeprefix("/api/releases"), form)
        if path.startswith("/v3"):
            made = {**json.loads(body or "{}"), "id": _DRAFT, "published": path.endswith("/publish")}
            return 200, [] if method == "GET" else made
        if method == "HEAD":
            return (200, _FILE) if path == "/widget.zip" else (405, None)
        return 200, {"success": True, "data": {"id": "1", "url": "https://example.com/1", "status": "Published"}}

    def _buildmaster(self, path: str, form: dict[str, str]) -> Any:
        match path:
            case "":
                return [] if "status" in form else [_RELEASE]
            case "/builds/create":
                self._build = [_BUILD]
                return _BUILD
            case "/builds":
                return self._build
            case "/builds/deploy":
                ids = (100 + len(self._deployments), 101 + len(self._deployments))
                new = [{**_DEPLOYMENT, "id": one, "pipelineStageName": form["toStage"]} for one in ids]
                self._deployments += new
                return new[:1]
            case _:  # of deployments
                return self._found(form)

    def _found(self, form: dict[str, str]) -> list[Any]:
        named = (("deploymentId", "id"), ("pipelineStageName", "pipelineStageName"))
        return [d for d in self._deployments if all(form.get(by, str(d[of])) == str(d[of]) for by, of in named)]


def section() -> page.Section:
    services = _Services()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        authority = certificate(folder)
        hosts = far_hosts(stack, services, authority)
        (folder / "widget.zip").write_bytes(_FILE)
        config = _CONFIG.format(**hosts, product=_PRODUCT, certificate=authority)
        (folder / "shipline.yml").write_text(config, encoding="utf-8")
        programs = {"this": {}, BEFORE: {"PYTHONPATH": measure.checkout(folder, BEFORE)}}
        taken = {
            command: measure.interleaved(
                {side: partial(_once, services, command, folder, environ) for side, environ in programs.items()}, RUNS
            )
            for command in _LIMITS
        }
    figures = []
    for command, sides in taken.items():
        this, before = (measure.fastest(times) * 1000 for times in sides.values())
        figures.append(page.ratio(f"`shipline {command}`, times {BEFORE}", this, before, _LIMITS[command]))
    return page.Section(tuple(figures))


def far_hosts(stack: ExitStack, services: _Services, authority: Path) -> dict[str, str]:
    """The URLs of the services, each on its own host."""
    urls = {}
    for number, service in enumerate(("buildmaster", "v3", "centercode", "files"), 1):
        near = stack.enter_context(server.serving(services, authority))
        host = f"127.0.0.{number}"
        urls[service] = f"https://{host}:{stack.enter_context(delay.delayed(near, ROUND_TRIP, host))}"
    return urls


def _once(services: _Services, command: str, folder: Path, environ: dict[str, str]) -> Taken:
    services.reset()
    for receipt in folder.glob(".shipline/*"):
        receipt.unlink()
    return measure.process((sys.executable, "-m", "shipline", command), folder, {**_KEYS, **environ})
