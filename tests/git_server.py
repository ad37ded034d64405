"""A real git server: ``git http-backend`` behind HTTP with Basic authentication, with a log and faults."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

TOKEN = "sandbox-git-token"


class GitServer:
    """Serves the bare repositories below a folder; each is made by ``create``."""

    def __init__(self, folder: Path, *, ssl: Any = None, version_2: bool = True) -> None:
        self.folder = folder
        self.requests: list[tuple[str, str, int]] = []  # method, path, status
        self.before: Callable[[dict[str, Any]], int | None] = lambda _environ: None  # a status: responded at once
        self.lose: Callable[[dict[str, Any]], bool] = lambda _environ: False  # applied, and the response is lost
        self._version_2 = version_2
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, ssl_context=ssl)
        self.url = f"{'https' if ssl else 'http'}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def create(self, name: str = "widget.git", form: str = "sha1", **config: str) -> str:
        """Make a repository that accepts pushes, and return its address."""
        path = self.folder / name
        subprocess.run(["git", "init", "-q", "--bare", f"--object-format={form}", path], check=True)
        for key, value in {"http.receivepack": "true", **config}.items():
            subprocess.run(["git", "-C", path, "config", key, value], check=True)
        return f"{self.url}/{name}"

    def pushes(self) -> int:
        return sum(path.endswith("/git-receive-pack") for _, path, _ in self.requests)

    def refs(self, name: str = "widget.git") -> dict[str, str]:
        """The refs of a repository, by name."""
        command = ["git", "-C", self.folder / name, "for-each-ref", "--format=%(refname) %(objectname)"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        return dict(line.split() for line in lines)  # type: ignore[misc]

    def _app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, headers, body = self._respond(environ)
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], status))
        if status < 400 and self.lose(environ):
            environ["werkzeug.socket"].shutdown(2)
            return [b""]
        start_response(f"{status} -", headers)
        return [body]

    def _respond(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Basic ")
        if base64.b64decode(given).decode().rpartition(":")[2] != TOKEN:
            return 401, [("WWW-Authenticate", 'Basic realm="git"')], b"no"
        if (status := self.before(environ)) is not None:
            return status, [("Content-Type", "text/plain")], b"no"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        cgi = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "someone",
            "PATH_INFO": environ["PATH_INFO"],
            "QUERY_STRING": environ["QUERY_STRING"],
            "REQUEST_METHOD": environ["REQUEST_METHOD"],
            "CONTENT_TYPE": environ.get("CONTENT_TYPE", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": environ.get("HTTP_GIT_PROTOCOL", "") if self._version_2 else "",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=cgi, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(text.split()[0]) for name, text in headers if name == "Status"), 200)
        return status, [pair for pair in headers if pair[0] != "Status"], io.BytesIO(content).getvalue()  # type: ignore[misc]
