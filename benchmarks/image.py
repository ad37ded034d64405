"""Size and start-up of the image, for docs/performance.md. Needs: eval "$(tests/runners/engine)"."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
IMAGE = "localhost/shipline:bench"
BASE = "localhost/debian-python:bookworm"
RUNS = 15

CONFIG = """\
release: {version: 1.4.0, notes: {text: New}}
centercode: {url: "https://company.centercode.com", project: WidgetPro, release-type: Firmware}
"""


def podman(*arguments: str) -> str:
    return subprocess.run(["podman", *arguments], check=True, capture_output=True, text=True).stdout


def seconds(*arguments: str, folder: Path) -> list[float]:
    """Wall time of each of the runs, from `podman run` to its end."""
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        podman("run", "--rm", "--volume", f"{folder}:/w", "--workdir", "/w", *arguments)
        taken.append(time.perf_counter() - begun)
    return taken


def main() -> int:
    podman("build", "--quiet", "--tag", IMAGE, str(ROOT))
    size = {image: int(podman("image", "inspect", "--format", "{{.Size}}", image)) for image in (IMAGE, BASE)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shipline.yml").write_text(CONFIG, encoding="utf-8")
        timed = {
            "the container alone (`true`)": seconds("--entrypoint", "true", IMAGE, folder=folder),
            "`--version`": seconds(IMAGE, "--version", folder=folder),
            "`validate`": seconds(IMAGE, "validate", folder=folder),
        }
    rows = [f"| {what} | {min(t):.2f} s | {statistics.median(t):.2f} s | {max(t):.2f} s |" for what, t in timed.items()]
    PAGE.write_text(
        "<!-- Written by benchmarks/image.py: run `make bench`. -->\n"
        "# Performance\n\n"
        "## The image\n\n"
        f"What Shipline adds to its base: {(size[IMAGE] - size[BASE]) / 1e6:.1f} MB "
        f"({size[IMAGE] / 1e6:.1f} MB with a Debian base of {size[BASE] / 1e6:.1f} MB). The limit is 25 MB.\n\n"
        f"From `podman run` to its end, {RUNS} runs on a shared machine with two cores:\n\n"
        "| command | minimum | median | maximum |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n",
        encoding="utf-8",
    )
    print(PAGE.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
