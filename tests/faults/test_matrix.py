"""The fault matrix: every request of the main job, every fault, then a run without it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from faults import cells, oracle
from faults.proxy import Rule
from faults.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from faults.cells import Cell
    from faults.world import World
    from job.project import Ended


def test_cell(cell: Cell, world: World, clean: dict[str, dict[str, Any]], request: pytest.FixtureRequest) -> None:
    world.reset(**cells.VARIANTS[cell.variant])
    fault = cell.fault_in(world)
    story = Story(world, clean[cell.variant])
    story.told(_with_fault(cell, world), oracle.first(cell, fault))
    if not cell.kept:
        world.lose_receipt()
    story.goes_on(oracle.next_run(cell, fault, story.codes[0], world))
    row = {"matrix": f"Fault matrix{world.over}", "at": cell.asked.label, "fault": cell.fault}
    request.node.user_properties.append(("cell", row | {"codes": story.codes, "duplicates": world.duplicates()}))
    story.check(request.node)


def _with_fault(cell: Cell, world: World) -> Ended:
    """The run that meets it; that it did, where it was meant to, is checked."""
    proxy, fault = world.proxy, cell.fault_in(world)
    flags = ["--network-retry-for", "9s"] if cell.span == "passing" else []
    launch: list[str] = []
    if not fault.cut:
        proxy.rule = Rule(cell.asked, fault, lasting=cell.span == "lasting")
    elif fault.name == "dns":
        flag = world.folder / "no-names"
        launch = [f"dns{'-once' * (cell.span == 'passing')}", str(flag)]
        _cut(cell, world, flag.touch)
    elif fault.name == "handshake":
        _cut(cell, world, lambda: setattr(proxy, "no_handshake", 1 if cell.span == "passing" else 1000))
    else:
        _cut(cell, world, lambda: _refuse(world, passing=cell.span == "passing"))
    ended = world.run(*flags, attempt=1, launch=launch)
    met = proxy.rule.fired if proxy.rule else (cell.span == "lasting") == (len(proxy.seen) == cell.index)
    assert met, f"the fault wasn't met; seen: {[asked.label for asked in proxy.seen]}\n{ended.text}"
    return ended


def _cut(cell: Cell, world: World, how: Callable[[], None]) -> None:
    """Have connections fail from the request on."""
    if cell.index == 0:
        how()
    else:
        world.proxy.cut_after, world.proxy.at_cut = cell.index, how


def _refuse(world: World, *, passing: bool) -> None:
    world.proxy.refuse()
    if passing:
        threading.Timer(0.2, world.proxy.listen).start()
