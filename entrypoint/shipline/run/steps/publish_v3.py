"""One v3 release: a draft with its files, published if that is set. Publishing can't be undone."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from shipline.errors import RefusedError, UnknownOutcomeError, invalid_input
from shipline.interpolation import placeholder
from shipline.release_notes import render
from shipline.run.results import RunValues, TargetResult
from shipline.run.step import Announcement, Decision, Job
from shipline.run.steps.supersession import Comparison, check_newer_published
from shipline.run.steps.v3_comparison import conflict, differences, not_for, refusal
from shipline.run.steps.v3_files import ReleaseFiles
from shipline.services.client import Call, filled
from shipline.services.response import ConflictError, MissingError
from shipline.services.v3 import V3, Release
from shipline.transport.prefetch import Prefetched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shipline.pipeline.model import V3Target
    from shipline.run.links import File
    from shipline.run.records import RecordFields, StepRecord

_MAX_BLIND_TRIES = 2


class Blind(NamedTuple):
    """Details of a decision about a server that can't look releases up."""

    again: bool  # an earlier try may have created the release


class PublishV3(Announcement[Blind]):
    """Step ``publish:v3`` (``publish:v3:2`` …)."""

    can_adopt = can_reconcile = True
    lost_response_advice = "run again: Shipline looks up the release and completes it"

    def __init__(self, target: V3Target, client: V3) -> None:
        super().__init__(target.name, required=target.required)
        self._target = target
        self.public = target.state == "published"
        self._client = client
        self.first = Prefetched(target.url, partial(client.releases, target))
        self._newest = Prefetched(target.url, partial(client.published, target))
        self._id = placeholder(f"{target.name}-release-id")
        self._looked_up = self._posted = False
        self._comparison = Comparison()
        self._files = ReleaseFiles(target, client)
        self._response: Mapping[str, Any] = {}  # the last that reported the release

    def key(self, job: Job) -> str:
        t = self._target
        return f"v3|{t.url}|{t.product_id}|{t.version}|{t.channel}|{','.join(sorted(t.platforms))}"

    def decide(self, job: Job) -> Decision[Blind]:
        t = self._target
        if t.skip:
            return Decision(skip=t.skip)
        record = job.record(self)
        made = record.result if record else TargetResult()
        try:
            existing = self.first.take()
        except MissingError:
            if record and record.blind and record.status == "done":
                return self._done(job, record, made)
            if self._looked_up or made.release_id:
                raise  # the server could look releases up before, so it doesn't only create
            return self._blind(job, record)
        self._looked_up = True
        if not existing:
            return self._new(job, made)
        usable = [r for r in existing if not r.archived] or existing
        release = next((r for r in usable if r.id == made.release_id), usable[-1])
        if release.archived:
            raise conflict(release, "v3 can't change or publish an archived release")
        refused = record is not None and record.status == "refused" and not record.refused_by_response
        maybe_ours = record is not None and not made.release_id and not refused
        if t.if_exists == "fail" and not (maybe_ours or made.release_id == release.id):
            raise conflict(release, "v3.if-exists is fail")
        missing = self._left_out(existing)
        added = missing if t.if_exists == "update" and not release.published else []
        warnings = (*not_for(t.version, [] if added else missing), *self._files.warnings(job))
        return self._existing(job, release, record, added)._replace(warnings=warnings)

    def prefetched(self, job: Job) -> list[Prefetched[Any]]:
        if self._target.skip:
            return []
        return [self.first] if job.pipeline.if_older == "announce" else [self.first, self._newest]

    def before_announcing(self, job: Job) -> None:
        if self._looked_up and self._comparison.due(job):
            check_newer_published(self._target, self._newest.take())

    def _new(self, job: Job, made: TargetResult) -> Decision[Blind]:
        """Create the release. Raises RefusedError if it was published and is gone: somebody took it back."""
        calls = (self._create(self._target.notes), *self._files.changes(job), *self._publish())
        version = self._target.version
        if made.release_state == "published":
            raise RefusedError(
                f"version {version} was published before (id {made.release_id}), and v3 no longer lists it",
                why="somebody deleted the release, and Shipline doesn't publish it again by itself",
                todo="use a new version; or, to publish this one again, remove the receipt and run again",
            )
        deleted = f"the draft of version {version} (id {made.release_id}) was deleted: Shipline creates it again"
        warnings = ((deleted,) if made.release_id else ()) + self._files.warnings(job)
        return Decision(calls=calls, note=self._draft_note(), warnings=warnings)

    def _done(self, job: Job, record: StepRecord, made: TargetResult) -> Decision[Blind]:
        version = self._target.version
        differs = record.payload not in (None, self._digest(job))
        warning = f"version {version} was released with another name, notes or files than the current settings"
        done = "already exists as a draft" if made.release_state == "draft" else "was released already"
        reuse = f"version {version} {done} (id {made.release_id or 'unknown'})"
        return Decision(reuse=reuse, made=self.named(made), warnings=(warning,) if differs else ())

    def _blind(self, job: Job, record: StepRecord | None) -> Decision[Blind]:
        """Create on a server that has no other operation than ``POST /v3/releases``: the links go into the notes."""
        t = self._target
        if self._files.uploaded:
            raise RefusedError(
                f"{t.url} only accepts new releases, and no uploads",
                why="it can't list releases",
                todo="set v3.attach to link or none",
            )
        limited = self._posted and record is not None and record.refused_by_response
        again = record is not None and (record.in_doubt or limited)
        if record and record.in_doubt and (record.attempt or 1) >= _MAX_BLIND_TRIES:
            raise UnknownOutcomeError(
                f"can't determine whether version {t.version} was released",
                why="two tries got no response, and this server can't list releases",
                todo=f"if it is among the releases behind {t.url}, set v3.when to never, else use a new --receipt",
            )
        warnings = [f"{t.url} only accepts new releases: the notes list the links, and existing ones are unknown"]
        if t.state == "published":
            warnings.append("the release can't be published through this server: publish it by hand")
        self.lost_response_advice = "run again: Shipline posts it again, and a conflict then shows that it exists"
        call = self._create(self._notes_with_links(job))
        return Decision(calls=(call,), warnings=tuple(warnings), details=Blind(again))

    def _notes_with_links(self, job: Job) -> str:
        linked = ((a.label.fill(job.placeholders), a.url) for a in self._files.linked if a.url)
        links = "\n".join(f"- [{label}]({url.fill(job.placeholders)})" for label, url in linked)
        text = "\n\n".join(part for part in (self._target.notes, links) if part)
        if (length := render.units(text)) > render.V3_LIMIT:
            what = (
                f"the notes and the links have {length} characters, and v3 accepts {render.V3_LIMIT}: shorten the notes"
            )
            raise invalid_input("", what, path=self.name)
        return text

    def _existing(self, job: Job, release: Release, record: StepRecord | None, platforms: list[str]) -> Decision[Blind]:
        """Complete, change or reuse a release, for these platforms too. Raises RefusedError if it can't be equal."""
        files = self._files.attached(release)
        differing = differences(self._target, self._target.notes, release, job.placeholders)
        wrong = self._files.differences(job, files)
        if (differing or wrong) and (release.published or self._target.if_exists != "update"):
            raise conflict(release, "; ".join((*differing, *wrong)))
        changed = differing or platforms
        body = self._changes() | ({"platforms": [*release.platforms, *platforms]} if platforms else {})
        changes = (self._client.call("update-release", path={"id": self._id}, body=body),)
        calls = (*(changes if changed else ()), *self._files.changes(job, files))
        if not calls and (record is None or not (record.requests or record.made)):
            # A run that has gone on to Centercode had completed it.
            job.evidence.note_release(f"v3 has release {release.id} of it")
        made = self.named(TargetResult(release.id, release_state=release.state))
        what = f"release {release.version} (id {release.id}, {release.state})"
        if not release.published:
            calls = (*calls, *self._publish())
            verb = "updates" if changed or wrong else "completes"
            reuse = f"{verb} {what}" if calls else f"{what} already exists"
            return Decision(calls, reuse=reuse, made=made, note=self._draft_note())
        if calls:
            raise conflict(release, "files are missing in it")
        self.public = True
        drafted = record and record.status == "done" and record.result.release_state == "draft"
        by_hand = ": it was published by hand" if drafted else ""
        return Decision(reuse=f"{what} already exists{by_hand}", made=made)

    def _changes(self) -> dict[str, Any]:
        t = self._target
        return {"name": t.title, "private": t.private, "notes": t.notes}

    def _create(self, notes: str) -> Call:
        t = self._target
        body = {"version": t.version, "channel": t.channel, "platforms": list(t.platforms), "productId": t.product_id}
        return self._client.call("create-release", body={**self._changes(), **body, "notes": notes})

    def _digest(self, job: Job) -> str:
        """The SHA-256 of the release and its files as they would be sent."""
        content = filled([self._create(self._target.notes).body, self._files.content], job.placeholders)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _publish(self) -> tuple[Call, ...]:
        published = self._target.state == "published"
        return (self._client.call("publish-release", path={"id": self._id}),) if published else ()

    def _left_out(self, existing: Sequence[Release]) -> list[str]:
        """The platforms that none of the releases is for; none if v3 doesn't report platforms."""
        served = {platform.casefold() for release in existing for platform in release.platforms}
        return [p for p in self._target.platforms if served and p.casefold() not in served]

    def _draft_note(self) -> str:
        """A plan's note on a draft. It was requested, so it is no warning; a run's NEXT says what is left to do."""
        return "" if self._target.state == "published" else "the release stays a draft: customers can't see it yet"

    def act(self, job: Job, decision: Decision[Blind]) -> str:
        if not decision.calls:
            job.done(self, decision.made)
            return decision.reuse
        made = decision.made
        for call in decision.calls:
            if call.operation.id == "publish-release":
                self._files.check_all(job)
            made = made.merged(self._send(job, call, decision.details))
            job.remember(made)
        self._files.check_all(job)
        if decision.details is None:
            job.done(self, made)
        else:
            job.done(self, made, payload=self._digest(job), blind=True)
            # The decision's warning has reported that customers don't have it.
            job.report.warned = job.report.warned or self._target.state == "published"
        result = made.target(self.target)
        what = "updated the draft of" if decision.reuse else "drafted"
        what = "published" if result.release_state == "published" else what
        return f"{what} version {self._target.version} (id {result.release_id or 'unknown'})"

    def _send(self, job: Job, call: Call, blind: Blind | None) -> RunValues:
        """Send a call. Raises RefusedError if v3 reports something else than was sent: nothing more is sent then."""
        match call.operation.id:
            case "create-release":
                return self._send_create(job, call, blind)
            case "update-release":
                return self._post(job, call, self._received)
            case "publish-release":
                return self._post(job, call, self._published)
            case "delete-release-file":
                self._files.unconfirmed = True
                return job.post(self, call, lambda _: RunValues())
            case _:
                made = job.post(self, call, self._files.received)
                self._files.check(job, call)
                return made

    def _send_create(self, job: Job, call: Call, blind: Blind | None) -> RunValues:
        record = job.record(self)
        attempt = 1 + ((record and record.attempt) or 0)
        self._posted = True
        try:
            return self._post(job, call, self._received, reset=True, attempt=attempt)
        except ConflictError:
            if blind and blind.again:  # the earlier try created it, and this server can't show it
                return self.named(TargetResult("", release_state="draft"))
            raise

    def _post(
        self,
        job: Job,
        call: Call,
        parse: Callable[[Any], RunValues],
        *,
        reset: bool = False,
        **details: Unpack[RecordFields],
    ) -> RunValues:
        """Send a call and compare the release in its response with what was sent, as far as v3 reports it."""
        made = job.post(self, call, parse, reset=reset, **details)
        job.remember(made)
        sent = filled({**self._create(self._target.notes).body, **(call.body or {})}, job.placeholders)
        reported = Release.of({**sent, **self._response})
        found = differences(self._target, sent["notes"], reported, job.placeholders)
        left_out = self._left_out([reported])
        if left_out and "platforms" in (call.body or {}):
            found.append(f"platforms: {', '.join(left_out)} missing")
        if found:
            raise refusal(found, published=reported.published)
        return made

    def _received(self, data: Any) -> RunValues:
        release = Release.of(data)
        self._response = data
        return self.named(TargetResult(release.id, release_state="published" if release.published else "draft"))

    def _published(self, data: Any) -> RunValues:
        """Raises ValueError for a response that doesn't confirm it: publishing can't be undone, so it isn't guessed."""
        if not Release.of(data).published:
            raise ValueError("not published")
        return self._received(data)

    def links(self, job: Job) -> list[File]:
        return job.links.of(self._files.linked, job.placeholders)
