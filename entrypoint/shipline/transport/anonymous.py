"""Requests as anybody could send them: no key, no credentials of this machine, redirects followed."""

from __future__ import annotations

import io
from typing import Any

import requests

from shipline.transport import connection


class Anonymous(requests.Session):
    """Proxies and CA bundles as the environment says, but nothing from ~/.netrc."""

    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", connection.Adapter())
        self.mount("http://", connection.Adapter())
        self.auth = lambda request: request  # with none, requests would look into ~/.netrc

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where an answer points to; requests would read its body, which nobody needs, however long it is."""
        target = super().get_redirect_target(resp)
        if target is not None:
            resp.close()
            resp.raw = io.BytesIO()
        return target

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: Any) -> None:
        """After a redirect requests looks there again, for the new host."""
        del response
        prepared_request.headers.pop("Authorization", None)
