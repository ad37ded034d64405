"""The files of a v3 release: which of those there are ours, what is sent for the others, and what came of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from shipline.errors import RefusedError
from shipline.services.v3 import V3, File
from shipline.steps.release_files import ReleaseFiles
from unit.answering import Server, Told, job

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.steps import Job

DATA = b"PK\x03\x04"
MD5 = hashlib.md5(DATA).hexdigest()
URL = "https://dl.example.com/w.zip"
LINKED = f"[{{path: w.zip, url: '{URL}'}}]"
REMOTE = f"[{{url: '{URL}'}}]"
UPLOADED = "releases-url: 'http://127.0.0.1:9/v3', attach: upload"


class Attaching:
    """A job with one v3 target, and what that does with files."""

    def __init__(self, folder: Path, v3: str = "", artifacts: str = LINKED, url: str = "http://127.0.0.1:9") -> None:
        (folder / "w.zip").write_bytes(DATA)
        self.told = Told()
        self.job: Job = job(folder, url, told=self.told, buildmaster="", v3=v3, artifacts=artifacts)
        (target,) = self.job.pipeline.v3
        self.files = ReleaseFiles(target, V3(target, self.job.pipeline.network), "v3-release-id")

    def bodies(self, *kept: str) -> list[Any]:
        self.job.values["v3-release-id"] = "r1"
        return [call.request(self.job.values).shown_body for call in self.files.missing(self.job, kept)]


def file(**more: Any) -> File:
    known = {"id": "f1", "name": "w.zip", "url": URL, "size": len(DATA), "checksum": MD5, "secured": False}
    return File(**{**known, **more})


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, True),
        ({"checksum": MD5.upper()}, True),
        ({"checksum": ""}, True),
        ({"size": None}, True),
        ({"secured": True}, True),
        ({"checksum": "0" * 32}, False),
        ({"size": 5}, False),
        ({"size": 0}, False),
        ({"name": "w.zip2"}, False),
        ({"url": f"{URL}?x"}, False),
    ],
)
def test_a_link_is_ours_if_nothing_of_it_differs(tmp_path: Path, changes: dict[str, Any], *, ours: bool) -> None:
    run = Attaching(tmp_path)
    assert run.files.is_ours(run.job, file(**changes)) is ours


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({"secured": True, "url": "https://files.example.com/1"}, True),
        ({"secured": None}, True),
        ({"secured": False}, False),
        ({"secured": True, "size": 5}, False),
        ({"secured": True, "checksum": "0" * 32}, False),
        ({"secured": True, "checksum": f'"{MD5}"'}, True),  # an ETag, as the storage writes it
        ({"secured": True, "checksum": f'"{"0" * 32}"'}, False),
        ({"secured": True, "checksum": f"{'0' * 32}-3"}, True),  # of a file in parts: no MD5
        ({"secured": True, "name": "other.zip"}, False),
    ],
)
def test_an_uploaded_file_is_ours_wherever_the_server_keeps_it(
    tmp_path: Path, changes: dict[str, Any], *, ours: bool
) -> None:
    run = Attaching(tmp_path, UPLOADED, "[{path: w.zip}]")
    assert run.files.is_ours(run.job, file(**changes)) is ours


def test_a_link_is_sent_with_all_that_is_known_of_its_file(tmp_path: Path) -> None:
    assert Attaching(tmp_path).bodies() == [
        {"name": "w.zip", "url": URL, "size": 4, "secured": False, "releaseId": "r1", "checksum": MD5}
    ]
    remote = Attaching(tmp_path, artifacts=f"[{{url: '{URL}', size: 9, label: Widget}}]")
    assert remote.bodies() == [{"name": "Widget", "url": URL, "size": 9, "secured": False, "releaseId": "r1"}]


def test_what_is_there_is_not_sent_again(tmp_path: Path) -> None:
    run = Attaching(tmp_path, artifacts=f"[{{path: w.zip, url: '{URL}'}}, {{url: '{URL}2', size: 1, label: Two}}]")
    assert [body["name"] for body in run.bodies()] == ["w.zip", "Two"]
    assert [body["name"] for body in run.bodies("w.zip", "else")] == ["Two"]
    assert run.bodies("w.zip", "Two") == []


def test_a_size_that_is_not_known_may_be_open_until_it_is_announced(tmp_path: Path) -> None:
    with Server() as server:
        server.answers["HEAD "] = server.answers["GET "] = 500
        run = Attaching(tmp_path, artifacts=f"[{{url: '{server.url}/w.zip'}}]")
        assert run.bodies()[0]["size"] == "<size>"
        run.job.announcing = True
        with pytest.raises(RefusedError, match=r"the size of .*/w\.zip is not known, and v3 needs it") as raised:
            run.bodies()
        assert "give its size in bytes" in raised.value.todo


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
        assert Attaching(tmp_path, "attach: none", url=server.url).files.there("r1") == []
        assert server.asked == []
        (found,) = Attaching(tmp_path, url=server.url).files.there("r1")
        assert (found.id, found.size, found.secured) == ("f1", 4, None)


def test_an_upload_goes_under_its_label(tmp_path: Path) -> None:
    run = Attaching(tmp_path, UPLOADED, "[{path: w.zip, label: 'widget-{version}.zip'}]")
    run.job.values["v3-release-id"] = "r/1"
    (call,) = run.files.missing(run.job)
    request = call.request(run.job.values)
    assert request.url == "http://127.0.0.1:9/v3/r%2F1/widget-1.4.0.zip"
    assert request.shown_body == "(the file w.zip)"
    assert run.files.missing(run.job, ("widget-1.4.0.zip",)) == ()
    form = Attaching(tmp_path, f"{UPLOADED}, upload-form: multipart", "[{path: w.zip, label: 'widget-{version}.zip'}]")
    for one, told in ((run, b""), (form, b'form-data; name="file"; filename="widget-1.4.0.zip"\r\n')):
        (call,) = one.files.missing(one.job)
        assert call.upload is not None
        with call.upload.opened() as body:
            sent = body.read()
        assert told in sent
        assert (sent == DATA) is (not told)


@pytest.mark.parametrize(("number", "told"), [("a b", "widget-a b.zip"), ("7", "widget-7.zip")])
def test_names_that_are_whole_only_now_are_checked_now(tmp_path: Path, number: str, told: str) -> None:
    (tmp_path / "x.zip").write_bytes(DATA)
    labels = "[{path: w.zip, label: 'widget-{build_number}.zip'}, {path: x.zip, label: 'WIDGET-7.zip'}]"
    run = Attaching(tmp_path, UPLOADED, labels)
    assert len(run.files.missing(run.job)) == 2
    run.job.values["build_number"] = number
    with pytest.raises(RefusedError) as raised:
        run.files.missing(run.job)
    assert raised.value.what == f"the release server doesn't take files named {told}"
    assert raised.value.todo == "change the artifacts' labels, and run again"
    run.job.values["build_number"] = "8"
    assert len(run.files.missing(run.job)) == 2


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
    (call,) = run.files.missing(run.job)
    assert run.files.confirmed(run.job, call)(answer) == {}
    what = f"w.zip was uploaded, but the server's MD5 of it is {'0' * 32}, and here it is {MD5}"
    told = [event["text"] for event in run.told]
    assert told == ([f"{what}: load it and compare before customers do"] if warned else [])
    assert run.job.console.warned is warned


def test_a_file_that_arrived_otherwise_is_not_published(tmp_path: Path) -> None:
    run = Attaching(tmp_path, f"{UPLOADED}, state: published", "[{path: w.zip}]")
    run.job.values["v3-release-id"] = "r1"
    (call,) = run.files.missing(run.job)
    with pytest.raises(RefusedError, match="the server's MD5 of it is 0000") as raised:
        run.files.confirmed(run.job, call)({"id": "f", "checksum": "0" * 32})
    assert raised.value.why == "the release stays a draft: published is for ever"
    assert raised.value.todo.startswith("load the file from the draft and compare")
    assert raised.value.todo.endswith("publish the draft with shipline v3 publish-release --id r1")
    assert run.told == []


def test_a_link_is_not_compared_and_an_answer_without_an_id_is_none(tmp_path: Path) -> None:
    run = Attaching(tmp_path, "state: published")
    (call,) = run.files.missing(run.job)
    read = run.files.confirmed(run.job, call)
    assert read({"id": "f", "checksum": "0" * 32}) == {}
    for answer in ({"id": ""}, {}, None):
        with pytest.raises((ValueError, KeyError, TypeError)):
            read(answer)
