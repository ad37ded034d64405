"""The files of a v3 release: links to the artifacts, or the artifacts themselves on the release server."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from shipline.display import excerpt
from shipline.errors import RefusedError
from shipline.interpolation import placeholder
from shipline.pipeline.v3 import size_warning
from shipline.run.results import RunValues
from shipline.run.steps.v3_comparison import SHOWN_LENGTH, refusal
from shipline.services.client import Call, filled
from shipline.services.v3 import V3, File, Release
from shipline.values import UPLOAD_NAME, UPLOAD_NAME_RULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.pipeline.model import Artifact, V3Target
    from shipline.run.step import Job


_MISSING = 404
_MD5 = re.compile(r"[0-9a-f]{32}")
_REPORTED = frozenset({"name", "url", "size", "checksum"})  # fields of a response that show a file, unlike its id


class ReleaseFiles:
    """The files that a target attaches to its release."""

    def __init__(self, target: V3Target, client: V3) -> None:
        self._target = target.name
        self._attach = target.attach
        self._artifacts = target.artifacts if target.attach != "none" and not target.skip else ()
        self._form_field = "file" if target.upload_form == "multipart" else ""
        self._published = target.state == "published"
        self._client = client
        self._release_id = placeholder(f"{target.name}-release-id")
        self._response: Mapping[str, Any] = {}
        self.unconfirmed = False  # a file was changed, and no response has shown it

    @property
    def uploaded(self) -> bool:
        """True if the artifacts themselves are sent."""
        return self._attach == "upload" and bool(self._artifacts)

    @property
    def linked(self) -> tuple[Artifact, ...]:
        """The artifacts whose links are sent."""
        return self._artifacts if self._attach == "link" else ()

    def warnings(self, job: Job) -> tuple[str, ...]:
        """Sizes that only the files' server reports, and that an application can't hold."""
        remote = [(a.filename, job.links.known_size(a, job.placeholders)) for a in self.linked if a.size is None]
        return tuple(what for name, size in remote if (what := size_warning(name, size)))

    def attached(self, release: Release) -> list[File]:
        """The files of an existing release; none where the target attaches none."""
        if self._attach == "none":
            return []
        return self._client.files(release.id) if release.files is None else [*release.files]

    def difference(self, job: Job, file: File) -> str:
        """How a file of the release differs from its artifact; empty: it doesn't, as far as v3 reports it."""
        ours = next((a for a in self._artifacts if a.label.matches(file.name, job.placeholders)), None)
        if ours is None:
            return "not among the artifacts"
        size = ours.size if self.uploaded else job.links.size(ours, job.placeholders)
        if self.uploaded and file.secured is False:
            return "expected an uploaded file, got a link"
        if not self.uploaded and not (ours.url and ours.url.matches(file.url, job.placeholders)):
            url = ours.url.fill(job.placeholders) if ours.url else "no link"
            return f"expected {excerpt(url, SHOWN_LENGTH)}, got {excerpt(file.url, SHOWN_LENGTH)}"
        if size is not None and file.size is not None and size != file.size:
            return f"expected {size} bytes, got {file.size}"
        other = _other_md5(ours, file.checksum)
        return f"expected MD5 {ours.md5}, got {other}" if other else ""

    def differences(self, job: Job, files: Sequence[File]) -> list[str]:
        """The differences of all files of the release, each with the file's name."""
        pairs = ((file.name, self.difference(job, file)) for file in files)
        return [f"file {excerpt(name, SHOWN_LENGTH)}: {difference}" for name, difference in pairs if difference]

    def changes(self, job: Job, files: Sequence[File] = ()) -> tuple[Call, ...]:
        """The calls that add, replace and remove files until the release has the artifacts and nothing else.

        Files are added first and removed last. A name must be free before it is used again, so each file is replaced
        by two calls in a row. Raises RefusedError for a file that can't be added.
        """
        wrong = [file for file in files if self.difference(job, file)]
        kept = [file.name for file in files if file not in wrong]
        missing = [a for a in self._artifacts if not any(a.label.matches(name, job.placeholders) for name in kept)]
        if self.uploaded:
            self._check_names(job)
        added: list[Call] = []
        replaced: list[Call] = []
        for artifact in missing:
            call = self._upload(job, artifact) if self.uploaded else self._link(job, artifact)
            name = artifact.label.fill(job.placeholders).casefold()
            old = [file for file in wrong if file.name.casefold() == name]
            wrong = [file for file in wrong if file not in old]
            (replaced if old else added).extend((*map(self._delete, old), call))
        return (*added, *replaced, *map(self._delete, wrong))

    def _delete(self, file: File) -> Call:
        return self._client.call("delete-release-file", path={"id": file.id})

    def _upload(self, job: Job, artifact: Artifact) -> Call:
        from shipline.transport.upload import Upload

        assert artifact.path is not None  # noqa: S101 - validation refuses what is remote
        return self._client.call(
            "upload-release-file",
            path={"releaseId": self._release_id, "filename": artifact.label},
            upload=Upload(artifact.path, self._form_field, artifact.label.fill(job.placeholders), artifact.shown_path),
        )

    def _check_names(self, job: Job) -> None:
        """Raises RefusedError for unusable names: those that hold the build's number are complete only now."""
        complete = [
            a.label.fill(job.placeholders) for a in self._artifacts if not a.label.names - job.placeholders.keys()
        ]
        twice = [name for name, count in Counter(name.casefold() for name in complete).items() if count > 1]
        wrong = [name for name in complete if not re.fullmatch(UPLOAD_NAME, name)]
        if wrong or twice:
            raise RefusedError(
                f"the release server doesn't take files named {', '.join(wrong or twice)}",
                why=f"a name is {UPLOAD_NAME_RULE}, and two that differ only by case are one",
                todo="change the artifacts' labels, and run again",
            )

    def _link(self, job: Job, artifact: Artifact) -> Call:
        size = self._size(job, artifact)
        body = {
            "name": artifact.label,
            "url": artifact.url,
            "size": placeholder("size") if size is None else size,
            "secured": False,
            "releaseId": self._release_id,
        }
        return self._client.call(
            "create-release-file", body=body | ({"checksum": artifact.md5} if artifact.md5 else {})
        )

    def _size(self, job: Job, artifact: Artifact) -> int | None:
        """The file's size; None if it may be found later. Raises RefusedError if it won't be: v3 needs it."""
        if artifact.size is not None:
            return artifact.size
        link = job.links.link(artifact, job.placeholders)
        if link and link.size is not None:
            return link.size
        # With `fail` a bad link ends the run before the announcement; else only a missing file may still be uploaded.
        may_come = link is None or not (link.good or (job.pipeline.check_links != "fail" and link.status != _MISSING))
        if may_come and not job.announcing:
            return None
        raise RefusedError(
            f"the size of {artifact.shown_path} is not known, and v3 needs it",
            why=(link and link.problem) or "its server doesn't report it",
            todo="set the artifact's `size` in bytes, or upload the file to a server that reports its size; then run "
            "again",
        )

    @property
    def content(self) -> list[Any]:
        """The fields of each artifact that distinguish its file from that of an earlier run: label, link, size, MD5."""
        if self.uploaded:
            return [[a.label, a.size, a.md5] for a in self._artifacts]
        return [[a.label, a.url, a.size, a.md5] for a in self._artifacts]

    def received(self, data: Any) -> RunValues:
        """Keep a response for ``check``. Raises ValueError if it isn't about a file or a release: it has no id."""
        if not data["id"]:
            raise ValueError("no id")
        self._response = data
        return RunValues()

    def check(self, job: Job, call: Call) -> None:
        """Compare what the server reports of a file with what was sent.

        Raises RefusedError if it differs. A response without the file is allowed: ``check_all`` requests the list.
        """
        listed = self._response.get("files")
        sent = filled(call.body or {"name": call.path["filename"]}, job.placeholders)
        responses = (
            data for data in (listed if isinstance(listed, list) else [self._response]) if _REPORTED & data.keys()
        )
        reported = (File.of(sent | data) for data in responses)
        name = sent["name"]
        file = next((file for file in reported if file.name == name), None)
        self.unconfirmed = self.unconfirmed or file is None
        if file is None or not (difference := self.difference(job, file)):
            return
        artifact = next((a for a in self._artifacts if call.upload and a.path == call.upload.path), None)
        if artifact is None or not (md5 := _other_md5(artifact, file.checksum)):
            raise refusal([f"file {name}: {difference}"])
        self._report_md5(job, artifact, md5)

    def check_all(self, job: Job) -> None:
        """Look up the files if responses didn't show all changes. Raises RefusedError if one is missing or differs."""
        if not self.unconfirmed:
            return
        files = self._client.files(job.values.target(self._target).release_id or "")
        names = {file.name for file in files}
        labels = [artifact.label.fill(job.placeholders) for artifact in self._artifacts]
        missing = [f"file {label}: missing" for label in labels if label not in names]
        if wrong := [*self.differences(job, files), *missing]:
            raise refusal(wrong)
        self.unconfirmed = False

    def _report_md5(self, job: Job, artifact: Artifact, md5: str) -> None:
        """Warn of an uploaded file whose MD5 on the server differs; it may be no MD5, so a person has to compare.

        Raises RefusedError if the release will be published, which can't be undone.
        """
        what = f"{artifact.shown_path} was uploaded, but the server's MD5 of it is {md5}, and here it is {artifact.md5}"
        if self._published:
            publish = f"shipline v3 publish-release --id {job.values.target(self._target).release_id or 'ID'}"
            todo = (
                "download the file from the draft and compare: if it differs, delete it there and run again; if it "
                f"doesn't, the server's value isn't an MD5: publish the draft with {publish}"
            )
            raise RefusedError(what, why="the release stays a draft, because publishing can't be undone", todo=todo)
        job.report.warning(f"{what}: download it and compare before customers do", counts=True)


def _other_md5(ours: Artifact, checksum: Any) -> str:
    """The server's MD5 of a file if it differs from the artifact's; empty if it is equal or can't be compared.

    A release server reports its storage's ETag: in quotes, and no MD5 if the file was uploaded in parts.
    """
    found = str(checksum or "").strip().strip('"').lower()
    comparable = ours.md5 and _MD5.fullmatch(found)
    return found if comparable and found != str(ours.md5).lower() else ""
