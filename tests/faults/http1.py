"""As much of HTTP/1.1 as a proxy needs, on raw sockets."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from typing import Self

PATIENCE = 30.0  # seconds for whatever should be quick


class Listener:
    """Listens on a free port; each client is ``served`` in a thread of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self.served(client)

    def served(self, client: socket.socket) -> None:
        raise NotImplementedError


def peeked(client: socket.socket) -> bytes:
    """The head of the next request, left unread; empty at the end."""
    size = 1
    while True:
        data = client.recv(65536, socket.MSG_PEEK)
        if b"\r\n\r\n" in data or not data:
            return data.partition(b"\r\n\r\n")[0]
        if len(data) < size:  # nothing new: wait for more without spinning
            threading.Event().wait(0.001)
        size = len(data) + 1


def request(client: socket.socket) -> bytes:
    """The whole of a request, read from the client."""
    with client.makefile("rb", buffering=0) as stream:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = stream.read(1)
            if not byte:
                raise ConnectionError("the client went away")
            head += byte
        if _header(head, "Transfer-Encoding").lower() == "chunked":
            body = b""
            while not body.endswith(b"0\r\n\r\n"):
                body += stream.read(1) or b""
            return head + body
        left = int(_header(head, "Content-Length") or 0)
        body = b""
        while len(body) < left:
            chunk = stream.read(left - len(body))
            if not chunk:
                raise ConnectionError("the client went away")
            body += chunk
        return head + body


def renamed(answer: bytes, old: str, new: str) -> bytes:
    """The answer with the beginning of the URLs in its body replaced."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if old.encode() not in body:
        return answer
    body = body.replace(old.encode(), new.encode())
    return re.sub(rb"(?im)^(Content-Length:)[^\r\n]*", rb"\1 %d" % len(body), head) + b"\r\n\r\n" + body


def origin_form(target: str) -> str:
    """The target of a request as its server wants it: a proxy is given the whole URL."""
    return re.sub(r"^https?://[^/]*", "", target)


def ask(upstream: tuple[str, int], request: bytes) -> bytes:
    """The server's answer, read to its end on a connection of its own."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, version = first.decode("latin-1").split(" ")
    lines = [line for line in lines if not line.lower().startswith((b"connection:", b"proxy-"))]
    lines.insert(0, f"{method} {origin_form(target)} {version}".encode("latin-1"))
    with socket.create_connection(upstream, PATIENCE) as server:
        server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
        answer = b""
        while chunk := server.recv(65536):
            answer += chunk
    return answer


def persistent(answer: bytes) -> bytes:
    """The answer as HTTP/1.1 with its length, so that the client keeps its connection, as it would with the service."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    if not _header(head, "Content-Length"):
        kept.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([b"HTTP/1.1 " + first.split(b" ", 1)[1], *kept]) + b"\r\n\r\n" + body


def _header(head: bytes, name: str) -> str:
    found = re.search(rb"(?im)^%s:[ \t]*([^\r\n]*)" % name.encode(), head)
    return found[1].decode("latin-1").strip() if found else ""
