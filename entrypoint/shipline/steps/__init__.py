"""What every step is: it looks, says what it would send, and acts once. A step knows one service and nothing of CI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING, Any

from shipline.errors import (
    CanceledError,
    NotAuthorisedError,
    RefusedError,
    ShiplineError,
    UnavailableError,
    UnknownOutcomeError,
)
from shipline.record import dataclass
from shipline.services.answer import ConflictError, LostAnswerError
from shipline.transport import connection

_LONGEST_MADE = 4096  # characters of an id, a status or an address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.links import Links
    from shipline.pipeline import Pipeline
    from shipline.receipt import Receipt, Status
    from shipline.report import Console
    from shipline.services.operation import Call
    from shipline.transport.session import Request


@dataclass(frozen=True, slots=True)
class Decision:
    """What a step found and what it will do: ``calls`` are sent in this order, and nothing else but ``otherwise``."""

    calls: tuple[Call, ...] = ()
    reuse: str = ""  # what is there already, for people
    skip: str = ""  # why nothing is done
    wait: str = ""  # what is waited for afterwards
    otherwise: tuple[Call, ...] = ()  # sent only if the step fails
    made: Mapping[str, str] = field(default_factory=dict)  # values known from what is there
    details: Mapping[str, Any] = field(default_factory=dict)  # for act
    warnings: tuple[str, ...] = ()
    error: ShiplineError | None = None  # why the step can't go on
    note: str = ""  # what a plan can't know, or what it leaves to be done

    @property
    def open(self) -> bool:
        """Whether there is something left to do."""
        return bool(self.calls or self.wait or self.error)


@dataclass(slots=True)
class Job:
    """What the steps of one run share."""

    pipeline: Pipeline
    receipt: Receipt
    console: Console
    links: Links
    values: dict[str, str] = field(default_factory=dict)  # made by the run: ids, and the late names of text
    decisions: dict[str, Decision] = field(default_factory=dict)  # the last of each step, by its name
    moving: bool = False  # this run makes the build, starts its last deployment or found it running; set by moves()
    beaten: bool = False  # another run has made the build that this one was about to make
    announcing: bool = False  # the first announcement is about to be sent: what isn't known now never will be
    current: tuple[dict[str, Any], dict[str, Any]] | None = None  # the receipt's entry of what is being sent, its line
    changes: int = 0  # grows with everything sent and waited for: a decision made before is made again

    @property
    def first(self) -> bool:
        """Whether no run that the receipt doesn't know of can have announced anything (Centercode can't be asked).

        So it is when this run creates the build, starts its last deployment or finds it running; or when it only
        announces, and the CI system doesn't say that it is a repeated attempt.
        """
        facts, steps = self.pipeline.facts, self.pipeline.steps
        if (self.receipt.whole and self.receipt.follows(facts, steps)) or self.moving:
            return True
        only_announces = self.pipeline.buildmaster is None or steps == {"publish"}
        return only_announces and (facts.run_attempt or 1) <= 1

    def moves(self, *, moving: bool = True) -> None:
        """What ``first`` depends on has become known; a later run reads it in the receipt."""
        self.moving = moving
        self.receipt.data["whole"] = self.first

    @property
    def doubt(self) -> str:
        """Who may have announced it when this isn't ``first``, as the beginning of a sentence."""
        if self.beaten:
            return "another run made this build and may have"
        return "an earlier attempt, whose receipt is gone, may have"

    @property
    def knows_before(self) -> bool:
        """Whether the receipt holds what this job's earlier attempts did."""
        return self.receipt.knows_before(self.pipeline.facts, self.pipeline.steps)

    def make(self, made: Mapping[str, str]) -> None:
        self.values |= made

    def post(self, step: Step, call: Call, parse: Callable[[Any], dict[str, str]], **details: Any) -> dict[str, str]:
        """Send a call that changes something: journaled before, settled in one write after; what ``parse`` reads of it.

        Raises what the client raises, and UnknownOutcomeError for an accepted request whose answer can't be used.
        """
        missing = call.open_names - self.values.keys()
        if missing:
            raise RuntimeError(f"{call.operation.id} needs what nothing has made: {', '.join(sorted(missing))}")
        request = call.request(self.values)
        entry = self.receipt.begin(step.name, step.key(self))
        entry |= details
        line: dict[str, Any] = {}
        self.changes += 1
        status: Status = "unknown"
        made: dict[str, str] = {}
        connection.progress.begin()
        try:
            line = self.receipt.sending(entry, request)
            self.current = (entry, line)
            made = _parsed(parse, call, self._sent(step, call, request))
            status = "sent"
        except ConflictError as error:
            # What is there may be ours; a look-up settles it, where there is one.
            status = "unknown" if step.adopts or error.certain else "refused"
            raise
        except CanceledError as error:
            status = "unknown" if connection.progress.sent else "refused"
            if status == "unknown":
                error.why = f"{call.operation.heading} was under way, and may have been applied"
                error.todo = (
                    error.todo if step.settles else "run again: it says what to look at before that is sent again"
                )
            raise
        except (RefusedError, NotAuthorisedError, UnavailableError):
            status = "refused"
            raise
        except UnknownOutcomeError as error:
            error.todo = step.lost or error.todo
            if isinstance(error, LostAnswerError):
                line["accepted"] = True
            raise
        finally:
            self.current = None
            line |= {"status": status, "phase": connection.progress.phase}
            self.receipt.settle(entry, status, made=made)
        return made

    def give_up(self, phase: connection.Phase) -> None:
        """For a request whose thread doesn't come back: it gets no further than ``phase``."""
        if self.current is not None:
            entry, line = self.current
            status: Status = "refused" if phase in ("not sent", "connecting") else "unknown"
            line |= {"status": status, "phase": phase}
            self.receipt.settle(entry, status)

    def _sent(self, step: Step, call: Call, request: Request) -> Any:
        """The answer's data; None if it was accepted and lost, and no look-up can bring it back."""
        try:
            return call.client.send(call.operation, request)
        except LostAnswerError:
            if step.settles:
                raise
            return None

    def done(self, step: Step, made: Mapping[str, str] | None = None, **details: Any) -> None:
        """The step's outcome is confirmed."""
        self.make(made or {})
        self.receipt.settle(self.receipt.begin(step.name, step.key(self)), "done", made=made, **details)


def _parsed(parse: Callable[[Any], dict[str, str]], call: Call, data: Any) -> dict[str, str]:
    try:
        return _bounded(parse(data))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise LostAnswerError(
            f"{call.operation.service}: {call.operation.heading} was accepted, but its answer doesn't say what it made",
            todo="look at the service before running again",
        ) from None


def _bounded(made: dict[str, str]) -> dict[str, str]:
    if any(len(value) > _LONGEST_MADE for value in made.values()):
        raise ValueError("no id, status or address is as long")
    return made


class Step(ABC):
    """One step of a plan."""

    name: str  # as in the output failed-step
    required: bool = True
    adopts: bool = False  # what exists already can be found by a look-up, so a conflict may be settled by it
    settles: bool = False  # a look-up shows whether a request whose answer was lost was applied
    lost: str = ""  # what to do when the answer to its request is lost

    @abstractmethod
    def key(self, job: Job) -> str:
        """The natural key of what this step makes: the receipt finds it again by it."""

    @abstractmethod
    def decide(self, job: Job) -> Decision:
        """Read-only look-ups; what to send. Raises a ShiplineError if it can't go on."""

    @abstractmethod
    def act(self, job: Job, decision: Decision) -> str:
        """Do what was decided; what was done, in a few words for people."""

    def lost_request(self, job: Job) -> str | None:
        """The fingerprint of the last request this step sent, if its answer was lost."""
        requests = (job.receipt.find(self.key(job)) or {}).get("requests", [])
        lost = requests and requests[-1]["status"] == "unknown"
        return str(requests[-1]["fingerprint"]) if lost else None

    def restored(self, entry: Mapping[str, Any]) -> Mapping[str, str]:
        """The run's values from what the receipt kept of this step."""
        made: Mapping[str, str] = entry["made"]
        return made

    def outputs(self, job: Job) -> Mapping[str, str]:
        """The public outputs this step gives (design: outputs), from what the run has made."""
        del job
        return {}

    def links(self, job: Job) -> list[str]:
        """The links it announces, as far as they are known."""
        del job
        return []

    def before_announcing(self, job: Job) -> None:
        """A last look before anything is announced. Raises a ShiplineError if it must not be."""
        del job
