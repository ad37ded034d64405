"""What is posted to Centercode, and when it is posted again or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shipline.ci.facts import Facts
from shipline.errors import RefusedError, UnknownOutcomeError
from shipline.run.records import StepRecord
from shipline.run.results import RunValues, TargetResult
from shipline.run.steps.publish_centercode import PublishCentercode
from shipline.services.centercode import Centercode
from shipline.services.response import ConflictError, MissingError
from unit.responding_server import Server, StepRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.run.records import Status

POST = "POST /api/v1/projects/WidgetPro/releaseTypes/Firmware"
HEAD = POST.replace("POST", "HEAD")
WHERE = "WidgetPro/Firmware"
CREATED = {"id": 12, "url": "https://company.example.com/r/12", "status": "Published"}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers[POST] = CREATED
        yield made


class Posting(StepRun):
    """A job with one Centercode target."""

    def __init__(self, folder: Path, server: Server, text: str = "", **more: Any) -> None:
        super().__init__(folder, server.url, centercode=text, **more)
        (self.target,) = self.job.pipeline.centercode
        self.step = PublishCentercode(self.target, Centercode(self.target, self.job.pipeline.network), "1.4.0")


def posted(server: Server) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(server.bodies[-1])
    return data


def test_all_that_is_set_is_posted(tmp_path: Path, server: Server) -> None:
    (tmp_path / "w.zip").write_bytes(b"w" * 2048)
    settings = (
        "title: 'Widget {version}', subtitle: Spring, start-date: '2026-05-04T10:00:00Z', "
        "end-date: '2026-06-04T10:00:00Z', click-through-notice: false, bucket-files: ['Builds/W_{version}.exe', b], "
        "links: {open-in-new-window: false, include-in-download-block: false, log-download-attempts: false}"
    )
    artifacts = "[{path: w.zip, url: 'https://dl.example.com/{filename}', label: 'The {filename}'}, {path: w.zip}]"
    run = Posting(tmp_path, server, settings, artifacts=artifacts)
    note = run.step.decide(run.job).note
    assert note.startswith("testers see the release until 2026-06-04, 12:00 am (Centercode's time, PST). ")
    assert run.act() == f"posted 1.4.0 to {WHERE} (Published)"
    assert server.asked == [HEAD, POST]
    assert posted(server) == {
        "title": "Widget 1.4.0",
        "releaseValue": "1.4.0",
        "subtitle": "Spring",
        "body": "<p>Better</p>\n",
        "startDate": "2026-05-04T10:00:00Z",
        "endDate": "2026-06-04T10:00:00Z",
        "isClickThroughNotice": False,
        "ftpBucketFiles": [{"fileName": "Builds/W_1.4.0.exe"}, {"fileName": "b"}],
        "links": [
            {
                "label": "The w.zip",
                "url": "https://dl.example.com/w.zip",
                "size": 2,
                "sizeUnit": "KB",
                "openInNewWindow": False,
                "includeInDownloadBlock": False,
                "logDownloadAttempts": False,
            }
        ],
    }
    assert [file.url for file in run.step.links(run.job)] == ["https://dl.example.com/w.zip"]
    assert run.outputs() == {
        "centercode-release-id": "12",
        "centercode-release-url": CREATED["url"],
        "centercode-release-status": "Published",
    }


def test_each_link_has_its_own_settings_and_need_not_be_an_artifact(tmp_path: Path, server: Server) -> None:
    settings = (
        "links: {log-download-attempts: false, pages: {Manual: 'https://example.com/{version}', "
        "Video: {url: 'https://example.com/b/{major}', include-in-download-block: false}}}"
    )
    artifacts = f"[{{url: '{server.url}/w.zip', size: 1, open-in-new-window: false, log-download-attempts: true}}]"
    run = Posting(tmp_path, server, settings, artifacts=artifacts)
    run.act()
    names = ("label", "url", "openInNewWindow", "includeInDownloadBlock", "logDownloadAttempts")
    assert [tuple(link[name] for name in names) for link in posted(server)["links"]] == [
        ("w.zip", f"{server.url}/w.zip", False, True, True),
        ("Manual", "https://example.com/1.4.0", True, True, False),
        ("Video", "https://example.com/b/1", True, False, False),
    ]
    pages = [file.url for file in run.step.links(run.job) if file.page]
    assert pages == ["https://example.com/1.4.0", "https://example.com/b/1"]


def test_nothing_else_is_posted(tmp_path: Path, server: Server) -> None:
    Posting(tmp_path, server).act()
    assert posted(server) == {"title": "WidgetPro 1.4.0", "releaseValue": "1.4.0", "body": "<p>Better</p>\n"}


def test_a_size_that_nobody_knows_is_left_out(tmp_path: Path, server: Server) -> None:
    server.answers["HEAD "] = server.answers["GET "] = 500
    Posting(tmp_path, server, artifacts=f"[{{url: '{server.url}/w.zip'}}]").act()
    (link,) = posted(server)["links"]
    assert set(link) == {"label", "url", "openInNewWindow", "includeInDownloadBlock", "logDownloadAttempts"}
    assert link["openInNewWindow"] is True


@pytest.mark.parametrize(
    ("facts", "warns"),
    [
        (Facts("gitlab", run_id="77", job="publish"), True),
        (Facts("jenkins", run_id="w#7", job="Publish"), True),
        (Facts("github", run_id="77", run_attempt=1, job="publish"), False),
        (Facts(), False),
    ],
)
def test_where_attempts_are_not_counted_a_job_without_receipt_warns(
    tmp_path: Path, server: Server, facts: Facts, *, warns: bool
) -> None:
    run = Posting(tmp_path, server, facts=facts)
    warnings = run.step.decide(run.job).warnings
    assert ["this CI system doesn't count attempts" in text for text in warnings] == [True] * warns
    Posting(tmp_path, server, facts=facts._replace(job="deploy")).job.receipt.note(whole=True)
    other = Posting(tmp_path, server, facts=facts)  # whose receipt may be older than this job's first attempt
    assert len(other.step.decide(other.job).warnings) == warns
    other.job.receipt.note(whole=True, targets=[run.step.key(run.job)])
    again = Posting(tmp_path, server, facts=facts)
    assert again.step.decide(again.job).warnings == ()


def test_the_receipt_keeps_it_and_it_is_not_posted_again(tmp_path: Path, server: Server) -> None:
    first = Posting(tmp_path, server)
    first.act()
    record = first.record
    assert record.key == f"centercode|{server.url}|WidgetPro|Firmware|1.4.0"
    assert (record.status, record.name) == ("done", "publish:centercode")
    assert record.made == {"release-id": "12", "release-url": CREATED["url"], "release-status": "Published"}

    def later(text: str = "") -> Posting:
        run = Posting(tmp_path, server, text)
        run.job.receipt = first.job.receipt
        return run

    statuses: tuple[Status, ...] = ("done", "sent")
    for status in statuses:
        record.status = status
        again = later()
        decision = again.step.decide(again.job)
        assert (decision.reuse, decision.warnings) == (f"1.4.0 was posted to {WHERE} already", ())
        assert again.act() == decision.reuse
        assert again.outputs()["centercode-release-id"] == "12"
    changed = later("title: Else")
    (warning,) = changed.step.decide(changed.job).warnings
    assert warning.startswith(f"the post to {WHERE} differs from the current settings")
    assert server.asked == [HEAD, POST]
    failing = later("if-exists: fail")
    assert failing.failure().what == f"1.4.0 was posted to {WHERE} already, and centercode.if-exists is fail"
    posting = later("if-exists: post")
    decision = posting.step.decide(posting.job)
    assert decision.reuse == f"1.4.0 was posted to {WHERE} before; if-exists is post"
    posting.act()
    assert server.asked == [HEAD, POST, HEAD, POST]


@pytest.mark.parametrize("status", ["sending", "unknown", "gone"])
def test_one_that_may_be_there_is_left_to_a_person(tmp_path: Path, server: Server, status: Any) -> None:
    facts = Facts(ci="github", run_id="77", run_attempt=2)

    def given(text: str = "") -> Posting:
        (tmp_path / "receipt.json").unlink(missing_ok=True)
        run = Posting(tmp_path, server, text, facts=facts if status == "gone" else None)
        if status != "gone":
            run.recorded(status)
        return run

    run = given()
    error = run.step.decide(run.job).error
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == f"can't determine whether 1.4.0 was posted to Centercode ({WHERE})"
    why = "whose receipt is gone, may have posted it" if status == "gone" else "the response was lost"
    assert error.why.endswith(f"{why}, and Centercode has no request to look up a release")
    assert f"open {server.url} and check the releases of type Firmware in project WidgetPro" in error.todo
    run = given("on-unknown: assume")
    assert run.act() == f"assumed posted to {WHERE}: on-unknown is assume"
    assert server.asked == []
    assert run.record.status == "done"
    run = given("on-unknown: resend")
    assert run.step.decide(run.job).reuse == f"may be in {WHERE} already; on-unknown is resend"
    run.act()
    assert server.asked == [HEAD, POST]


def test_one_that_was_refused_is_posted_again(tmp_path: Path, server: Server) -> None:
    run = Posting(tmp_path, server)
    server.answers[POST] = (404, 400, 409, CREATED)
    missing = run.failure()
    assert isinstance(missing, MissingError)
    assert missing.todo == "check centercode.url, centercode.project and centercode.release-type, and run again"
    assert type(run.failure()) is RefusedError
    assert isinstance(run.failure(), ConflictError)
    assert run.step.decide(run.job).error is not None  # it may have been posted then


def test_an_answer_that_is_lost_says_where_to_look(tmp_path: Path, server: Server) -> None:
    run = Posting(tmp_path, server)
    server.answers[POST] = 502
    error = run.failure()
    assert error.what == f"can't determine whether 1.4.0 was posted to Centercode ({WHERE})"
    assert "responded 502" in error.why
    assert error.todo.endswith("set to assume, otherwise to resend")


@pytest.mark.parametrize("answer", [201, {"status": "Processing"}])
def test_an_accepted_one_without_an_id_is_done_and_told(tmp_path: Path, server: Server, answer: Any) -> None:
    server.answers[POST] = answer
    run = Posting(tmp_path, server)
    status = answer["status"] if isinstance(answer, dict) else "accepted"
    assert run.act() == f"posted 1.4.0 to {WHERE} ({status})"
    assert run.shown() == [f"Centercode accepted 1.4.0 for {WHERE}, but the response lacks its id"]
    assert run.record.status == "done"


def test_a_target_that_is_skipped_says_so(tmp_path: Path, server: Server) -> None:
    run = Posting(tmp_path, server, "when: never")
    decision = run.step.decide(run.job)
    assert decision.skip
    run.job.remember(decision.made)
    assert run.outputs() == {"centercode-release-status": "skipped"}


def test_targets_of_a_list_do_not_mix_what_they_made(tmp_path: Path, server: Server) -> None:
    first = Posting(tmp_path, server, "required: false")
    assert (first.step.required, first.step.name) == (False, "publish:centercode")
    network = first.job.pipeline.network
    second = PublishCentercode(first.target._replace(name="centercode:2"), Centercode(first.target, network), "1.4.0")
    made = second.named(TargetResult("1"))
    assert made == RunValues(targets={"centercode:2": TargetResult("1")})
    assert second.to_made(made) == {"release-id": "1"}
    assert second.restored(StepRecord("publish:centercode", "k", "done", {"release-id": "1"})) == made
    first.job.remember(made)
    assert first.outputs() == {}
    assert second.name == "publish:centercode:2"
