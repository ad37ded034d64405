"""Connections that remember how far a request got, so that "not sent" and "maybe applied" can be told apart."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from shipline.transport.redaction import Secret


class _Progress(threading.local):
    sent = False


progress = _Progress()
"""``sent`` turns true when the first byte of the current request may have left this machine."""


class _Http(HTTPConnection):
    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # here, so that a failed connect still counts as not sent
        progress.sent = True
        super().endheaders(*args, **kwargs)


class _Https(HTTPSConnection):
    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        progress.sent = True
        super().endheaders(*args, **kwargs)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = cast("Any", _Http)


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = cast("Any", _Https)


class Adapter(requests.adapters.HTTPAdapter):
    """Puts ``query_key`` into the request line below the level at which exceptions quote the URL."""

    def __init__(self, query_key: tuple[str, Secret] | None = None) -> None:
        self._query_key = query_key
        super().__init__(max_retries=urllib3.Retry(0, read=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        url = super().request_url(request, proxies)
        if self._query_key is None:
            return url
        name, secret = self._query_key
        return f"{url}{'&' if '?' in url else '?'}{name}={quote(secret.reveal(), safe='')}"
