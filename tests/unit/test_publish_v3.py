"""What is done about a v3 release, by what the server and the receipt know of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from http_server import Received, Reply
from shipline.errors import RefusedError, UnknownOutcomeError
from shipline.run.results import TargetResult
from shipline.run.steps.publish_v3 import PublishV3
from shipline.services.response import ConflictError, MissingError
from shipline.services.v3 import V3
from unit.responding_server import PRODUCT, Server, StepRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST, FILES = "GET /v3/releases?", "GET /v3/release-files?"
CREATE, FILE, PUBLISH = "POST /v3/releases", "POST /v3/release-files", "POST /v3/releases/r1/publish"
URL = "https://dl.example.com/w.zip"
ARTIFACTS = f"[{{url: '{URL}', size: 4, label: w.zip}}]"
FILE_OF_OURS = {"id": "f1", "name": "w.zip", "url": URL, "size": 4}


def release(**more: Any) -> dict[str, Any]:
    known = {"id": "r1", "name": "1.4.0", "version": "1.4.0", "channel": "stable", "platforms": ["linux"]}
    return {**known, "private": False, "published": False, "notes": "Better", "productId": PRODUCT, **more}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers |= {CREATE: release(), FILE: FILE_OF_OURS, PUBLISH: release(published=True)}
        yield made


class LargeFile(Server):
    """Has a file of 5,000,000,000 bytes."""

    def reply(self, received: Received) -> Reply:
        large = Reply(200, b"", {"Content-Length": "5000000000"})
        return large if received.method == "HEAD" else super().reply(received)


class Publishing(StepRun):
    """A job with one v3 target."""

    def __init__(self, folder: Path, server: Server, text: str = "", **more: Any) -> None:
        super().__init__(folder, server.url, v3=f"title: '{{version}}'{text and ', '}{text}", **more)
        (self.target,) = self.job.pipeline.v3
        self.step: PublishV3 = PublishV3(self.target, V3(self.target, self.job.pipeline.network))


def changes(server: Server) -> list[str]:
    return [asked for asked in server.asked if not asked.startswith(("GET", "HEAD", "LIST"))]


def test_a_size_that_only_the_files_server_reports_is_a_warning_if_no_application_can_hold_it(tmp_path: Path) -> None:
    with LargeFile() as server:
        run = Publishing(tmp_path, server, artifacts=f"[{{url: '{server.url}/w.zip'}}]")
        for existing in ([], [release(totalFiles=0, files=[])]):
            server.answers[LIST] = existing
            (warning,) = run.step.decide(run.job).warnings
            assert warning.startswith(
                "w.zip has 5,000,000,000 bytes, and an application with LexActivator sees 705,032,704"
            )


def test_a_new_one_is_drafted_filled_and_published(tmp_path: Path, server: Server) -> None:
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert run.act() == "published version 1.4.0 (id r1)"
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
    assert run.record.made == {"release-id": "r1", "release-state": "published"}
    assert (run.record.status, run.record.attempt, len(run.record.requests)) == ("done", 1, 3)
    assert run.record.key == f"v3|{server.url}|{PRODUCT}|1.4.0|stable|linux"
    assert run.outputs() == {"v3-release-id": "r1", "v3-release-state": "published"}
    assert [file.url for file in run.step.links(run.job)] == [URL]
    server.asked.clear()
    server.answers[LIST] = [release(published=True, totalFiles=1, files=[FILE_OF_OURS])]
    again = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert again.act() == "release 1.4.0 (id r1, published) already exists"
    assert len(server.asked) == 1, "one look-up, whatever the receipt holds"


def test_a_publishing_that_is_not_confirmed_is_unknown(tmp_path: Path, server: Server) -> None:
    server.answers[PUBLISH] = release(published=False)
    run = Publishing(tmp_path, server, "state: published")
    assert isinstance(run.failure(), UnknownOutcomeError)
    assert (run.record.status, run.record.made["release-state"]) == ("unknown", "draft")


def test_a_draft_is_done_until_it_is_to_be_published(tmp_path: Path, server: Server) -> None:
    run = Publishing(tmp_path, server)
    assert run.step.decide(run.job).note == "the release stays a draft: customers can't see it yet"
    assert run.act() == "drafted version 1.4.0 (id r1)"
    server.answers[LIST] = [release()]
    server.asked.clear()
    assert Publishing(tmp_path, server).act() == "release 1.4.0 (id r1, draft) already exists"
    assert changes(server) == []
    published = Publishing(tmp_path, server, "state: published")
    assert published.act() == "published version 1.4.0 (id r1)"
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


NAME = 'name: expected "1.4.0", got "Else"'
STRAY = {"id": "f0", "name": "stray", "url": URL, "size": 1}


@pytest.mark.parametrize("recorded", [False, True], ids=["no receipt", "own receipt"])
@pytest.mark.parametrize(
    ("there", "file", "differing"),
    [
        ({"name": "Else"}, None, NAME),
        ({"private": True}, None, 'private: expected "false", got "true"'),
        ({"notes": "Better\nx"}, None, 'notes, line 2: expected "", got "x"'),
        ({"notes": "Bet ter"}, None, 'notes, line 1: expected "Better", got "Bet ter"'),
        ({"name": "Else", "notes": "Else"}, None, f'{NAME}; notes, line 1: expected "Better", got "Else"'),
        ({"name": "1.4.0" * 9}, None, f'name: expected "1.4.0", got "{"1.4.0" * 9}"'),
        ({}, STRAY, "file stray: not among the artifacts"),
        ({"name": "Else"}, STRAY, f"{NAME}; file stray: not among the artifacts"),
        ({}, {**FILE_OF_OURS, "id": "f0", "size": 5}, "file w.zip: expected 4 bytes, got 5"),
    ],
)
def test_a_draft_that_differs_is_left_alone_unless_it_may_be_changed(
    tmp_path: Path,
    server: Server,
    there: dict[str, Any],
    file: dict[str, Any] | None,
    differing: str,
    *,
    recorded: bool,
) -> None:
    server.answers[LIST] = [release(**there)]
    server.answers[FILES] = [file] if file else []
    run = Publishing(tmp_path, server, artifacts=ARTIFACTS)
    if recorded:
        run.recorded("done", {"release-id": "r1", "release-state": "draft"})
    error = run.failure()
    assert isinstance(error, RefusedError)
    assert error.what == "v3 has version 1.4.0 in channel stable already (id r1, draft)"
    assert error.why == differing
    assert error.todo == "set v3.if-exists to update to change the draft, or delete it"
    assert changes(server) == []
    server.answers["PATCH /v3/releases/r1"] = release()
    server.answers["DELETE /v3/release-files/f0"] = 204
    server.answers[FILES] = ([file] if file else [], [FILE_OF_OURS])
    updating = Publishing(tmp_path, server, "if-exists: update", artifacts=ARTIFACTS)
    assert updating.step.decide(updating.job).reuse == "updates release 1.4.0 (id r1, draft)"
    server.answers[FILES] = ([file] if file else [], [FILE_OF_OURS])
    assert updating.act() == "updated the draft of version 1.4.0 (id r1)"
    patched = ["PATCH /v3/releases/r1"] if there else []
    deleted = ["DELETE /v3/release-files/f0"] if file else []
    files = [FILE, *deleted] if file is STRAY else [*deleted, FILE]
    assert changes(server) == [*patched, *files]
    if patched:
        body = json.loads(server.bodies[server.asked.index(patched[0])])
        assert body == {"name": "1.4.0", "private": False, "notes": "Better"}


def test_of_several_the_last_is_completed_and_blanks_in_notes_do_not_count(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release(id="r0"), release(notes=" Better\r\n")]
    server.answers[FILES + "releaseId=r1"] = [{"id": "f1", "name": "w.zip", "url": URL, "size": 4}]
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert run.step.decide(run.job).reuse == "completes release 1.4.0 (id r1, draft)"
    assert run.act() == "published version 1.4.0 (id r1)"
    assert changes(server) == [PUBLISH]


@pytest.mark.parametrize("published", [False, True])
def test_platforms_that_no_release_is_for_are_told(tmp_path: Path, server: Server, *, published: bool) -> None:
    server.answers[LIST] = [release(id="r0", platforms=["macOS"]), release(published=published)]
    run = Publishing(tmp_path, server)
    wanted = run.target._replace(platforms=("linux", "windows", "macos"))
    (warning,) = PublishV3(wanted, V3(wanted, run.job.pipeline.network)).decide(run.job).warnings
    assert warning == "v3 has version 1.4.0 already, but not for windows: customers there don't get it from this run"


def test_update_adds_the_missing_platforms_to_a_draft(tmp_path: Path, server: Server) -> None:
    server.answers |= {LIST: [release()], "PATCH /v3/releases/r1": release(platforms=["linux", "windows"])}
    run = Publishing(tmp_path, server, "if-exists: update")
    wanted = run.target._replace(platforms=("windows", "linux"))
    run.step = PublishV3(wanted, V3(wanted, run.job.pipeline.network))
    assert run.step.decide(run.job).warnings == ()
    assert run.act() == "updated the draft of version 1.4.0 (id r1)"
    assert json.loads(server.bodies[server.asked.index("PATCH /v3/releases/r1")])["platforms"] == ["linux", "windows"]
    server.answers["PATCH /v3/releases/r1"] = release()
    assert run.failure().why == "platforms: windows missing"


@pytest.mark.parametrize(
    ("there", "files", "why"), [({}, [], "files are missing in it"), ({"name": "Else"}, ["w.zip"], NAME)]
)
def test_a_published_one_is_never_changed(
    tmp_path: Path, server: Server, there: dict[str, Any], files: list[str], why: str
) -> None:
    server.answers[LIST] = [release(published=True, **there)]
    server.answers[FILES] = [{"id": "f1", "name": name, "url": URL, "size": 4} for name in files]
    for policy in ("complete", "update"):
        error = Publishing(tmp_path, server, f"if-exists: {policy}", artifacts=ARTIFACTS).failure()
        assert (error.why, error.todo) == (why, "v3 can't change a published release: use a new version")
    assert changes(server) == []


def test_an_equal_published_one_is_done(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release(published=True)]
    run = Publishing(tmp_path, server)
    assert run.act() == "release 1.4.0 (id r1, published) already exists"
    assert run.outputs() == {"v3-release-id": "r1", "v3-release-state": "published"}
    assert run.record.made == {"release-id": "r1", "release-state": "published"}


def test_a_server_that_only_creates_gets_two_tries(tmp_path: Path, server: Server) -> None:
    server.answers |= {LIST: 404, CREATE: 502}
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    listed, by_hand = run.step.decide(run.job).warnings
    assert listed.startswith(f"{server.url} only accepts new releases: the notes list the links")
    assert by_hand == "the release can't be published through this server: publish it by hand"
    for attempt in (1, 2):
        assert isinstance(run.failure(), UnknownOutcomeError)
        assert run.record.attempt == attempt
    assert json.loads(server.bodies[-1])["notes"] == f"Better\n\n- [w.zip]({URL})"
    error = run.failure()
    assert error.what == "can't determine whether version 1.4.0 was released"
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
    assert run.act() == "drafted version 1.4.0 (id unknown)"
    assert run.record.blind is True
    again = Publishing(tmp_path, server, "state: published")
    assert again.act() == "version 1.4.0 already exists as a draft (id unknown)"
    (warning,) = (changed := Publishing(tmp_path, server, "private: true")).step.decide(changed.job).warnings
    assert warning.startswith("version 1.4.0 was released with another name")


def test_a_release_that_has_to_be_published_by_hand_is_a_warning(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = 404
    for state, warned in (("draft", False), ("published", True)):
        (tmp_path / "receipt.json").unlink(missing_ok=True)
        run = Publishing(tmp_path, server, f"state: {state}")
        assert run.act() == "drafted version 1.4.0 (id r1)"
        assert run.job.report.warned is warned


def test_it_takes_no_files(tmp_path: Path, server: Server) -> None:
    (tmp_path / "w.zip").write_bytes(b"PK")
    server.answers[LIST] = 404
    settings = "releases-url: 'http://127.0.0.1:9/v3', attach: upload"
    error = Publishing(tmp_path, server, settings, artifacts="[{path: w.zip}]").failure()
    assert error.what == f"{server.url} only accepts new releases, and no uploads"
    assert error.todo == "set v3.attach to link or none"


def test_names_and_skipping(tmp_path: Path, server: Server) -> None:
    run = Publishing(tmp_path, server, "when: never")
    assert run.step.decide(run.job).skip
    assert run.step.public is False
    two = run.target._replace(name="v3:2", platforms=("windows", "linux"), state="published", required=False)
    second = PublishV3(two, V3(two, run.job.pipeline.network))
    assert (second.name, second.public, second.required) == ("publish:v3:2", True, False)
    assert second.key(run.job).endswith("|linux,windows")
    run.job.remember(second.named(TargetResult("r2")))
    assert run.outputs() == {}
    assert run.job.placeholders["v3:2-release-id"] == "r2"
