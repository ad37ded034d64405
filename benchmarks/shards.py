"""Four shards of a fleet, by `shipline matrix` in each CI system's form: is each product in one, and in one only?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from benchmarks import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PRODUCTS, _SHARDS = 100, 4
_CONFIG = """\
release: {{version: 1.4.0, notes: {{text: New}}}}
centercode: {{url: "https://company.centercode.com", project: {name}, release-type: Firmware}}
"""
_CONFIGS_IN: Mapping[str, Callable[[Any], list[str]]] = {
    "github": lambda matrix: [entry["config"] for entry in matrix["include"]],
    "gitlab": lambda pipeline: [included["inputs"]["config"] for included in pipeline["include"]],
    "jenkins": lambda branches: [branch["config"] for branch in branches.values()],
}


def section() -> page.Section:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "products").mkdir()
        files = [f"products/p{number:03}.yml" for number in range(_PRODUCTS)]
        for file in files:
            (folder / file).write_text(_CONFIG.format(name=Path(file).stem), encoding="utf-8")
        parts = {form: [_part(folder, form, number) for number in range(1, _SHARDS + 1)] for form in _CONFIGS_IN}
    wrong = 0
    for those in parts.values():
        times = Counter(config for part in those for config in part)
        wrong += sum(times[file] != 1 for file in files) + len(times.keys() - set(files))
    sizes = [len(part) for those in parts.values() for part in those]
    note = f"shards of {min(sizes)} to {max(sizes)}"
    return page.Section((page.Figure("products not in exactly one shard", wrong, 0, "{:.0f}", note),))


def _part(folder: Path, form: str, number: int) -> list[str]:
    """The config files that a job for this shard is told."""
    command = [sys.executable, "-m", "shipline", "matrix", "products/*.yml", "--format", form]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    shard = ["--shard", f"{number}/{_SHARDS}"]
    done = subprocess.run([*command, *shard], cwd=folder, env=inherited, capture_output=True, text=True, check=True)
    read = yaml.safe_load if form == "gitlab" else json.loads
    return _CONFIGS_IN[form](read(done.stdout))
