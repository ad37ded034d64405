"""Processes of Shipline without their start-up: each is forked from one that has loaded the program, and sleeps less.

Most of a short run is loading modules and sleeping between looks. A forked process is one of its own all the same: it
has its environment, working directory and streams, gets signals, and can be killed at any moment.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HASTE = 20  # a sleep takes a twentieth of its time, and the process's clock has moved by all of it


class Forks:
    """``run`` is like subprocess.run, in a process forked from one that has loaded Shipline."""

    def __enter__(self) -> Self:
        path = os.pathsep.join(filter(None, sys.path))
        self._parent = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.communicate(timeout=30)

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        launch: Sequence[str],
        started: Callable[[int], None],
    ) -> tuple[int, str, str]:
        """The exit code (negative: the signal that ended it) and what it printed; ``started`` is told its pid.

        ``launch``: MODE and WHAT of launch.py, or nothing.
        """
        out, err = folder / ".out", folder / ".err"
        order = {"arguments": arguments, "folder": str(folder), "environ": environ, "launch": launch}
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(order) + "\n")
        self._parent.stdin.flush()
        started(int(self._parent.stdout.readline()))
        code = int(self._parent.stdout.readline())
        return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


def _hasten() -> None:
    sleep, monotonic, skipped = time.sleep, time.monotonic, 0.0

    def sleeping(seconds: Any) -> None:
        nonlocal skipped
        sleep(seconds / _HASTE)
        skipped += seconds - seconds / _HASTE

    time.sleep = sleeping
    time.monotonic = lambda: monotonic() + skipped


def _load() -> None:
    import shipline
    from shipline import startup

    startup.lighten()
    for module in pkgutil.walk_packages(shipline.__path__, "shipline."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("jsonschema", "markdown_it", "nh3", "requests", "yaml"):
        importlib.import_module(name)


def _become(order: dict[str, Any]) -> NoReturn:
    """Be the process that was ordered."""
    from shipline.cli import main

    folder = Path(order["folder"])
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, folder / ".out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, folder / ".err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags, 0o600), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["shipline", *order["arguments"]]
    code = 1
    try:
        if order["launch"]:
            from faults import launch

            mode, what = order["launch"]
            (launch._names if mode.startswith("dns") else launch._writes)(mode, what)
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    """One process after another, as standard input orders; its pid and then its exit code on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the tests'
    _hasten()
    _load()
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _become(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
