"""Size and start-up of the image beside an earlier commit, and the wheel. Needs: eval "$(tests/runners/engine)"."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measure, page

if TYPE_CHECKING:
    from benchmarks.measure import Taken

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "23b457c"
RUNS = 10
_LAYERS, _WHEEL, _FIRST = 28, 650, 0.5  # MB, KB, share

CONFIG = """\
release: {version: 1.4.0, notes: {text: New}}
centercode: {url: "https://company.centercode.com", project: WidgetPro, release-type: Firmware}
"""


def section() -> page.Section:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shipline.yml").write_text(CONFIG, encoding="utf-8")
        images = {"this": _image(ROOT, folder, "after"), BEFORE: _image(_checkout(folder), folder, "before")}
        sizes = {side: len(gzip.compress(archive.read_bytes(), 6)) / 1e6 for side, archive in images.items()}
        first = measure.interleaved({side: partial(_first, file, folder) for side, file in images.items()}, RUNS)
        wheel = _wheel(folder)
    (image, image_before), (this, before) = sizes.values(), map(measure.fastest, first.values())
    return page.Section(
        (
            page.Figure("image, compressed", image, _LAYERS, "{:.1f} MB", f"{BEFORE}: {image_before:.1f} MB"),
            page.ratio(
                f"`podman load` and a first `validate`, times {BEFORE}", this, before, _FIRST, "{:.2f} of {:.2f} s"
            ),
            page.Figure("wheel", wheel, _WHEEL, "{:.0f} KB"),
        )
    )


def _checkout(folder: Path) -> Path:
    before = folder / "checkout"
    before.mkdir()
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], cwd=before, input=archive, check=True)
    return before


def _image(source: Path, folder: Path, tag: str) -> Path:
    """The image of a checkout, as a file for `podman load`."""
    name, archive = f"localhost/shipline:bench-{tag}", folder / f"{tag}.tar"
    for command in (("build", "--quiet", "--tag", name, str(source)), ("save", "--output", str(archive), name)):
        subprocess.run(["podman", *command], check=True, capture_output=True)
    return archive


def _first(archive: Path, folder: Path) -> Taken:
    """A runner without the image gets it and runs `validate`."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as store:
        podman = f"podman --root {store}/root --runroot {store}/run"
        image = f"localhost/shipline:bench-{archive.stem}"
        run = f"{podman} run --rm --volume {folder}:/w:ro --workdir /w {image} validate"
        environ = {"CONTAINERS_CONF": os.environ["CONTAINERS_CONF"]}
        taken = measure.process(["sh", "-c", f"{podman} load --quiet --input {archive} && {run}"], folder, environ)
        # Podman may have left it mounted.
        subprocess.run(["umount", "--lazy", f"{store}/root/overlay"], check=False, capture_output=True)
        return taken


def _wheel(folder: Path) -> float:
    """The size of the wheel in KB, sandbox included."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel.stat().st_size / 1000
