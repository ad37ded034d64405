"""A v3 release that changed since an earlier run, and responses that don't match what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import RefusedError
from unit.responding_server import Server
from unit.test_publish_v3 import (
    ARTIFACTS,
    CREATE,
    FILE,
    FILE_OF_OURS,
    FILES,
    LIST,
    PUBLISH,
    Publishing,
    changes,
    release,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRAFTED = {"release-id": "r1", "release-state": "draft"}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.answers |= {CREATE: release(), FILE: FILE_OF_OURS, PUBLISH: release(published=True)}
        yield made


def test_a_deleted_draft_is_created_again(tmp_path: Path, server: Server) -> None:
    server.answers[CREATE] = release(id="r2")
    run = Publishing(tmp_path, server)
    run.recorded("done", DRAFTED)
    (warning,) = run.step.decide(run.job).warnings
    assert warning == "the draft of version 1.4.0 (id r1) was deleted: Shipline creates it again"
    assert run.act() == "drafted version 1.4.0 (id r2)"
    assert changes(server) == [CREATE]
    assert run.record.made == {"release-id": "r2", "release-state": "draft"}


@pytest.mark.parametrize("status", ["done", "sent"])
def test_a_published_release_that_is_gone_is_not_published_again(tmp_path: Path, server: Server, status: Any) -> None:
    run = Publishing(tmp_path, server, "state: published")
    run.recorded(status, {"release-id": "r1", "release-state": "published"})
    error = run.failure()
    assert isinstance(error, RefusedError)
    assert error.what == "version 1.4.0 was published before (id r1), and v3 no longer lists it"
    assert changes(server) == []


@pytest.mark.parametrize(("status", "told"), [("done", ": it was published by hand"), ("unknown", "")])
def test_a_draft_that_was_published_by_hand_is_reported_as_published(
    tmp_path: Path, server: Server, status: Any, told: str
) -> None:
    server.answers[LIST] = [release(published=True)]
    run = Publishing(tmp_path, server)
    run.recorded(status, DRAFTED)  # unknown: this pipeline's own publishing, whose response was lost
    assert run.act() == f"release 1.4.0 (id r1, published) already exists{told}"
    assert run.outputs() == {"v3-release-id": "r1", "v3-release-state": "published"}
    assert run.record.made["release-state"] == "published"
    assert run.step.public
    assert changes(server) == []


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("policy", ["complete", "update", "fail"])
def test_an_archived_release_is_refused(tmp_path: Path, server: Server, policy: str, *, published: bool) -> None:
    server.answers[LIST] = [release(archived=True, published=published)]
    run = Publishing(tmp_path, server, f"if-exists: {policy}")
    run.recorded("done", DRAFTED)
    error = run.failure()
    assert isinstance(error, RefusedError)
    assert error.what == "v3 has version 1.4.0 in channel stable already (id r1, archived)"
    assert error.todo == "restore it in v3, or use a new version"
    server.answers[LIST] = [release(), release(id="r2", archived=True)]
    assert Publishing(tmp_path, server).act() == "release 1.4.0 (id r1, draft) already exists"
    assert changes(server) == []


def test_of_several_releases_the_receipts_own_is_used(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release(), release(id="r2")]
    run = Publishing(tmp_path, server)
    assert run.step.decide(run.job).reuse == "release 1.4.0 (id r2, draft) already exists"
    run.recorded("done", DRAFTED)
    assert run.step.decide(run.job).reuse == "release 1.4.0 (id r1, draft) already exists"


@pytest.mark.parametrize(
    ("status", "made", "ours"),
    [
        (None, {}, False),
        ("done", DRAFTED, True),
        ("refused", DRAFTED, True),  # its publishing was refused
        ("unknown", {}, True),  # the response to its creation was lost
        ("refused", {}, False),
        ("done", {"release-id": "r0"}, False),  # somebody deleted the receipt's release and made another
    ],
)
def test_if_exists_fail_refuses_only_what_this_receipt_did_not_create(
    tmp_path: Path, server: Server, status: Any, made: dict[str, str], *, ours: bool
) -> None:
    server.answers[LIST] = [release()]
    run = Publishing(tmp_path, server, "if-exists: fail")
    if status:
        run.recorded(status, made)
    if ours:
        assert run.act() == "release 1.4.0 (id r1, draft) already exists"
    else:
        assert run.failure().why == "v3.if-exists is fail"
    assert changes(server) == []


def test_a_lost_creation_after_a_deleted_draft_is_recognized(tmp_path: Path, server: Server) -> None:
    server.answers[CREATE] = 502
    run = Publishing(tmp_path, server, "if-exists: fail")
    run.recorded("done", DRAFTED)
    run.failure()
    server.answers[LIST] = [release(id="r2")]
    assert run.act() == "release 1.4.0 (id r2, draft) already exists"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"notes": "Bett"}, 'notes, line 1: expected "Better", got "Bett"'),
        ({"name": ""}, 'name: expected "1.4.0", got ""'),
        ({"private": True}, 'private: expected "false", got "true"'),
        ({"version": "1.4"}, 'version: expected "1.4.0", got "1.4"'),
        ({"channel": "beta"}, 'channel: expected "stable", got "beta"'),
        ({"platforms": ["macos"]}, "platforms: linux missing"),
    ],
)
def test_a_response_that_reports_something_else_ends_the_run(
    tmp_path: Path, server: Server, answer: dict[str, Any], why: str
) -> None:
    server.answers[CREATE] = release(**answer)
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    error = run.failure()
    assert isinstance(error, RefusedError)
    assert error.what == "v3 accepted the release, but reports something else than was sent"
    assert error.why == why
    assert changes(server) == [CREATE], "nothing else is sent"
    assert (run.record.status, run.record.made) == ("sent", DRAFTED)


def test_a_published_release_that_differs_is_no_success(tmp_path: Path, server: Server) -> None:
    server.answers[PUBLISH] = release(published=True, notes="Else")
    run = Publishing(tmp_path, server, "state: published")
    error = run.failure()
    assert error.todo == "v3 can't change a published release: use a new version"
    assert run.record.status == "sent"
    assert run.outputs()["v3-release-state"] == "published"


def test_an_update_that_v3_did_not_make_is_no_success(tmp_path: Path, server: Server) -> None:
    server.answers[LIST] = [release(name="Else")]
    for answer in (release(name="Else"), 200):
        server.answers["PATCH /v3/releases/r1"] = answer
        run = Publishing(tmp_path, server, "if-exists: update")
        assert run.failure().exit_code == (8 if answer == 200 else 4)
        assert run.record.status != "done"


def test_a_response_without_these_fields_is_enough(tmp_path: Path, server: Server) -> None:
    server.answers |= {CREATE: {"id": "r1"}, PUBLISH: {"id": "r1", "published": True}}
    assert Publishing(tmp_path, server, "state: published").act() == "published version 1.4.0 (id r1)"


def test_files_that_no_response_has_shown_are_looked_up_before_publishing(tmp_path: Path, server: Server) -> None:
    server.answers[FILE] = {"id": "f1"}
    run = Publishing(tmp_path, server, "state: published", artifacts=ARTIFACTS)
    assert run.failure().why == "file w.zip: missing"
    assert changes(server) == [CREATE, FILE]
    server.answers |= {LIST: [release()], FILES: ([], [FILE_OF_OURS])}
    assert run.act() == "published version 1.4.0 (id r1)"
    assert changes(server) == [CREATE, FILE, FILE, PUBLISH]


def test_texts_that_differ_late_are_shown_from_shortly_before_the_difference(tmp_path: Path, server: Server) -> None:
    long = "a" * 50
    server.answers[LIST] = [release(notes=f"{long}b{long}")]
    why = Publishing(tmp_path, server, f"notes: {{text: {long}c}}").failure().why
    assert why == f'notes, line 1: expected "… {"a" * 20}c", got "… {"a" * 20}b{"a" * 37} …"'


def test_a_file_that_v3_still_lists_after_its_deletion_is_no_success(tmp_path: Path, server: Server) -> None:
    stray = {"id": "f0", "name": "stray", "url": "https://dl.example.com/stray", "size": 1}
    server.answers |= {LIST: [release()], FILES: [FILE_OF_OURS, stray], "DELETE /v3/release-files/f0": 204}
    run = Publishing(tmp_path, server, "if-exists: update, state: published", artifacts=ARTIFACTS)
    assert run.failure().why == "file stray: not among the artifacts"
    assert changes(server) == ["DELETE /v3/release-files/f0"]
