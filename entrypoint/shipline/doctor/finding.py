"""The result of one check of `shipline doctor`. Each module of this package checks one thing and yields findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from shipline.errors import ShiplineError


class Finding(NamedTuple):
    """One line of the report: what was checked, the result, and what to do about it.

    ``about`` is the service or target as messages name it ("buildmaster", "v3:2"), or "input" or "keys".
    ``exit_code`` is 0 except for a problem.
    """

    about: str
    what: str
    state: Literal["ok", "unchecked", "warning", "problem"] = "ok"
    todo: str = ""
    exit_code: int = 0


def unchecked(about: str, what: str) -> Finding:
    """Return what this command can't check."""
    return Finding(about, what, "unchecked")


def warning(about: str, what: str, todo: str = "") -> Finding:
    """Return a finding that doesn't prevent a run."""
    return Finding(about, what, "warning", todo)


def problem(about: str, error: ShiplineError, todo: str = "") -> Finding:
    """Return the error that `plan` or `run` would end with. ``todo`` replaces the error's own advice."""
    what = f"{error.what} ({error.why})" if error.why else error.what
    what = what.removeprefix(f"{about.partition(':')[0]}: ")  # read-only requests begin their messages with it
    return Finding(about, what, "problem", todo or error.todo, error.exit_code)
