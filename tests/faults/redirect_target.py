"""Another host, to which redirects point: it keeps every byte that it was ever sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults import http1

if TYPE_CHECKING:
    import socket


class RedirectTarget(http1.Listener):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []

    def served(self, client: socket.socket) -> None:
        client.settimeout(1)
        self.heard.append(client.recv(65536))
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
