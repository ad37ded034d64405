"""Starts Shipline in this process with one thing around it that fails: ``launch.py MODE WHAT shipline's arguments``.

before N, after N   SIGKILL right before or after the N-th time a receipt is put in its place
count FILE          a line in FILE for each time it is
dns FILE            no name is found while FILE is there
dns-once FILE       the same, once: FILE is taken away
dns-stuck FILE      the look-up of a name doesn't end, and makes FILE
dead-first PORT     each name has a first address whose PORT doesn't respond
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import socket
import sys
from pathlib import Path
from typing import Any


def _writes(mode: str, what: str) -> None:
    replace, count = os.replace, 0

    def replacing(source: Any, target: Any, **options: Any) -> None:
        nonlocal count
        ours = os.fspath(target).endswith(".json")
        count += ours
        if ours and mode == "before" and count == int(what):
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target, **options)
        if ours and mode == "after" and count == int(what):
            os.kill(os.getpid(), signal.SIGKILL)
        if ours and mode == "count":
            with Path(what).open("a") as file:
                file.write(f"{target}\n")

    os.replace = replacing


def _stuck(what: str) -> None:
    def finding(*_: Any, **__: Any) -> Any:
        libc, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
        libc.pthread_mutex_lock(mutex)
        Path(what).touch()
        libc.pthread_mutex_lock(mutex)  # as a resolver that waits for its server: no signal ends it

    socket.getaddrinfo = finding


def _dead_first(port: str) -> None:
    find = socket.getaddrinfo

    def finding(*arguments: Any, **options: Any) -> Any:
        return [*find("127.0.0.1", int(port), 0, socket.SOCK_STREAM), *find(*arguments, **options)]

    socket.getaddrinfo = finding


def _names(mode: str, what: str) -> None:
    find, flag = socket.getaddrinfo, Path(what)

    def finding(*arguments: Any, **options: Any) -> Any:
        if flag.exists():
            if mode == "dns-once":
                flag.unlink()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return find(*arguments, **options)

    socket.getaddrinfo = finding


if __name__ == "__main__":
    _, mode, what, *sys.argv[1:] = sys.argv
    if mode in ("dns-stuck", "dead-first"):
        (_stuck if mode == "dns-stuck" else _dead_first)(what)
    else:
        (_names if mode.startswith("dns") else _writes)(mode, what)
    runpy.run_module("shipline", run_name="__main__", alter_sys=True)
