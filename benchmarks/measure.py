"""What processes take, seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

K = TypeVar("K")
_LAUNCH = Path(__file__).with_name("launch.py")
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")  # of the environment: nothing that a CI system sets


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of wall and CPU time, MiB of memory at the peak, and what was written to standard error."""

    wall: float
    cpu: float
    peak: float
    log: str = ""


def base() -> dict[str, tuple[str, ...]]:
    """The program of the checkout that BASE names, to be measured side by side; nothing if it isn't set."""
    folder = os.environ.get("BASE")
    return {f"shipline in {folder}": (f"{folder}/.venv/bin/python", "-m", "shipline")} if folder else {}


def checkout(folder: Path, commit: str) -> str:
    """The program of an earlier commit in a folder, for ``PYTHONPATH``: it runs with the libraries of this one."""
    archive = subprocess.run(["git", "archive", commit], cwd=_LAUNCH.parents[1], check=True, capture_output=True).stdout
    target = folder / commit
    target.mkdir()
    subprocess.run(["tar", "-x"], cwd=target, input=archive, check=True)
    return f"{target}/entrypoint:{target}/sandbox"


def process(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> Taken:
    """Run a command once. Raises RuntimeError, with what it wrote to standard error, if it fails."""
    inherited = {name: os.environ[name] for name in _KEPT if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_LAUNCH), *command],
        cwd=folder,
        env={**inherited, **(environ or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    if told["code"]:
        raise RuntimeError(f"{' '.join(command)} ended with {told['code']}:\n{done.stderr}")
    return Taken(told["wall"], told["cpu"], told["peak"] / 1024, done.stderr)


def interleaved(sides: Mapping[K, Callable[[], Taken]], runs: int) -> dict[K, list[Taken]]:
    """Every side as often, in turn, so that what else the machine does meets all of them; one run before, uncounted."""
    for side in sides.values():
        side()
    taken: dict[K, list[Taken]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            taken[name].append(side())
    return taken


def fastest(taken: Sequence[Taken]) -> float:
    """The least wall time: what is above it, other work on the machine has added."""
    return min(one.wall for one in taken)
