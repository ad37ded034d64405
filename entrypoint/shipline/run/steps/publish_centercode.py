"""One Centercode release. It can't be looked up or withdrawn, so it is sent only if it provably wasn't before."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from shipline import values
from shipline.errors import RefusedError, ShiplineError, UnknownOutcomeError
from shipline.interpolation import placeholder
from shipline.pipeline.centercode import END_OF_RELEASE
from shipline.run.links import File
from shipline.run.results import RunValues, TargetResult
from shipline.run.step import Announcement, Decision, Job
from shipline.services.centercode import Centercode, Release
from shipline.services.client import Call, filled
from shipline.services.response import MissingError
from shipline.transport.prefetch import Prefetched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline.model import Artifact, CentercodeTarget, LinkSettings
    from shipline.run.records import StepRecord


class PublishCentercode(Announcement[None]):
    """Step ``publish:centercode`` (``publish:centercode:2`` …)."""

    def __init__(self, target: CentercodeTarget, client: Centercode, version: str) -> None:
        super().__init__(target.name, required=target.required)
        self._target = target
        self._client = client
        self._version = version
        url = self._call({}).request({}).url
        self.first = Prefetched(url, partial(client.check_up, url))
        self._where = f"{target.project}/{target.release_type}"

    def key(self, job: Job) -> str:
        t = self._target
        return f"centercode|{t.url}|{t.project}|{t.release_type}|{self._version}"

    def decide(self, job: Job) -> Decision[None]:
        t = self._target
        if t.skip:
            return Decision(skip=t.skip, made=self.named(TargetResult(release_status="skipped")))
        call = self._call(self._body(job))
        record = job.record(self)
        if record and record.status in ("done", "sent"):
            # `sent` is enough here: an accepted request has created the release.
            return self._announced(job, record, call)
        if record and record.status in ("sending", "unknown"):
            return self._unknown(call, "an earlier run sent it, and the response was lost")
        # A refusal of an earlier attempt proves nothing about one in between, which the receipt doesn't have.
        if not job.evidence.may_be_first(self.key(job)):
            return self._unknown(call, f"{job.evidence.who_else} posted it")
        warnings = (self._uncounted(),) if job.evidence.attempts_unknown(self.key(job)) else ()
        note = "the key, the project and the release type are unchecked: Centercode has no request for them"
        if t.end_date:
            note = f"testers see the release until {t.end_date.partition('T')[0]}, {END_OF_RELEASE}. {note}"
        return Decision(calls=(call,), note=note, warnings=warnings)

    def _call(self, body: dict[str, Any]) -> Call:
        path = {"projectKey": self._target.project, "releaseTypeKey": self._target.release_type}
        return self._client.call("project-release", path=path, body=body)

    def _uncounted(self) -> str:
        return (
            "there is no receipt of this job and no journal, and this CI system doesn't count attempts: if the job has "
            f"run before, {self._version} is posted to {self._where} again (journal.store: git prevents that)"
        )

    def doubt(self, job: Job) -> ShiplineError | None:
        record = job.record(self)
        sent = record is not None and record.status != "refused"
        if self._target.skip or sent or self._target.on_unknown != "fail" or job.evidence.may_be_first(self.key(job)):
            return None
        return self._not_known(f"{job.evidence.who_else} posted it")

    def _announced(self, job: Job, record: StepRecord, call: Call) -> Decision[None]:
        if self._target.if_exists == "post":
            reuse = f"{self._version} was posted to {self._where} before; if-exists is post"
            return Decision(calls=(call,), reuse=reuse)
        if self._target.if_exists == "fail":
            raise RefusedError(
                f"{self._version} was posted to {self._where} already, and centercode.if-exists is fail",
                todo="use a new version, or set it to skip",
            )
        differs = record.payload not in (None, _digest(call, job.placeholders))
        warning = f"the post to {self._where} differs from the current settings, and Centercode can't change it"
        reuse = f"{self._version} was posted to {self._where} already"
        return Decision(reuse=reuse, made=self.restored(record), warnings=(warning,) if differs else ())

    def _unknown(self, call: Call, why: str) -> Decision[None]:
        t = self._target
        if t.on_unknown == "resend":
            return Decision(calls=(call,), reuse=f"may be in {self._where} already; on-unknown is resend")
        if t.on_unknown == "assume":
            return Decision(reuse=f"assumed posted to {self._where}: on-unknown is assume", made=self._created(None))
        return Decision(error=self._not_known(why))

    def _not_known(self, why: str) -> UnknownOutcomeError:
        t = self._target
        return UnknownOutcomeError(
            f"can't determine whether {self._version} was posted to Centercode ({self._where})",
            why=f"{why}, and Centercode has no request to look up a release",
            todo=f"open {t.url} and check the releases of type {t.release_type} in project {t.project}: "
            f"if {self._version} exists, run once with centercode-on-unknown (the input, or the flag) set to assume, "
            "otherwise to resend",
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
            "links": [
                *(self._link(job, a) for a in t.artifacts if a.url is not None),
                *({"label": page.label, "url": page.url, **self._shown(page.link)} for page in t.pages),
            ],
        }
        required = {"title": t.title, "releaseValue": self._version}
        return required | {name: value for name, value in optional.items() if value not in (None, "", [])}

    def _link(self, job: Job, artifact: Artifact) -> dict[str, Any]:
        size = job.links.size(artifact, job.placeholders)
        sized: dict[str, Any] = {}
        if size is not None:
            sized["size"], sized["sizeUnit"] = values.size_and_unit(size)
        elif artifact.url and artifact.url.names - job.placeholders.keys():
            sized = {"size": placeholder("size"), "sizeUnit": placeholder("size-unit")}
        return {"label": artifact.label, "url": artifact.url, **sized, **self._shown(artifact.link)}

    def _shown(self, link: LinkSettings) -> dict[str, bool]:
        t = self._target
        defaults = (t.open_in_new_window, t.include_in_download_block, t.log_download_attempts)
        names = ("openInNewWindow", "includeInDownloadBlock", "logDownloadAttempts")
        chosen = (default if own is None else own for own, default in zip(link, defaults, strict=True))
        return dict(zip(names, chosen, strict=True))

    def act(self, job: Job, decision: Decision[None]) -> str:
        if not decision.calls:
            job.done(self, decision.made)
            return decision.reuse
        call = decision.calls[0]
        self.first.take()
        try:
            made = job.post(self, call, self._created, payload=_digest(call, job.placeholders))
        except MissingError as error:
            todo = "check centercode.url, centercode.project and centercode.release-type, and run again"
            raise error.with_context(todo=todo) from error
        except UnknownOutcomeError as error:
            raise self._not_known(f"{error.what} ({error.why})") from None
        result = made.target(self.target)
        if not result.release_id:
            job.report.warning(f"Centercode accepted {self._version} for {self._where}, but the response lacks its id")
        job.done(self, made)
        return f"posted {self._version} to {self._where} ({result.release_status or 'accepted'})"

    def _created(self, data: Any) -> RunValues:
        """The created release. A response without an id, or an empty one, was accepted, so it created one too."""
        release = Release.of(data if isinstance(data, dict) else {})
        return self.named(TargetResult(release.id, release.url, release.status))

    def links(self, job: Job) -> list[File]:
        if self._target.skip:
            return []
        known = job.placeholders
        pages = (page.url for page in self._target.pages if not page.url.names - known.keys())
        return job.links.of(self._target.artifacts, known) + [File(url.fill(known), page=True) for url in pages]


def _digest(call: Call, placeholders: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(filled(call.body, placeholders), sort_keys=True).encode()).hexdigest()
