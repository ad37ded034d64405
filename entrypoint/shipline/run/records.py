"""The objects in a receipt, with the names of their JSON fields (schemas/receipt.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack

from shipline.run.results import RunValues, TargetResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shipline.transport.exchange import Phase


Status = Literal["sending", "sent", "done", "failed", "refused", "unknown"]
"""``sending`` is recorded before a request, ``sent`` when it was accepted, ``done`` when its effect is confirmed.

``failed``: applied, and failed. ``refused``: provably not applied. ``unknown``: may have been applied.
"""


@dataclass(eq=False, kw_only=True)
class _Record:
    """An object in the receipt; its fields have the names in the file, and None is left out there."""

    further: dict[str, Any] = field(default_factory=dict)  # fields of another version's receipt, kept as they are

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        known = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        return cls(**known, further={name: value for name, value in data.items() if name not in known})

    def to_json(self) -> dict[str, Any]:
        own = {name: value for name, value in vars(self).items() if value is not None and name != "further"}
        return own | self.further


@dataclass(eq=False)
class RequestRecord(_Record):
    """One request that changes something; ``phase`` is how far it got."""

    method: str
    url: str  # without its key
    fingerprint: str
    status: Status
    at: str  # RFC 3339
    accepted: bool | None = None  # the response was a success, and the rest of it was lost
    phase: Phase | None = None


class RecordFields(TypedDict, total=False):
    """Fields that only some steps record (see StepRecord)."""

    before: list[int]
    attempt: int
    payload: str
    blind: bool
    seconds: float


@dataclass(eq=False)
class StepRecord(_Record):
    """What one step did to the object with the natural key ``key``."""

    name: str  # as in the output failed-step
    key: str
    status: Status
    made: dict[str, str] = field(default_factory=dict)
    requests: list[RequestRecord] = field(default_factory=list)
    before: list[int] | None = None  # ids of the deployments that existed before
    attempt: int | None = None  # how often a deployment was started, or a release created
    payload: str | None = None  # SHA-256 of what was posted
    blind: bool | None = None  # True: the server can't look a release up
    seconds: float | None = None  # how long the deployment took

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return super().from_json({**data, "requests": [RequestRecord.from_json(item) for item in data["requests"]]})

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"requests": [request.to_json() for request in self.requests]}

    @property
    def in_doubt(self) -> bool:
        """True if a request was sent, or may have been, and its outcome is not recorded."""
        return self.status in ("sending", "sent", "unknown")

    @property
    def refused_by_response(self) -> bool:
        """True if the last request was refused by a response, such as 400 or 429.

        If a program in between sent it twice, it is the second copy's: the first may have been applied.
        """
        last = self.requests[-1] if self.requests else None
        return last is not None and last.status == "refused" and last.phase == "answering"

    @property
    def values(self) -> RunValues:
        """What the step made, if it is a step of BuildMaster's."""
        return RunValues.from_made(self.made)

    @property
    def result(self) -> TargetResult:
        """What the step made, if it is an announcement or a notification."""
        return TargetResult.from_made(self.made)

    def update(self, **details: Unpack[RecordFields]) -> None:
        for name, value in details.items():
            setattr(self, name, value)


@dataclass(eq=False)
class RunRecord(_Record):
    """A run that wrote the receipt."""

    id: str
    attempt: int | None
    steps: list[str]
    knew: bool | None = None  # it knew what the attempts before it did
    job: str | None = None  # the CI job; None: an older version wrote it
    targets: list[str] | None = None  # the natural keys of its announcements

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "attempt": self.attempt, **super().to_json()}


def completed(recorded: Iterable[StepRecord], local: Iterable[StepRecord]) -> list[StepRecord]:
    """The journal's records, each of them replaced by that of this runner if it has the result and the other hasn't.

    A run records each request in the journal before it is sent, and the result with its next write. If that write
    fails, or the runner dies first, only the runner's own receipt has the result.
    """
    own = {record.key: record for record in local}
    return [own[one.key] if one.key in own and _continues(own[one.key], one) else one for one in recorded]


def _continues(own: StepRecord, recorded: StepRecord) -> bool:
    """True if ``own`` has the same requests, each sent at the same moment, and their result, which the other hasn't.

    A run sends nothing that isn't in the journal. So what an older receipt, or that of another run, has of the last
    request in the journal can't be a result.
    """
    sent = [(one.at, one.fingerprint) for one in recorded.requests]
    same = bool(sent) and [(one.at, one.fingerprint) for one in own.requests[: len(sent)]] == sent
    return same and recorded.status in ("sending", "unknown") and own.status not in ("sending", "unknown")
