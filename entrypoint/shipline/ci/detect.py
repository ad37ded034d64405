"""Selection of the CI system that this process runs on."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from shipline import ci
from shipline.ci.local import Local
from shipline.ci.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def system(name: str, environ: Mapping[str, str], workspace: Path) -> System:
    """Return the CI system of that name; without a name the one that recognizes the environment, else a terminal."""
    candidates = _classes_in(name) if name else (found for found in _classes() if found.detect(environ))
    return next(candidates, Local)(environ, workspace)


def shard(environ: Mapping[str, str]) -> str:
    """Return which part of several products this job is for, such as ``2/4``; empty if no CI system's variable says.

    Programs that run a CI system's jobs elsewhere (gitlab-ci-local) set these variables without the system's name. Jobs
    that ignored them would all release every product.
    """
    return next(filter(None, (found.shard(environ) for found in _classes())), "")


def _classes() -> Iterator[type[System]]:
    for module in pkgutil.iter_modules(ci.__path__):
        yield from _classes_in(module.name)


def _classes_in(module: str) -> Iterator[type[System]]:
    """Yield the CI systems that a module of this package defines."""
    name = f"shipline.ci.{module}"
    for value in vars(importlib.import_module(name)).values():
        if isinstance(value, type) and issubclass(value, System) and value is not System and value.__module__ == name:
            yield value
