"""Starting and ending the sandbox: ``serve`` for a terminal, ``running`` for tests and the demo."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.serving import WSGIRequestHandler, make_server

from shipline_sandbox.app import Sandbox, create_app
from shipline_sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_POLL_SECONDS = 0.02
_DOCUMENTED = {"switches": {"rate_limits": "aspnet"}}  # not in one's own process, where tests mustn't wait


class _Quiet(WSGIRequestHandler):
    """Logs nothing: request lines hold keys."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Nothing is written."""


class Running:
    """A sandbox that is being served in this process."""

    def __init__(self, url: str, app: Flask, store: Store) -> None:
        self.url = url
        """``http://127.0.0.1:PORT``, without a slash at the end."""
        self._client = app.test_client()
        self._store = store

    def admin(self, path: str, json: Any = None) -> Any:
        """The answer of ``/_sandbox/<path>``: GET without ``json``, POST with it. Raises ValueError if refused."""
        target = f"/_sandbox/{path.removeprefix('/_sandbox').lstrip('/')}"
        answer = self._client.get(target) if json is None else self._client.post(target, data=dumps(json))
        if answer.status_code >= 400:  # noqa: PLR2004 - HTTP
            raise ValueError(f"{target}: {answer.status_code} {answer.get_data(as_text=True)}")
        return answer.get_json()

    def requests(self) -> list[dict[str, Any]]:
        """The request log, oldest first: time, service, operation, method, path, query, body, status …, but no keys."""
        log: list[dict[str, Any]] = self.admin("requests")
        return log

    def put_file(self, path: str, content: bytes) -> str:
        """Store a file for ``/files/<path>``; returns its URL."""
        with self._store.transaction() as session:
            session.put_file(path, content)
        return f"{self.url}/files/{quote(path)}"


@contextmanager
def running(
    data: Path | str | None = None,
    speed: float = 20.0,
    seed: Mapping[str, Any] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Iterable[Mapping[str, Any]] = (),
) -> Iterator[Running]:
    """Serve from a thread of this process until the block ends.

    ``data``: the SQLite file, kept and taken up again if it is there; without it a temporary one. ``speed`` divides
    every simulated duration. ``seed`` is merged into the default seed. Raises ValueError for a host that isn't
    loopback, a speed that isn't positive, a wrong seed or fault; OSError if the port is taken.
    """
    if host not in _LOOPBACK:
        raise ValueError(f"host: {host!r} is not a loopback address; the sandbox listens on 127.0.0.1 only")
    if not speed > 0:
        raise ValueError(f"speed: expected a positive number, not {speed!r}")
    with tempfile.TemporaryDirectory(prefix="shipline-sandbox-") as folder:
        store = Store(Path(data) if data else Path(folder, "sandbox.sqlite"))
        sandbox = Sandbox(store, speed, seed, tuple(faults))
        app = create_app(sandbox)
        server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield Running(_url(host, server), app, store)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            sandbox.deliveries.close()


def _url(host: str, server: BaseWSGIServer) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}"


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path | str | None = None,
    speed: float = 1.0,
    *,
    faults: Iterable[Mapping[str, Any]] = (),
    ready_file: Path | str | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, with the documented rate limits.

    ``port`` 0 takes a free one. ``ready_file`` gets the URL, at once and whole, as soon as requests are answered, and
    is removed at the end; ``on_ready`` is called with it. Raises as ``running`` does.
    """
    ended = threading.Event()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda *_: ended.set())
    try:
        with running(data, speed, _DOCUMENTED, host=host, port=port, faults=faults) as sandbox:
            if ready_file:
                _write_at_once(Path(ready_file), sandbox.url + "\n")
            if on_ready:
                on_ready(sandbox.url)
            try:
                ended.wait()
            finally:
                if ready_file:
                    Path(ready_file).unlink(missing_ok=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_at_once(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
