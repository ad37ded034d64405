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
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
# A rehearsal needs the sandbox's dependencies too.
LOCK = ROOT / "requirements" / ("sandbox.txt" if os.environ.get("SHIPLINE_INPUT_COMMAND") == "rehearse" else "run.txt")
# No module comes from the workspace, PYTHONPATH or the user's own packages. launch.sh starts this file with `-S` too:
# the program imports none of the runner's packages either.
ISOLATED = "-Iu"
INSTALL = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
# The lock is complete. Python compiles the modules that the program imports, fewer than pip would.
INSTALL += ["--no-deps", "--no-compile"]
_NAMES = "names.txt"  # of all that was installed into a folder


def main() -> None:
    """Become the program. Raises SystemExit."""
    for number in (signal.SIGINT, signal.SIGTERM):  # until the program notes them
        signal.signal(number, lambda number, _: _end("canceled before Shipline began: run again", 128 + number))
    sys.path[:0] = [str(path) for path in (ROOT / "entrypoint", ROOT / "sandbox", _packages())]
    sys.argv = ["shipline", *(sys.argv[1:] or ["run"])]
    from shipline.__main__ import program

    program()


def _end(why: str, code: int) -> NoReturn:
    """Report why the program didn't start. Raises SystemExit."""
    print(f"::error title=shipline::{why}\n\nDONE: nothing\nNOT DONE: everything\nNEXT: run again")
    raise SystemExit(code)


def _packages() -> Path:
    """The folder of exactly the locked dependencies; its name tells which."""
    known = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    places = (os.environ.get("RUNNER_TOOL_CACHE"), os.environ.get("RUNNER_TEMP"), tempfile.gettempdir())
    cache = Path(next(place for place in places if place and os.access(place, os.W_OK)))
    folder = cache / f"shipline-packages-{known}"
    if not _is_complete(folder):
        # Made beside it: a job that is canceled leaves no half of it, and two jobs don't disturb each other.
        with tempfile.TemporaryDirectory(prefix="shipline-", dir=cache, ignore_cleanup_errors=True) as made:
            new = _install(Path(made))
            (new / _NAMES).write_text("\n".join(path.name for path in new.iterdir()), encoding="utf-8")
            try:
                if folder.exists() and not _is_complete(folder):
                    folder.rename(Path(made, "old"))
                new.rename(folder)
            except OSError as error:
                if not _is_complete(folder):  # else another job was quicker
                    _end(f"can't create {folder} ({error.strerror}): delete it", 7)
    return folder


def _is_complete(folder: Path) -> bool:
    """False if a program that cleans up has deleted a package since."""
    try:
        names = (folder / _NAMES).read_text(encoding="utf-8").splitlines()
        return {*names} <= {path.name for path in folder.iterdir()}
    except OSError:
        return False


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
            print(f"{first}\n{second}")
            _end("pip couldn't install Shipline's dependencies: check that this runner reaches its package index", 7)
    return new


def _failure(temporary: Path, *commands: list[str | Path]) -> str:
    """Run commands at the same time. Returns what they wrote if one fails, else the empty text."""
    environ = {**os.environ, "TMPDIR": str(temporary), "PIP_USER": "0"}  # with it, pip refuses --target
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
