"""The upload of an artifact of 2 GiB (a sparse file) beside `curl -T`, to a server that discards what it reads."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import socket
import ssl
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measure, page

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 10
_SIZE = 2 << 30
_SHARE, _MEMORY = 1.15, 64  # times curl, MiB
_PATH = "v3/0b7c3c1e-6f0d-4a53-9f0e-3d2c5a1b7e90/widget.zip"
_ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{"id":"f"}'
)


def section() -> page.Section:
    figures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "widget.zip").open("wb") as file:
            file.truncate(_SIZE)
        certificate = _certificate(folder)
        for network, scheme, server in (("plain loopback", "http", None), ("TLS", "https", certificate)):
            with _discarding(server) as port:
                taken = measure.interleaved(_sides(f"{scheme}://127.0.0.1:{port}", folder), RUNS)
            this, curl = (min(map(_transfer, found)) for found in taken.values())
            figures.append(page.ratio(f"times `curl -T`, {network}", this, curl, _SHARE, "{:.2f} of {:.2f} s"))
            peak = max(one.peak for one in taken["shipline"])
            figures.append(page.Figure(f"peak memory, {network}", peak, _MEMORY, "{:.1f} MiB"))
    return page.Section(tuple(figures))


def _sides(url: str, folder: Path) -> dict[str, partial[measure.Taken]]:
    curl = [
        "curl",
        "--silent",
        "--cacert",
        "one.pem",
        "--write-out",
        "%{stderr}%{time_total} s",
        "--output",
        "/dev/null",
    ]
    ours = [sys.executable, "-m", "shipline", "v3", "--url", url, "--ca-bundle", "one.pem", "upload-release-file"]
    release, name = _PATH.split("/")[1:]
    ours += ["--verbose", "--release-id", release, "--filename", name, "--file", name]
    return {
        "shipline": partial(measure.process, ours, folder, {"SHIPLINE_V3_TOKEN": "a.b.c"}),
        "`curl -T`": partial(measure.process, [*curl, "--upload-file", name, f"{url}/{_PATH}"], folder),
    }


def _transfer(taken: measure.Taken) -> float:
    """Seconds from the connection to the response, as the command shows them."""
    number, unit = re.findall(r"([\d.]+) (m?s)\b", taken.log)[-1]
    return float(number) / (1000 if unit == "ms" else 1)


def _certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, which is its own authority."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", "one.pem", "-out", "one.pem"]
    subprocess.run([*command.split(), *files], cwd=folder, check=True, capture_output=True)
    return folder / "one.pem"


@contextlib.contextmanager
def _discarding(certificate: Path | None) -> Iterator[int]:
    """The port of a server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, certificate), daemon=True)
        process.start()
        yield listener.getsockname()[1]
        process.terminate()
        process.join()


def _serve(listener: socket.socket, certificate: Path | None) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if certificate:
        context.load_cert_chain(certificate)
    flags = 0 if certificate else socket.MSG_TRUNC  # the kernel discards it, uncopied
    buffer = bytearray(1 << 18)
    while True:
        connection = listener.accept()[0]
        with context.wrap_socket(connection, server_side=True) if certificate else connection as client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(1 << 16)
            head, _, begun = head.partition(b"\r\n\r\n")
            if b"100-continue" in head:
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(head.lower().partition(b"content-length: ")[2].split()[0]) - len(begun)
            while left:
                left -= client.recv_into(buffer, 0, flags)
            client.sendall(_ANSWER)
