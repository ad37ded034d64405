"""What is posted to Centercode, and when it is posted again or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import RefusedError, ShiplineError, UnknownOutcomeError
from shipline.pipeline import Facts
from shipline.services.answer import ConflictError, MissingError
from shipline.services.centercode import Centercode
from shipline.steps.publish_centercode import PublishCentercode
from unit.answering import Server, Told, job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.steps import Job

POST = "POST /api/v1/projects/WidgetPro/releaseTypes/Firmware"
WHERE = "WidgetPro/Firmware"
CREATED = {"id": 12, "url": "https://company.example.com/r/12", "status": "Published"}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers[POST] = CREATED
        yield made


def target(folder: Path, server: Server, text: str = "", told: Told | None = None, **more: Any) -> tuple[Any, Job]:
    made = job(folder, server.url, told=told, centercode=text, **more)
    (one,) = made.pipeline.centercode
    return PublishCentercode(one, Centercode(one, made.pipeline.network), "1.4.0"), made


def acted(step: PublishCentercode, job: Job) -> str:
    decision = step.decide(job)
    job.make(decision.made)
    return step.act(job, decision)


def failure(step: PublishCentercode, job: Job) -> ShiplineError:
    with pytest.raises(ShiplineError) as raised:
        acted(step, job)
    return raised.value


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
    step, job = target(tmp_path, server, settings, artifacts=artifacts)
    assert acted(step, job) == f"posted 1.4.0 to {WHERE} (Published)"
    assert server.asked == [POST]
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
    assert step.links(job) == ["https://dl.example.com/w.zip"]
    assert step.outputs(job) == {
        "centercode-release-id": "12",
        "centercode-release-url": CREATED["url"],
        "centercode-release-status": "Published",
    }


def test_nothing_else_is_posted(tmp_path: Path, server: Server) -> None:
    step, job = target(tmp_path, server)
    acted(step, job)
    assert posted(server) == {"title": "WidgetPro 1.4.0", "releaseValue": "1.4.0", "body": "<p>Better</p>\n"}


def test_a_size_that_nobody_knows_is_left_out(tmp_path: Path, server: Server) -> None:
    server.answers["HEAD "] = server.answers["GET "] = 500
    step, job = target(tmp_path, server, artifacts=f"[{{url: '{server.url}/w.zip'}}]")
    acted(step, job)
    (link,) = posted(server)["links"]
    assert set(link) == {"label", "url", "openInNewWindow", "includeInDownloadBlock", "logDownloadAttempts"}
    assert link["openInNewWindow"] is True


def test_the_receipt_keeps_it_and_it_is_not_posted_again(tmp_path: Path, server: Server) -> None:
    step, job = target(tmp_path, server)
    acted(step, job)
    entry = job.receipt.find(step.key(job))
    assert entry is not None
    assert entry["key"] == f"centercode|{server.url}|WidgetPro|Firmware|1.4.0"
    assert (entry["status"], entry["name"]) == ("done", "publish:centercode")
    assert entry["made"] == {"release-id": "12", "release-url": CREATED["url"], "release-status": "Published"}
    for status in ("done", "sent"):
        entry["status"] = status
        again, other = target(tmp_path, server)
        other.receipt = job.receipt
        decision = again.decide(other)
        assert (decision.reuse, decision.warnings) == (f"1.4.0 was posted to {WHERE} already", ())
        assert acted(again, other) == decision.reuse
        assert again.outputs(other)["centercode-release-id"] == "12"
    changed, other = target(tmp_path, server, "title: Else")
    other.receipt = job.receipt
    (warning,) = changed.decide(other).warnings
    assert warning.startswith(f"what was posted to {WHERE} differs from what would be posted now")
    assert server.asked == [POST]
    failing, other = target(tmp_path, server, "if-exists: fail")
    other.receipt = job.receipt
    assert failure(failing, other).what == f"1.4.0 was posted to {WHERE} already, and centercode.if-exists is fail"
    posting, other = target(tmp_path, server, "if-exists: post")
    other.receipt = job.receipt
    assert posting.decide(other).reuse == f"1.4.0 was posted to {WHERE} before; if-exists is post"
    acted(posting, other)
    assert server.asked == [POST, POST]


@pytest.mark.parametrize("status", ["sending", "unknown", "gone"])
def test_one_that_may_be_there_is_left_to_a_person(tmp_path: Path, server: Server, status: str) -> None:
    facts = Facts(ci="github", run_id="77", run_attempt=2)

    def given(text: str) -> tuple[PublishCentercode, Job]:
        (tmp_path / "receipt.json").unlink(missing_ok=True)
        step, job = target(tmp_path, server, text, facts=facts if status == "gone" else None)
        if status != "gone":
            job.receipt.begin(step.name, step.key(job))["status"] = status
        return step, job

    step, job = given("")
    error = step.decide(job).error
    assert isinstance(error, UnknownOutcomeError)
    assert error.what == f"whether 1.4.0 was posted to Centercode ({WHERE}) is not known"
    why = "whose receipt is gone, may have posted it" if status == "gone" else "its answer was lost"
    assert error.why.endswith(f"{why}, and Centercode has no way to look a release up")
    assert f"open {server.url} and look at the releases of type Firmware in project WidgetPro" in error.todo
    step, job = given("on-unknown: assume")
    assert acted(step, job) == f"taken as posted to {WHERE}: on-unknown is assume"
    assert server.asked == []
    assert job.receipt.find(step.key(job)) is not None
    step, job = given("on-unknown: resend")
    assert step.decide(job).reuse == f"may be in {WHERE} already; on-unknown is resend"
    acted(step, job)
    assert server.asked == [POST]


def test_one_that_was_refused_is_posted_again(tmp_path: Path, server: Server) -> None:
    step, job = target(tmp_path, server)
    server.answers[POST] = (404, 400, 409, CREATED)
    missing = failure(step, job)
    assert isinstance(missing, MissingError)
    assert missing.todo == "check centercode.url, centercode.project and centercode.release-type, and run again"
    assert type(failure(step, job)) is RefusedError
    assert isinstance(failure(step, job), ConflictError)
    assert step.decide(job).error is not None  # it may have been posted then


def test_an_answer_that_is_lost_says_where_to_look(tmp_path: Path, server: Server) -> None:
    step, job = target(tmp_path, server)
    server.answers[POST] = 502
    error = failure(step, job)
    assert error.what == f"whether 1.4.0 was posted to Centercode ({WHERE}) is not known"
    assert "answered 502" in error.why
    assert error.todo.endswith("set to assume, if not, to resend")


@pytest.mark.parametrize("answer", [201, {"status": "Processing"}])
def test_an_accepted_one_without_an_id_is_done_and_told(tmp_path: Path, server: Server, answer: Any) -> None:
    server.answers[POST], told = answer, Told()
    step, job = target(tmp_path, server, told=told)
    status = answer["status"] if isinstance(answer, dict) else "accepted"
    assert acted(step, job) == f"posted 1.4.0 to {WHERE} ({status})"
    assert [e["text"] for e in told] == [f"Centercode took 1.4.0 for {WHERE}, but its answer doesn't say its id"]
    assert (job.receipt.find(step.key(job)) or {})["status"] == "done"


def test_a_target_that_is_skipped_says_so(tmp_path: Path, server: Server) -> None:
    step, job = target(tmp_path, server, "when: never")
    decision = step.decide(job)
    assert decision.skip
    assert decision.made == {"centercode-release-status": "skipped"}


def test_targets_of_a_list_do_not_mix_what_they_made(tmp_path: Path, server: Server) -> None:
    step, made = target(tmp_path, server, "required: false")
    assert (step.required, step.name) == (False, "publish:centercode")
    one = made.pipeline.centercode[0]
    second = PublishCentercode(replace(one, name="centercode:2"), Centercode(one, made.pipeline.network), "1.4.0")
    assert second.named({"release-id": "1"}) == {"centercode:2-release-id": "1"}
    assert second.neutral({"centercode:2-release-id": "1"}) == {"release-id": "1"}
    assert second.restored({"made": {"release-id": "1"}}) == {"centercode:2-release-id": "1"}
    assert second.outputs(made) == {}
    assert second.name == "publish:centercode:2"
