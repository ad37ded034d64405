"""What can go wrong: one class an exit code (docs/errors.md has a section for each)."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, ClassVar

from shipline.record import dataclass
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input.

    ``place`` is ``file:line:column`` (both 1-based), or the name of the flag, variable or input the value came from.
    ``path`` is the setting's path, such as ``buildmaster.stages[1]``. ``what`` says what is wrong and what is expected.
    """

    place: str
    path: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.path, self.what) if part)


class ShiplineError(Exception):
    """What happened, why, and what to do next. ``exit_code`` and ``result`` are public (README, "Exit codes")."""

    exit_code: int = 1
    result: ClassVar[str] = "failed"
    title: ClassVar[str] = "a bug in shipline"

    def __init__(self, what: str, *, why: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.trace = ""  # of a bug

    def __str__(self) -> str:
        """All of it, for the tracebacks and logs of scripts; secrets hidden."""
        return redact("\n".join((self.what, *self._details())))

    def _details(self) -> Iterator[str]:
        """Further lines of the text."""
        yield from (f"{name}: {text}" for name, text in (("why", self.why), ("do", self.todo)) if text)

    @property
    def section(self) -> str:
        """The section of docs/errors.md that explains this exit code."""
        return f"docs/errors.md#exit-{min(self.exit_code, 130)}"


class InvalidInputError(ShiplineError):
    """The input is wrong; nothing was sent. Holds every problem found."""

    exit_code = 2
    title = "invalid input"

    def __init__(self, problems: Sequence[Problem], *, todo: str = "", warnings: Sequence[str] = ()) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' * (count != 1)} in the input; nothing was sent", todo=todo)
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)

    def _details(self) -> Iterator[str]:
        yield from map(str, self.problems)
        yield from super()._details()


class NotAuthorisedError(ShiplineError):
    """401 or 403: a key is missing, wrong, expired, or lacks a permission."""

    exit_code = 3
    title = "not authorised"


class RefusedError(ShiplineError):
    """A service refused, or what is there conflicts with what was asked for."""

    exit_code = 4
    title = "refused"


class DeploymentFailedError(ShiplineError):
    """BuildMaster's deployment failed, was canceled, or its build was rejected."""

    exit_code = 5
    title = "deployment failed"


class SupersededError(DeploymentFailedError):
    """A later build of the release has succeeded in the last named stage: this one must not be announced."""

    result = "superseded"
    title = "superseded"


class QueuedFailedError(DeploymentFailedError):
    """What a service had queued was carried out, and failed."""

    title = "failed after it was accepted"


class TimedOutError(ShiplineError):
    """A wait reached its limit. What was being waited for goes on by itself."""

    exit_code = 6
    title = "timed out"


class UnavailableError(ShiplineError):
    """A service didn't answer after retries. Nothing was applied."""

    exit_code = 7
    title = "service unavailable"


class UnknownOutcomeError(ShiplineError):
    """A request may have been applied, and no look-up can tell."""

    exit_code = 8
    result = "unknown"
    title = "outcome unknown"


class CanceledError(ShiplineError):
    """A signal ended the run. ``exit_code`` is 130 for SIGINT and 143 for SIGTERM."""

    result = "canceled"
    title = "canceled"

    def __init__(self, signal_number: int, what: str, *, why: str = "", todo: str = "") -> None:
        super().__init__(what, why=why, todo=todo)
        self.exit_code = 128 + signal_number


def bug(error: Exception, *, then: str = "running again is safe") -> ShiplineError:
    """A defect of this program as an error of its own, with its traceback. ``then``: what to know before going on."""
    made = ShiplineError(
        f"{type(error).__name__}: {error}",
        why="this is a bug in shipline, not in your pipeline",
        todo=f"please report it with the lines above; {then}",
    )
    made.trace = "".join(traceback.format_exception(error))
    return made
