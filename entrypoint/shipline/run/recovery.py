"""What the receipt on this runner shows beyond the shared journal: results that its run could no longer record there.

A run records each request in the journal before it is sent, and the result with its next write. If that write fails, or
the runner dies first, the journal has the request without its result, and only the runner's own receipt has that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.run.records import StepRecord


def completed(recorded: Iterable[StepRecord], local: Iterable[StepRecord]) -> list[StepRecord]:
    """The journal's records, each of them replaced by that of this runner if it has the result and the other hasn't."""
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
