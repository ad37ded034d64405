"""A raw-socket HTTP/1.1 proxy for any server: it passes requests on, and spoils the one it is told to.

Below the level of HTTP libraries, since a reset, a held answer or half a body can't be made by one.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from faults import http1

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from faults.wire import Fault

LISTS = {"/api/releases", "/api/releases/builds", "/api/releases/builds/deployments"}  # of BuildMaster, by POST
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Asked:
    """A request as a rule matches it: the ``number``-th (from 1) of its method and path; ids stand as ``{id}``."""

    method: str
    path: str
    number: int

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD") or self.path in LISTS

    @property
    def label(self) -> str:
        return f"{self.method}-{re.sub(r'[{}]', '', self.path.strip('/')).replace('/', '.')}-{self.number}"


@dataclass
class Rule:
    """What happens to a request: once, or from it on to everything at its path (``lasting``)."""

    at: Asked
    fault: Fault
    lasting: bool = False
    fired: int = 0

    def fits(self, asked: Asked) -> bool:
        if self.fired and self.lasting:
            return asked.path == self.at.path
        return asked == self.at


@dataclass
class Exchange:
    """One request in the proxy's hands. ``answer`` is what the server said, None while it hasn't been asked."""

    client: socket.socket
    request: bytes
    answer: bytes | None = None

    def reset(self) -> None:
        """End the connection by RST."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.client.close()

    def hold(self) -> None:
        """Say nothing more until the client gives up."""
        self.client.settimeout(http1.PATIENCE)
        with contextlib.suppress(OSError):
            while self.client.recv(65536):
                pass

    def say(self, data: bytes) -> None:
        self.client.sendall(data)


@dataclass
class Proxy:
    """Listens on a port of its own (``url``) and passes what comes to ``upstream`` (host, port), a server without TLS.

    ``tls``: what clients are spoken to with. ``no_handshake``: so many connections end at the beginning of it.
    ``forward``: clients come by way of HTTP_PROXY or HTTPS_PROXY (``address``), and name a server that isn't there.
    """

    upstream: tuple[str, int]
    tls: ssl.SSLContext | None = None
    forward: bool = False
    seen: list[Asked] = field(default_factory=list)
    rule: Rule | None = None
    cut_after: int | None = None  # when so many requests are answered, every connection ends and `at_cut` is called
    at_cut: Callable[[], None] | None = None
    no_handshake: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        # Bound and never listening: the port stays ours while connections to it are refused.
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._listener: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self._named}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def _named(self) -> str:
        return f"127.0.0.1:{1 if self.forward else self.port}"

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.drop()
        self._holder.close()

    def clear(self) -> None:
        """No faults, nothing seen, and connections are taken again."""
        self.drop()
        with self._lock:
            self.rule, self.cut_after, self.at_cut, self.no_handshake = None, None, None, 0
            self.seen = []
        self.listen()

    def listen(self) -> None:
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen(32)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Connections are refused from now on, as if nothing were there."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def drop(self) -> None:
        """End every connection that is open."""
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError), self._secured(plain) as client:
            self._clients.add(client)
            with contextlib.suppress(OSError):
                while self._exchange(client):
                    pass
            self._clients.discard(client)

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self.tls is None:
            return plain
        if self.forward and not http1.request(plain).startswith(b"CONNECT "):
            raise ConnectionError("TLS, and no tunnel was asked for")
        if self.forward:
            plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if self.no_handshake:
            self.no_handshake -= 1
            plain.recv(65536)  # left unread, it would make a reset of the end
            raise ConnectionError("no handshake, as asked for")
        plain.settimeout(http1.PATIENCE)
        client = self.tls.wrap_socket(plain, server_side=True)
        client.settimeout(None)
        return client

    def _exchange(self, client: socket.socket) -> bool:
        """One request and its answer; whether the connection lives on."""
        # Within TLS nothing can be looked at and left unread; a reset is the same for the client.
        request = http1.request(client) if self.tls else b""
        head = request.partition(b"\r\n\r\n")[0] or http1.peeked(client)
        if not head:
            return False
        rule = self._note(head)
        if rule is not None and rule.fault.unread:
            rule.fault.spoil(Exchange(client, b""))
            return False
        exchange = Exchange(client, request or http1.request(client))
        if rule is not None and not rule.fault.applied:
            rule.fault.spoil(exchange)
            return False
        exchange.answer = http1.persistent(http1.ask(self.upstream, exchange.request))
        if self.tls:  # of which the server knows nothing
            exchange.answer = http1.renamed(exchange.answer, f"http://{self._named}", self.url)
        if rule is not None:
            rule.fault.spoil(exchange)
            return False
        return self._answer(exchange, exchange.answer)

    def _answer(self, exchange: Exchange, answer: bytes) -> bool:
        if self.cut_after != len(self.seen):
            exchange.say(answer)
            return True
        self._clients.discard(exchange.client)
        if self.at_cut is not None:
            self.at_cut()
        self.drop()
        exchange.say(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        return False

    def _note(self, head: bytes) -> Rule | None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        path = ID.sub("{id}", http1.origin_form(target).partition("?")[0])
        with self._lock:
            number = 1 + sum((a.method, a.path) == (method, path) for a in self.seen)
            asked = Asked(method, path, number)
            self.seen.append(asked)
            if self.rule is None or not self.rule.fits(asked):
                return None
            self.rule.fired += 1
            return self.rule


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made
