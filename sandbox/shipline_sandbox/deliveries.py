"""Delivery of events to webhooks: in order, in the background, and logged."""

from __future__ import annotations

import base64
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline_sandbox import clock

if TYPE_CHECKING:
    from shipline_sandbox.store import Store

LOG = "webhook_log"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SECONDS = 3


@dataclass(frozen=True)
class Delivery:
    """One event for one webhook."""

    webhook: str
    url: str
    token: str
    event: str
    body: bytes

    @property
    def signature(self) -> str:
        """The base64 of the body's HMAC-SHA256 with the webhook's token."""
        return base64.b64encode(hmac.digest(self.token.encode(), self.body, hashlib.sha256)).decode()


class Deliveries:
    """Sends each event once and logs the result, whatever it is."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "webhooks")  # one thread, so that events arrive in order

    def send(self, store: Store, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self._pool.submit(_deliver, store, delivery)

    def close(self) -> None:
        """Wait for the current delivery and drop the rest."""
        self._pool.shutdown(cancel_futures=True)


def _deliver(store: Store, delivery: Delivery) -> None:
    status, error = _post(delivery)
    with store.transaction() as session:
        entry = {
            "createdAt": clock.milliseconds(clock.now(session)),
            "webhookId": delivery.webhook,
            "event": delivery.event,
            "url": delivery.url,
            "statusCode": status,
            "error": error,
            "succeeded": status is not None and 200 <= status < 300,  # noqa: PLR2004 - HTTP
        }
        session.add(LOG, entry)


def _post(delivery: Delivery) -> tuple[int | None, str | None]:
    """Return the status of the response, or why there is none."""
    try:
        url = urlsplit(delivery.url)
        if url.scheme != "http" or url.hostname not in _LOOPBACK:
            return None, "the sandbox sends to http on a loopback address only"
        connection = HTTPConnection(url.hostname, url.port, timeout=_SECONDS)
    except ValueError as error:
        return None, str(error)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {"Content-Type": "application/json", "Webhook-Signature": delivery.signature}
    try:
        connection.request("POST", target, delivery.body, headers)
        return connection.getresponse().status, None
    except (OSError, HTTPException, ValueError) as error:
        return None, str(error) or type(error).__name__
    finally:
        connection.close()
