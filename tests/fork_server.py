"""Processes of Shipline without their start-up: each is forked from a server that has loaded the program.

A forked process has its own environment, working directory and streams, receives signals, and can be killed at any
moment. Most of a short run is loading modules and making the schema's validator, which only the server does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HASTE = 20  # with "hasten", a sleep takes a twentieth of its time, and the process's clock moves by all of it
_LONGEST_RUN = 90  # seconds


class ForkServer:
    """``run`` is like subprocess.run, in a process forked from one that has loaded Shipline.

    The server starts with the first run. ``hasten``: its processes sleep for a fraction of the time.
    """

    def __init__(self, *, hasten: bool = False) -> None:
        self._hasten = hasten
        self._server: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        if self._server is not None:
            self._reports.close()
            self._socket.close()
            self._server.wait(30)
            self._server = None

    @property
    def busy(self) -> bool:
        """True while a process runs: it serves one at a time."""
        return self._lock.locked()

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        launch: Sequence[str] = (),
        started: Callable[[int], None] = lambda _: None,
    ) -> tuple[int, str, str]:
        """Return the exit code (negative: the signal that ended it), standard output and standard error.

        ``launch``: MODE and WHAT of faults/launch.py, or nothing. ``started`` receives the process's id.
        """
        order = {"arguments": arguments, "folder": str(folder), "environ": dict(environ), "launch": launch}
        with self._lock:
            self._start()
            pipes = [os.pipe(), os.pipe()]
            data = json.dumps(order).encode() + b"\n"
            sent = socket.send_fds(self._socket, [data], [written for _, written in pipes])
            self._socket.sendall(data[sent:])
            for _, written in pipes:
                os.close(written)
            pid = int(self._reports.readline())
            started(pid)
            self._socket.sendall(b"\n")  # the process waits for it: nothing happens before its id is known
            try:
                out, err = _read([read for read, _ in pipes], pid)
            finally:
                code = int(self._reports.readline())  # also of one that was killed: the next run's id follows it
            return code, out, err

    def _start(self) -> None:
        if self._server is not None:
            return
        self._socket, theirs = socket.socketpair()
        self._reports = self._socket.makefile()
        hasten = ["--hasten"] if self._hasten else []
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *hasten],
                pass_fds=[theirs.fileno()],
            )


shared: ForkServer | None = ForkServer()
"""The one of this process; None with ``--processes``."""


def _read(pipes: Sequence[int], pid: int) -> list[str]:
    """Read the pipes to their ends, which is when the process and its children have closed them."""
    texts, end = dict.fromkeys(pipes, b""), time.monotonic() + _LONGEST_RUN
    left = set(pipes)
    while left:
        ready = select.select(left, [], [], max(0.0, end - time.monotonic()))[0]
        if not ready:
            os.kill(pid, signal.SIGKILL)
            raise TimeoutError(f"the process has not ended within {_LONGEST_RUN} s")
        for pipe in ready:
            chunk = os.read(pipe, 65536)
            texts[pipe] += chunk
            if not chunk:
                os.close(pipe)
                left.discard(pipe)
    return [text.decode().replace("\r\n", "\n").replace("\r", "\n") for text in texts.values()]


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

    gc.set_threshold(100_000)
    for module in pkgutil.walk_packages(shipline.__path__, "shipline."):
        importlib.import_module(module.name)
    for name in ("jsonschema", "markdown_it", "nh3", "requests", "yaml"):
        importlib.import_module(name)
    _use_once()
    gc.collect()
    gc.freeze()


def _use_once() -> None:
    """Make the validators, parsers and templates that each process would make anew; they stay in caches."""
    from shipline.ci.facts import Facts
    from shipline.errors import RefusedError
    from shipline.inputs.sources import Inputs
    from shipline.pipeline.resolve import Sources, load
    from shipline.reporting import html_page, job_summary, plan_page

    release = "release: {version: 1.4.0, notes: {text: '- **x**'}}"
    v3 = "v3: {url: https://x.test, product-id: x, platforms: [x]}"
    centercode = "centercode: {url: https://x.test, project: x, release-type: x}"
    with tempfile.TemporaryDirectory() as folder:
        load(
            Sources(Inputs.read({}, {}), "-", f"{release}\n{v3}\n{centercode}", Facts(), Path(folder), need_keys=False)
        )
    job_summary.of_error(RefusedError("x"))
    plan_page.of_error(RefusedError("x"))
    html_page.page("run", {}, 0, 0)


def _become(order: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be the process that was ordered, as ``python -m shipline`` is."""
    from shipline.__main__ import program

    for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), *streams)):
        os.dup2(stream, number)
        os.close(stream)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        old = getattr(sys, name)
        buffering = 1 if name == "stderr" else -1
        new = open(number, mode, buffering, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, new)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["shipline", *order["arguments"]]
    code = 1
    try:
        if order["launch"]:
            from faults import launch

            mode, what = order["launch"]
            (launch._names if mode.startswith("dns") else launch._writes)(mode, what)
        program()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve(orders: socket.socket) -> None:
    """Fork one process after another, as ordered; report its id and then its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the tests'
    if "--hasten" in sys.argv:
        _hasten()
    _load()
    while True:
        data, streams, *_ = socket.recv_fds(orders, 65536, 2)
        if not data:
            return
        while not data.endswith(b"\n"):
            data += orders.recv(65536)
        pid = os.fork()
        if pid == 0:
            orders.recv(1)
            orders.close()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _become(json.loads(data), streams)
        for stream in streams:
            os.close(stream)
        orders.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        orders.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
