"""Runs Shipline without a container: its locked dependencies go into a venv in the tool cache, once a runner."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A rehearsal needs the sandbox's dependencies too.
LOCK = ROOT / "requirements" / ("sandbox.txt" if os.environ.get("SHIPLINE_INPUT_COMMAND") == "rehearse" else "run.txt")
# `-I`: no module comes from the workspace, PYTHONPATH or the user's own packages, in a process that has the keys.
ISOLATED = "-Iu"
PROGRAM = """import sys
sys.path[:0] = sys.argv[1:3]
sys.argv[:3] = ["shipline"]
from shipline.__main__ import program
program()
"""


def main() -> int:
    """Replace this process by the program; on Windows, wait for it. Returns its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    python = _environment()
    command = [
        str(python),
        ISOLATED,
        "-c",
        PROGRAM,
        *(str(ROOT / name) for name in ("entrypoint", "sandbox")),
        *(sys.argv[1:] or ["run"]),
    ]
    if os.name == "posix":
        # They stay pending until the program notes them: a container's first process would ignore them until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        os.execv(python, command)  # noqa: S606 - signals of a canceled job reach the program itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program gets it too, and ends the run
    return subprocess.run(command, check=False).returncode


def _environment() -> Path:
    """The interpreter of a venv that holds exactly the locked dependencies; its name tells which."""
    known = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    places = (os.environ.get("RUNNER_TOOL_CACHE"), os.environ.get("RUNNER_TEMP"), tempfile.gettempdir())
    cache = Path(next(place for place in places if place and os.access(place, os.W_OK)))
    folder = cache / f"shipline-{known}"
    if not folder.is_dir():
        # Made beside it: a job that is canceled leaves no half of it, and two jobs don't disturb each other.
        with tempfile.TemporaryDirectory(prefix="shipline-", dir=cache, ignore_cleanup_errors=True) as made:
            _install(Path(made, "new"))
            with contextlib.suppress(OSError):  # another job was quicker
                Path(made, "new").rename(folder)
    return _python(folder)


def _install(folder: Path) -> None:
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    for command in (
        [sys.executable, ISOLATED, "-m", "venv", str(folder)],
        [str(_python(folder)), ISOLATED, "-m", "pip", *install, "--requirement", str(LOCK)],
    ):
        # Its output is kept apart: a color code before our first line would keep the runner from seeing a mask in it.
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(f"{done.stdout}\n::error title=shipline::the locked dependencies could not be installed")
            raise SystemExit(7)


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


if __name__ == "__main__":
    raise SystemExit(main())
