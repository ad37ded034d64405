"""Runs Shipline without a container: its locked dependencies go into a venv of their own, once a runner."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "run.txt"


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever the runner has
        print("::error title=shipline::Python 3.11 or newer is needed: add actions/setup-python before this step")
        return 2
    python = _environment()
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "entrypoint")}
    command = [str(python), "-m", "shipline", *(sys.argv[1:] or ["run"])]
    if os.name == "posix":
        os.execve(python, command, environ)  # noqa: S606 - signals of a canceled job reach the program itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program gets it too, and ends the run
    return subprocess.run(command, env=environ, check=False).returncode


def _environment() -> Path:
    """The interpreter of a venv that holds exactly the locked dependencies; its name tells which."""
    known = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("RUNNER_TOOL_CACHE") or os.environ.get("RUNNER_TEMP") or tempfile.gettempdir())
    folder = cache / f"shipline-{known}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / ".ready"
    if not ready.is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
        # Its output is kept apart: a colour code before our first line would keep the runner from seeing a mask in it.
        command = [str(python), "-m", "pip", *install, "--requirement", str(LOCK)]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(f"{done.stdout}\n::error title=shipline::the locked dependencies could not be installed")
            raise SystemExit(7)
        ready.touch()
    return python


if __name__ == "__main__":
    raise SystemExit(main())
