"""The fault matrix: every request of the main job, every fault, then a run without it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from faults import cells, oracle
from faults.proxy import Rule
from faults.run_sequence import RunSequence

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from faults.cells import Cell
    from faults.environment import Environment
    from job.project import Ended


def test_cell(
    cell: Cell, environment: Environment, clean: dict[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    environment.reset(**cells.VARIANTS[cell.variant])
    fault = cell.fault_in(environment)
    sequence = RunSequence(environment, clean[cell.variant])
    sequence.record(_with_fault(cell, environment), oracle.first(cell, fault))
    if not cell.kept:
        environment.lose_receipt()
    sequence.finish(oracle.next_run(cell, fault, sequence.codes[0], environment))
    row = {"matrix": f"Fault matrix{environment.over}", "at": cell.asked.label, "fault": cell.fault}
    request.node.user_properties.append(
        ("cell", row | {"codes": sequence.codes, "duplicates": environment.duplicates()})
    )
    sequence.check(request.node)


def _with_fault(cell: Cell, environment: Environment) -> Ended:
    """The run that meets it; that it did, where it was meant to, is checked."""
    proxy, fault = environment.proxy, cell.fault_in(environment)
    flags = ["--network-retry-for", "9s"] if cell.span == "passing" else []
    launch: list[str] = []
    if not fault.cut:
        proxy.rule = Rule(cell.asked, fault, lasting=cell.span == "lasting")
    elif fault.name == "dns":
        flag = environment.folder / "no-names"
        launch = [f"dns{'-once' * (cell.span == 'passing')}", str(flag)]
        _cut(cell, environment, flag.touch)
    elif fault.name == "handshake":
        _cut(cell, environment, lambda: setattr(proxy, "no_handshake", 1 if cell.span == "passing" else 1000))
    else:
        _cut(cell, environment, lambda: _refuse(environment, passing=cell.span == "passing"))
    ended = environment.run(*flags, attempt=1, launch=launch)
    met = proxy.rule.fired if proxy.rule else (cell.span == "lasting") == (len(proxy.seen) == cell.index)
    assert met, f"the fault wasn't met; seen: {[asked.label for asked in proxy.seen]}\n{ended.text}"
    return ended


def _cut(cell: Cell, environment: Environment, how: Callable[[], None]) -> None:
    """Have connections fail from the request on."""
    if cell.index == 0:
        how()
    else:
        environment.proxy.cut_after, environment.proxy.at_cut = cell.index, how


def _refuse(environment: Environment, *, passing: bool) -> None:
    environment.proxy.refuse()
    if passing:
        threading.Timer(0.2, environment.proxy.listen).start()
