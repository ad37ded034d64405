"""The three services: ``from shipline.services import BuildMaster, Centercode, V3`` (see api.py)."""

from __future__ import annotations

from typing import Any

__all__ = ["V3", "BuildMaster", "Centercode"]

_CLASSES = {"BuildMaster": "buildmaster", "Centercode": "centercode", "V3": "v3"}


def __getattr__(name: str) -> Any:
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shipline.services import api

    return api.CLASSES[_CLASSES[name]]


def __dir__() -> list[str]:
    return __all__
