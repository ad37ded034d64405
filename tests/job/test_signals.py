"""SIGINT and SIGTERM end the run wherever they arrive, also where Python would swallow an exception."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
BEGINNING = """
import os, signal, sys, time
from shipline import cancellation
from shipline.errors import CanceledError
from shipline.cancellation import cancel_token as stop
cancellation.install()
"""


def ended(program: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def asleep(pid: int) -> None:
    """Wait until the process sleeps in a system call: one that a signal only just precedes isn't interrupted by it."""
    status = Path(f"/proc/{pid}/stat")
    end = time.monotonic() + 60
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "S" and time.monotonic() < end:
        time.sleep(0.01)


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


def test_reading_standard_input_ends_at_once(tmp_path: Path) -> None:
    program = """
try:
    print("reading", flush=True)
    sys.stdin.read()
except CanceledError as error:
    print(error.exit_code)
"""
    command = [sys.executable, "-c", BEGINNING + program]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **streams) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "reading\n"
        asleep(process.pid)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        try:
            assert process.stdout.read() == "143\n"
            assert time.monotonic() - begun < 10
        finally:
            process.kill()


@pytest.mark.parametrize("wait", ["stop.sleep(60)", "stop.wait(queue.SimpleQueue())"])
def test_once_threads_run_it_ends_waits_and_nothing_else(tmp_path: Path, wait: str) -> None:
    program = f"""
import queue, threading
stop.defer()
signal.raise_signal(signal.SIGINT)
print("not raised")
stop.reset()
cancellation.install()
stop.defer()
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
begun = time.monotonic()
try:
    {wait}
except CanceledError as error:
    print(error.exit_code, time.monotonic() - begun < 30)
"""
    assert ended(program, tmp_path) == "not raised\n130 True\n"


def test_a_second_one_is_ignored(tmp_path: Path) -> None:
    program = """
for deferred in (False, True):
    cancellation.install()
    if deferred:
        stop.defer()
    try:
        signal.raise_signal(signal.SIGINT)
        stop.check()
    except CanceledError as error:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0.2)
        print(error.exit_code)
"""
    assert ended(program, tmp_path) == "130\n130\n"


def test_canceled_at_any_moment_of_many_requests_it_ends(tmp_path: Path) -> None:
    """As near to a lock of the connection pool as chance has it."""
    program = """
import socket, threading
from shipline.transport.settings import Network
from shipline.transport.messages import Request
from shipline.transport.session import Session
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


def test_where_no_thread_can_be_started_a_request_ends_at_once(tmp_path: Path) -> None:
    program = """
import socket, threading
from shipline.transport.settings import Network
from shipline.transport.messages import Request
from shipline.transport.session import Session
def none_left(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = none_left
stop.defer()
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
signal.setitimer(signal.ITIMER_REAL, 0.5)
begun = time.monotonic()
with socket.create_server(("127.0.0.1", 0)) as listener:
    request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/x", json={})
    try:
        Session("S", Network()).send(request)
    except CanceledError as error:
        print(error.exit_code, request.progress.phase, time.monotonic() - begun < 30)
"""
    assert ended(program, tmp_path) == "143 sent True\n"


@pytest.mark.parametrize(("command", "shows_what_was_done"), [("run", True), ("--version", False)])
def test_one_that_arrives_while_the_program_is_loaded_is_not_lost(
    tmp_path: Path, command: str, *, shows_what_was_done: bool
) -> None:
    program = f"""
from shipline.__main__ import program
import signal, sys
signal.raise_signal(signal.SIGTERM)
sys.argv = ["shipline", "{command}"]
program()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 143, ended.stderr
    assert ("NOT DONE" in ended.stdout) == shows_what_was_done
