"""Start and stop the sandbox: ``serve`` for a terminal, ``running`` for tests and the demo."""

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

from shipline_sandbox import tls as certified
from shipline_sandbox.app import create_app
from shipline_sandbox.instance import Sandbox
from shipline_sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_POLL_SECONDS = 0.02
_DOCUMENTED = {"switches": {"rate_limits": "aspnet"}}  # not within tests, which mustn't wait


class _Quiet(WSGIRequestHandler):
    """A request handler without a log, since request lines contain keys."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Write nothing."""


class Running:
    """A sandbox that runs in this process."""

    def __init__(self, url: str, app: Flask, store: Store, authority: str) -> None:
        self.url = url
        """``http://127.0.0.1:PORT`` or ``https://…``, without a slash at the end."""
        self.authority = authority
        """The certificate of the authority that signed the server's, in PEM; empty without TLS."""
        self._client = app.test_client()
        self._store = store

    def admin(self, path: str, json: Any = None) -> Any:
        """Return the response of ``/_sandbox/<path>``: GET, or POST with ``json``. Raises ValueError if refused."""
        target = f"/_sandbox/{path.removeprefix('/_sandbox').lstrip('/')}"
        answer = self._client.get(target) if json is None else self._client.post(target, data=dumps(json))
        if answer.status_code >= 400:  # noqa: PLR2004 - HTTP
            raise ValueError(f"{target}: {answer.status_code} {answer.get_data(as_text=True)}")
        return answer.get_json()

    def requests(self) -> list[dict[str, Any]]:
        """Return the request log, oldest first: time, service, operation, path, body, status …, without keys."""
        log: list[dict[str, Any]] = self.admin("requests")
        return log

    def put_file(self, path: str, content: bytes) -> str:
        """Store a file for ``/files/<path>`` and return its URL."""
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
    tls: bool = False,
) -> Iterator[Running]:
    """Serve from a thread of this process until the block ends.

    ``data``: the SQLite file, which is kept and used again; by default a temporary one. ``speed`` divides every
    simulated duration. ``seed`` is merged into the default seed. ``tls``: serve HTTPS, with a new certificate of an
    authority of its own. Raises ValueError for a host that isn't loopback, a speed that isn't positive, an invalid seed
    or fault, or if no certificate can be made; OSError if the port is in use.
    """
    if host not in _LOOPBACK:
        raise ValueError(f"host: {host!r} is not a loopback address; the sandbox listens on 127.0.0.1 only")
    if not speed > 0:
        raise ValueError(f"speed: expected a positive number, not {speed!r}")
    with tempfile.TemporaryDirectory(prefix="shipline-sandbox-") as folder:
        store = Store(Path(data) if data else Path(folder, "sandbox.sqlite"))
        sandbox = Sandbox(store, speed, seed, tuple(faults))
        app = create_app(sandbox)
        authority = certified.certificates(Path(folder)) if tls else ""
        server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
        if tls:  # the handshake comes in the connection's own thread, so that no client holds up the others
            server.ssl_context = context = certified.context(Path(folder))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield Running(_url(host, server), app, store, authority)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            sandbox.deliveries.close()
            store.close()


def _url(host: str, server: BaseWSGIServer) -> str:
    scheme = "https" if server.ssl_context else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{server.server_port}"


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path | str | None = None,
    speed: float = 1.0,
    *,
    faults: Iterable[Mapping[str, Any]] = (),
    tls: bool = False,
    ready_file: Path | str | None = None,
    on_ready: Callable[[Running], None] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, with the documented rate limits.

    ``port`` 0 selects a free port. Once the sandbox responds, the URL is written to ``ready_file`` (atomically; removed
    at the end), and the sandbox is passed to ``on_ready``. Raises as ``running`` does.
    """
    ended = threading.Event()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda *_: ended.set())
    try:
        with running(data, speed, _DOCUMENTED, host=host, port=port, faults=faults, tls=tls) as sandbox:
            if ready_file:
                _write_at_once(Path(ready_file), sandbox.url + "\n")
            if on_ready:
                on_ready(sandbox)
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
