"""The HTTP server of the tests: it keeps each request and responds as a test decides."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping


class Received(NamedTuple):
    """A request as it arrived; ``target`` is the path with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def head(self) -> str:
        """The request line and the headers as text."""
        return "\n".join((f"{self.method} {self.target} HTTP/1.1", *(f"{k}: {v}" for k, v in self.headers.items())))

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


class Reply(NamedTuple):
    """A response. ``data``: bytes are sent unchanged, anything else as JSON. A header that is None isn't sent."""

    status: int = 200
    data: Any = b""
    headers: Mapping[str, str | None] = {}


class HttpServer(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1, in threads of this process, until its ``with`` block ends.

    ``respond`` returns the reply to each request. ``tls``: the context for HTTPS.
    ``keep_alive``: whether connections stay open.
    """

    daemon_threads = True

    def __init__(
        self,
        respond: Callable[[Received], Reply] = lambda _: Reply(),
        *,
        tls: ssl.SSLContext | None = None,
        keep_alive: bool = False,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond, self.keep_alive = respond, keep_alive
        self.received: list[Received] = []
        self.connections = 0
        self.address = f"127.0.0.1:{self.server_port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """Ignore a client that ends its connection early or fails the TLS handshake."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # send a response in one piece
    disable_nagle_algorithm = True
    server: HttpServer

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        received = Received(self.command, self.path, dict(self.headers), body)
        self.server.received.append(received)
        status, data, headers = self.server.respond(received)
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response_only(status)
        defaults = {"Date": self.date_time_string(), "Content-Length": str(len(content))}
        if not isinstance(data, bytes):
            defaults["Content-Type"] = "application/json"
        if not self.server.keep_alive:
            defaults["Connection"] = "close"
        for name, value in {**defaults, **headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815 - http.server's names

    def do_CONNECT(self) -> None:
        """Open a tunnel, as a proxy does, and keep the request."""
        self.server.received.append(Received(self.command, self.path, dict(self.headers), b""))
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as upstream:
            self.send_response_only(200)
            self.end_headers()
            self.wfile.flush()
            back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
            back.start()
            _pump(self.connection, upstream)
            back.join()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
