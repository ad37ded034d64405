"""The files of a v3 release: links to the artifacts, or the artifacts themselves on the release server."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from shipline.errors import RefusedError
from shipline.text import later
from shipline.transport.upload import Upload
from shipline.values import UPLOAD_NAME, UPLOAD_NAME_RULE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.pipeline import Artifact, V3Target
    from shipline.services.operation import Call
    from shipline.services.v3 import V3, File
    from shipline.steps import Job

_MD5 = re.compile(r"[0-9a-f]{32}")


class ReleaseFiles:
    """What a target attaches; ``release_id`` is the name under which the run keeps the release's id."""

    def __init__(self, target: V3Target, client: V3, release_id: str) -> None:
        self._attach = target.attach
        self._artifacts = target.artifacts if target.attach != "none" else ()
        self._form_field = "file" if target.upload_form == "multipart" else ""
        self._published = target.state == "published"
        self._client = client
        self._release_id = release_id

    @property
    def uploaded(self) -> bool:
        return self._attach == "upload" and bool(self._artifacts)

    @property
    def linked(self) -> tuple[Artifact, ...]:
        """The artifacts that customers will be sent to."""
        return self._artifacts if self._attach == "link" else ()

    def there(self, release_id: str) -> list[File]:
        return self._client.files(release_id) if self._attach != "none" else []

    def is_ours(self, job: Job, file: File) -> bool:
        """Whether a file of the release is one that would be added now."""
        ours = next((a for a in self._artifacts if a.label.could_be(file.name, job.values)), None)
        if ours is None or not self._same_place(job, ours, file):
            return False
        size = ours.size if self.uploaded else job.links.size(ours, job.values)
        same_size = size is None or file.size is None or size == file.size
        return same_size and not _other_md5(ours, file.checksum)

    def _same_place(self, job: Job, ours: Artifact, file: File) -> bool:
        if self.uploaded:
            return file.secured is not False  # a link to elsewhere is not
        return ours.url is not None and ours.url.could_be(file.url, job.values)

    def missing(self, job: Job, kept: tuple[str, ...] = ()) -> tuple[Call, ...]:
        """What adds the artifacts that aren't among the names ``kept``. Raises RefusedError for one that can't be."""
        missing = [a for a in self._artifacts if not any(a.label.could_be(name, job.values) for name in kept)]
        if not self.uploaded:
            return tuple(self._client.call("create-release-file", body=self._link(job, a)) for a in missing)
        self._check_names(job)
        return tuple(self._upload(job, artifact) for artifact in missing)

    def _upload(self, job: Job, artifact: Artifact) -> Call:
        assert artifact.path is not None  # noqa: S101 - validation refuses what is remote
        return self._client.call(
            "upload-release-file",
            path={"releaseId": later(self._release_id), "filename": artifact.label},
            upload=Upload(artifact.path, self._form_field, artifact.label.fill(job.values), artifact.shown_path),
        )

    def _check_names(self, job: Job) -> None:
        """Names that hold the build's number are whole only now."""
        whole = [a.label.fill(job.values) for a in self._artifacts if not a.label.names - job.values.keys()]
        twice = [name for name, count in Counter(name.casefold() for name in whole).items() if count > 1]
        wrong = [name for name in whole if not re.fullmatch(UPLOAD_NAME, name)]
        if wrong or twice:
            raise RefusedError(
                f"the release server doesn't take files named {', '.join(wrong or twice)}",
                why=f"a name is {UPLOAD_NAME_RULE}, and two that differ only by case are one",
                todo="change the artifacts' labels, and run again",
            )

    def _link(self, job: Job, artifact: Artifact) -> dict[str, Any]:
        size = job.links.size(artifact, job.values)
        if size is None and job.announcing:
            raise RefusedError(
                f"the size of {artifact.shown_path} is not known, and v3 needs it",
                why="its server doesn't say it, or doesn't have the file",
                todo="upload the file, or give its size in bytes in the artifact's `size`; then run again",
            )
        body = {
            "name": artifact.label,
            "url": artifact.url,
            "size": later("size") if size is None else size,
            "secured": False,
            "releaseId": later(self._release_id),
        }
        return body | ({"checksum": artifact.md5} if artifact.md5 else {})

    @property
    def content(self) -> list[Any]:
        """What makes one set of files differ from another."""
        if self.uploaded:
            return [[a.label, a.size, a.md5] for a in self._artifacts]
        return [[a.label, a.url, a.size, a.md5] for a in self._artifacts]

    def confirmed(self, job: Job, call: Call) -> Callable[[Any], dict[str, str]]:
        """Reads the answer to one of the calls: the file or its release; what counts is that something has an id."""

        def parse(data: Any) -> dict[str, str]:
            if not data["id"]:
                raise ValueError("no id")
            self._compare(job, call, data)
            return {}

        return parse

    def _compare(self, job: Job, call: Call, data: Mapping[str, Any]) -> None:
        """Tells of a file that arrived otherwise than it was sent: the server says which MD5 it has.

        Raises RefusedError where the release is to be published, which can't be taken back.
        """
        artifact = next((a for a in self._artifacts if call.upload and a.path == call.upload.path), None)
        if artifact is None or not (found := _other_md5(artifact, data.get("checksum"))):
            return
        what = (
            f"{artifact.shown_path} was uploaded, but the server's MD5 of it is {found}, and here it is {artifact.md5}"
        )
        if self._published:
            publish = f"shipline v3 publish-release --id {job.values.get(self._release_id, 'ID')}"
            todo = (
                "load the file from the draft and compare: delete it there if it differs, then run again; if it "
                f"doesn't, what the server tells is no MD5: publish the draft with {publish}"
            )
            raise RefusedError(what, why="the release stays a draft: published is for ever", todo=todo)
        job.console.warning(f"{what}: load it and compare before customers do", counts=True)


def _other_md5(ours: Artifact, checksum: Any) -> str:
    """The MD5 that a server has of a file, if it isn't the artifact's; empty if it is, or can't be compared.

    A release server tells its storage's ETag: in quotes, and no MD5 where the file came in parts.
    """
    found = str(checksum or "").strip().strip('"').lower()
    comparable = ours.md5 and _MD5.fullmatch(found)
    return found if comparable and found != str(ours.md5).lower() else ""
