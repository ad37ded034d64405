"""A server's other door: https, by a certificate of an authority that nobody else knows."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline_sandbox import tls

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path


def spoken(folder: Path, names: str = "IP:127.0.0.1") -> ssl.SSLContext:
    """What a server speaks with: ``server.pem`` for ``names`` and ``company-ca.pem``, which has signed it."""
    (folder / "company-ca.pem").write_text(tls.certificates(folder, "Company CA", "BuildMaster", names))
    return tls.context(folder)


@contextlib.contextmanager
def behind_tls(url: str, folder: Path) -> Iterator[str]:
    """The https URL that leads to ``url``; ``folder`` gets the certificates."""
    context = spoken(folder)
    loop = asyncio.new_event_loop()
    relay = _Relay(url)
    server = loop.run_until_complete(asyncio.start_server(relay.pass_on, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(relay.end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Relay:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._open: set[asyncio.Task[None]] = set()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        inner_reader, inner_writer = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(self._pump(reader, inner_writer), self._pump(inner_reader, writer))
        finally:
            for one in (inner_writer, writer):
                one.close()
            self._open.discard(task)

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

    async def end(self, server: asyncio.Server) -> None:
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
