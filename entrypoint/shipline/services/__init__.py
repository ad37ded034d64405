"""The three services: ``from shipline.services import BuildMaster, Centercode, V3`` (see sdk.py)."""

from __future__ import annotations

from typing import Any

from shipline.services.registry import SERVICES

__all__ = ["V3", "BuildMaster", "Centercode"]

_NAMES = {info.class_name: info.name for info in SERVICES.values()}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shipline.services import sdk

    return sdk.CLASSES[_NAMES[name]]


def __dir__() -> list[str]:
    return __all__
