"""What a request that changes something leaves in the receipt, however it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from shipline import schemas
from shipline.errors import (
    CanceledError,
    DeploymentFailedError,
    NotAuthorisedError,
    RefusedError,
    ShiplineError,
    UnavailableError,
    UnknownOutcomeError,
)
from shipline.pipeline import Facts
from shipline.services.answer import ConflictError
from shipline.services.buildmaster import BuildMaster
from shipline.steps import Decision, Step, rejection
from shipline.transport.stopping import stop
from unit.answering import Server, Told, job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.steps import Job

REJECT = "POST /api/releases/builds/reject"


class Rejecting(Step):
    """The smallest step that changes something."""

    name = "reject"

    def key(self, job: Job) -> str:
        return f"reject|{job.values.get('buildmaster-build-id', '')}"

    def decide(self, job: Job) -> Decision:
        return Decision(calls=(rejection.call(client(job)),))

    def act(self, job: Job, decision: Decision) -> str:
        made = job.post(self, decision.calls[0], lambda data: {"reject-id": data["id"]}, attempt=3)
        return made["reject-id"]


def client(job: Job) -> BuildMaster:
    assert job.pipeline.buildmaster is not None
    return BuildMaster(job.pipeline.buildmaster, job.pipeline.network)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


def made(folder: Path, server: Server, told: Told | None = None, **more: Any) -> Job:
    made = job(folder, server.url, told=told, buildmaster="", **more)
    made.values["buildmaster-build-id"] = "5"
    return made


def on_disk(job: Job) -> dict[str, Any]:
    """The only step in the receipt as the next run will read it."""
    data = json.loads(job.receipt.path.read_text())
    jsonschema.Draft202012Validator(schemas.load("receipt")).validate(data)
    (step,) = data["steps"]
    return dict(step)


def ends(job: Job, step: Step | None = None) -> ShiplineError:
    with pytest.raises(ShiplineError) as raised:
        _act(job, step or Rejecting())
    return raised.value


def _act(job: Job, step: Step) -> str:
    return step.act(job, step.decide(job))


def test_what_was_accepted_is_kept_with_what_it_made(tmp_path: Path, server: Server) -> None:
    server.answers[REJECT] = {"id": "r9"}
    job = made(tmp_path, server)
    assert _act(job, Rejecting()) == "r9"
    step = on_disk(job)
    assert (step["status"], step["made"], step["attempt"]) == ("sent", {"reject-id": "r9"}, 3)
    (line,) = step["requests"]
    assert (line["method"], line["url"]) == ("POST", f"{server.url}/api/releases/builds/reject")
    assert (line["status"], line["phase"]) == ("sent", "answering")
    assert server.bodies == [b"buildId=5"]
    assert job.changes == 1
    assert job.current is None
    job.done(Rejecting(), {"reject-id": "r10"}, seconds=2)
    step = on_disk(job)
    assert (step["status"], step["made"], step["seconds"]) == ("done", {"reject-id": "r10"}, 2)
    assert job.values["reject-id"] == "r10"


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
    job = made(tmp_path, server)
    assert isinstance(ends(job), error)
    step = on_disk(job)
    assert [step["status"], step["requests"][0]["status"]] == [settled, settled]
    assert Rejecting().lost_request(job) == (step["requests"][0]["fingerprint"] if settled == "unknown" else None)


@pytest.mark.parametrize(("adopts", "settled"), [(True, "unknown"), (False, "refused")])
def test_a_doubtful_conflict_is_one_only_where_a_look_up_can_settle_it(
    tmp_path: Path, server: Server, *, adopts: bool, settled: str
) -> None:
    step = Rejecting()
    step.adopts = adopts
    job = made(tmp_path, server)
    server.answers[REJECT] = "Duplicate label"
    assert isinstance(ends(job, step), ConflictError)
    assert on_disk(job)["status"] == settled


@pytest.mark.parametrize("answer", [[], {}, {"id": 5}, {"id": "x" * 4097}, 200])
def test_an_accepted_request_whose_answer_can_not_be_used_is_unknown(
    tmp_path: Path, server: Server, answer: Any
) -> None:
    server.answers[REJECT] = answer
    job = made(tmp_path, server)
    step = Rejecting()
    step.lost = "look at the builds"
    error = ends(job, step)
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == "buildmaster: Reject Build was accepted, but its answer doesn't say what it made"
    assert error.todo == "look at the builds"
    assert ends(job).todo == "look at the service before running again"
    assert (on_disk(job)["status"], on_disk(job)["made"]) == ("unknown", {})


def test_the_longest_id_is_kept(tmp_path: Path, server: Server) -> None:
    server.answers[REJECT] = {"id": "x" * 4096}
    assert len(_act(made(tmp_path, server), Rejecting())) == 4096


def test_what_was_never_sent_is_refused_whatever_stopped_it(tmp_path: Path, server: Server) -> None:
    job = made(tmp_path, server)
    stop.call(15)
    try:
        error = ends(job)
    finally:
        stop.reset()
    assert isinstance(error, CanceledError)
    step = on_disk(job)
    assert (step["status"], step["requests"][0]["phase"]) == ("refused", "not sent")
    assert server.asked == []
    assert Rejecting().lost_request(job) is None


def test_a_thread_that_does_not_come_back_has_sent_as_much_as_it_had(tmp_path: Path, server: Server) -> None:
    job = made(tmp_path, server)
    job.give_up("sent")
    assert not job.receipt.path.exists()
    entry = job.receipt.begin("reject", "reject|5")
    for phase, settled in (("not sent", "refused"), ("connecting", "refused"), ("sending", "unknown")):
        line = job.receipt.sending(entry, Rejecting().decide(job).calls[0].request(job.values))
        job.current = (entry, line)
        job.give_up(phase)  # type: ignore[arg-type]
        step = on_disk(job)
        assert (step["status"], step["requests"][-1]["status"]) == (settled, settled)
        assert step["requests"][-1]["phase"] == phase


def test_a_receipt_that_can_not_be_written_stops_the_request(tmp_path: Path, server: Server) -> None:
    job = made(tmp_path, server)
    (tmp_path / "file").write_text("x")
    job.receipt.path = tmp_path / "file/receipt.json"
    with pytest.raises(OSError, match="file"):
        _act(job, Rejecting())
    assert server.asked == []


def test_nothing_is_sent_without_what_it_needs(tmp_path: Path, server: Server) -> None:
    job = made(tmp_path, server)
    job.values = {}
    with pytest.raises(RuntimeError, match="reject-build needs what nothing has made: buildmaster-build-id"):
        _act(job, Rejecting())
    assert server.asked == []
    assert job.receipt.steps == []


@pytest.mark.parametrize(
    ("ci", "attempt", "first"), [("github", 1, True), ("github", 2, False), ("gitlab", None, True)]
)
def test_without_a_receipt_only_a_first_attempt_that_moves_nothing_is_the_first(
    tmp_path: Path, server: Server, ci: str, attempt: int | None, *, first: bool
) -> None:
    facts = Facts(ci=ci, run_id="77", run_attempt=attempt)
    alone = job(tmp_path, server.url, facts=facts, centercode="")
    publishing = made(tmp_path, server, facts=facts, steps="publish", centercode="")
    deploying = made(tmp_path, server, facts=facts, centercode="")
    assert [one.first for one in (alone, publishing, deploying)] == [first, first, False]
    deploying.moving = True
    assert deploying.first
    assert deploying.knows_before == first


def test_a_receipt_that_was_there_from_the_beginning_is_proof(tmp_path: Path, server: Server) -> None:
    facts = [Facts(ci="github", run_id="77", run_attempt=number) for number in (1, 2)]
    first = made(tmp_path, server, facts=facts[0], centercode="")
    first.receipt.note(facts[0], steps=first.pipeline.steps, whole=True)
    assert made(tmp_path, server, facts=facts[1], centercode="").first
    first.receipt.note(facts[0], steps=first.pipeline.steps, whole=False)
    assert not made(tmp_path, server, facts=facts[1], centercode="").first


def test_a_decision_is_open_as_long_as_something_is_to_be_done() -> None:
    call: Any = object()
    assert not Decision(reuse="there", skip="why").open
    assert all(d.open for d in (Decision((call,)), Decision(wait="1m"), Decision(error=ShiplineError("x"))))


def rejected(job: Job) -> DeploymentFailedError:
    failure = DeploymentFailedError("failed", todo="look")
    rejection.reject(client(job), job, failure)
    return failure


def test_rejecting_a_build_is_journaled_and_told(tmp_path: Path, server: Server) -> None:
    told = Told()
    job = made(tmp_path, server, told)
    server.answers[REJECT] = 200
    assert rejected(job).todo == "the build was rejected: mend the cause and release a new build"
    step = on_disk(job)
    assert (step["key"], step["status"], step["requests"][0]["status"]) == ("reject 5", "done", "done")
    assert (server.bodies, told) == ([b"buildId=5"], [])


@pytest.mark.parametrize(("status", "settled"), [(403, "refused"), (404, "refused"), (500, "unknown")])
def test_a_build_that_is_not_rejected_is_a_warning(tmp_path: Path, server: Server, status: int, settled: str) -> None:
    told = Told()
    job = made(tmp_path, server, told)
    server.answers[REJECT] = status
    assert rejected(job).todo == "look"
    assert on_disk(job)["status"] == settled
    assert [event["text"].partition(": ")[0] for event in told] == ["the build could not be rejected"]
    assert not job.console.warned


def test_a_canceled_rejection_is_left_unknown_and_its_receipt_good(tmp_path: Path, server: Server) -> None:
    job = made(tmp_path, server)
    stop.call(2)
    try:
        with pytest.raises(CanceledError):
            rejected(job)
    finally:
        stop.reset()
    assert on_disk(job)["status"] == "unknown"
