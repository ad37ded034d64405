"""The receipt: the journal of one release, a JSON document (schemas/receipt.schema.json) that is replaced atomically.

Centercode can't report what was posted, so a missing record must prove that nothing was sent. The evidence:

- ``existed``: an earlier run left this receipt.
- ``history_complete`` (``whole`` in the file): no run can have announced without being recorded here.
- ``vouches_for``: in addition, the attempt of this job before this one wrote it, and announced to the same target. A
  CI cache may restore an older receipt, or that of another job.
- ``has_earlier_attempts``: every earlier attempt of this CI run wrote it; none of them has started an absent step.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import threading
from typing import TYPE_CHECKING

from shipline import __version__
from shipline.errors import InvalidInputError, Problem, ShiplineError
from shipline.redaction import redact
from shipline.run import receipt_file
from shipline.run.naming import identity
from shipline.run.records import RequestRecord, RunRecord, Status, StepRecord, completed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from shipline.journal.lease import Journal
    from shipline.pipeline.model import Pipeline
    from shipline.run.receipt_file import ReceiptDocument
    from shipline.transport.messages import Request


_MAX_RUNS = 50


class Receipt:
    """The journal of one release; see the module for what makes it evidence."""

    def __init__(
        self,
        path: Path,
        pipeline: Pipeline,
        document: ReceiptDocument,
        *,
        existed: bool,
        journal: Journal | None = None,
        recorded: bool = False,
    ) -> None:
        self.path = path
        self._journal = journal
        self.recorded = recorded  # the shared journal had it: it is the newest, whichever run wrote it
        self.existed = existed
        self._pipeline = pipeline
        self.steps = [StepRecord.from_json(data) for data in document["steps"]]
        self.runs = [RunRecord.from_json(data) for data in document["runs"]]  # those before this one
        self.history_complete = bool(document["whole"])
        self.next_history_complete = self.history_complete  # what this run leaves to the next
        self.finished = document["result"] in ("succeeded", "warned")  # the run before this one
        # Outside CI, the key of a run is kept until it is finished.
        self.run_key = document["run-key"] if existed and not self.finished else secrets.token_hex(6)
        self._document = document
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, pipeline: Pipeline, journal: Journal | None = None, recorded: str = "") -> Receipt:
        """The receipt that the shared journal has recorded, else the one at ``path``, else a new one.

        The one at ``path`` completes the journal's. Raises InvalidInputError for one that is damaged or belongs to
        something else; beside the journal's, a damaged one doesn't count.
        """
        this = identity(pipeline)
        own: ReceiptDocument | None = None
        with contextlib.suppress(InvalidInputError) if recorded else contextlib.nullcontext():
            own = receipt_file.read(path) if path.exists() else None
        if own is not None:
            receipt_file.check_identity(own, this, str(path), "set the input receipt (--receipt) to another path")
        if not recorded or journal is None:
            existed = own is not None
            return cls(path, pipeline, own or receipt_file.new(this), existed=existed, journal=journal)
        place = f"the journal {journal.ref}"
        shared = receipt_file.parse(recorded, place)
        receipt_file.check_identity(shared, this, place, "set journal.ref to a folder of its own")
        opened = cls(path, pipeline, shared, existed=True, journal=journal, recorded=True)
        if own is not None:
            opened.steps = completed(opened.steps, map(StepRecord.from_json, own["steps"]))
        return opened

    @property
    def has_earlier_attempts(self) -> bool:
        """True if every earlier attempt of this CI run wrote to this receipt, so an absent step was not started.

        True for a first attempt, and where the CI system doesn't count attempts. Else the attempt before this one must
        have written it and known the same: one whose receipt was lost left a new one.
        """
        return self.recorded or self._attempt <= 1 or any(run.knew for run in self._earlier_attempts())

    def vouches_for(self, target: str = "") -> bool:
        """True if what any run has announced to this target (its natural key; empty: to any) is recorded here."""
        if not self.history_complete or self.recorded:
            return self.history_complete
        facts = self._pipeline.facts
        had_it = [run for run in self.runs if not target or target in (run.targets or ())]
        if self._attempt > 1:
            same_job = (run for run in had_it if (run.id, run.job) == (facts.run_id, facts.job))
            return any((run.attempt or 0) >= self._attempt - 1 for run in same_job)
        if facts.run_attempt is None:
            return any(run.job == facts.job for run in had_it)
        return bool(had_it) or any(run.id == facts.run_id for run in self.runs)  # another job of this run

    @property
    def denies_first(self) -> bool:
        """True if an earlier job or attempt of this run recorded that an announcement may not be in the receipt."""
        return not self.history_complete and any(run.id == self._pipeline.facts.run_id for run in self.runs)

    @property
    def nothing_was_begun(self) -> bool:
        """True if the shared journal, in use for older releases only, shows that no run has sent anything for this one.

        Others that are missing may have been announced before the journal was in use, or were removed from it.
        """
        newest = self._journal is not None and self._journal.newest
        return newest and not self.recorded and not any(record.requests for record in self.steps)

    @property
    def all_attempts_recorded(self) -> bool:
        """True if the shared journal had been taken before, and the run that did so recorded nothing."""
        return self._journal is not None and self._journal.taken_before

    @property
    def other_versions(self) -> list[str]:
        """The product's other versions in the shared journal."""
        return self._journal.others if self._journal else []

    def announced(self, other: str) -> bool:
        """True if the shared journal shows that another version was announced. Raises what the journal raises."""
        text = self._journal.receipt_of(other) if self._journal else ""
        steps = receipt_file.parse(text, f"the journal's {other}")["steps"] if text else []
        records = map(StepRecord.from_json, steps)
        return any(one.name.startswith("publish:") and one.status in ("sent", "done") for one in records)

    @property
    def _attempt(self) -> int:
        return self._pipeline.facts.run_attempt or 1

    def _earlier_attempts(self) -> list[RunRecord]:
        """The recorded attempts of this job, from the previous one on."""
        facts, steps = self._pipeline.facts, sorted(self._pipeline.steps)
        this = (facts.run_id, facts.job, steps)
        same_job = (run for run in self.runs if (run.id, run.job, run.steps) == this)
        return [run for run in same_job if (run.attempt or 0) >= self._attempt - 1]

    def note(self, *, whole: bool, targets: Iterable[str] = ()) -> None:
        """Record this run, whatever its result will be: a later attempt relies on it.

        ``targets``: the natural keys of its announcements.
        """
        facts, steps = self._pipeline.facts, [*map(str, sorted(self._pipeline.steps))]
        known = self.has_earlier_attempts
        run = RunRecord(facts.run_id, facts.run_attempt, steps, known, job=facts.job, targets=sorted(targets))
        self._document["runs"] = [run.to_json() for run in [*self.runs, run][-_MAX_RUNS:]]
        self.next_history_complete = whole
        if not self.existed:
            self._document["run-key"] = self.run_key
        self.write()

    def start(self, *, whole: bool, targets: Iterable[str] = ()) -> None:
        """Record that this run begins to act, and isn't finished."""
        facts = self._pipeline.facts
        self._document |= {
            "shipline": __version__,
            "started": receipt_file.now(),
            "ended": None,
            "result": None,
            "artifacts": [
                {
                    "file": redact(a.filename),
                    "size": a.size,
                    "sha256": a.sha256,
                    "url": redact(str(a.url)) if a.url else None,
                }
                for a in self._pipeline.artifacts
            ],
            "run": {"ci": facts.ci, "id": facts.run_id, "attempt": facts.run_attempt, "url": redact(facts.run_url)},
            "run-key": self.run_key,
        }
        self.note(whole=whole, targets=targets)

    def check_readable(self, keys: Mapping[str, str]) -> None:
        """Raise InvalidInputError if the receipt would hold a secret in what a later run reads back.

        ``keys``: the natural keys of the steps of this run, by their names.
        """
        facts = self._pipeline.facts
        texts = {f"the step {name}": f"{name} {key}" for name, key in keys.items()}
        texts |= {"the identity of the release": json.dumps(self._document["identity"], ensure_ascii=False)}
        texts |= {"the id of the CI run": facts.run_id, "the name of the CI job": facts.job}
        texts |= {"the receipt's own names": " ".join(self._document)}
        problems = [
            Problem(
                source, "", f"is a word of {place}, and the receipt must contain it: choose another key or password"
            )
            for place, text in texts.items()
            if (source := redact.source_in(text))
        ]
        if problems:
            raise InvalidInputError(problems)

    def find(self, key: str) -> StepRecord | None:
        """The record with this natural key."""
        return next((record for record in self.steps if record.key == key), None)

    def named(self, name: str) -> StepRecord | None:
        """The first record of the step with this name."""
        return next((record for record in self.steps if record.name == name), None)

    def begin(self, name: str, key: str) -> StepRecord:
        """Get or create the record with this natural key.

        A record with the same step name and another key is removed, except for ``publish:`` and ``notify:``.
        """
        record = self.find(key)
        if record is None:
            if not name.startswith(("publish:", "notify:")):
                self.steps = [other for other in self.steps if other.name != name]
            record = StepRecord(name, key, "sending")
            self.steps.append(record)
        record.name = name
        return record

    def sending(self, record: StepRecord, request: Request) -> RequestRecord:
        """Record a request on disk, and in the shared journal, before it is sent: not later than the journal allows.

        Raises RefusedError, and what the journal raises if another run has taken over or its server can't be used.
        """
        line = RequestRecord(request.method, request.full_url, fingerprint(request), "sending", receipt_file.now())
        record.requests.append(line)
        record.status = "sending"
        self.write()
        if self._journal is not None:
            try:
                self._journal.write(f"Send a request of {record.name}")
            except ShiplineError:
                line.status = "refused"  # it isn't sent
                raise
            request.progress.send_by = self._journal.send_by
        return line

    def settle(self, record: StepRecord, status: Status, made: Mapping[str, str] | None = None) -> None:
        """Record the result of a step, and what it made in addition to what is recorded.

        A value in which a service repeats a secret is left out: a later run looks it up.
        """
        record.status = status
        record.made |= {name: value for name, value in (made or {}).items() if not redact.source_in(value)}
        self.write()

    def end(self, result: str, exit_code: int, failed_step: str, outputs: Mapping[str, str]) -> None:
        """Record the result of the run."""
        self._document |= {
            "ended": receipt_file.now(),
            "result": result,
            "exit-code": exit_code,
            "failed-step": failed_step,
            "outputs": dict(outputs),
        }
        self.write()

    def write(self) -> None:
        """Replace the file durably. Raises RefusedError if that fails.

        What a later run reads back isn't masked, as it must stay as it is: ``check_readable`` has refused secrets in
        it. What only people read is masked where it is set.
        """
        with self._lock:
            self._document["whole"] = self.next_history_complete
            self._document["steps"] = [record.to_json() for record in self.steps]
            text = json.dumps(self._document, indent=2, ensure_ascii=False) + "\n"
            receipt_file.write(self.path, text)
            if self._journal is not None:
                self._journal.note(text)


def fingerprint(request: Request) -> str:
    """The SHA-256 of method, URL and body, without keys; equal for requests that do the same."""
    content = json.dumps([request.method, request.full_url, request.shown_body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()
