"""The result of a command: how it ended, what is done and not done, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shipline.errors import ShiplineError


EVERYTHING = "everything"  # not done by a command that ended before its first step
RUN_AGAIN = "fix the cause and run again: Shipline doesn't repeat what is done"


class ProductRow(NamedTuple):
    """The result of one product of a fleet, with the names that ``--format json`` gives them."""

    product: str
    config: str
    version: str
    result: str
    exit_code: int | None  # None: not started
    failed_step: str
    unknown: str
    next: str
    receipt: str  # its path; empty: there is none


@dataclass(eq=False, slots=True)
class Outcome:
    """The result of one command, for one product or for a fleet (docs/errors.md lists results and exit codes).

    ``finished`` maps the name of a step, product or check to what was done there, for people.
    ``done_text`` and ``not_done_text`` replace the lists in the last lines of the log and in the summary.
    """

    result: str = "succeeded"
    exit_code: int = 0
    failed_step: str = ""
    error: ShiplineError | None = None
    finished: dict[str, str] = field(default_factory=dict)
    not_done: list[str] = field(default_factory=list)
    next: str = "nothing"
    unknown: str = ""  # the step whose request may have been applied
    failed_optional: list[str] = field(default_factory=list)  # each optional step that failed, and what to do
    outputs: dict[str, str] = field(default_factory=dict)
    steps: dict[str, float | None] = field(default_factory=dict)  # every step, and its seconds; None: not run
    links: dict[str, str] = field(default_factory=dict)  # addresses of what was made, by their labels
    products: Sequence[ProductRow] = ()
    done_text: str = ""
    not_done_text: str = ""
    shows_outputs: bool = True  # in the log

    @classmethod
    def ended_early(cls, error: ShiplineError, advice: str = RUN_AGAIN) -> Outcome:
        """Return the outcome of a command that an error ended before its first step."""
        outcome = cls(not_done=[EVERYTHING])
        outcome.fail(error, advice=advice)
        return outcome

    def fail(self, error: ShiplineError, step: str = "", advice: str = RUN_AGAIN) -> None:
        """Take result, exit code and advice from the error that ended ``step``; ``advice`` if the error has none."""
        self.error, self.result, self.exit_code, self.failed_step = error, error.result, error.exit_code, step
        self.next = error.todo or advice

    @property
    def last_lines(self) -> tuple[tuple[str, str], ...]:
        """The end of log and summary: DONE, NOT DONE and NEXT, each with its text."""
        return (
            ("DONE", self.done_text or "; ".join(self.finished.values()) or "nothing"),
            ("NOT DONE", self.not_done_text or ", ".join(self.not_done) or "nothing"),
            ("NEXT", self.next or "nothing"),
        )


def validated(done: str) -> Outcome:
    """Return the outcome of ``shipline validate`` without problems; ``done`` says what was checked."""
    return Outcome(
        finished={"input": done},
        not_done_text="nothing was sent or looked up",
        next="shipline plan",
        outputs={"result": "succeeded"},
        shows_outputs=False,
    )
