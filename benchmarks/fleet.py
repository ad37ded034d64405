"""Many products at once to Centercode and v3, at the services' limits as documented."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import measure, page, server

if TYPE_CHECKING:
    from benchmarks.measure import Taken

_SIZES = (50, 500, 2000)
_MIB = 80
_LIMITS = {"v3": (50, 5.0), "api": (10, 1.0)}  # requests in so many seconds: of v3 altogether, of a Centercode endpoint
_CONFIG = """\
release: {{version: 1.4.0, title: "{name} {{version}}", notes: {{text: "- Widgets turn **both** ways."}}}}
v3: {{url: "{url}", product-id: {product}, platforms: [windows], attach: none, state: published}}
centercode: {{url: "{url}", project: {name}, release-type: Firmware}}
"""
_KEYS = {"SHIPLINE_V3_TOKEN": "sandbox-token", "SHIPLINE_CENTERCODE_API_KEY": "sandbox-key"}


@dataclass(slots=True)
class _Services:
    """Both, with their limits in fixed windows from the first request on. What comes too soon is answered 429."""

    v3_requests: int = 0
    refused: int = 0
    posted: int = 0
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        service = path.split("/")[1]
        with self._lock:
            self.v3_requests += service == "v3"
            if self._too_soon(service, service if service == "v3" else path):
                self.refused += 1
                return 429, {"message": "Too Many Requests"}
            self.posted += service == "api"
        if method == "GET":
            return 200, []
        if service == "api":
            return 200, {"id": str(uuid.uuid4()), "status": "Published"}
        made = json.loads(body) if body else {}
        done = path.endswith("/publish")
        return (200 if done else 201), {**made, "id": str(uuid.uuid4()), "published": done}

    def _too_soon(self, service: str, key: str) -> bool:
        most, seconds = _LIMITS[service]
        now = time.monotonic()
        begun, used = self._windows.get(key, (now, 0))
        if now >= begun + seconds:
            begun, used = now, 0
        self._windows[key] = (begun, used + 1)
        return used >= most

    @property
    def least(self) -> float:
        """The seconds that v3's limit makes of these requests."""
        most, seconds = _LIMITS["v3"]
        return max(0, self.v3_requests / most - 1) * seconds


def section() -> page.Section:
    seen = {size: _run(size) for size in _SIZES}
    few, some, many = _SIZES
    taken, services = seen[some]

    def growth(what: str) -> tuple[float, float]:
        """Milliseconds that a further product costs beyond 500, and up to there."""
        cost = {size: float(getattr(t, what)) * 1000 for size, (t, _) in seen.items()}
        return (cost[many] - cost[some]) / (many - some), (cost[some] - cost[few]) / (some - few)

    unused = 100 - services.least / taken.wall * 100
    return page.Section(
        (
            page.Figure(f"v3's limit unused, {some} products", unused, 5, "{:.1f} %", f"in {taken.wall:.0f} s"),
            page.Figure("responses 429, all fleets", sum(s.refused for _, s in seen.values()), 0, "{:.0f}"),
            page.Figure(
                f"peak memory, {some} products",
                taken.peak,
                _MIB,
                "{:.1f} MiB",
                f"{many:,}: {seen[many][0].peak:.1f} MiB",
            ),
            page.ratio("a further product", *growth("wall"), 1.1),
            page.ratio("its CPU time", *growth("cpu"), 1.1),
        )
    )


def _run(size: int) -> tuple[Taken, _Services]:
    services = _Services()
    with tempfile.TemporaryDirectory() as name, server.serving(services) as port:
        folder = Path(name)
        (folder / "products").mkdir()
        for number in range(size):
            product = f"P{number:04}"
            text = _CONFIG.format(
                name=product, url=f"http://127.0.0.1:{port}", product=uuid.uuid5(uuid.NAMESPACE_DNS, product)
            )
            (folder / "products" / f"{product}.yml").write_text(text, encoding="utf-8")
        taken = measure.process((sys.executable, "-m", "shipline", "run", "products/*.yml"), folder, _KEYS)
    if services.posted != size:
        raise RuntimeError(f"expected {size} releases in Centercode, found {services.posted}")
    return taken, services
