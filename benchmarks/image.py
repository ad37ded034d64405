"""Size and start-up of the image, and the wheel's size. Needs: eval "$(tests/runners/engine)"."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import page

ROOT = Path(__file__).resolve().parents[1]
IMAGE = "localhost/shipline:bench"
BASE = "localhost/debian-python:bookworm"
RUNS = 15
_LAYER, _WHEEL = 25, 500  # MB, KB

CONFIG = """\
release: {version: 1.4.0, notes: {text: New}}
centercode: {url: "https://company.centercode.com", project: WidgetPro, release-type: Firmware}
"""


def section() -> page.Section:
    _podman("build", "--quiet", "--tag", IMAGE, str(ROOT))
    size = {image: int(_podman("image", "inspect", "--format", "{{.Size}}", image)) / 1e6 for image in (IMAGE, BASE)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shipline.yml").write_text(CONFIG, encoding="utf-8")
        timed = {
            "the container alone (`true`)": _seconds("--entrypoint", "true", IMAGE, folder=folder),
            "`--version`": _seconds(IMAGE, "--version", folder=folder),
            "`validate`": _seconds(IMAGE, "validate", folder=folder),
        }
        wheel = _wheel(folder)
    rows = ((what, f"{min(t):.2f} s", f"{statistics.median(t):.2f} s", f"{max(t):.2f} s") for what, t in timed.items())
    text = (
        f"{size[IMAGE]:.1f} MB with a Debian base of {size[BASE]:.1f} MB. "
        f"From `podman run` to its end, {RUNS} runs:\n\n"
        + page.table(("command", "minimum", "median", "maximum"), rows)
    )
    return page.Section(
        (
            page.Figure("what Shipline adds to its base", size[IMAGE] - size[BASE], _LAYER, "{:.1f} MB"),
            page.Figure("the wheel", wheel, _WHEEL, "{:.0f} KB"),
        ),
        text,
    )


def _podman(*arguments: str) -> str:
    return subprocess.run(["podman", *arguments], check=True, capture_output=True, text=True).stdout


def _seconds(*arguments: str, folder: Path) -> list[float]:
    """Wall time of each of the runs, from `podman run` to its end."""
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        _podman("run", "--rm", "--volume", f"{folder}:/w", "--workdir", "/w", *arguments)
        taken.append(time.perf_counter() - begun)
    return taken


def _wheel(folder: Path) -> float:
    """The size of the wheel in KB, sandbox included."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel.stat().st_size / 1000
