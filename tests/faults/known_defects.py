"""Defects that the matrices have found and that aren't mended yet; one that is mended must leave this list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.cells import Cell, Death


DEFECTS: list[tuple[str, Callable[[Cell | Death], bool]]] = []
"""Why a cell fails, in plain words, and which cells do."""


def marks(cell: Cell | Death) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(strict=True, reason=why) for why, fits in DEFECTS if fits(cell)]
