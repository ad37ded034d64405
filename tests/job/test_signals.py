"""A signal ends what runs wherever it is met: also where Python would swallow what is raised, or leave a lock taken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
BEGINNING = """
import signal, sys, time
from shipline import signals
from shipline.errors import CanceledError
from shipline.transport.stopping import stop
signals.install()
"""


def ended(program: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_that_python_swallows_still_holds_back_what_comes_next(tmp_path: Path) -> None:
    program = """
class Gone:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
Gone()
print("it goes on")
for wait in (stop.check, lambda: stop.sleep(60)):
    try:
        wait()
    except CanceledError as error:
        print(error.exit_code)
"""
    assert ended(program, tmp_path).split("\n") == ["it goes on", "143", "143", ""]


@pytest.mark.parametrize("module", ["threading", "queue", "weakref", "_weakrefset"])
def test_one_that_meets_a_lock_waits_until_it_is_let_go(tmp_path: Path, module: str) -> None:
    program = f"""
library = {{"__name__": {module!r}, "signal": signal, "print": print}}
exec("def enter(): signal.raise_signal(signal.SIGINT); print('let go')", library)
begun = time.monotonic()
try:
    library["enter"]()
    time.sleep(60)
except CanceledError as error:
    print(error.exit_code, time.monotonic() - begun < 30)
"""
    assert ended(program, tmp_path) == "let go\n130 True\n"


def test_one_that_meets_a_lock_for_ever_is_not_put_off_for_ever(tmp_path: Path) -> None:
    program = """
library = {"__name__": "queue", "signal": signal, "time": time}
exec("def get(): signal.raise_signal(signal.SIGINT); time.sleep(60)", library)
try:
    library["get"]()
except CanceledError as error:
    print(error.exit_code)
"""
    assert ended(program, tmp_path) == "130\n"


def test_a_second_one_is_not_heard(tmp_path: Path) -> None:
    program = """
library = {"__name__": "queue", "signal": signal}
exec("def enter(): signal.raise_signal(signal.SIGINT); signal.raise_signal(signal.SIGTERM)", library)
try:
    library["enter"]()
    time.sleep(60)
except CanceledError as error:
    signal.raise_signal(signal.SIGTERM)
    time.sleep(0.2)
    print("reported")
"""
    assert ended(program, tmp_path) == "reported\n"


def test_canceled_at_any_moment_of_many_requests_it_ends(tmp_path: Path) -> None:
    """As near to a lock of the connection pool as chance has it."""
    program = """
import socket, threading
from shipline.pipeline import Network
from shipline.transport.session import Request, Session
def serve():
    while True:
        client, _ = listener.accept()
        while client.recv(65536):
            client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, daemon=True).start()
session = Session("S", Network())
request = Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/x")
session.send(request)
print("begun", flush=True)
try:
    while True:
        session.send(request)
except CanceledError as error:
    print(error.exit_code)
"""
    for number in range(8):
        command = [sys.executable, "-c", BEGINNING + program]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(0.003 * number)
            process.send_signal(signal.SIGTERM)
            try:
                assert process.communicate(timeout=30)[0] == "143\n"
            finally:
                process.kill()
