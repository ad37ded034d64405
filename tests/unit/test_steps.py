"""What a request that changes something leaves in the receipt, however it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from shipline import schemas
from shipline.cancellation import cancel_token
from shipline.ci.facts import Facts
from shipline.errors import (
    CanceledError,
    DeploymentFailedError,
    NotAuthorisedError,
    RefusedError,
    ShiplineError,
    UnavailableError,
    UnknownOutcomeError,
)
from shipline.run.evidence import Origin
from shipline.run.results import RunValues, TargetResult
from shipline.run.step import Decision, Step
from shipline.run.steps import supersession
from shipline.services.buildmaster import BuildMaster
from shipline.services.response import ConflictError
from unit.responding_server import Server, StepRun, job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.run.step import Job

REJECT = "POST /api/releases/builds/reject"


class Rejecting(Step[None]):
    """The smallest step that changes something."""

    name = "reject"

    def key(self, job: Job) -> str:
        return f"reject|{job.values.build_id or ''}"

    def decide(self, job: Job) -> Decision[None]:
        return Decision(calls=(supersession.reject_call(client(job)),))

    def act(self, job: Job, decision: Decision[None]) -> str:
        made = job.post(self, decision.calls[0], lambda data: RunValues(stage=data["id"]), attempt=3)
        return made.stage or ""


def client(job: Job) -> BuildMaster:
    assert job.pipeline.buildmaster is not None
    return BuildMaster(job.pipeline.buildmaster, job.pipeline.network)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


class Running(StepRun):
    """A job with build 5 that rejects it."""

    def __init__(self, folder: Path, server: Server, step: Step[None] | None = None, **more: Any) -> None:
        super().__init__(folder, server.url, build_id=5, buildmaster="", **more)
        self.step = step or Rejecting()


def on_disk(job: Job) -> dict[str, Any]:
    """The only step in the receipt as the next run will read it."""
    data = json.loads(job.receipt.path.read_text())
    jsonschema.Draft202012Validator(schemas.load("receipt")).validate(data)
    (step,) = data["steps"]
    return dict(step)


def test_what_was_accepted_is_kept_with_what_it_made(tmp_path: Path, server: Server) -> None:
    server.answers[REJECT] = {"id": "r9"}
    run = Running(tmp_path, server)
    assert run.act() == "r9"
    step = on_disk(run.job)
    assert (step["status"], step["made"], step["attempt"]) == ("sent", {"buildmaster-stage": "r9"}, 3)
    (line,) = step["requests"]
    assert (line["method"], line["url"]) == ("POST", f"{server.url}/api/releases/builds/reject")
    assert (line["status"], line["phase"]) == ("sent", "answering")
    assert server.bodies == [b"buildId=5"]
    assert run.job.changes == 1
    run.job.done(run.step, RunValues(stage="r10"), seconds=2)
    step = on_disk(run.job)
    assert (step["status"], step["made"], step["seconds"]) == ("done", {"buildmaster-stage": "r10"}, 2)
    assert run.job.values.stage == "r10"


@pytest.mark.parametrize(
    ("status", "error", "settled"),
    [
        (401, NotAuthorisedError, "refused"),
        (404, RefusedError, "refused"),
        (302, RefusedError, "refused"),
        (409, ConflictError, "unknown"),
        (429, UnavailableError, "refused"),
        (500, UnknownOutcomeError, "unknown"),
        (303, UnknownOutcomeError, "unknown"),
    ],
)
def test_what_was_refused_and_what_is_not_known(
    tmp_path: Path, server: Server, status: int, error: type[ShiplineError], settled: str
) -> None:
    server.answers[REJECT] = status
    run = Running(tmp_path, server)
    assert isinstance(run.failure(), error)
    step = on_disk(run.job)
    assert [step["status"], step["requests"][0]["status"]] == [settled, settled]
    assert run.step.lost_request(run.job) == (step["requests"][0]["fingerprint"] if settled == "unknown" else None)


@pytest.mark.parametrize(("adopts", "settled"), [(True, "unknown"), (False, "refused")])
def test_a_doubtful_conflict_is_one_only_where_a_look_up_can_settle_it(
    tmp_path: Path, server: Server, *, adopts: bool, settled: str
) -> None:
    step = Rejecting()
    step.can_adopt = adopts
    run = Running(tmp_path, server, step)
    server.answers[REJECT] = "Duplicate label"
    assert isinstance(run.failure(), ConflictError)
    assert on_disk(run.job)["status"] == settled


@pytest.mark.parametrize("answer", [[], {}, {"id": "x" * 4097}, 200])
def test_an_accepted_request_whose_answer_can_not_be_used_is_unknown(
    tmp_path: Path, server: Server, answer: Any
) -> None:
    server.answers[REJECT] = answer
    run = Running(tmp_path, server)
    run.step.lost_response_advice = "look at the builds"
    error = run.failure()
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == "buildmaster: Reject Build succeeded, but the response lacks the new id"
    assert error.todo == "look at the builds"
    run.step = Rejecting()
    assert run.failure().todo == "check in buildmaster what it made, then run again"
    assert (on_disk(run.job)["status"], on_disk(run.job)["made"]) == ("unknown", {})


def test_the_longest_id_is_kept(tmp_path: Path, server: Server) -> None:
    server.answers[REJECT] = {"id": "x" * 4096}
    assert len(Running(tmp_path, server).act()) == 4096


def test_what_was_never_sent_is_refused_whatever_stopped_it(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    cancel_token.cancel(15)
    try:
        error = run.failure()
    finally:
        cancel_token.reset()
    assert isinstance(error, CanceledError)
    step = on_disk(run.job)
    assert (step["status"], step["requests"][0]["phase"]) == ("refused", "not sent")
    assert server.asked == []
    assert run.step.lost_request(run.job) is None


def test_a_receipt_that_can_not_be_written_stops_the_request(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    (tmp_path / "file").write_text("x")
    run.job.receipt.path = tmp_path / "file/receipt.json"
    with pytest.raises(RefusedError, match="file"):
        run.act()
    assert server.asked == []


class SlowJournal:
    """A shared journal whose write took so long that nothing may be sent any more."""

    send_by = 0.0
    refuses: ShiplineError | None = None

    def note(self, receipt: str) -> None:
        """Nothing here reads it."""

    def write(self, subject: str) -> None:
        del subject
        if self.refuses:
            raise self.refuses


def test_a_request_that_was_recorded_too_slowly_is_not_sent(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    run.job.receipt._journal = SlowJournal()  # type: ignore[assignment]
    with pytest.raises(UnavailableError):
        run.act()
    assert server.asked == []
    assert on_disk(run.job)["status"] == "refused"


def test_a_run_that_was_overtaken_sends_nothing_and_leaves_no_doubt(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    journal = SlowJournal()
    journal.refuses = RefusedError("another run has taken over this release")
    run.job.receipt._journal = journal  # type: ignore[assignment]
    with pytest.raises(RefusedError, match="taken over"):
        run.act()
    assert server.asked == []
    (request,) = on_disk(run.job)["requests"]
    assert (on_disk(run.job)["status"], request["status"]) == ("refused", "refused")


def test_nothing_is_sent_without_what_it_needs(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    run.job.values = RunValues()
    with pytest.raises(RuntimeError, match="reject-build needs what nothing has made: buildmaster-build-id"):
        run.act()
    assert server.asked == []
    assert run.job.receipt.steps == []


@pytest.mark.parametrize(
    ("ci", "attempt", "first"), [("github", 1, True), ("github", 2, False), ("gitlab", None, True)]
)
def test_without_a_receipt_only_a_first_attempt_that_moves_nothing_is_the_first(
    tmp_path: Path, server: Server, ci: str, attempt: int | None, *, first: bool
) -> None:
    facts = Facts(ci=ci, run_id="77", run_attempt=attempt)
    alone = job(tmp_path, server.url, facts=facts, centercode="")
    publishing = Running(tmp_path, server, facts=facts, steps="publish", centercode="").job
    deploying = Running(tmp_path, server, facts=facts, centercode="").job
    assert [one.evidence.may_be_first() for one in (alone, publishing, deploying)] == [first, first, False]
    assert alone.evidence.attempts_unknown("x") == (attempt is None)
    deploying.evidence.set_origin(Origin("started"))
    assert deploying.evidence.may_be_first()
    assert deploying.receipt.has_earlier_attempts == first
    deploying.evidence.note_release("build 6 has succeeded")
    assert not deploying.evidence.may_be_first()
    assert deploying.evidence.who_else.startswith("build 6 has succeeded, and not by a run")


def test_a_build_that_another_run_works_on_stays_so(tmp_path: Path, server: Server) -> None:
    publishing = Running(tmp_path, server, steps="publish", centercode="").job
    publishing.evidence.set_origin(Origin("adopted", who="another run may have"))
    publishing.evidence.set_origin(Origin("started", (7,)))
    assert not publishing.evidence.may_be_first()
    assert publishing.evidence.who_else == "another run may have"


def test_a_receipt_of_this_run_that_is_not_complete_is_no_first_announcement(tmp_path: Path, server: Server) -> None:
    facts = [Facts(ci="github", run_id="77", run_attempt=1, job=name) for name in ("deploy", "publish")]
    Running(tmp_path, server, facts=facts[0], centercode="").job.receipt.note(whole=False)
    publishing = Running(tmp_path, server, facts=facts[1], steps="publish", centercode="").job
    assert not publishing.evidence.may_be_first()
    of_another_run = Running(tmp_path, server, facts=facts[1]._replace(run_id="78"), steps="publish", centercode="").job
    assert of_another_run.evidence.may_be_first()


def test_a_receipt_that_was_there_from_the_beginning_is_proof(tmp_path: Path, server: Server) -> None:
    facts = [Facts(ci="github", run_id="77", run_attempt=number) for number in (1, 2)]
    first = Running(tmp_path, server, facts=facts[0], centercode="").job
    first.receipt.note(whole=True)
    assert Running(tmp_path, server, facts=facts[1], centercode="").job.evidence.may_be_first()
    first.receipt.note(whole=False)
    assert not Running(tmp_path, server, facts=facts[1], centercode="").job.evidence.may_be_first()


def test_a_decision_is_open_as_long_as_something_is_to_be_done() -> None:
    call: Any = object()
    assert not Decision(reuse="there", skip="why").open
    assert all(d.open for d in (Decision((call,)), Decision(wait="1m"), Decision(error=ShiplineError("x"))))


def rejected(job: Job) -> ShiplineError:
    return supersession.reject(client(job), job, DeploymentFailedError("failed", todo="look"))


def test_rejecting_a_build_is_journaled_and_told(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    server.answers[REJECT] = 200
    assert rejected(run.job).todo == "fix the cause and release a new build"
    step = on_disk(run.job)
    assert (step["key"], step["status"], step["requests"][0]["status"]) == ("reject 5", "done", "sent")
    assert (server.bodies, run.told) == ([b"buildId=5"], [])


@pytest.mark.parametrize(("status", "settled"), [(403, "refused"), (404, "refused"), (500, "unknown")])
def test_a_build_that_is_not_rejected_is_a_warning(tmp_path: Path, server: Server, status: int, settled: str) -> None:
    run = Running(tmp_path, server)
    server.answers[REJECT] = status
    assert rejected(run.job).todo == "look"
    assert on_disk(run.job)["status"] == settled
    assert [text.partition(": ")[0] for text in run.shown()] == ["the build could not be rejected"]
    assert not run.job.report.warned


def test_a_rejection_that_a_cancel_prevents_is_recorded_as_not_sent(tmp_path: Path, server: Server) -> None:
    run = Running(tmp_path, server)
    cancel_token.cancel(2)
    try:
        with pytest.raises(CanceledError):
            rejected(run.job)
    finally:
        cancel_token.reset()
    assert on_disk(run.job)["status"] == "refused"


def test_links_lead_to_the_build_and_to_each_release(tmp_path: Path) -> None:
    pipeline = job(tmp_path, "http://127.0.0.1:9", buildmaster="", v3="", centercode="").pipeline
    made = {"v3": TargetResult("r1"), "centercode": TargetResult("2", "https://c/2"), "notify:comment": TargetResult()}
    assert RunValues(application_id="7", build_id=3, targets=made).links(pipeline) == {
        "BuildMaster build": "http://127.0.0.1:9/applications/7/builds/build?buildId=3",
        "v3 release": "http://127.0.0.1:9/v3/releases/r1",
        "centercode release": "https://c/2",
    }
