"""One v3 release: a draft with its files, published if asked for. Published is for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline import notes
from shipline.errors import RefusedError
from shipline.services.answer import MissingError
from shipline.services.v3 import File, Release
from shipline.steps import Decision, Job, Step
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import Artifact, V3Target
    from shipline.services.operation import Call
    from shipline.services.v3 import V3


class PublishV3(Step):
    def __init__(self, target: V3Target, client: V3) -> None:
        self.name = f"publish:{target.name}"
        self.required = target.required
        self._target = target
        self._client = client
        self._id = f"{target.name}-release-id"
        self._state = f"{target.name}-release-state"

    def key(self, job: Job) -> str:
        del job
        t = self._target
        return f"v3|{t.url}|{t.product_id}|{t.version}|{t.channel}|{','.join(sorted(t.platforms))}"

    def decide(self, job: Job) -> Decision:
        t = self._target
        if t.skip:
            return Decision(skip=t.skip)
        entry = job.receipt.find(self.key(job))
        if entry and entry["status"] == "done":
            return Decision(
                reuse=f"version {t.version} was released already (id {entry['made'].get(self._id)})", made=entry["made"]
            )
        try:
            there = self._client.releases(t)
        except MissingError:
            return self._blind(job)
        if not there:
            return self._new(job)
        release = there[-1]
        if t.if_exists == "fail" and not entry:
            raise self._conflict(release, "v3.if-exists is fail")
        return self._existing(job, release)

    def _new(self, job: Job) -> Decision:
        files = self._files(job, ())
        return Decision(
            calls=(self._create(self._target.notes), *files, *self._publish()), warnings=self._draft_warning()
        )

    def _blind(self, job: Job) -> Decision:
        """A server that knows nothing but ``POST /v3/releases``: the links go into the notes."""
        t = self._target
        linked = [
            (a.label.fill(job.values), a.url.fill(job.values)) for a in t.artifacts if a.url and t.attach == "link"
        ]
        text = _with_links(t.notes, linked)
        warnings = [
            f"{t.url} only takes new releases: links are listed in the notes, and a release that is there can't be seen"
        ]
        if t.state == "published":
            warnings.append("the release can't be published through this server: publish it by hand")
        return Decision(calls=(self._create(text),), warnings=tuple(warnings))

    def _existing(self, job: Job, release: Release) -> Decision:
        t = self._target
        what = f"release {release.name} {release.version} (id {release.id}, {release.state})"
        made = {self._id: release.id, self._state: release.state}
        files = self._client.files(release.id) if t.attach == "link" else []
        replaced = tuple(
            self._client.call("delete-release-file", path={"id": f.id}) for f in files if self._differs(job, f)
        )
        payload_differs = self._differences(job, release)
        if (payload_differs or replaced) and (release.published or t.if_exists != "update"):
            differing = [*payload_differs, *(["files"] if replaced else [])]
            raise self._conflict(release, f"its {', '.join(differing)} {'differ' if len(differing) > 1 else 'differs'}")
        kept = tuple(f.name for f in files if not self._differs(job, f))
        calls: tuple[Call, ...] = ()
        if payload_differs:
            calls = (self._client.call("update-release", path={"id": later(self._id)}, body=self._changes()),)
        calls += (*replaced, *self._files(job, kept))
        if release.published:
            if calls:
                raise self._conflict(release, "files are missing in it")
            return Decision(reuse=f"{what} is there already", made=made)
        return Decision(
            (*calls, *self._publish()), reuse=f"completes {what}", made=made, warnings=self._draft_warning()
        )

    def _differences(self, job: Job, release: Release) -> list[str]:
        t = self._target
        same = {
            "name": t.title.could_be(release.name, job.values),
            "private": t.private == release.private,
            "notes": t.notes.split() == release.notes.split(),
        }
        return [name for name, is_same in same.items() if not is_same]

    def _differs(self, job: Job, file: File) -> bool:
        """Whether a file of the release has the name of one of ours but isn't the same."""
        ours = next((a for a in self._target.artifacts if a.label.could_be(file.name, job.values)), None)
        if ours is None or ours.url is None:
            return False
        size = job.links.size(ours, job.values)
        return (
            not ours.url.could_be(file.url, job.values)
            or (None not in (size, file.size) and size != file.size)
            or bool(ours.md5 and file.checksum and ours.md5.lower() != file.checksum.lower())
        )

    def _conflict(self, release: Release, why: str) -> RefusedError:
        todo = "set v3.if-exists to update to change the draft, or delete it"
        if release.published:
            todo = "a published release can't be changed: use a new version"
        return RefusedError(
            f"v3 has version {release.version} in channel {release.channel} already (id {release.id}, {release.state})",
            why=why,
            todo=todo,
        )

    def _changes(self) -> dict[str, Any]:
        t = self._target
        return {"name": t.title, "private": t.private, "notes": t.notes}

    def _create(self, text: str) -> Call:
        t = self._target
        body = {"version": t.version, "channel": t.channel, "platforms": list(t.platforms), "productId": t.product_id}
        return self._client.call("create-release", body={**self._changes(), **body, "notes": text})

    def _files(self, job: Job, kept: tuple[str, ...]) -> tuple[Call, ...]:
        if self._target.attach != "link":
            return ()
        missing = (a for a in self._target.artifacts if not any(a.label.could_be(name, job.values) for name in kept))
        return tuple(self._client.call("create-release-file", body=self._file(job, a)) for a in missing)

    def _file(self, job: Job, artifact: Artifact) -> dict[str, Any]:
        size = job.links.size(artifact, job.values)
        body: dict[str, Any] = {
            "name": artifact.label,
            "url": artifact.url,
            "size": size,
            "secured": False,
            "releaseId": later(self._id),
        }
        if size is None:
            if not (artifact.url and artifact.url.names - job.values.keys()):
                raise RefusedError(
                    f"the size of {artifact.shown_path} is not known: its server doesn't say",
                    todo="give its size (in bytes) in the artifact's `size`",
                )
            body["size"] = later("size")
        if artifact.md5:
            body["checksum"] = artifact.md5
        return body

    def _publish(self) -> tuple[Call, ...]:
        return (
            (self._client.call("publish-release", path={"id": later(self._id)}),)
            if self._target.state == "published"
            else ()
        )

    def _draft_warning(self) -> tuple[str, ...]:
        return (
            () if self._target.state == "published" else ("the v3 release stays a draft: customers can't see it yet",)
        )

    def act(self, job: Job, decision: Decision) -> str:
        job.make(decision.made)
        state = decision.made.get(self._state, "draft")
        for call in decision.calls:
            answer = job.post(self, call)
            if call.operation.id == "create-release":
                job.make({self._id: Release.of(answer).id})
            if call.operation.id == "publish-release":
                state = "published"
        made = {self._id: job.values[self._id], self._state: state}
        job.done(self, made)
        if not decision.calls:
            return decision.reuse
        what = "published" if state == "published" else "drafted"
        return f"{what} version {self._target.version} (id {made[self._id]})"

    def outputs(self, job: Job) -> Mapping[str, str]:
        return {name: job.values.get(name, "") for name in (self._id, self._state)} if self._target.name == "v3" else {}


def _with_links(text: str, linked: list[tuple[str, str]]) -> str:
    """The notes and a list of links, together no longer than v3 takes: the notes give way, at a line."""
    links = "\n".join(f"- [{label}]({url})" for label, url in linked)
    lines = text.splitlines()
    while lines and len("\n".join(lines)) + len(links) + 2 > notes.V3_LIMIT:
        lines.pop()
    return "\n\n".join(part for part in ("\n".join(lines), links) if part)
