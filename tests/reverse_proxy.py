"""Small programs between Shipline and a service: each passes requests on, as `forward` does, and has one fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from http_server import HttpServer, Received, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OF_THE_CONNECTION = {"host", "connection", "content-length", "transfer-encoding", "date", "server"}


class ReverseProxy(HttpServer):
    """Passes each request on to the server at ``upstream``, unless ``respond`` decides otherwise."""

    def __init__(self, upstream: str, respond: Callable[[Received], Reply] | None = None) -> None:
        super().__init__(respond or self.forward)
        self.upstream = upstream

    def forward(self, received: Received) -> Reply:
        response = requests.request(
            received.method,
            self.upstream + received.target,
            data=received.body,
            headers=_end_to_end(received.headers),
            allow_redirects=False,
            timeout=10,
        )
        return Reply(response.status_code, response.content, _end_to_end(response.headers))


class CachingProxy(ReverseProxy):
    """Keeps each GET without ``Authorization``, as varnish does by default. ``mark``: the headers of its copies."""

    def __init__(self, upstream: str, mark: Mapping[str, str] | None = None) -> None:
        super().__init__(upstream, self._kept)
        self._mark = mark or {}
        self._copies: dict[str, Reply] = {}

    def _kept(self, received: Received) -> Reply:
        if received.method not in ("GET", "HEAD") or "Authorization" in received.headers:
            return self.forward(received)
        if received.target in self._copies:
            copy = self._copies[received.target]
            return copy._replace(headers={**copy.headers, **self._mark})
        self._copies[received.target] = self.forward(received._replace(method="GET"))
        return self._copies[received.target]


class ResendingProxy(ReverseProxy):
    """Sends a change twice, as nginx with ``proxy_next_upstream non_idempotent`` does, if the first copy's response is
    lost. The client gets ``second``, the response to the second copy, which wasn't applied.

    ``path``: of the changes, by its end; ``times``: how many.
    """

    def __init__(self, upstream: str, path: str, second: Reply, times: int = 1) -> None:
        super().__init__(upstream, self._resent)
        self._path, self._second, self.left = path, second, times

    def _resent(self, received: Received) -> Reply:
        response = self.forward(received)
        if received.method == "POST" and received.path.endswith(self._path) and self.left:
            self.left -= 1
            return self._second
        return response


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_CONNECTION}
