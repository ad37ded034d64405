"""What shows whether this run may be the first to announce: Centercode can't report what was posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from shipline.pipeline.model import Pipeline
    from shipline.run.receipt import Receipt


class Origin(NamedTuple):
    """How a run came by its build, as far as that shows who may announce it.

    ``created_build`` and ``started`` (its last deployment, by a request of this run): this run made it. ``adopted``:
    it found what another run may be working on.
    """

    kind: Literal["found", "created_build", "started", "adopted"] = "found"
    deployments: tuple[int, ...] = ()  # what it started
    who: str = "an earlier attempt, whose receipt is gone, may have"  # the beginning of a sentence


class Evidence:
    """What the receipt, the shared journal, the CI system and the services show of earlier announcements."""

    def __init__(self, pipeline: Pipeline, receipt: Receipt) -> None:
        self._pipeline = pipeline
        self._receipt = receipt
        self._repeated = ""
        self.origin = Origin()
        self.targets: tuple[str, ...] = ()
        """The natural keys of the run's announcements."""

    @property
    def created_build(self) -> bool:
        """True if this run creates the build, and no other was faster."""
        return self.origin.kind == "created_build"

    def may_be_first(self, target: str = "") -> bool:
        """True if no earlier announcement to a target (its natural key; empty: to any) can exist.

        One of these proves it:

        - the shared journal, which records all runs, or shows that none has begun this release
        - the receipt is complete, not an older copy, and no other run works on the build
        - this run made the build or deployed it, and nothing shows that the version was released before
        - this run only announces (``first_by_rule``)
        """
        if self._receipt.nothing_was_begun or (self._receipt.recorded and self._receipt.history_complete):
            return True
        if self.origin.kind == "adopted":
            return False
        if self._receipt.vouches_for(target):
            return True
        made = self.origin.kind in ("created_build", "started")
        outside_ci = self._receipt.history_complete and not self._pipeline.facts.run_id  # no cache restores another one
        return not self._repeated and (made or outside_ci or self.first_by_rule)

    @property
    def first_by_rule(self) -> bool:
        """True if this run only announces, and neither the CI system nor a receipt shows that it is a later attempt."""
        only_announces = self._pipeline.buildmaster is None or self._pipeline.steps == {"publish"}
        again = (self._pipeline.facts.run_attempt or 1) > 1 and not self._receipt.all_attempts_recorded
        return only_announces and not again and not self._receipt.denies_first

    def attempts_unknown(self, target: str) -> bool:
        """True if nothing shows whether this is the first attempt: neither the CI system, nor a receipt, nor a journal.

        A receipt of another job, which may be older than this job's first attempt, shows nothing.
        """
        facts = self._pipeline.facts
        counted = facts.run_attempt is not None or not facts.run_id
        known = self._pipeline.journal is not None or self._receipt.vouches_for(target)
        return not (counted or known) and self.origin.kind == "found" and self.first_by_rule

    @property
    def complete(self) -> bool:
        """True if what any run has announced will be in the receipt: what this run leaves to the next."""
        return all(map(self.may_be_first, self.targets or ("",)))

    def set_origin(self, origin: Origin) -> None:
        """Set the build's origin, and what it proves in the receipt, where a later run reads it.

        Once it is adopted, it stays so.
        """
        if self.origin.kind != "adopted":
            self.origin = origin
        self._receipt.next_history_complete = self.complete

    def note_release(self, what: str) -> None:
        """Note what shows that this version was released before, and isn't in the receipt."""
        self._repeated = self._repeated or f"{what}, and not by a run that this receipt shows: that run may have"
        self._receipt.next_history_complete = self.complete

    @property
    def who_else(self) -> str:
        """Who may have announced it if this isn't the first announcement, as the beginning of a sentence."""
        return self._repeated if self._repeated and self.origin.kind != "adopted" else self.origin.who
