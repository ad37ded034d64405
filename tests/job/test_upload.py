"""attach: upload puts the artifacts themselves on v3's release server."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from job.project import PRODUCT

if TYPE_CHECKING:
    from job.project import Project

WIDGET = b"PK" + b"w" * 2046
CREATE = ["create-release", "upload-release-file", "publish-release"]


@pytest.fixture
def uploading(project: Project) -> Project:
    """Only v3, which gets one local file without a URL."""
    project.config(url="", attach="")
    lines = (project.path / "shipline.yml").read_text().splitlines()
    start = lines.index("v3:")
    lines[start + 1 : start + 1] = [f"  url: {project.sandbox.url}", f"  releases-url: {project.sandbox.url}/v3"]
    lines.insert(start + 1, "  attach: upload")
    project.write("shipline.yml", "\n".join(line for line in lines if line.strip()))
    project.without("buildmaster", "centercode")
    return project


def release(project: Project) -> dict[str, Any]:
    (found,) = project.sandbox.admin("state")["v3"]["releases"]
    return dict(found)


def add(project: Project, *lines: str) -> None:
    """More settings for the v3 target."""
    text = (project.path / "shipline.yml").read_text()
    project.write("shipline.yml", text.replace("  attach: upload", "\n".join(["  attach: upload", *lines])))


def artifacts(project: Project, *lines: str) -> None:
    text = (project.path / "shipline.yml").read_text()
    project.write("shipline.yml", text.replace("  - path: dist/*.zip", "\n".join(lines)))


def fault(project: Project, **rule: Any) -> None:
    project.sandbox.admin("faults", {"service": "v3", "operation": "upload-release-file", **rule})


def test_each_artifact_is_uploaded_before_publishing(uploading: Project) -> None:
    uploading.write("dist/other-1.0(x64).zip", b"other")
    ended = uploading.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["result"] == "succeeded"
    assert uploading.operations() == ["create-release", "upload-release-file", "upload-release-file", "publish-release"]
    made = release(uploading)
    assert made["published"] is True
    files = {file["name"]: file for file in made["files"]}
    assert set(files) == {"widget.zip", "other-1.0(x64).zip"}
    assert files["widget.zip"]["checksum"] == hashlib.md5(WIDGET).hexdigest()
    content = requests.get(files["widget.zip"]["url"], params={"key": "sandbox-license"}, timeout=10).content
    assert content == WIDGET
    (step,) = uploading.receipt()["steps"]
    assert [line["status"] for line in step["requests"]] == ["sent"] * 4
    assert [line["url"].rpartition("/")[2] for line in step["requests"] if line["method"] == "PUT"] == [
        "other-1.0%28x64%29.zip",
        "widget.zip",
    ]


def test_the_plan_shows_each_upload_and_a_second_run_does_nothing(uploading: Project) -> None:
    plan = uploading.shipline("plan")
    assert plan.code == 0, plan.text
    assert f"PUT {uploading.sandbox.url}/v3/<v3-release-id>/widget.zip" in plan.out
    assert "dist/widget.zip" in plan.out
    assert uploading.operations() == []
    for receipt in ("first.json", "first.json", "lost.json"):
        ended = uploading.shipline("run", "--receipt", receipt)
        assert ended.code == 0, ended.text
        assert uploading.operations() == CREATE
    assert "already exists" in ended.text


@pytest.mark.parametrize("receipt", ["kept.json", "lost.json"])
def test_a_run_killed_between_upload_and_publishing_is_taken_up(uploading: Project, receipt: str) -> None:
    fault(uploading, when="after_apply", kind="delay", seconds=2)
    process = uploading.start("run", "--receipt", "kept.json")
    deadline = time.monotonic() + 20
    while not (found := uploading.sandbox.admin("state")["v3"]["releases"]) or not found[0]["files"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=10)
    ended = uploading.shipline("run", "--receipt", receipt)
    assert ended.code == 0, ended.text
    made = release(uploading)
    assert made["published"] is True
    assert [file["name"] for file in made["files"]] == ["widget.zip"]
    while len(uploading.operations()) < len(CREATE):  # the log has the late answer when it was sent
        time.sleep(0.05)
    assert sorted(uploading.operations()) == sorted(CREATE)


def test_an_upload_whose_answer_was_lost_is_looked_up(uploading: Project) -> None:
    fault(uploading, when="after_apply", status=502)
    ended = uploading.shipline("run")
    assert ended.code == 0, ended.text
    assert uploading.operations() == CREATE


@pytest.mark.parametrize("answer", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "0"}}])
def test_an_upload_that_was_not_stored_is_sent_again(uploading: Project, answer: dict[str, Any]) -> None:
    fault(uploading, **answer)
    if answer["status"] == 503:  # the file may still be on its way: the next run looks again
        assert uploading.shipline("run").code == 8
    ended = uploading.shipline("run")
    assert ended.code == 0, ended.text
    assert uploading.operations() == ["create-release", "upload-release-file", "upload-release-file", "publish-release"]
    assert [file["size"] for file in release(uploading)["files"]] == [len(WIDGET)]


def test_empty_answers_are_explained(uploading: Project) -> None:
    uploading.sandbox.admin("config", {"v3_storage": "full"})
    ended = uploading.shipline("run")
    assert ended.code == 4, ended.text
    assert "409 means here: The plan's storage is full" in ended.err
    assert release(uploading)["published"] is False
    uploading.sandbox.admin("config", {"v3_storage": "free"})
    for status, code, says in ((403, 3, "published already"), (404, 4, "no such release"), (400, 4, "Content-Length")):
        fault(uploading, status=status)
        ended = uploading.shipline("run")
        assert ended.code == code, ended.text
        assert f"{status} means here: " in ended.err
        assert says in ended.err
    assert uploading.shipline("run").code == 0


@pytest.mark.parametrize(("state", "code"), [("draft", 0), ("published", 4)])
def test_another_checksum_is_told_and_never_published(uploading: Project, state: str, code: int) -> None:
    body = '{"id": "f", "checksum": "00000000000000000000000000000000"}'
    fault(uploading, when="after_apply", status=200, body=body, headers={"Content-Type": "application/json"})
    ended = uploading.shipline("run", "--v3-state", state)
    assert ended.code == code, ended.text
    assert ended.outputs["result"] == ("failed" if code else "warned")
    assert "dist/widget.zip was uploaded, but the server's MD5 of it is 0000" in ended.err
    assert release(uploading)["published"] is False
    if code:
        assert ended.line("NEXT:").startswith(
            "NEXT: download the file from the draft and compare: if it differs, delete it there"
        )


def test_servers_of_ones_own_get_a_form(uploading: Project) -> None:
    uploading.sandbox.admin("config", {"v3_uploads": "form"})
    add(uploading, "  upload-form: multipart")
    ended = uploading.shipline("run")
    assert ended.code == 0, ended.text
    (file,) = release(uploading)["files"]
    assert (file["size"], file["checksum"]) == (len(WIDGET), hashlib.md5(WIDGET).hexdigest())


def test_a_draft_with_another_file_is_refused_and_update_replaces_it(uploading: Project) -> None:
    add(uploading, "  state: draft")
    uploading.write("shipline.yml", (uploading.path / "shipline.yml").read_text().replace("  state: published\n", ""))
    assert uploading.shipline("run", "--receipt", "a.json").code == 0
    uploading.write("dist/widget.zip", b"another build")
    ended = uploading.shipline("run", "--receipt", "b.json")
    assert ended.code == 4
    assert "file widget.zip: expected 13 bytes, got " in ended.err
    ended = uploading.shipline("run", "--receipt", "b.json", "--v3-if-exists", "update")
    assert ended.code == 0, ended.text
    (file,) = release(uploading)["files"]
    assert file["checksum"] == hashlib.md5(b"another build").hexdigest()


def test_a_link_of_the_same_name_is_not_the_file(uploading: Project) -> None:
    url = f"{uploading.sandbox.url}/files/widget.zip"
    artifacts(uploading, "  - path: dist/*.zip", f"    url: {url}")
    assert uploading.shipline("run", "--v3-attach", "link", "--v3-state", "draft", "--receipt", "a.json").code == 0
    ended = uploading.shipline("run", "--receipt", "b.json")
    assert ended.code == 4
    assert "file widget.zip: expected an uploaded file, got a link" in ended.err


def test_every_name_that_can_not_be_uploaded_is_told_before_anything_is_sent(uploading: Project) -> None:
    for name in ("a b.zip", "ä.zip", "WIDGET.zip", "x"):
        uploading.write(f"dist/{name}", b"w")
    artifacts(
        uploading,
        "  - path: dist/*.zip",
        "  - {path: dist/x, label: y}",
        "  - url: https://dl.example.com/firmware.bin",
        "    size: 1",
    )
    ended = uploading.shipline("run")
    assert ended.code == 2
    for says in (
        "artifacts[0].path: a b.zip can't be uploaded to v3 under this name: expected 3 to 256 of the characters",
        "artifacts[0].path: ä.zip can't be uploaded",
        "dist/widget.zip and dist/WIDGET.zip have the same name for v3's release server",
        "artifacts[1].label: y can't be uploaded",
        "artifacts[2].url: isn't a local file, and attach: upload needs one",
        "leave it out by v3.artifacts",
    ):
        assert says in ended.err
    assert all(line.startswith("shipline.yml:") for line in ended.err.splitlines() if "can't be uploaded" in line)
    assert uploading.operations() == []


def test_the_release_server_has_to_be_named(uploading: Project) -> None:
    text = (uploading.path / "shipline.yml").read_text()
    uploading.write("shipline.yml", text.replace(f"  releases-url: {uploading.sandbox.url}/v3\n", ""))
    ended = uploading.shipline("validate")
    assert ended.code == 2
    assert "v3.releases-url: is missing: attach: upload needs it" in ended.err
    ended = uploading.shipline("run", SHIPLINE_V3_RELEASES_URL=uploading.sandbox.url)
    assert ended.code == 0, ended.text


def test_a_server_that_only_creates_takes_no_files(uploading: Project) -> None:
    uploading.sandbox.admin("config", {"v3": "create-only"})
    ended = uploading.shipline("run")
    assert ended.code == 4
    assert "no uploads" in ended.err
    assert uploading.operations() == []


def test_names_with_the_builds_number(project: Project) -> None:
    at = f"url: {project.sandbox.url}"
    project.write(
        "shipline.yml",
        f"""
release: {{version: 1.4.0}}
artifacts: [{{path: dist/widget.zip, label: "w-{{build_number}}.zip"}}]
buildmaster: {{{at}, application: Widget, pipeline: Standard, build-number: "7", stages: [Integration]}}
v3: {{{at}, releases-{at}, attach: upload, product-id: {PRODUCT}, platforms: [windows]}}
""",
    )
    plan = project.shipline("plan")
    assert "/v3/<v3-release-id>/w-<build-number>.zip" in plan.out, plan.out
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    assert [file["name"] for file in release(project)["files"]] == ["w-7.zip"]
    bad = project.shipline("run", "--release-version", "1.5.0", "--buildmaster-build-number", "8 beta")
    assert bad.code == 4
    assert "doesn't take files named w-8 beta.zip" in bad.err
