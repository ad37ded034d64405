"""Runs Shipline without a container: its locked dependencies go into the tool cache, once a runner."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A rehearsal needs the sandbox's dependencies too.
LOCK = ROOT / "requirements" / ("sandbox.txt" if os.environ.get("SHIPLINE_INPUT_COMMAND") == "rehearse" else "run.txt")
# No module comes from the workspace, PYTHONPATH or the user's own packages. launch.sh starts this file with `-S` too:
# the program imports none of the runner's packages either.
ISOLATED = "-Iu"
INSTALL = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
# The lock is complete. Python compiles the modules that the program imports, fewer than pip would.
INSTALL += ["--no-deps", "--no-compile"]


def main() -> None:
    """Become the program. Raises SystemExit."""
    for number in (signal.SIGINT, signal.SIGTERM):  # until the program notes them
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    sys.path[:0] = [str(path) for path in (ROOT / "entrypoint", ROOT / "sandbox", _packages())]
    sys.argv = ["shipline", *(sys.argv[1:] or ["run"])]
    from shipline.__main__ import program

    program()


def _packages() -> Path:
    """The folder of exactly the locked dependencies; its name tells which."""
    known = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    places = (os.environ.get("RUNNER_TOOL_CACHE"), os.environ.get("RUNNER_TEMP"), tempfile.gettempdir())
    cache = Path(next(place for place in places if place and os.access(place, os.W_OK)))
    folder = cache / f"shipline-packages-{known}"
    if not folder.is_dir():
        # Made beside it: a job that is canceled leaves no half of it, and two jobs don't disturb each other.
        with tempfile.TemporaryDirectory(prefix="shipline-", dir=cache, ignore_cleanup_errors=True) as made:
            new = _install(Path(made))
            with contextlib.suppress(OSError):  # another job was quicker
                new.rename(folder)
    return folder


def _install(made: Path) -> Path:
    """Install with the runner's pip, else with a venv's: the former may be absent, outdated or forbidden."""
    halves = [made / "0.txt", made / "1.txt"]
    locked = re.findall(r"^\w.*(?:\n .*)*", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    for number, half in enumerate(halves):
        half.write_text("\n".join(locked[number::2]), encoding="utf-8")
    new, venv = made / "new", made / "venv"

    def failure(python: str | Path) -> str:
        pip = [python, ISOLATED, "-m", "pip", *INSTALL, "--target", new]
        return _failure(made, *([*pip, "--requirement", half] for half in halves))

    if first := failure(sys.executable):
        shutil.rmtree(new, ignore_errors=True)
        python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if second := _failure(made, [sys.executable, ISOLATED, "-m", "venv", venv]) or failure(python):
            print(f"{first}\n{second}\n::error title=shipline::the locked dependencies could not be installed")
            raise SystemExit(7)
    return new


def _failure(temporary: Path, *commands: list[str | Path]) -> str:
    """Run commands at the same time. Returns what they wrote if one fails, else the empty text."""
    environ = {**os.environ, "TMPDIR": str(temporary)}
    with contextlib.ExitStack() as stack:
        started = []
        for command in commands:
            # Not into the log: a color code before our first line would keep the runner from seeing a mask in it.
            process = subprocess.Popen(
                command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            )
            started.append(stack.enter_context(process))
            stack.callback(process.kill)  # if the job is canceled
        written = "".join(process.communicate()[0] for process in started)
    codes = [process.returncode for process in started]
    return f"{written}exit codes {codes}" if any(codes) else ""


if __name__ == "__main__":
    main()
