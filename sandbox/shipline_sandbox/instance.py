"""One sandbox: its database, speed, seed, faults and webhook deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shipline_sandbox import clock, faults, seed, switches
from shipline_sandbox.deliveries import Deliveries
from shipline_sandbox.ratelimit import RateLimits
from shipline_sandbox.request_context import RequestContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline_sandbox.store import Store


@dataclass(frozen=True)
class Sandbox:
    """The settings that a sandbox was started with, and its running parts."""

    store: Store
    speed: float = 1.0
    seed: Mapping[str, Any] | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    rate_limits: RateLimits = field(default_factory=RateLimits)
    deliveries: Deliveries = field(default_factory=Deliveries)

    def reset(self) -> None:
        """Return to the seed: only its releases, an empty request log, every switch in its default position."""
        with self.store.transaction() as session:
            session.clear()
            seed.plant(session, seed.default())
            if self.seed:
                seed.plant(session, self.seed)
            faults.add(session, self.faults)
            session.set_value("seeded", value=True)
        self.rate_limits.clear()

    def open(self) -> RequestContext:
        """Open a transaction on the state; its session must be ended."""
        session = self.store.open()
        return RequestContext(session, clock.now(session), self.speed, switches.read(session))
