"""A sandbox of its own for each test, spoken to over HTTP."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from shared_sandbox import shared
from shipline_sandbox import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline_sandbox.server import Running

KEY = "sandbox-test"
PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"


class Client:
    """The three services as a test calls them."""

    def __init__(self, sandbox: Running, http: requests.Session) -> None:
        self.sandbox = sandbox
        self.http = http

    def bm(self, path: str, method: str = "POST", **parameters: Any) -> requests.Response:
        """BuildMaster, form-encoded."""
        where = f"{self.sandbox.url}/api/releases{path}"
        return self.http.request(method, where, data=parameters, headers={"X-ApiKey": KEY}, timeout=10)

    def release(self, number: str = "1.4", **parameters: Any) -> dict[str, Any]:
        given = {"applicationName": "Widget", "pipelineName": "Standard", **parameters}
        answer = self.bm("/create", releaseNumber=number, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def build(self, release: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        answer = self.bm("/builds/create", releaseId=release["id"], **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def deploy(self, build: dict[str, Any], stage: str, **parameters: Any) -> dict[str, Any]:
        """Deploy and let it end."""
        answer = self.bm("/builds/deploy", buildId=build["id"], toStage=stage, **parameters)
        assert answer.status_code == 200, answer.text
        self.advance(10)
        return answer.json()

    def deployment(self, key: int) -> dict[str, Any]:
        (found,) = self.bm("/builds/deployments", deploymentId=key).json()
        return found

    def cc(self, payload: Any = None, path: str = "WidgetPro/Firmware", **options: Any) -> requests.Response:
        """Centercode's release endpoint, with JSON."""
        project, release_type = path.split("/")
        where = f"{self.sandbox.url}/api/v1/projects/{project}/releaseTypes/{release_type}"
        options = {"params": {"apiKey": KEY}, "json": payload} | options
        return self.http.post(where, timeout=10, **options)

    def api(self, method: str, path: str, query: dict[str, Any] | None = None, **options: Any) -> requests.Response:
        """Any endpoint of Centercode, with a key; the path is the one below ``/api/v1/``."""
        params = {"apiKey": KEY} | (query or {})
        return self.http.request(method, f"{self.sandbox.url}/api/v1/{path}", params=params, timeout=10, **options)

    def v3(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {KEY}"}
        return self.http.request(method, f"{self.sandbox.url}/v3/{path}", headers=headers, timeout=10, **options)

    def draft(self, **members: Any) -> dict[str, Any]:
        payload = {"name": "Widget 1.4.0", "version": "1.4.0", "channel": "stable", "platforms": ["windows"]}
        answer = self.v3("POST", "releases", json={**payload, "productId": PRODUCT, **members})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def advance(self, seconds: float) -> None:
        self.sandbox.admin("clock", {"advance": seconds})

    def switch(self, **positions: str) -> None:
        self.sandbox.admin("config", positions)

    def state(self) -> dict[str, Any]:
        return self.sandbox.admin("state")


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def sandbox() -> Iterator[Running]:
    """The clock stands still: time moves in these tests only when they advance it."""
    with shared(speed=1) as sandbox:
        sandbox.admin("clock", {"freeze": True})
        yield sandbox


@pytest.fixture
def client(sandbox: Running, http: requests.Session) -> Client:
    return Client(sandbox, http)


@pytest.fixture
def within_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clock stands too: a rate limit goes by it, and a slow machine would miss a window of a second."""
    moment = time.time()
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=lambda: moment))
