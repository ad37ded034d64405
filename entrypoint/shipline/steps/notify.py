"""One comment or macro on one feedback, after the announcement. Centercode can't be asked whether it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.errors import UnknownOutcomeError
from shipline.services.answer import MissingError
from shipline.steps import Decision, Job, Step
from shipline.text import Name, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.pipeline import Listener
    from shipline.services.centercode import Centercode
    from shipline.services.operation import Call
    from shipline.steps.announcement import Announcement

_OPERATIONS = {"comment": "project-feedback-comment", "macro": "project-feedback-macro"}
_WORDS = {"comment": ("comment", "commented on"), "macro": ("run of the macro", "queued the macro on")}
_RELEASE_URL = "centercode-release-url"


class Notify(Step):
    """``feedback`` is empty if there is none: then there is nothing to do, and the step says why."""

    def __init__(
        self, listener: Listener, feedback: str, client: Centercode, version: str, announcements: Sequence[Announcement]
    ) -> None:
        self.name = f"{listener.name}:{feedback}".rstrip(":")
        self.required = listener.required
        self._listener = listener
        self._feedback = feedback
        self._client = client
        self._version = version
        self._announcements = announcements
        self._noun, self._did = _WORDS[listener.kind]
        self._where = f"{feedback} ({listener.project}/{listener.listener})"

    def key(self, job: Job) -> str:
        del job
        one = self._listener
        return f"{one.kind}|{one.url}|{one.project}|{one.listener}|{self._feedback}|{self._version}"

    def decide(self, job: Job) -> Decision:
        if reason := self._nothing_to_do(job):
            return Decision(skip=reason)
        status = (job.receipt.find(self.key(job)) or {}).get("status")
        if status in ("done", "sent"):
            return Decision(reuse=f"{self._did} {self._where} already")
        if status in ("sending", "unknown"):
            return self._unknown(job, "an earlier try sent it, and its answer was lost")
        if not job.first:
            return self._unknown(job, f"{job.doubt} sent it")
        return Decision(calls=(self._call(job),), note="sent once something is announced")

    def _unknown(self, job: Job, why: str) -> Decision:
        """What is said of announcements whose outcome isn't known holds for this as well."""
        if self._listener.on_unknown == "assume":
            return Decision(reuse=f"taken as sent: {self._noun} on {self._where}; on-unknown is assume")
        if self._listener.on_unknown == "resend":
            return Decision(calls=(self._call(job),), reuse=f"{self._where} may have it; on-unknown is resend")
        return Decision(error=self._not_known(why))

    def _nothing_to_do(self, job: Job) -> str:
        if self._listener.skip:
            return self._listener.skip
        if not any(
            self._is_announced(step, job) or self._will_be(step, job) for step in self._announcements if step.public
        ):
            return "nothing is announced"
        searched = self._listener.searched
        return "" if self._feedback else f"no feedback is named in {searched}"

    def _is_announced(self, step: Step, job: Job) -> bool:
        decision = job.decisions.get(step.name, Decision())
        entry = job.receipt.find(step.key(job)) or {}
        return entry.get("status") == "done" or bool(decision.reuse and not decision.open)

    def _will_be(self, step: Step, job: Job) -> bool:
        """In a plan; once the announcing has begun, only what has been done counts."""
        return bool(job.decisions.get(step.name, Decision()).calls) and not job.announcing

    def _call(self, job: Job) -> Call:
        known = {"feedback": self._feedback}
        first = (step for step in self._announcements if step.name == "publish:centercode")
        if _RELEASE_URL in job.values or not any(self._will_be(step, job) for step in first):
            known["release_url"] = job.values.get(_RELEASE_URL, "")
        one = self._listener
        return self._client.call(
            _OPERATIONS[one.kind],
            path={"projectKey": one.project, "listenerKey": one.listener},
            query={"find": self._feedback},
            body={name: _filled(text, known) for name, text in one.body.items()} or None,
        )

    def _not_known(self, why: str) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            f"whether the {self._noun} on {self._where} was sent is not known",
            why=f"{why}, and Centercode has no way to look it up",
            todo=f"look at {self._feedback} in {self._listener.url}: if it is there, run once with "
            "centercode-on-unknown (the input, or the flag) set to assume, if not, to resend",
        )

    def act(self, job: Job, decision: Decision) -> str:
        if not decision.calls:
            job.done(self)
            return decision.reuse
        try:
            job.post(self, decision.calls[0], _accepted)
        except MissingError as error:
            if self.required:
                error.todo = "check the listener, and that the feedback is there (notify.types limits which)"
                raise
            why = f"Centercode answered that it has no such feedback or no such listener ({error.why})"
            job.console.warning(f"{self._where} is left alone: {why}", counts=True)
            return f"left {self._where} alone"
        except UnknownOutcomeError as error:
            raise self._not_known(f"{error.what} ({error.why})") from None
        job.done(self)
        return f"{self._did} {self._where}"


def _filled(text: Text, known: Mapping[str, str]) -> Text:
    """``text`` with the names of ``known`` filled, the others left open."""
    return Text(tuple(known.get(part.name, part) if isinstance(part, Name) else part for part in text.parts))


def _accepted(data: Any) -> dict[str, str]:
    """A macro is queued; the receipt keeps where its status can be asked for."""
    status = data.get("statusEndpoint") if isinstance(data, dict) else None
    return {"status-endpoint": status} if isinstance(status, str) else {}
