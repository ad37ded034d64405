"""What `shipline doctor` looks at; nothing here changes anything. Each file looks at one thing and yields findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shipline.record import dataclass

if TYPE_CHECKING:
    from shipline.errors import ShiplineError


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it. ``exit_code`` is 0 but for a problem."""

    about: str  # the service or target, as messages name it: "buildmaster", "v3:2"; or "input", "keys"
    what: str
    state: Literal["ok", "warning", "problem"] = "ok"
    todo: str = ""
    exit_code: int = 0


def warning(about: str, what: str, todo: str = "") -> Finding:
    return Finding(about, what, "warning", todo)


def problem(about: str, error: ShiplineError) -> Finding:
    """What an error says; its exit code is what `plan` or `run` would end with."""
    what = f"{error.what} ({error.why})" if error.why else error.what
    what = what.removeprefix(f"{about.partition(':')[0]}: ")  # as messages of a look-up begin
    return Finding(about, what, "problem", error.todo, error.exit_code)
