"""One comment or macro: sent after the announcement, and again only if a person says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shipline.ci.facts import Facts
from shipline.errors import NotAuthorisedError, UnavailableError, UnknownOutcomeError
from shipline.run.steps.notify import Notify
from shipline.run.steps.publish_centercode import PublishCentercode
from shipline.services.centercode import Centercode
from shipline.services.response import MissingError
from unit.responding_server import Server, StepRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.run.records import Status

POST = "POST /api/v1/projects/WidgetPro/feedbackCommentListeners/Bugs?find=BUG-1"
MACRO = "POST /api/v1/projects/WidgetPro/feedbackMacroListeners/Close?find=BUG-1"
ANNOUNCED = {"id": 12, "url": "https://company.example.com/r/12", "status": "Published"}
COMMENT = "comment: {listener: Bugs, message: '{feedback} is in {version}: {release_url}'}, feedback: [BUG-1]"
WHERE = "BUG-1 (WidgetPro/Bugs)"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers |= {POST: 200, "POST /api/v1/projects/WidgetPro/releaseTypes": ANNOUNCED}
        yield made


class Telling(StepRun):
    """A job that announces to Centercode and then calls one listener; announced already, unless told otherwise."""

    def __init__(self, folder: Path, server: Server, text: str = "", *, announced: bool = True, **more: Any) -> None:
        kind = more.pop("kind", COMMENT)
        notify = f"{{{kind}{text and ', '}{text}}}"
        super().__init__(folder, server.url, centercode=more.pop("target", ""), notify=notify, **more)
        (target,), (listener,) = self.job.pipeline.centercode, self.job.pipeline.notify
        network = self.job.pipeline.network
        self.announcement = PublishCentercode(target, Centercode(target, network), "1.4.0")
        client = Centercode(listener, network)
        self.step = Notify(listener, listener.feedback[0], client, "1.4.0", [self.announcement])
        self.job.decisions[self.announcement.name] = self.announcement.decide(self.job)
        if announced:
            self.announcement.act(self.job, self.job.decisions[self.announcement.name])
            self.job.announcing = True


def test_it_is_sent_once(tmp_path: Path, server: Server) -> None:
    run = Telling(tmp_path, server)
    assert run.act() == f"commented on {WHERE}"
    assert json.loads(server.bodies[-1])["message"] == f"BUG-1 is in 1.4.0: {ANNOUNCED['url']}"
    assert (run.record.status, run.record.name) == ("done", "notify:comment:BUG-1")
    assert run.record.key == f"comment|{server.url}|WidgetPro|Bugs|BUG-1|1.4.0"
    assert run.act() == f"commented on {WHERE} already"
    run.recorded("sent")
    assert run.act() == f"commented on {WHERE} already"
    assert server.count(POST) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_nothing_is_sent_while_centercode_is_down(tmp_path: Path, server: Server, status: int) -> None:
    run = Telling(tmp_path, server)
    server.answers["HEAD " + POST.removeprefix("POST ").partition("?")[0]] = status
    with pytest.raises(UnavailableError, match="Centercode is down"):
        run.act()
    assert server.count(POST) == 0
    assert run.job.record(run.step) is None


def test_a_macro_keeps_where_its_status_is(tmp_path: Path, server: Server) -> None:
    server.answers[MACRO] = {"statusEndpoint": "/api/v1/macro/5"}
    run = Telling(tmp_path, server, kind="macro: {listener: Close}, feedback: [BUG-1]")
    assert run.act() == "queued the macro on BUG-1 (WidgetPro/Close)"
    assert run.record.made == {"status-endpoint": "/api/v1/macro/5"}
    assert server.bodies[-1] == b""


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_what_may_have_been_sent_is_left_to_a_person(tmp_path: Path, server: Server, status: Status) -> None:
    run = Telling(tmp_path, server)
    run.recorded(status)
    error = run.step.decide(run.job).error
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == f"can't determine whether the comment on {WHERE} was sent"
    assert error.why == "an earlier run sent it, and the response was lost, and Centercode has no request to look it up"
    assert f"look at BUG-1 in {server.url}: " in error.todo
    assert server.count(POST) == 0


@pytest.mark.parametrize("status", ["sending", "unknown", "gone"])
def test_a_person_says_what_became_of_it(tmp_path: Path, server: Server, status: Any) -> None:
    facts = Facts(ci="github", run_id="77", run_attempt=2) if status == "gone" else None
    for policy in ("assume", "resend"):
        (tmp_path / "receipt.json").unlink(missing_ok=True)
        run = Telling(tmp_path, server, target=f"on-unknown: {policy}", facts=facts)
        if status != "gone":
            run.recorded(status)
        decision = run.step.decide(run.job)
        if policy == "assume":
            assert run.act() == f"assumed sent: comment on {WHERE}; on-unknown is assume"
        else:
            assert decision.reuse == f"{WHERE} may have it; on-unknown is resend"
            assert run.act() == f"commented on {WHERE}"
        assert run.record.status == "done"
        assert server.count(POST) == (policy == "resend")


def test_before_anything_is_announced_a_plan_shows_what_will_be(tmp_path: Path, server: Server) -> None:
    run = Telling(tmp_path, server, announced=False)
    decision = run.step.decide(run.job)
    assert decision.note == "sent after the announcement"
    body = decision.calls[0].request(run.job.placeholders).shown_body
    assert body["message"] == "BUG-1 is in 1.4.0: <release-url>"
    run.job.announcing = True  # and nothing was
    assert run.step.decide(run.job).skip == "no announcement"


def test_nothing_is_told_of_what_is_skipped(tmp_path: Path, server: Server) -> None:
    run = Telling(tmp_path, server)
    listener = run.job.pipeline.notify[0]._replace(skip="this is no pre-release")
    step = Notify(listener, "BUG-1", Centercode(listener, run.job.pipeline.network), "1.4.0", [run.announcement])
    assert step.decide(run.job).skip == "this is no pre-release"
    assert server.count(POST) == 0


def test_no_feedback_is_no_work(tmp_path: Path, server: Server) -> None:
    run = Telling(tmp_path, server)
    listener = run.job.pipeline.notify[0]._replace(searched="the notes")
    nobody = Notify(listener, "", Centercode(listener, run.job.pipeline.network), "1.4.0", [run.announcement])
    assert nobody.name == "notify:comment"
    assert nobody.decide(run.job).skip == "no feedback is named in the notes"


@pytest.mark.parametrize("required", [True, False])
def test_feedback_that_is_not_there(tmp_path: Path, server: Server, *, required: bool) -> None:
    server.answers[POST] = 404
    run = Telling(tmp_path, server, f"required: {str(required).lower()}")
    assert run.step.required is required
    if required:
        error = run.failure()
        assert isinstance(error, MissingError)
        assert error.todo == "check the listener, and that the feedback exists (notify.types limits which)"
    else:
        assert run.act() == f"left {WHERE} alone"
        (warning,) = run.shown()
        assert warning.startswith(f"{WHERE} is unchanged: Centercode has no such feedback")
        assert run.job.report.warned
    assert run.record.status == "refused"


def test_an_answer_that_is_lost_or_refused(tmp_path: Path, server: Server) -> None:
    server.answers[POST] = (403, 500)
    run = Telling(tmp_path, server)
    assert isinstance(run.failure(), NotAuthorisedError)
    assert run.record.status == "refused"
    error = run.failure()
    assert error.what == f"can't determine whether the comment on {WHERE} was sent"
    assert "responded 500" in error.why
    assert run.record.status == "unknown"
