"""Defects that the matrices have found and that aren't mended yet; one that is mended must leave this list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.cells import Cell, Death


def _meets(method: str, path: str, *faults: str) -> Callable[[Cell | Death], bool]:
    """Cells of these requests, with these faults."""
    start = f"{method}-{path}-"
    return lambda cell: cell.label.startswith(start) and any(f"-{fault}-" in cell.label for fault in faults)


DEFECTS: list[tuple[str, Callable[[Cell | Death], bool]]] = []
"""Why a cell fails, in plain words, and which cells do."""


def marks(cell: Cell | Death) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(strict=True, reason=why) for why, fits in DEFECTS if fits(cell)]
