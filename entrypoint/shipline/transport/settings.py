"""Settings of the network: timeouts, certificates, retries."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shipline.transport.retry import Budget

if TYPE_CHECKING:
    from shipline.transport.connection import Adapter


@dataclass(frozen=True)
class Network:
    """Times are in seconds. ``ca_bundle`` is a path, or PEM text."""

    connect_timeout: float = 10
    read_timeout: float = 60
    retry_for: float = 120
    ca_bundle: str | None = None
    client_certificate: str | None = None  # the path of a PEM file that holds its key too
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)  # of retries, for all of a run's sessions

    @functools.cached_property
    def adapter(self) -> Adapter:
        """The connections that all of a run's sessions share."""
        from shipline.transport.connection import Adapter

        return Adapter()

    @property
    def verify(self) -> str | bool:
        """The authorities to trust, as requests takes them: a path, or True for the environment's or certifi's."""
        return ca_bundle(self.ca_bundle)


@functools.cache
def ca_bundle(bundle: str | None) -> str | bool:
    """Return requests' ``verify`` for a path or PEM text, which goes into a temporary file."""
    if bundle is None:
        return True
    if "-----BEGIN" not in bundle:
        return bundle
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False, encoding="utf-8") as file:
        file.write(bundle)
    return file.name
