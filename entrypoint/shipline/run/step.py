"""The interface of a step: it looks up what exists, decides what to send, and acts once; and what steps share.

A step uses one service and reads nothing of the CI system but its facts.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, Unpack

from shipline.errors import (
    CanceledError,
    NotAuthorisedError,
    RefusedError,
    ShiplineError,
    UnavailableError,
    UnknownOutcomeError,
)
from shipline.run.evidence import Evidence
from shipline.run.results import RunValues, TargetResult
from shipline.services.response import ConflictError, LostAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.pipeline.model import Pipeline
    from shipline.run.links import File, LinkChecker
    from shipline.run.progress import Progress
    from shipline.run.receipt import Receipt
    from shipline.run.records import RecordFields, RequestRecord, Status, StepRecord
    from shipline.services.client import Call
    from shipline.transport.messages import Request
    from shipline.transport.prefetch import Prefetched


D = TypeVar("D")
_BODY_AFTER_S = 0.1  # of what can't be looked up
_MAX_MADE_LENGTH = 4096  # characters of an id, a status or an address


class Decision(NamedTuple, Generic[D]):
    """What a step found and what it will do: it sends ``calls`` in this order, and ``otherwise`` only if it fails."""

    calls: tuple[Call, ...] = ()
    reuse: str = ""  # what exists already, for people
    skip: str = ""  # why nothing is done
    wait: str = ""  # what is waited for afterwards
    otherwise: tuple[Call, ...] = ()
    made: RunValues = RunValues()  # values known from what exists
    details: D | None = None  # what the step's ``act`` needs
    warnings: tuple[str, ...] = ()
    error: ShiplineError | None = None  # why the step can't continue
    note: str = ""  # what a plan can't know, or what it leaves to do

    @property
    def open(self) -> bool:
        """True if something is left to do."""
        return bool(self.calls or self.wait or self.error)


@dataclass(eq=False, repr=False)
class Job:
    """The state that the steps of one run share."""

    pipeline: Pipeline
    receipt: Receipt
    report: Progress
    links: LinkChecker
    values: RunValues = field(default_factory=RunValues)
    decisions: dict[str, Decision[Any]] = field(default_factory=dict)  # the last of each step, by its name
    announcing: bool = False  # the first announcement comes next: what isn't known by now stays unknown
    changes: int = 0  # grows with everything sent and waited for: an older decision is made again

    def __post_init__(self) -> None:
        self.evidence = Evidence(self.pipeline, self.receipt)

    @property
    def placeholders(self) -> Mapping[str, str]:
        """The run's values that fill templates and calls, by the placeholder's name."""
        return self.values.placeholders()

    @property
    def build_id(self) -> int:
        """The id of the build, which an earlier step has found or created."""
        assert self.values.build_id is not None  # noqa: S101
        return self.values.build_id

    def remember(self, made: RunValues) -> None:
        """Add values to those of the run."""
        self.values = self.values.merged(made)

    def record(self, step: Step[Any]) -> StepRecord | None:
        """The receipt's record of what this step makes."""
        return self.receipt.find(step.key(self))

    def post(
        self,
        step: Step[Any],
        call: Call,
        parse: Callable[[Any], RunValues],
        *,
        reset: bool = False,
        **details: Unpack[RecordFields],
    ) -> RunValues:
        """Send a call that changes something, recorded before it and settled after it; return what ``parse`` finds.

        ``reset`` removes what an earlier try made from the step's record; ``details`` are set in it. Raises what the
        client raises, and UnknownOutcomeError for an accepted request whose response can't be used.
        """
        missing = call.open_names - self.placeholders.keys()
        if missing:
            raise RuntimeError(f"{call.operation.id} needs what nothing has made: {', '.join(sorted(missing))}")
        request = call.request(self.placeholders)
        record = self.receipt.begin(step.name, step.key(self))
        before = record.status if record.requests else "refused"
        record.update(**details)
        if reset:
            record.made = {}
        line: RequestRecord | None = None
        self.changes += 1
        status: Status = "unknown"
        made = RunValues()
        try:
            line = self.receipt.sending(record, request)
            request.progress.body_after = 0.0 if step.can_reconcile else _BODY_AFTER_S
            made = _parsed(step, parse, call, self._sent(step, call, request))
            status = "sent"
        except ShiplineError as error:
            status = _status_after(error, step, request)
            if isinstance(error, LostAnswerError) and line is not None:
                line.accepted = True
            raise _with_advice(error, step, call, request, sent=line is not None) from error
        finally:
            if line is not None:
                line.status, line.phase = status, request.progress.phase
            else:  # it couldn't be recorded, so it wasn't sent
                status = before
            self.receipt.settle(record, status, step.to_made(made))
        return made

    def _sent(self, step: Step[Any], call: Call, request: Request) -> Any:
        """The response's data; None if it was accepted and lost, and can't be looked up."""
        try:
            return call.client.send(call.operation, request, self.report)
        except LostAnswerError:
            if step.can_reconcile:
                raise
            return None

    def done(self, step: Step[Any], made: RunValues | None = None, **details: Unpack[RecordFields]) -> None:
        """Record that the step's effect is confirmed, and what it made."""
        made = made or RunValues()
        self.remember(made)
        record = self.receipt.begin(step.name, step.key(self))
        record.update(**details)
        self.receipt.settle(record, "done", step.to_made(made))


def _status_after(error: ShiplineError, step: Step[Any], request: Request) -> Status:
    """The status of a request that ended in an error."""
    match error:
        case ConflictError():  # what exists may be ours; looking it up settles that, where possible
            return "unknown" if step.can_adopt or error.certain else "refused"
        case RefusedError() | NotAuthorisedError() | UnavailableError():
            return "refused"
        case CanceledError() if not request.progress.complete:
            return "refused"
        case _:
            return "unknown"


def _with_advice(error: ShiplineError, step: Step[Any], call: Call, request: Request, *, sent: bool) -> ShiplineError:
    """A copy of the error with what to do next, as far as the step knows more. ``sent``: it was recorded and sent."""
    match error:
        case CanceledError() if request.progress.complete:
            again = "run again: Shipline then names what to check before it sends this again"
            why = f"{call.operation.heading} didn't end, and may have been applied"
            return error.with_context(why=why, todo=None if step.can_reconcile else again)
        case RefusedError() if sent and not isinstance(error, ConflictError):
            advice = call.client.name_advice(call)
            return error.with_context(todo=f"{error.todo}; {advice}" if advice else None)
        case UnknownOutcomeError():
            return error.with_context(todo=step.lost_response_advice or None)
        case _:
            return error.with_context()


def _parsed(step: Step[Any], parse: Callable[[Any], RunValues], call: Call, data: Any) -> RunValues:
    """Raises LostAnswerError for a response without what it should report, or with more than an id or status needs."""
    made, usable = RunValues(), False
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
        made = parse(data)
        usable = all(len(value) <= _MAX_MADE_LENGTH for value in step.to_made(made).values())
    if not usable:
        what = f"{call.operation.service}: {call.operation.heading} succeeded, but the response lacks the new id"
        raise LostAnswerError(what, todo=f"check in {call.operation.service} what it made, then run again")
    return made


class Step(ABC, Generic[D]):
    """One step of a plan. ``D``: the details of its decision, or None."""

    name: str  # as in the output failed-step
    target: str = ""  # the target whose result this step makes; empty: it makes BuildMaster's values
    required: bool = True
    can_adopt: bool = False  # what exists already can be looked up, which may settle a conflict
    can_reconcile: bool = False  # a look-up shows whether a request whose response was lost was applied
    lost_response_advice: str = ""  # what to do when the response to its request is lost

    @abstractmethod
    def key(self, job: Job) -> str:
        """The natural key of what this step makes, under which the receipt records it."""

    @abstractmethod
    def decide(self, job: Job) -> Decision[D]:
        """Send read-only requests and decide what to send. Raises a ShiplineError if the step can't continue."""

    @abstractmethod
    def act(self, job: Job, decision: Decision[D]) -> str:
        """Do what was decided. Returns what was done, in a few words for people."""

    def lost_request(self, job: Job) -> str | None:
        """The fingerprint of the last request this step sent, if its response was lost."""
        record = job.record(self)
        last = record.requests[-1] if record and record.requests else None
        return last.fingerprint if last and last.status == "unknown" else None

    def to_made(self, values: RunValues) -> dict[str, str]:
        """What the receipt keeps of these values.

        It has a target's values without the target's name, so that targets may be reordered.
        """
        return values.target(self.target).to_made() if self.target else values.to_made()

    def restored(self, record: StepRecord) -> RunValues:
        """The run's values from what the receipt kept of this step."""
        return self.named(record.result) if self.target else record.values

    def named(self, result: TargetResult) -> RunValues:
        """The result of this step's target as values of the run."""
        return RunValues(targets={self.target: result})

    def prefetched(self, job: Job) -> list[Prefetched[Any]]:
        """The read-only requests of a first decision that depend on nothing that other steps find."""
        del job
        return []

    def links(self, job: Job) -> list[File]:
        """The links that it announces, as far as they are known."""
        return []

    def before_announcing(self, job: Job) -> None:
        """Check again right before the first announcement. Raises a ShiplineError if nothing may be announced."""


class Announcement(Step[D]):
    """A step that announces to one target."""

    public: bool = True  # people can see what it makes
    first: Prefetched[Any]  # its first request once everything was checked; it only reads

    def doubt(self, job: Job) -> ShiplineError | None:
        """Why it can't announce, without a request; None if that isn't known, or it can be looked up."""
        return None

    def __init__(self, target: str, *, required: bool) -> None:
        self.name = f"publish:{target}"
        self.target = target
        self.required = required
