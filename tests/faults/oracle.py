"""What the documents promise (docs/errors.md): the exit codes of a run that meets a fault, and of the run after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.cells import Cell
    from faults.wire import Fault
    from faults.world import World

ANNOUNCE = "/api/v1/projects/WidgetPro/releaseTypes/Firmware"
COMMENT = "/api/v1/projects/WidgetPro/feedbackCommentListeners/BugComment"
CENTERCODE = (ANNOUNCE, COMMENT)  # which can't be asked
DEPLOY = "/api/releases/builds/deploy"
V3 = "/v3/releases"
STAGES = ("Integration", "Testing")
LAST_STAGE = STAGES[-1]


def first(cell: Cell, fault: Fault) -> set[int]:
    """The exit codes that the run with the fault may end in."""
    if cell.span == "passing":
        return {0}
    if cell.asked.method == "HEAD" and not fault.cut:
        # A link that can't be checked is a warning; one that is dead for as long as it is waited for stops.
        return {4} if (fault.name, cell.span) == ("404", "lasting") else {0}
    if cell.reads and cell.asked.path == V3 and fault.name == "404":
        return {0, 4}  # a server may have no such look-up
    if cell.reads:
        return {fault.code or 7}
    return _change(cell, fault)


def _change(cell: Cell, fault: Fault) -> set[int]:
    path = cell.asked.path
    match fault.means:
        case "never" | "limited":
            return {7}
        case "refused":
            return {fault.code}
        case "exists":
            # What is there is adopted, if it can be looked up and is.
            return {4} if path in (*CENTERCODE, DEPLOY) else {0} if fault.applied else {0, 4}
        case "accepted":
            return {0} if path in CENTERCODE else {0, 8}
        case _:
            # Settled by a look-up at once, or left to the next run.
            return {8} if path in CENTERCODE else {0, 8}


def next_run(cell: Cell, fault: Fault, first_code: int, world: World) -> int:
    """The exit code of the run after it, which meets no fault: 8 only for what nobody can look up."""
    path = cell.asked.path
    if first_code == 0 and cell.kept:
        return 0
    if not cell.kept:
        # Without its receipt, what a finished last deployment let happen is not known.
        return 8 if world.deployed(LAST_STAGE) else 0
    return 8 if path in CENTERCODE and fault.means in ("maybe", "exists") else 0
