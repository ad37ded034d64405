"""What the documents promise (docs/errors.md): the exit codes of a run that meets a fault, and of the run after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.cells import Cell
    from faults.environment import Environment
    from faults.wire import Fault

ANNOUNCE = "/api/v1/projects/WidgetPro/releaseTypes/Firmware"
COMMENT = "/api/v1/projects/WidgetPro/feedbackCommentListeners/BugComment"
CENTERCODE = (ANNOUNCE, COMMENT)  # which can't be asked
CREATE_BUILD = "/api/releases/builds/create"
DEPLOY = "/api/releases/builds/deploy"
WAITING = ("/api/releases/builds/deployments", "/api/releases/builds")  # read-only requests of a wait
V3 = "/v3/releases"
V3_FILES = "/v3/release-files"
_DOWN = ("reset", "fin", "timeout", "garbage", "502-html", "503")  # to a HEAD: nothing is posted
# They find the names that a message lists; without them the run goes on. The numbers are those of a clean run.
ADVICE = ("POST-api.releases-2", "POST-api.releases.builds-1")
STAGES = ("Integration", "Testing")
LAST_STAGE = STAGES[-1]


def first(cell: Cell, fault: Fault) -> set[int]:
    """The exit codes that the run with the fault may end in."""
    if _unproven(cell, fault):
        return {8}
    if cell.span == "passing":
        return {0}
    if cell.asked.method == "HEAD":
        return _head(cell, fault)
    if cell.reads:
        return _read(cell, fault)
    return _change(cell, fault)


def _read(cell: Cell, fault: Fault) -> set[int]:
    if cell.asked.path == V3 and fault.name == "404":
        return {0, 4}  # a server may have no such request
    if cell.asked.path == V3_FILES and fault.means == "exists":
        return {0, 4}  # among the changes of a draft, a conflict has the draft looked up again
    if cell.asked.label in ADVICE:
        return {0} if cell.span == "once" else {0, fault.code or 7}  # a later request may meet the same fault
    if cell.asked.path in WAITING and cell.span == "lasting":
        return {fault.code or 7, 6}  # waiting for a deployment outlives an outage, up to its timeout
    return {fault.code or 7}


def _unproven(cell: Cell, fault: Fault) -> bool:
    """A 429 that isn't Centercode's own may come after the change was applied. A HEAD lets it pass to the POST."""
    meets_post = cell.asked.method == "POST" or cell.span == "lasting"
    return meets_post and cell.asked.path in CENTERCODE and fault.name == "429-text"


def _head(cell: Cell, fault: Fault) -> set[int]:
    if cell.asked.path in CENTERCODE:
        if fault.cut or fault.name in _DOWN:
            return {7}
        return _change(cell, fault) if cell.span == "lasting" else {0}  # it is up; the POST after it meets the fault
    if fault.cut:
        return {4, 7}  # the link is bad, or a service that comes before the announcement is unavailable
    # A link that is bad for as long as Shipline waits for it ends the run; before that it is a warning.
    return {4} if cell.span == "lasting" else {0}


def _change(cell: Cell, fault: Fault) -> set[int]:
    path = cell.asked.path
    match fault.means:
        case "never" | "limited":
            return {7}
        case "refused":
            return {fault.code}
        case "exists":
            # What is there is adopted, if it can be looked up and is; a build may be another run's, which announces it.
            if path == CREATE_BUILD and fault.applied:
                return {8}
            return {4} if path in (*CENTERCODE, DEPLOY) else {0} if fault.applied else {0, 4}
        case "accepted":
            return {0} if path in CENTERCODE else {0, 8}
        case _:
            # Settled by a look-up at once, or left to the next run.
            return {8} if path in CENTERCODE else {0, 8}


def next_run(cell: Cell, fault: Fault, first_code: int, environment: Environment) -> int:
    """The exit code of the run after it, which meets no fault: 8 only for what nobody can look up."""
    path = cell.asked.path
    if first_code == 0 and cell.kept:
        return 0
    if not cell.kept:
        # Without its receipt, what a finished last deployment let happen is not known.
        return 8 if environment.deployed(LAST_STAGE) else 0
    unknown = fault.means in ("maybe", "exists") or _unproven(cell, fault)
    return 8 if first_code != 7 and path in CENTERCODE and unknown else 0
