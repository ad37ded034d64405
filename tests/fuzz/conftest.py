"""HYPOTHESIS_PROFILE=long EXAMPLES=20000: new data each time, as `make fuzz-parsers` does."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "long",
    max_examples=int(os.environ.get("EXAMPLES", "20000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
if os.environ.get("HYPOTHESIS_PROFILE") == "long":
    settings.load_profile("long")
