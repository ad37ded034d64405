"""One Centercode release. It can't be looked up or taken back, so it is sent only when it provably wasn't before."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from shipline import values
from shipline.errors import RefusedError, UnknownOutcomeError
from shipline.services.answer import MissingError
from shipline.services.centercode import Release
from shipline.services.operation import filled
from shipline.steps import Decision, Job
from shipline.steps.announcement import Announcement
from shipline.text import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import Artifact, CentercodeTarget
    from shipline.services.centercode import Centercode
    from shipline.services.operation import Call


class PublishCentercode(Announcement):
    kind = "centercode"
    made_names = ("release-id", "release-url", "release-status")

    def __init__(self, target: CentercodeTarget, client: Centercode, version: str) -> None:
        super().__init__(target.name, required=target.required)
        self._target = target
        self._client = client
        self._version = version
        self._where = f"{target.project}/{target.release_type}"

    def key(self, job: Job) -> str:
        del job
        t = self._target
        return f"centercode|{t.url}|{t.project}|{t.release_type}|{self._version}"

    def decide(self, job: Job) -> Decision:
        t = self._target
        if t.skip:
            return Decision(skip=t.skip, made=self.named({"release-status": "skipped"}))
        entry = job.receipt.find(self.key(job))
        call = self._client.call(
            "project-release", path={"projectKey": t.project, "releaseTypeKey": t.release_type}, body=self._body(job)
        )
        if entry and entry["status"] in ("done", "sent"):
            # `sent` is enough here: an accepted request has made the release.
            return self._announced(job, entry, call)
        if entry and entry["status"] in ("sending", "unknown"):
            return self._unknown(call, "an earlier try sent it, and its answer was lost")
        # That an earlier attempt was refused says nothing of one in between, which the receipt doesn't know.
        if not job.first:
            return self._unknown(call, f"{job.doubt} posted it")
        note = "Centercode can't be asked beforehand: the key, the project and the release type are not checked"
        return Decision(calls=(call,), note=note)

    def _announced(self, job: Job, entry: dict[str, Any], call: Call) -> Decision:
        if self._target.if_exists == "post":
            return Decision(
                calls=(call,), reuse=f"{self._version} was posted to {self._where} before; if-exists is post"
            )
        if self._target.if_exists == "fail":
            raise RefusedError(
                f"{self._version} was posted to {self._where} already, and centercode.if-exists is fail",
                todo="use a new version, or set it to skip",
            )
        differs = entry.get("payload") not in (None, _digest(call, job.values))
        warning = f"what was posted to {self._where} differs from what would be posted now; it can't be changed there"
        reuse = f"{self._version} was posted to {self._where} already"
        return Decision(reuse=reuse, made=self.named(entry["made"]), warnings=(warning,) if differs else ())

    def _unknown(self, call: Call, why: str) -> Decision:
        t = self._target
        if t.on_unknown == "resend":
            return Decision(calls=(call,), reuse=f"may be in {self._where} already; on-unknown is resend")
        if t.on_unknown == "assume":
            return Decision(
                reuse=f"taken as posted to {self._where}: on-unknown is assume", made=self.named(_created(None))
            )
        return Decision(error=self._not_known(why))

    def _not_known(self, why: str) -> UnknownOutcomeError:
        t = self._target
        return UnknownOutcomeError(
            f"whether {self._version} was posted to Centercode ({self._where}) is not known",
            why=f"{why}, and Centercode has no way to look a release up",
            todo=f"open {t.url} and look at the releases of type {t.release_type} in project {t.project}: "
            f"if {self._version} is there, run once with centercode-on-unknown (the input, or the flag) set to assume, "
            "if not, to resend",
        )

    def _body(self, job: Job) -> dict[str, Any]:
        t = self._target
        optional = {
            "subtitle": t.subtitle,
            "body": t.body,
            "startDate": t.start_date,
            "endDate": t.end_date,
            "isClickThroughNotice": t.click_through_notice,
            "ftpBucketFiles": [{"fileName": name} for name in t.bucket_files],
            "links": [self._link(job, a) for a in t.artifacts if a.url is not None],
        }
        return {
            "title": t.title,
            "releaseValue": self._version,
            **{k: v for k, v in optional.items() if v not in (None, "", [])},
        }

    def _link(self, job: Job, artifact: Artifact) -> dict[str, Any]:
        t = self._target
        size = job.links.size(artifact, job.values)
        sized: dict[str, Any] = {}
        if size is not None:
            sized["size"], sized["sizeUnit"] = values.size_and_unit(size)
        elif artifact.url and artifact.url.names - job.values.keys():
            sized = {"size": later("size"), "sizeUnit": later("size-unit")}
        return {
            "label": artifact.label,
            "url": artifact.url,
            **sized,
            "openInNewWindow": t.open_in_new_window,
            "includeInDownloadBlock": t.include_in_download_block,
            "logDownloadAttempts": t.log_download_attempts,
        }

    def act(self, job: Job, decision: Decision) -> str:
        if not decision.calls:
            job.done(self, self.neutral(decision.made))
            return decision.reuse
        call = decision.calls[0]
        try:
            made = job.post(self, call, _created, payload=_digest(call, job.values))
        except MissingError as error:
            error.todo = "check centercode.url, centercode.project and centercode.release-type, and run again"
            raise
        except UnknownOutcomeError as error:
            raise self._not_known(f"{error.what} ({error.why})") from None
        if not made["release-id"]:
            job.console.warning(f"Centercode took {self._version} for {self._where}, but its answer doesn't say its id")
        job.make(self.named(made))
        job.done(self, made)
        return f"posted {self._version} to {self._where} ({made['release-status'] or 'accepted'})"

    def links(self, job: Job) -> list[str]:
        return job.links.of(self._target.artifacts, job.values)


def _created(data: Any) -> dict[str, str]:
    """An answer without an id, or without anything, is a release all the same: it was accepted."""
    release = Release.of(data if isinstance(data, dict) else {})
    return {"release-id": release.id, "release-url": release.url, "release-status": release.status}


def _digest(call: Call, known: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(filled(call.body, known), sort_keys=True).encode()).hexdigest()
