"""What is done about a v3 release, by what the server and the receipt know of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import RefusedError, ShiplineError, UnknownOutcomeError
from shipline.services.answer import ConflictError, MissingError
from shipline.services.v3 import V3
from shipline.steps.publish_v3 import PublishV3
from unit.answering import PRODUCT, Server, Told, job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline.steps import Job

LIST, FILES = "GET /v3/releases?", "GET /v3/release-files?"
CREATE, FILE, PUBLISH = "POST /v3/releases", "POST /v3/release-files", "POST /v3/releases/r1/publish"
URL = "https://dl.example.com/w.zip"
ARTIFACTS = f"[{{url: '{URL}', size: 4, label: w.zip}}]"


def release(**more: Any) -> dict[str, Any]:
    known = {"id": "r1", "name": "1.4.0", "version": "1.4.0", "channel": "stable", "platforms": ["linux"]}
    return {**known, "private": False, "published": False, "notes": "Better", "productId": PRODUCT, **more}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers |= {CREATE: release(), FILE: {"id": "f1"}, PUBLISH: release(published=True)}
        yield made


class Publishing:
    """A job with one v3 target."""

    def __init__(self, folder: Path, server: Server, text: str = "", **more: Any) -> None:
        self.told = Told()
        self.job: Job = job(folder, server.url, told=self.told, v3=f"title: '{{version}}'{text and ', '}{text}", **more)
        (self.target,) = self.job.pipeline.v3
        self.step = PublishV3(self.target, V3(self.target, self.job.pipeline.network))

    def acted(self) -> str:
        decision = self.step.decide(self.job)
        self.job.make(decision.made)
        return self.step.act(self.job, decision)

    def failure(self) -> ShiplineError:
        with pytest.raises(ShiplineError) as raised:
            self.acted()
        return raised.value

    @property
    def entry(self) -> dict[str, Any]:
        return self.job.receipt.find(self.step.key(self.job)) or {}


def changes(server: Server) -> list[str]:
    return [asked for asked in server.asked if not asked.startswith(("GET", "HEAD"))]


def test_a_new_one_is_drafted_filled_and_published(tmp_path: Path, server: Server) -> None:
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert run.acted() == "published version 1.4.0 (id r1)"
    assert changes(server) == [CREATE, FILE, PUBLISH]
    assert json.loads(server.bodies[server.asked.index(CREATE)]) == {
        "name": "1.4.0",
        "private": False,
        "notes": "Better",
        "version": "1.4.0",
        "channel": "stable",
        "platforms": ["linux"],
        "productId": PRODUCT,
    }
    assert run.entry["made"] == {"release-id": "r1", "release-state": "published"}
    assert (run.entry["status"], run.entry["attempt"], len(run.entry["requests"])) == ("done", 1, 3)
    assert run.entry["key"] == f"v3|{server.url}|{PRODUCT}|1.4.0|stable|linux"
    assert run.step.outputs(run.job) == {"v3-release-id": "r1", "v3-release-state": "published"}
    assert run.step.links(run.job) == [URL]
    server.asked.clear()
    again = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert again.acted() == "version 1.4.0 was released already (id r1)"
    assert server.asked == []


def test_a_publishing_that_is_not_confirmed_is_unknown(tmp_path: Path, server: Server) -> None:
    server.answers[PUBLISH] = release(published=False)
    run = Publishing(tmp_path, server, "state: published")
    assert isinstance(run.failure(), UnknownOutcomeError)
    assert (run.entry["status"], run.entry["made"]["release-state"]) == ("unknown", "draft")


def test_a_draft_of_the_receipts_is_done_until_it_is_to_be_published(tmp_path: Path, server: Server) -> None:
    run = Publishing(tmp_path, server)
    assert run.step.decide(run.job).note == "the release stays a draft: customers can't see it yet"
    assert run.acted() == "drafted version 1.4.0 (id r1)"
    server.asked.clear()
    again = Publishing(tmp_path, server)
    assert again.acted() == "version 1.4.0 is there as a draft already (id r1)"
    assert server.asked == []
    changed = Publishing(tmp_path, server, "private: true")
    (warning,) = changed.step.decide(changed.job).warnings
    assert warning.startswith("version 1.4.0 was released with another name")
    server.answers[LIST] = [release()]
    published = Publishing(tmp_path, server, "state: published")
    assert published.acted() == "published version 1.4.0 (id r1)"
    assert changes(server) == [PUBLISH]


def test_a_server_that_has_shown_a_release_can_be_asked(tmp_path: Path, server: Server) -> None:
    server.answers[PUBLISH] = 403
    assert Publishing(tmp_path, server, "state: published").failure().exit_code == 3
    server.asked.clear()
    server.answers[LIST] = 404
    # The receipt has the release's id, so this is no server that only takes new ones.
    assert isinstance(Publishing(tmp_path, server, "state: published").failure(), MissingError)
    assert changes(server) == []


def test_a_server_that_could_be_asked_once_is_not_taken_for_another(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = ([], 404)
    run = Publishing(tmp_path, server)
    run.step.decide(run.job)
    assert isinstance(run.failure(), MissingError)
    assert changes(server) == []


@pytest.mark.parametrize(
    ("there", "differing"),
    [
        ({"name": "Else"}, "its name differs"),
        ({"private": True}, "its private differs"),
        ({"notes": "Else"}, "its notes differ"),
        ({"name": "Else", "notes": "Else"}, "its name and notes differ"),
        ({"files": [("stray", 1)]}, "its files differ"),
        ({"name": "Else", "files": [("stray", 1)]}, "its name and files differ"),
        ({"files": [("w.zip", 5)]}, "its files differ"),
    ],
)
def test_a_draft_that_differs_is_left_alone_unless_it_may_be_changed(
    tmp_path: Path, server: Server, there: dict[str, Any], differing: str
) -> None:
    files = there.pop("files", [])
    server.answers[LIST] = [release(**there)]
    server.answers[FILES] = [
        {"id": f"f{n}", "name": name, "url": URL, "size": size} for n, (name, size) in enumerate(files)
    ]
    error = Publishing(tmp_path, server, artifacts=ARTIFACTS).failure()
    assert isinstance(error, RefusedError)
    assert error.what == "v3 has version 1.4.0 in channel stable already (id r1, draft)"
    assert error.why == differing
    assert error.todo == "set v3.if-exists to update to change the draft, or delete it"
    assert changes(server) == []
    server.answers["PATCH /v3/releases/r1"] = release()
    server.answers["DELETE /v3/release-files/f0"] = 204
    updating = Publishing(tmp_path, server, "if-exists: update", artifacts=ARTIFACTS)
    assert updating.acted() == "drafted version 1.4.0 (id r1)"
    patched = ["PATCH /v3/releases/r1"] if there else []
    deleted = ["DELETE /v3/release-files/f0"] if files else []
    assert changes(server) == [*patched, *deleted, FILE]
    if patched:
        body = json.loads(server.bodies[server.asked.index(patched[0])])
        assert body == {"name": "1.4.0", "private": False, "notes": "Better"}


def test_of_several_the_last_is_completed_and_blanks_in_notes_do_not_count(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release(id="r0"), release(notes=" Better\r\n")]
    server.answers[FILES + "releaseId=r1"] = [{"id": "f1", "name": "w.zip", "url": URL, "size": 4}]
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert run.step.decide(run.job).reuse == "completes release 1.4.0 (id r1, draft)"
    assert run.acted() == "published version 1.4.0 (id r1)"
    assert changes(server) == [PUBLISH]


@pytest.mark.parametrize("published", [False, True])
def test_platforms_that_no_release_is_for_are_told(tmp_path: Path, server: Server, *, published: bool) -> None:
    server.answers[LIST] = [release(id="r0", platforms=["macOS"]), release(published=published)]
    run = Publishing(tmp_path, server)
    wanted = replace(run.target, platforms=("linux", "windows", "macos"))
    (warning,) = PublishV3(wanted, V3(wanted, run.job.pipeline.network)).decide(run.job).warnings
    assert warning == "v3 has version 1.4.0 already, but not for windows: customers there don't get it from this run"


@pytest.mark.parametrize(
    ("there", "files", "why"), [({}, [], "files are missing in it"), ({"name": "Else"}, ["w.zip"], "its name differs")]
)
def test_a_published_one_is_never_changed(
    tmp_path: Path, server: Server, there: dict[str, Any], files: list[str], why: str
) -> None:
    server.answers[LIST] = [release(published=True, **there)]
    server.answers[FILES] = [{"id": "f1", "name": name, "url": URL, "size": 4} for name in files]
    for policy in ("complete", "update"):
        error = Publishing(tmp_path, server, f"if-exists: {policy}", artifacts=ARTIFACTS).failure()
        assert (error.why, error.todo) == (why, "a published release can't be changed: use a new version")
    assert changes(server) == []


def test_an_equal_published_one_is_done(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release(published=True)]
    run = Publishing(tmp_path, server)
    assert run.acted() == "release 1.4.0 (id r1, published) is there already"
    assert run.step.outputs(run.job) == {"v3-release-id": "r1", "v3-release-state": "published"}
    assert run.entry["made"] == {"release-id": "r1", "release-state": "published"}


def test_one_that_must_not_be_there(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release()]
    run = Publishing(tmp_path, server, "if-exists: fail")
    assert run.failure().why == "v3.if-exists is fail"
    run.job.receipt.begin(run.step.name, run.step.key(run.job))["status"] = "unknown"
    assert run.acted() == "release 1.4.0 (id r1, draft) is there already"


def test_a_server_that_only_creates_gets_two_tries(tmp_path: Path, server: Server) -> None:
    server.answers |= {LIST: 404, CREATE: 502}
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    listed, by_hand = run.step.decide(run.job).warnings
    assert listed.startswith(f"{server.url} only takes new releases: links are listed in the notes")
    assert by_hand == "the release can't be published through this server: publish it by hand"
    for attempt in (1, 2):
        assert isinstance(run.failure(), UnknownOutcomeError)
        assert run.entry["attempt"] == attempt
    assert json.loads(server.bodies[-1])["notes"] == f"Better\n\n- [w.zip]({URL})"
    error = run.failure()
    assert error.what == "whether version 1.4.0 was released is not known"
    assert len(changes(server)) == 2


@pytest.mark.parametrize("answers", [(502, 409), (409,)])
def test_its_conflict_counts_only_after_a_try_whose_answer_was_lost(
    tmp_path: Path, server: Server, answers: tuple[int, ...]
) -> None:
    server.answers |= {LIST: 404, CREATE: answers}
    run = Publishing(tmp_path, server)
    error = run.failure()
    if len(answers) == 1:
        assert isinstance(error, ConflictError)
        return
    assert run.acted() == "drafted version 1.4.0 (id unknown)"
    assert run.entry["blind"] is True
    again = Publishing(tmp_path, server, "state: published")
    assert again.acted() == "version 1.4.0 is there as a draft already (id unknown)"


def test_a_release_that_has_to_be_published_by_hand_is_a_warning(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = 404
    for state, warned in (("draft", False), ("published", True)):
        (tmp_path / "receipt.json").unlink(missing_ok=True)
        run = Publishing(tmp_path, server, f"state: {state}")
        assert run.acted() == "drafted version 1.4.0 (id r1)"
        assert run.job.console.warned is warned


def test_it_takes_no_files(tmp_path: Path, server: Server) -> None:
    (tmp_path / "w.zip").write_bytes(b"PK")
    server.answers[LIST] = 404
    settings = "releases-url: 'http://127.0.0.1:9/v3', attach: upload"
    error = Publishing(tmp_path, server, settings, artifacts="[{path: w.zip}]").failure()
    assert error.what == f"{server.url} only takes new releases, and files can't be uploaded to it"
    assert error.todo == "set v3.attach to link or none"


def test_names_and_skipping(tmp_path: Path, server: Server) -> None:
    run = Publishing(tmp_path, server, "when: never")
    assert run.step.decide(run.job).skip
    assert run.step.public is False
    two = replace(run.target, name="v3:2", platforms=("windows", "linux"), state="published", required=False)
    second = PublishV3(two, V3(two, run.job.pipeline.network))
    assert (second.name, second.public, second.required) == ("publish:v3:2", True, False)
    assert second.key(run.job).endswith("|linux,windows")
    assert second.outputs(run.job) == {}
