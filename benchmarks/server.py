"""Servers of as little time of their own as can be: what is measured is the client."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = Callable[[str, str, bytes], tuple[int, Any]]
    """From method, path and body to status and JSON, or the bytes of a file."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    disable_nagle_algorithm = True  # and at once, also behind TLS' tickets
    answer: staticmethod[[str, str, bytes], tuple[int, Any]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, data = self.answer(self.command, urlsplit(self.path).path, body)
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/zip" if data is content else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Nothing is written."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that has what it wants may close as it likes."""


@contextmanager
def serving(answer: Answer, certificate: Path | None = None) -> Iterator[int]:
    """Serve on a free port of 127.0.0.1; with a certificate (PEM, the key in it too) over TLS."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"answer": staticmethod(answer)}))
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
