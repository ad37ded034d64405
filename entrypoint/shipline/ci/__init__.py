"""CI systems: each file reads one system's facts and shows results its way; none talks to a service."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

from shipline.errors import InvalidInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shipline.pipeline import Facts

# The last one is for everything else: it always fits.
_NAMES = ("local",)


class System(Protocol):
    """What a file in this folder provides."""

    def detect(self, environ: Mapping[str, str]) -> bool:
        """Whether this process runs in that system; only the fallback for wrappers that don't name it."""
        ...

    def facts(self, environ: Mapping[str, str], workspace: Path) -> Facts:
        """What the system says about this run."""
        ...


def system(name: str, environ: Mapping[str, str]) -> System:
    """The system of that name, else the one that recognises the environment.

    Raises InvalidInputError for a name without a file.
    """
    if name and name not in _NAMES:
        what = f"{name} is not supported yet: expected {', '.join(_NAMES)}, or nothing"
        raise InvalidInputError([Problem("ci", "", what)])
    candidates = (_load(n) for n in ([name] if name else _NAMES))
    return next(s for s in candidates if name or s.detect(environ))


def _load(name: str) -> System:
    module: System = importlib.import_module(f"shipline.ci.{name}")
    return module
