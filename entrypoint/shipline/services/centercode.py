"""Centercode's release automation: one POST, and no way to look a release up afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.record import dataclass
from shipline.services.operation import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import CentercodeTarget, Listener, Network


@dataclass(frozen=True, slots=True)
class Release:
    """The answer to Project Release; ``status`` is Processing or Published, given as the server said it."""

    id: str
    url: str
    status: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Release:
        return cls(*(str(data.get(name) or "") for name in ("id", "url", "status")))


class Centercode(Client):
    """The key travels in the query, as the reference asks; the adapter adds it below all that could quote the URL."""

    def __init__(self, target: CentercodeTarget | Listener, network: Network) -> None:
        super().__init__("centercode", target.url, target.key, network)
