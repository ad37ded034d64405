"""One v3 release: a draft with its files, published if asked for. Published is for ever."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shipline import notes
from shipline.errors import InvalidInputError, Problem, RefusedError, UnknownOutcomeError
from shipline.services.answer import ConflictError, MissingError
from shipline.services.operation import filled
from shipline.services.v3 import Release
from shipline.steps import Decision, Job
from shipline.steps.announcement import Announcement
from shipline.steps.release_files import ReleaseFiles
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.pipeline import V3Target
    from shipline.services.operation import Call
    from shipline.services.v3 import V3

_MOST_BLIND_TRIES = 2


class PublishV3(Announcement):
    kind = "v3"
    made_names = ("release-id", "release-state")
    adopts = settles = True
    lost = "run again: the release is looked up and completed"

    def __init__(self, target: V3Target, client: V3) -> None:
        super().__init__(target.name, required=target.required)
        self._target = target
        self.public = target.state == "published"
        self._client = client
        self._id = f"{target.name}-release-id"
        self._looked_up = False
        self._files = ReleaseFiles(target, client, self._id)

    def key(self, job: Job) -> str:
        del job
        t = self._target
        return f"v3|{t.url}|{t.product_id}|{t.version}|{t.channel}|{','.join(sorted(t.platforms))}"

    def decide(self, job: Job) -> Decision:
        t = self._target
        if t.skip:
            return Decision(skip=t.skip)
        entry = job.receipt.find(self.key(job)) or {}
        made = entry.get("made", {})
        covered = t.state == "draft" or made.get("release-state") == "published" or entry.get("blind")
        if entry.get("status") == "done" and covered:
            return self._done(job, entry)
        try:
            there = self._client.releases(t)
        except MissingError:
            if self._looked_up or made.get("release-id"):
                raise  # it can be asked, and has been: this is no server that only creates
            return self._blind(job, entry)
        self._looked_up = True
        if not there:
            return self._new(job)
        if t.if_exists == "fail" and not entry:
            raise self._conflict(there[-1], "v3.if-exists is fail")
        return replace(self._existing(job, there[-1]), warnings=self._without_platforms(there))

    def _done(self, job: Job, entry: Mapping[str, Any]) -> Decision:
        version, made = self._target.version, entry["made"]
        differs = entry.get("payload") not in (None, self._digest(job))
        warning = f"version {version} was released with another name, other notes or other files than are given now"
        done = "is there as a draft already" if made.get("release-state") == "draft" else "was released already"
        reuse = f"version {version} {done} (id {made.get('release-id') or 'unknown'})"
        return Decision(reuse=reuse, made=self.named(made), warnings=(warning,) if differs else ())

    def _new(self, job: Job) -> Decision:
        calls = (self._create(self._target.notes), *self._files.missing(job), *self._publish())
        return Decision(calls=calls, note=self._draft_note())

    def _blind(self, job: Job, entry: Mapping[str, Any]) -> Decision:
        """A server that knows nothing but ``POST /v3/releases``: the links go into the notes."""
        t = self._target
        if self._files.uploaded:
            raise RefusedError(
                f"{t.url} only takes new releases, and files can't be uploaded to it",
                why="it has no way to look a release up",
                todo="set v3.attach to link or none",
            )
        again = entry.get("status") in ("sending", "sent", "unknown")
        if again and entry.get("attempt", 1) >= _MOST_BLIND_TRIES:
            raise UnknownOutcomeError(
                f"whether version {t.version} was released is not known",
                why="two tries got no answer, and this server has no way to look a release up",
                todo=f"look at the product's releases behind {t.url}, and set v3.when to never if it is there",
            )
        warnings = [
            f"{t.url} only takes new releases: links are listed in the notes, and a release that is there can't be seen"
        ]
        if t.state == "published":
            warnings.append("the release can't be published through this server: publish it by hand")
        self.lost = "run again: it is posted once more, and a conflict then says that it is there"
        call = self._create(self._notes_with_links(job))
        return Decision(calls=(call,), warnings=tuple(warnings), details={"blind": True, "again": again})

    def _notes_with_links(self, job: Job) -> str:
        t = self._target
        linked = self._files.linked
        links = "\n".join(f"- [{a.label.fill(job.values)}]({a.url.fill(job.values)})" for a in linked if a.url)
        text = "\n\n".join(part for part in (t.notes, links) if part)
        if len(text) > notes.V3_LIMIT:
            what = (
                f"the notes and the links have {len(text)} characters and v3 takes {notes.V3_LIMIT}: shorten the notes"
            )
            raise InvalidInputError([Problem("", self.name, what)])
        return text

    def _existing(self, job: Job, release: Release) -> Decision:
        t = self._target
        files = self._files.there(release.id)
        kept = [f for f in files if self._files.is_ours(job, f)]
        stray = [f for f in files if f not in kept]
        differing = self._differences(job, release)
        if (differing or stray) and (release.published or t.if_exists != "update"):
            parts = [*differing, *(["files"] if stray else [])]
            verb = "differs" if parts in (["name"], ["private"]) else "differ"
            raise self._conflict(release, f"its {' and '.join(parts)} {verb}")
        changes = (self._client.call("update-release", path={"id": later(self._id)}, body=self._changes()),)
        deletions = (self._client.call("delete-release-file", path={"id": f.id}) for f in stray)
        additions = self._files.missing(job, tuple(f.name for f in kept))
        calls = (*(changes if differing else ()), *deletions, *additions)
        made = self.named({"release-id": release.id, "release-state": release.state})
        what = f"release {release.version} (id {release.id}, {release.state})"
        if not release.published:
            calls = (*calls, *self._publish())
            reuse = f"completes {what}" if calls else f"{what} is there already"
            return Decision(calls, reuse=reuse, made=made, note=self._draft_note())
        if calls:
            raise self._conflict(release, "files are missing in it")
        return Decision(reuse=f"{what} is there already", made=made)

    def _differences(self, job: Job, release: Release) -> list[str]:
        t = self._target
        same = {
            "name": t.title.could_be(release.name, job.values),
            "private": t.private == release.private,
            "notes": t.notes.split() == release.notes.split(),
        }
        return [name for name, is_same in same.items() if not is_same]

    def _conflict(self, release: Release, why: str) -> RefusedError:
        todo = "set v3.if-exists to update to change the draft, or delete it"
        if release.published:
            todo = "a published release can't be changed: use a new version"
        where = f"v3 has version {release.version} in channel {release.channel} already"
        return RefusedError(f"{where} (id {release.id}, {release.state})", why=why, todo=todo)

    def _changes(self) -> dict[str, Any]:
        t = self._target
        return {"name": t.title, "private": t.private, "notes": t.notes}

    def _create(self, text: str) -> Call:
        t = self._target
        body = {"version": t.version, "channel": t.channel, "platforms": list(t.platforms), "productId": t.product_id}
        return self._client.call("create-release", body={**self._changes(), **body, "notes": text})

    def _digest(self, job: Job) -> str:
        """SHA-256 of the release and its files as they would be sent."""
        t = self._target
        content = filled([self._create(t.notes).body, self._files.content], job.values)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _publish(self) -> tuple[Call, ...]:
        published = self._target.state == "published"
        return (self._client.call("publish-release", path={"id": later(self._id)}),) if published else ()

    def _without_platforms(self, there: Sequence[Release]) -> tuple[str, ...]:
        """A warning for platforms that none of the releases is for: they can't be added to one."""
        served = {platform.casefold() for release in there for platform in release.platforms}
        left_out = [p for p in self._target.platforms if p.casefold() not in served]
        if not served or not left_out:
            return ()
        version, names = self._target.version, ", ".join(left_out)
        return (f"v3 has version {version} already, but not for {names}: customers there don't get it from this run",)

    def _draft_note(self) -> str:
        """A draft is what was asked for, so it is no warning; a run's NEXT says what is left to do about it."""
        return "" if self._target.state == "published" else "the release stays a draft: customers can't see it yet"

    def act(self, job: Job, decision: Decision) -> str:
        if not decision.calls:
            job.done(self, self.neutral(decision.made))
            return decision.reuse
        made = self.neutral(decision.made)
        for call in decision.calls:
            made |= self._send(job, call, decision)
            job.make(self.named(made))
        blind = {"blind": True} if decision.details.get("blind") else {}
        if blind and self._target.state == "published":
            job.console.warned = True  # the decision's warning has said it: customers don't have it
        job.done(self, made, payload=self._digest(job), **blind)
        what = "published" if made["release-state"] == "published" else "drafted"
        return f"{what} version {self._target.version} (id {made['release-id'] or 'unknown'})"

    def _send(self, job: Job, call: Call, decision: Decision) -> dict[str, str]:
        if call.operation.id == "publish-release":
            return job.post(self, call, _published)
        if call.operation.id in ("create-release-file", "upload-release-file"):
            return job.post(self, call, self._files.confirmed(job, call))
        if call.operation.id != "create-release":
            return job.post(self, call, lambda _: {})
        attempt = (job.receipt.find(self.key(job)) or {}).get("attempt", 0) + 1
        try:
            return job.post(self, call, _created, attempt=attempt)
        except ConflictError:
            if decision.details.get("again"):
                return {"release-id": "", "release-state": "draft"}  # the earlier try's, which this server can't show
            raise

    def links(self, job: Job) -> list[str]:
        return job.links.of(self._files.linked, job.values)


def _published(data: Any) -> dict[str, str]:
    """Raises ValueError for an answer that doesn't confirm it: published is for ever, and must not be guessed."""
    if not Release.of(data).published:
        raise ValueError("not published")
    return {"release-state": "published"}


def _created(data: Any) -> dict[str, str]:
    return {"release-id": Release.of(data).id, "release-state": "draft"}
