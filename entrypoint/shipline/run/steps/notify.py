"""One comment or macro on one feedback, after the announcement. Centercode can't report whether it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.errors import UnknownOutcomeError
from shipline.interpolation import Placeholder, Template
from shipline.run.results import RunValues, TargetResult
from shipline.run.step import Announcement, Decision, Job, Step
from shipline.services.response import MissingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.pipeline.model import Listener
    from shipline.services.centercode import Centercode
    from shipline.services.client import Call


_OPERATIONS = {"comment": "project-feedback-comment", "macro": "project-feedback-macro"}
_WORDS = {"comment": ("comment", "commented on"), "macro": ("run of the macro", "queued the macro on")}


class Notify(Step[None]):
    """Step ``notify:comment:FEEDBACK`` or ``notify:macro:FEEDBACK``; without a feedback it is skipped."""

    def __init__(
        self,
        listener: Listener,
        feedback: str,
        client: Centercode,
        version: str,
        announcements: Sequence[Announcement[Any]],
    ) -> None:
        self.name = self.target = f"{listener.name}:{feedback}".rstrip(":")
        self.required = listener.required
        self._listener = listener
        self._feedback = feedback
        self._client = client
        self._version = version
        self._announcements = announcements
        self._noun, self._done = _WORDS[listener.kind]
        self._where = f"{feedback} ({listener.project}/{listener.listener})"

    def key(self, job: Job) -> str:
        one = self._listener
        return f"{one.kind}|{one.url}|{one.project}|{one.listener}|{self._feedback}|{self._version}"

    def decide(self, job: Job) -> Decision[None]:
        if reason := self._nothing_to_do(job):
            return Decision(skip=reason)
        record = job.record(self)
        if record and record.status in ("done", "sent"):
            return Decision(reuse=f"{self._done} {self._where} already")
        if record and record.status in ("sending", "unknown"):
            return self._unknown(job, "an earlier run sent it, and the response was lost")
        if not job.evidence.may_be_first(self.key(job)):
            return self._unknown(job, f"{job.evidence.who_else} sent it")
        return Decision(calls=(self._call(job),), note="sent after the announcement")

    def _unknown(self, job: Job, why: str) -> Decision[None]:
        """Follow the setting for announcements with an unknown outcome."""
        if self._listener.on_unknown == "assume":
            return Decision(reuse=f"assumed sent: {self._noun} on {self._where}; on-unknown is assume")
        if self._listener.on_unknown == "resend":
            return Decision(calls=(self._call(job),), reuse=f"{self._where} may have it; on-unknown is resend")
        return Decision(error=self._not_known(why))

    def _nothing_to_do(self, job: Job) -> str:
        """Why the step is skipped; empty: it isn't."""
        if self._listener.skip:
            return self._listener.skip
        public = (step for step in self._announcements if step.public)
        if not any(_is_announced(step, job) or _will_be_announced(step, job) for step in public):
            return "no announcement"
        return "" if self._feedback else f"no feedback is named in {self._listener.searched}"

    def _call(self, job: Job) -> Call:
        known = {"feedback": self._feedback}
        url = job.values.target("centercode").release_url
        first = (step for step in self._announcements if step.target == "centercode")
        if url is not None or not any(_will_be_announced(step, job) for step in first):
            known["release_url"] = url or ""
        one = self._listener
        return self._client.call(
            _OPERATIONS[one.kind],
            path={"projectKey": one.project, "listenerKey": one.listener},
            query={"find": self._feedback},
            body={name: _filled(text, known) for name, text in one.body.items()} or None,
        )

    def _not_known(self, why: str) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            f"can't determine whether the {self._noun} on {self._where} was sent",
            why=f"{why}, and Centercode has no request to look it up",
            todo=f"look at {self._feedback} in {self._listener.url}: if it exists, run once with "
            "centercode-on-unknown (the input, or the flag) set to assume, otherwise to resend",
        )

    def act(self, job: Job, decision: Decision[None]) -> str:
        if not decision.calls:
            job.done(self)
            return decision.reuse
        call = decision.calls[0]
        self._client.check_up(call.request(job.placeholders).url)
        try:
            job.post(self, call, self._accepted)
        except MissingError as error:
            if self.required:
                todo = "check the listener, and that the feedback exists (notify.types limits which)"
                raise error.with_context(todo=todo) from error
            why = f"Centercode has no such feedback or no such listener ({error.why})"
            job.report.warning(f"{self._where} is unchanged: {why}", counts=True)
            return f"left {self._where} alone"
        except UnknownOutcomeError as error:
            raise self._not_known(f"{error.what} ({error.why})") from None
        job.done(self)
        return f"{self._done} {self._where}"

    def _accepted(self, data: Any) -> RunValues:
        """A macro is queued; the receipt keeps where its status can be requested."""
        status = data.get("statusEndpoint") if isinstance(data, dict) else None
        return self.named(TargetResult(status_endpoint=status if isinstance(status, str) else None))


def _is_announced(step: Announcement[Any], job: Job) -> bool:
    decision, record = job.decisions.get(step.name), job.record(step)
    reused = decision is not None and bool(decision.reuse) and not decision.open
    return reused or (record is not None and record.status == "done")


def _will_be_announced(step: Announcement[Any], job: Job) -> bool:
    """True in a plan; once the run announces, only what has been done counts."""
    decision = job.decisions.get(step.name)
    return decision is not None and bool(decision.calls) and not job.announcing


def _filled(text: Template, known: Mapping[str, str]) -> Template:
    """``text`` with the placeholders in ``known`` filled, the others left open."""
    return Template(tuple(known.get(part.name, part) if isinstance(part, Placeholder) else part for part in text.parts))
