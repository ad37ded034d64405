"""Centercode's release automation: one POST creates a release; no operation reads it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from shipline.errors import UnavailableError
from shipline.services.client import Account, Client
from shipline.transport import intermediaries
from shipline.transport.messages import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.transport.settings import Network


class Release(NamedTuple):
    """The response to Project Release. ``status`` is Processing or Published, in the server's spelling."""

    id: str
    url: str
    status: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read the response's data; a missing member is empty."""
        return cls(*(str(data.get(name) or "") for name in ("id", "url", "status")))


class Centercode(Client):
    """The client of one Centercode site.

    The reference requires the key in the query; the adapter adds it below everything that could quote the URL.
    """

    def __init__(self, target: Account, network: Network) -> None:
        super().__init__("centercode", target.url, target.key, network)

    def check_up(self, url: str) -> None:
        """Send a HEAD without a key, retried while it shows that Centercode is down. Raises UnavailableError.

        A balancer that reaches no server responds 502, 503 or 504, which to a POST would leave its outcome unknown.
        Every other response shows that Centercode is up, also that it takes no HEAD, or none without a key.
        """
        response = self._session.send(Request("HEAD", url))
        if response.status in intermediaries.DOWN:
            raise UnavailableError(
                f"Centercode is down: HEAD {url} responded {response.status} until the retries ran out",
                why="a balancer in front of it responds so; Shipline sends a HEAD first, and no POST followed",
                todo="run again once Centercode is up",
            )
