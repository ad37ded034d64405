"""The files of a v3 release: which of them are ours, what Shipline sends for the others, and the result."""

from __future__ import annotations

import hashlib
import re
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from shipline import cancellation
from shipline.errors import RefusedError
from shipline.run.results import RunValues, TargetResult
from shipline.run.steps.publish_v3 import PublishV3
from shipline.run.steps.v3_files import ReleaseFiles
from shipline.services.v3 import V3, File, Release
from shipline.transport.upload import Upload
from unit.responding_server import Server, StepRun

if TYPE_CHECKING:
    from pathlib import Path

    from http_server import Received, Reply
    from shipline.services.client import Call

DATA = b"PK\x03\x04"
MD5 = hashlib.md5(DATA).hexdigest()
URL = "https://dl.example.com/w.zip"
LINKED = f"[{{path: w.zip, url: '{URL}'}}]"
REMOTE = f"[{{url: '{URL}'}}]"
UPLOADED = "releases-url: 'http://127.0.0.1:9/v3', attach: upload"


class Attaching(StepRun):
    """A job with one v3 target, and what that does with files."""

    def __init__(self, folder: Path, v3: str = "", artifacts: str = LINKED, url: str = "http://127.0.0.1:9") -> None:
        (folder / "w.zip").write_bytes(DATA)
        super().__init__(folder, url, buildmaster="", v3=v3, artifacts=artifacts)
        (target,) = self.job.pipeline.v3
        self.files = ReleaseFiles(target, V3(target, self.job.pipeline.network))

    def bodies(self, *existing: File) -> list[Any]:
        self.released("r1")
        return [call.request(self.job.placeholders).shown_body for call in self.files.changes(self.job, existing)]

    def answered(self, call: Call, answer: Any) -> None:
        """As if v3 had responded to the call."""
        self.files.received(answer)
        self.files.check(self.job, call)

    def released(self, release_id: str) -> None:
        """As if the release had been created."""
        self.job.remember(RunValues(targets={"v3": TargetResult(release_id)}))


def test_an_upload_shows_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, seen = list[str](), threading.Event()

    def show(text: str) -> None:
        shown.append(text)
        seen.set()

    def respond(received: Received) -> Reply:
        assert seen.wait(60)
        return server.reply(received)

    monkeypatch.setattr(cancellation, "_SILENT_S", 0.0)
    with Server() as server:
        server.respond, server.answers = respond, {"POST": {"id": "f1"}, "PUT": {"id": "f1"}}
        run = Attaching(tmp_path, UPLOADED.replace("http://127.0.0.1:9", server.url), "[{path: w.zip}]", server.url)
        monkeypatch.setattr(run.job.report, "ongoing", show)
        run.released("r1")
        (call,) = run.files.changes(run.job)
        (target,) = run.job.pipeline.v3
        run.job.post(PublishV3(target, V3(target, run.job.pipeline.network)), call, run.files.received)
    assert re.fullmatch(r"uploading w\.zip: 4 bytes of 4 bytes, \d+ bytes?/s, [\d.]+ s", shown[0])
    assert shown[-1] == ""


def test_an_upload_shows_its_speed_before_the_clock_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shipline.transport.upload.time", SimpleNamespace(monotonic=lambda: 5.0))
    file = tmp_path / "w.zip"
    file.write_bytes(DATA)
    with Upload(file).opened() as body:
        assert str(body) == "0 bytes of 4 bytes, 0 bytes/s"
        assert b"".join(body) == DATA
        assert str(body) == "4 bytes of 4 bytes, 3.9 KB/s"


def file(**more: Any) -> File:
    known = {"id": "f1", "name": "w.zip", "url": URL, "size": len(DATA), "checksum": MD5, "secured": False}
    return File(**{**known, **more})


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, ""),
        ({"checksum": MD5.upper()}, ""),
        ({"checksum": ""}, ""),
        ({"size": None}, ""),
        ({"secured": True}, ""),
        ({"checksum": "0" * 32}, f"expected MD5 {MD5}, got {'0' * 32}"),
        ({"size": 5}, "expected 4 bytes, got 5"),
        ({"size": 0}, "expected 4 bytes, got 0"),
        ({"name": "w.zip2"}, "not among the artifacts"),
        ({"url": f"{URL}?x"}, f"expected {URL}, got {URL}?x"),
    ],
)
def test_a_link_differs_in_what_v3_reports_of_it(tmp_path: Path, changes: dict[str, Any], difference: str) -> None:
    run = Attaching(tmp_path)
    assert run.files.difference(run.job, file(**changes)) == difference
    named = [f"file {changes.get('name', 'w.zip')}: {difference}"] if difference else []
    assert run.files.differences(run.job, [file(**changes)]) == named


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"secured": True, "url": "https://files.example.com/1"}, ""),
        ({"secured": None}, ""),
        ({"secured": False}, "expected an uploaded file, got a link"),
        ({"secured": True, "size": 5}, "expected 4 bytes, got 5"),
        ({"secured": True, "checksum": "0" * 32}, f"expected MD5 {MD5}, got {'0' * 32}"),
        ({"secured": True, "checksum": f'"{MD5}"'}, ""),  # an ETag, as the storage writes it
        ({"secured": True, "checksum": f'"{"0" * 32}"'}, f"expected MD5 {MD5}, got {'0' * 32}"),
        ({"secured": True, "checksum": f"{'0' * 32}-3"}, ""),  # of a file in parts: no MD5
        ({"secured": True, "name": "other.zip"}, "not among the artifacts"),
    ],
)
def test_an_uploaded_file_is_compared_wherever_the_server_keeps_it(
    tmp_path: Path, changes: dict[str, Any], difference: str
) -> None:
    run = Attaching(tmp_path, UPLOADED, "[{path: w.zip}]")
    assert run.files.difference(run.job, file(**changes)) == difference


def test_a_link_is_sent_with_all_that_is_known_of_its_file(tmp_path: Path) -> None:
    assert Attaching(tmp_path).bodies() == [
        {"name": "w.zip", "url": URL, "size": 4, "secured": False, "releaseId": "r1", "checksum": MD5}
    ]
    remote = Attaching(tmp_path, artifacts=f"[{{url: '{URL}', size: 9, label: Widget}}]")
    assert remote.bodies() == [{"name": "Widget", "url": URL, "size": 9, "secured": False, "releaseId": "r1"}]


def test_what_is_there_is_not_sent_again(tmp_path: Path) -> None:
    run = Attaching(tmp_path, artifacts=f"[{{path: w.zip, url: '{URL}'}}, {{url: '{URL}2', size: 1, label: Two}}]")
    assert [body["name"] for body in run.bodies()] == ["w.zip", "Two"]
    assert [body["name"] for body in run.bodies(file())] == ["Two"]
    assert run.bodies(file(), file(name="Two", url=f"{URL}2", size=1, checksum="")) == []


def test_files_are_added_first_replaced_one_by_one_and_removed_last(tmp_path: Path) -> None:
    run = Attaching(tmp_path, artifacts=f"[{{path: w.zip, url: '{URL}'}}, {{url: '{URL}2', size: 1, label: Two}}]")
    run.released("r1")
    calls = run.files.changes(run.job, [file(id="stray", name="Else"), file(id="old", size=5)])
    requests = [call.request(run.job.placeholders) for call in calls]
    assert [(r.method, r.url.rpartition("/")[2], (r.json or {}).get("name")) for r in requests] == [
        ("POST", "release-files", "Two"),
        ("DELETE", "old", None),
        ("POST", "release-files", "w.zip"),
        ("DELETE", "stray", None),
    ]


def test_a_name_that_differs_only_by_case_is_freed_before_it_is_used(tmp_path: Path) -> None:
    run = Attaching(tmp_path, UPLOADED, "[{path: w.zip}]")
    run.released("r1")
    calls = run.files.changes(run.job, [file(name="W.ZIP", secured=True)])
    assert [call.operation.id for call in calls] == ["delete-release-file", "upload-release-file"]


def test_a_size_that_is_not_known_may_be_open_until_it_is_announced(tmp_path: Path) -> None:
    with Server() as server:
        server.answers["HEAD "] = server.answers["GET "] = 500
        run = Attaching(tmp_path, artifacts=f"[{{url: '{server.url}/w.zip'}}]")
        assert run.bodies()[0]["size"] == "<size>"
        run.job.announcing = True
        with pytest.raises(RefusedError, match=r"the size of .*/w\.zip is not known, and v3 needs it") as raised:
            run.bodies()
        assert "set the artifact's `size` in bytes" in raised.value.todo


@pytest.mark.parametrize(
    ("v3", "artifacts", "uploaded", "linked"),
    [
        ("", LINKED, False, 1),
        (UPLOADED, "[{path: w.zip}]", True, 0),
        ("attach: none", LINKED, False, 0),
    ],
)
def test_how_they_are_attached(tmp_path: Path, v3: str, artifacts: str, linked: int, *, uploaded: bool) -> None:
    run = Attaching(tmp_path, v3, artifacts)
    assert (run.files.uploaded, len(run.files.linked)) == (uploaded, linked)
    assert len(run.bodies()) == (0 if "none" in v3 else 1)


def test_where_none_are_attached_those_there_are_not_asked_for(tmp_path: Path) -> None:
    with Server() as server:
        server.answers["GET /v3/release-files?releaseId=r1"] = [{"id": "f1", "name": "w.zip", "size": 4}]
        release = Release.of({"id": "r1"})
        assert Attaching(tmp_path, "attach: none", url=server.url).files.attached(release) == []
        assert server.asked == []
        (found,) = Attaching(tmp_path, url=server.url).files.attached(release)
        assert (found.id, found.size, found.secured) == ("f1", 4, None)


@pytest.mark.parametrize(("total", "requests"), [(1, 0), (2, 1), (None, 1)])
def test_files_that_the_release_lists_completely_are_not_requested_again(
    tmp_path: Path, total: int | None, requests: int
) -> None:
    with Server() as server:
        release = Release.of({"id": "r1", "totalFiles": total, "files": [{"id": "f1", "name": "w.zip"}]})
        Attaching(tmp_path, url=server.url).files.attached(release)
        assert len(server.asked) == requests


def test_an_upload_goes_under_its_label(tmp_path: Path) -> None:
    run = Attaching(tmp_path, UPLOADED, "[{path: w.zip, label: 'widget-{version}.zip'}]")
    run.released("r/1")
    (call,) = run.files.changes(run.job)
    request = call.request(run.job.placeholders)
    assert request.url == "http://127.0.0.1:9/v3/r%2F1/widget-1.4.0.zip"
    assert request.shown_body == "(the file w.zip)"
    assert run.files.changes(run.job, [file(name="widget-1.4.0.zip", secured=True)]) == ()
    form = Attaching(tmp_path, f"{UPLOADED}, upload-form: multipart", "[{path: w.zip, label: 'widget-{version}.zip'}]")
    for one, told in ((run, b""), (form, b'form-data; name="file"; filename="widget-1.4.0.zip"\r\n')):
        (call,) = one.files.changes(one.job)
        assert call.upload is not None
        with call.upload.opened() as body:
            sent = b"".join(body)
        assert told in sent
        assert (sent == DATA) is (not told)


@pytest.mark.parametrize(("number", "told"), [("a b", "widget-a b.zip"), ("7", "widget-7.zip")])
def test_names_that_are_whole_only_now_are_checked_now(tmp_path: Path, number: str, told: str) -> None:
    (tmp_path / "x.zip").write_bytes(DATA)
    labels = "[{path: w.zip, label: 'widget-{build_number}.zip'}, {path: x.zip, label: 'WIDGET-7.zip'}]"
    run = Attaching(tmp_path, UPLOADED, labels)
    assert len(run.files.changes(run.job)) == 2
    run.job.remember(RunValues(build_number=number))
    with pytest.raises(RefusedError) as raised:
        run.files.changes(run.job)
    assert raised.value.what == f"the release server doesn't take files named {told}"
    assert raised.value.todo == "change the artifacts' labels, and run again"
    run.job.remember(RunValues(build_number="8"))
    assert len(run.files.changes(run.job)) == 2


def test_what_makes_one_set_of_files_another(tmp_path: Path) -> None:
    linked, uploaded = Attaching(tmp_path).files.content, Attaching(tmp_path, UPLOADED, "[{path: w.zip}]").files.content
    assert [list(map(str, one)) for one in linked] == [["w.zip", URL, "4", MD5]]
    assert [list(map(str, one)) for one in uploaded] == [["w.zip", "4", MD5]]


@pytest.mark.parametrize(
    ("answer", "warned"),
    [
        ({"id": "f", "checksum": "0" * 32}, True),
        ({"id": "f", "checksum": f'"{MD5.upper()}"'}, False),
        ({"id": "f", "checksum": f"{'0' * 32}-3"}, False),
        ({"id": "f", "checksum": None}, False),
        ({"id": "f"}, False),
    ],
)
def test_a_file_that_arrived_otherwise_is_told(tmp_path: Path, answer: dict[str, Any], *, warned: bool) -> None:
    run = Attaching(tmp_path, UPLOADED, "[{path: w.zip}]")
    (call,) = run.files.changes(run.job)
    run.answered(call, answer)
    what = f"w.zip was uploaded, but the server's MD5 of it is {'0' * 32}, and here it is {MD5}"
    assert run.shown() == ([f"{what}: download it and compare before customers do"] if warned else [])
    assert run.job.report.warned is warned


def test_a_file_that_arrived_otherwise_is_not_published(tmp_path: Path) -> None:
    run = Attaching(tmp_path, f"{UPLOADED}, state: published", "[{path: w.zip}]")
    run.released("r1")
    (call,) = run.files.changes(run.job)
    with pytest.raises(RefusedError, match="the server's MD5 of it is 0000") as raised:
        run.answered(call, {"id": "f", "checksum": "0" * 32})
    assert raised.value.why == "the release stays a draft, because publishing can't be undone"
    assert raised.value.todo.startswith("download the file from the draft and compare")
    assert raised.value.todo.endswith("publish the draft with shipline v3 publish-release --id r1")
    assert run.told == []


@pytest.mark.parametrize(
    ("answer", "difference"),
    [
        ({"size": 5}, "expected 4 bytes, got 5"),
        ({"url": f"{URL}x"}, f"expected {URL}, got {URL}x"),
        ({"checksum": "0" * 32}, f"expected MD5 {MD5}, got {'0' * 32}"),
        ({"files": [{"name": "w.zip", "size": 5}]}, "expected 4 bytes, got 5"),  # some servers answer with the release
    ],
)
def test_a_link_that_v3_reports_otherwise_is_refused(tmp_path: Path, answer: dict[str, Any], difference: str) -> None:
    run = Attaching(tmp_path)
    (call,) = run.files.changes(run.job)
    with pytest.raises(RefusedError) as raised:
        run.answered(call, {"id": "f", **answer})
    assert raised.value.why == f"file w.zip: {difference}"
    run.answered(call, {"id": "f", "name": "w.zip", "size": 4})
    assert not run.files.unconfirmed


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        ([{"id": "f", "name": "w.zip", "url": URL, "size": 4}], ""),
        ([], "file w.zip: missing"),
        ([{"id": "f", "name": "w.zip", "url": URL, "size": 5}], "file w.zip: expected 4 bytes, got 5"),
    ],
)
@pytest.mark.parametrize("answer", [{"id": "f"}, {"id": "r1", "files": []}, {"id": "f", "name": "else", "size": 4}])
def test_a_response_that_does_not_show_the_file_makes_shipline_request_the_list(
    tmp_path: Path, listed: list[Any], why: str, answer: dict[str, Any]
) -> None:
    with Server() as server:
        server.answers["GET /v3/release-files?releaseId=r1"] = listed
        run = Attaching(tmp_path, url=server.url)
        run.released("r1")
        (call,) = run.files.changes(run.job)
        run.answered(call, answer)
        if why:
            with pytest.raises(RefusedError) as raised:
                run.files.check_all(run.job)
            assert raised.value.why == why
        else:
            run.files.check_all(run.job)
        assert len(server.asked) == 1


def test_a_response_without_an_id_is_none(tmp_path: Path) -> None:
    run = Attaching(tmp_path)
    for answer in ({"id": ""}, {}, None):
        with pytest.raises((ValueError, KeyError, TypeError)):
            run.files.received(answer)
