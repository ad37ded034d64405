"""What can go wrong: one class an exit code (docs/errors.md has a section for each)."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from shipline import __version__
from shipline.redaction import redact

DOCUMENTATION = f"https://shipline.github.io/shipline/{__version__}"
"""The documentation site's pages of this version."""


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
    """What happened, why, and what to do next. ``exit_code`` and ``result`` are public (docs/errors.md)."""

    exit_code: int = 1
    result: ClassVar[str] = "failed"
    title: ClassVar[str] = "a bug in shipline"

    def __init__(self, what: str, *, why: str = "", todo: str = "", trace: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.trace = trace

    def with_context(self, *, what: str | None = None, why: str | None = None, todo: str | None = None) -> Self:
        """Return a new error of the same class and data, with these texts replaced.

        Errors don't change after they were created. A caller that knows more about the cause or the way out raises a
        new one: ``raise error.with_context(todo="…") from None``.
        """
        error = type(self).__new__(type(self), *self.args)
        error.__dict__ |= self.__dict__
        given = {"what": what, "why": why, "todo": todo}
        error.__dict__ |= {name: text for name, text in given.items() if text is not None}
        return error

    def __str__(self) -> str:
        """All of it, for the tracebacks and logs of scripts; secrets hidden."""
        return redact("\n".join((self.what, *self._details())))

    def _details(self) -> Iterator[str]:
        """Further lines of the text."""
        yield from (f"{name}: {text}" for name, text in (("why", self.why), ("do", self.todo)) if text)

    @property
    def section(self) -> str:
        """The address of the section of docs/errors.md that explains this exit code."""
        return f"{DOCUMENTATION}/errors/#exit-{min(self.exit_code, 130)}"


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


def invalid_input(place: str, what: str, *, path: str = "", todo: str = "") -> InvalidInputError:
    """The error for a single problem."""
    return InvalidInputError([Problem(place, path, what)], todo=todo)


class NotAuthorisedError(ShiplineError):
    """401 or 403: a key is missing, wrong, expired, or lacks a permission."""

    exit_code = 3
    title = "not authorized"


class RefusedError(ShiplineError):
    """A service refused, or an existing object conflicts with the request."""

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

    title = "failed after the service accepted it"


class TimedOutError(ShiplineError):
    """A wait reached its limit. What was being waited for goes on by itself."""

    exit_code = 6
    title = "timed out"


class UnavailableError(ShiplineError):
    """A service didn't answer after retries. Nothing was applied."""

    exit_code = 7
    title = "service unavailable"


class UnknownOutcomeError(ShiplineError):
    """A request may have been applied, and no read-only request shows it."""

    exit_code = 8
    result = "unknown"
    title = "outcome unknown"


class CanceledError(ShiplineError):
    """A signal ended the run. ``exit_code`` is 130 for SIGINT and 143 for SIGTERM."""

    result = "canceled"
    title = "canceled"

    def __init__(self, signal_number: int, what: str, *, why: str = "", todo: str = "") -> None:
        super().__init__(what, why=why, todo=todo)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number


_MACHINE = {
    errno.ENOSPC: "free space on this machine's disk",
    errno.EDQUOT: "free space in this user's quota",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "raise this machine's limit on open files",
    errno.EIO: "check this machine's disk",
}
_PLACE = {
    errno.EROFS: "name a path outside the read-only file system",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.ENOTDIR: "remove the file or link that has the name of a needed folder",
    errno.EEXIST: "remove the file or link that has the name of a needed folder",
    errno.ELOOP: "remove the link that leads to itself there",
    errno.EISDIR: "remove the folder that has the name of a needed file",
}


def advice_on_writing(error: OSError) -> str:
    """What to do about a file that can't be written."""
    return (_MACHINE | _PLACE).get(error.errno or 0, "let this user write there, or name another path")


def advice_on_machine(error: BaseException | None) -> str:
    """What to do about something that this machine lacks, such as space on a disk; empty: it lacks nothing."""
    return _MACHINE.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def bug(error: Exception, *, then: str = "running again is safe") -> ShiplineError:
    """A defect of this program as an error of its own, with its traceback. ``then``: what to know before going on.

    A ShiplineError is returned as it is. What this machine lacks (space on a disk, open files) is no defect.
    """
    if isinstance(error, ShiplineError):
        return error
    if isinstance(error, OSError) and (advice := advice_on_machine(error)):
        what = f"{error.filename} can't be used" if error.filename else "the output can't be written"
        return RefusedError(what, why=error.strerror or "", todo=f"{advice}; {then}")
    return ShiplineError(
        f"{type(error).__name__}: {error}",
        why="this is a bug in shipline, not in your pipeline",
        todo=f"please report it with the lines above; {then}",
        trace="".join(traceback.format_exception(error)),
    )
