"""One job of five calls: Shipline, the same with curl and jq, and the least that Python can take for them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import delay, measure, page, server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.measure import Taken

RUNS = 15
ROUND_TRIP = 0.05
_HERE = Path(__file__).parent
_KEY = "sandbox-buildmaster"
_SIDES = {
    "shipline": (sys.executable, "-m", "shipline", "run"),
    "curl and jq": ("bash", str(_HERE / "job.sh")),
    "floor": (sys.executable, str(_HERE / "floor.py")),
    **{side: (*program, "run") for side, program in measure.base().items()},
}
_CONFIG = """\
release: {{version: 1.4.0}}
buildmaster:
  url: {url}
  application: Widget
  release: "1.4"
  build-number: "7"
  stages: [Testing]
  wait: false
"""
_RELEASE = {"id": 4, "number": "1.4", "name": "1.4", "status": "active", "applicationName": "Widget"}
_BUILD = {"id": 7, "number": "7", "status": "active", "applicationName": "Widget", "releaseId": 4}
_DEPLOYMENT = {"id": 20, "status": "pending", "applicationName": "Widget", "buildId": 7, "pipelineStageName": "Testing"}
_CALLS: dict[str, Any] = {
    "/api/releases": [_RELEASE],
    "/api/releases/builds": [],
    "/api/releases/builds/create": _BUILD,
    "/api/releases/builds/deployments": [],
    "/api/releases/builds/deploy": [_DEPLOYMENT],
}


class _BuildMaster:
    """Responds to the five calls, and notes them."""

    def __init__(self) -> None:
        self._paths: list[str] = []

    def __call__(self, _: str, path: str, __: bytes) -> tuple[int, Any]:
        self._paths.append(path)
        return 200, _CALLS[path]

    def check(self) -> None:
        """Raises RuntimeError unless exactly the five calls came since the last time."""
        paths, self._paths = self._paths, []
        if paths != list(_CALLS):
            raise RuntimeError(f"expected {list(_CALLS)}, found {paths}")


def section() -> page.Section:
    answers = _BuildMaster()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server.serving(answers) as near:
            plain = _compared(answers, f"http://127.0.0.1:{near}", folder)
        authority = certificate(folder)
        with server.serving(answers, authority) as secure, delay.delayed(secure, ROUND_TRIP) as port:
            far = _compared(answers, f"https://127.0.0.1:{port}", folder, authority)
    least, least_far = (
        {side: measure.fastest(taken) * 1000 for side, taken in sides.items()} for sides in (plain, far)
    )
    return page.Section(
        (
            page.Figure("times the floor, plain loopback", least["shipline"] / least["floor"], 1.25),
            page.Figure("times the script, TLS", least_far["shipline"] / least_far["curl and jq"], 0.80),
            page.Figure("peak memory", max(t.peak for t in (*plain["shipline"], *far["shipline"])), 45, "{:.1f} MiB"),
        ),
        page.table(
            ("minimum, ms", "plain loopback", "TLS"),
            ((side, f"{least[side]:.0f}", f"{least_far[side]:.0f}") for side in _SIDES),
        ),
    )


def _compared(answers: _BuildMaster, url: str, folder: Path, certificate: Path | None = None) -> dict[str, list[Taken]]:
    bundle = {"CURL_CA_BUNDLE": str(certificate)} if certificate else {}
    environ = {"URL": url, "KEY": _KEY, "SHIPLINE_BUILDMASTER_API_KEY": _KEY, **bundle}
    network = f"network: {{ca-bundle: {certificate}}}\n" if certificate else ""
    (folder / "shipline.yml").write_text(_CONFIG.format(url=url) + network, encoding="utf-8")

    def once(command: Sequence[str]) -> Callable[[], Taken]:
        def run() -> Taken:
            for receipt in folder.glob(".shipline/*"):
                receipt.unlink()
            taken = measure.process(command, folder, environ)
            answers.check()
            return taken

        return run

    return measure.interleaved({side: once(command) for side, command in _SIDES.items()}, RUNS)


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 to 127.0.0.4 that signs itself, with its key in the same file."""
    file = folder / "server.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1"
    names = ",".join(f"IP:127.0.0.{number}" for number in range(1, 5))
    command += f" -addext subjectAltName={names} -keyout {folder}/key.pem -out {file}"
    subprocess.run(command.split(), check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + (folder / "key.pem").read_bytes())
    return file
