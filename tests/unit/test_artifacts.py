from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

import pytest

from shipline import artifacts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    for name in (
        "dist/widget.zip",
        "dist/Widget.tar.gz",
        "dist/widget[1].zip",
        "dist/deep/er/firmware.bin",
        "dist/deep/notes.txt",
        "dist/.hidden.zip",
        ".secret/key.zip",
        "top.zip",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (root / "empty").mkdir()
    (tmp_path / "outside.zip").write_text("not ours")
    return root


def names(pattern: str, workspace: Path) -> list[str]:
    return [path.relative_to(workspace).as_posix() for path in artifacts.find(pattern, workspace)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("dist/widget.zip", ["dist/widget.zip"]),
        ("./dist//widget.zip", ["dist/widget.zip"]),
        ("dist/*.zip", ["dist/widget.zip", "dist/widget[1].zip"]),
        ("dist/widget[1].zip", ["dist/widget[1].zip"]),  # a file's own name wins over the set
        ("dist/widge?.zip", ["dist/widget.zip"]),
        ("dist/[wW]idget.*", ["dist/Widget.tar.gz", "dist/widget.zip"]),
        ("**/*.zip", ["dist/widget.zip", "dist/widget[1].zip", "top.zip"]),
        ("dist/**/**/*.bin", ["dist/deep/er/firmware.bin"]),
        ("dist/**", ["dist/Widget.tar.gz", "dist/deep/er/firmware.bin", "dist/deep/notes.txt"]),
        ("dist/*/*.txt", ["dist/deep/notes.txt"]),
        ("*/deep/er/*", ["dist/deep/er/firmware.bin"]),
        ("dist/.*.zip", ["dist/.hidden.zip"]),
        (".secret/*", [".secret/key.zip"]),
        (".secret/key.zip", [".secret/key.zip"]),
    ],
)
def test_find(pattern: str, expected: list[str], workspace: Path) -> None:
    found = names(pattern, workspace)
    assert [name for name in found if pattern != "dist/**" or not name.startswith("dist/widget")] == expected
    assert found == sorted(found)


@pytest.mark.parametrize(
    "pattern",
    ["/etc/passwd", "../outside.zip", "dist/../../outside.zip", "**/../outside.zip", "C:/x.zip", "C:x.zip", "//host/x"],
)
def test_a_pattern_stays_in_the_workspace(pattern: str, workspace: Path) -> None:
    with pytest.raises(ValueError, match="leaves the workspace"):
        artifacts.find(pattern, workspace)


@pytest.mark.parametrize("pattern", ["out.zip", "*.zip", "folder/outside.zip", "folder/*.zip"])
def test_a_link_to_outside_is_refused(pattern: str, workspace: Path) -> None:
    (workspace / "out.zip").symlink_to("../outside.zip")
    (workspace / "folder").symlink_to("..", target_is_directory=True)
    with pytest.raises(ValueError, match="link to outside"):
        artifacts.find(pattern, workspace)


def test_an_allowed_folder_outside_is_looked_into(workspace: Path, tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    (builds / "deep").mkdir(parents=True)
    (builds / "deep/far.zip").write_bytes(b"PK")
    assert artifacts.find(f"{builds}/**/*.zip", workspace, [builds]) == [builds / "deep/far.zip"]
    assert artifacts.inside(f"{builds}/deep/far.zip", workspace, [builds]) == builds / "deep/far.zip"
    assert artifacts.local(builds / "deep/far.zip", workspace).shown_path == f"{builds}/deep/far.zip"
    (workspace / "far.zip").symlink_to(builds / "deep/far.zip")
    assert artifacts.find("far.zip", workspace, [builds]) == [workspace / "far.zip"]


@pytest.mark.parametrize("pattern", ["{}/../outside.zip", "{}-other/x.zip", "{}/out.zip"])
def test_an_allowed_folder_opens_no_other(pattern: str, workspace: Path, tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    builds.mkdir()
    (builds / "out.zip").symlink_to(tmp_path / "outside.zip")
    with pytest.raises(ValueError, match=r"leaves the workspace|link to outside"):
        artifacts.find(pattern.format(builds), workspace, [builds])


def test_what_is_missing_in_an_allowed_folder_is_said(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "builds").mkdir()
    with pytest.raises(ValueError, match=rf"folder {tmp_path}/builds has no files"):
        artifacts.find(f"{tmp_path}/builds/*.zip", workspace, [tmp_path / "builds"])


def test_a_link_inside_is_a_file(workspace: Path) -> None:
    (workspace / "latest.zip").symlink_to("dist/widget.zip")
    assert names("latest.zip", workspace) == ["latest.zip"]


def test_a_workspace_behind_a_link_is_fine(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workspace, target_is_directory=True)
    assert names("*.zip", tmp_path / "link") == ["top.zip"]


def test_a_loop_of_links_ends(workspace: Path) -> None:
    (workspace / "dist/deep/again").symlink_to("..", target_is_directory=True)
    assert names("**/*.bin", workspace) == ["dist/deep/er/firmware.bin"]


def test_only_regular_files(workspace: Path) -> None:
    os.mkfifo(workspace / "dist/pipe.zip")
    assert names("dist/*.zip", workspace) == ["dist/widget.zip", "dist/widget[1].zip"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("dist/wigdet.zip", "dist/wigdet.zip is not there; folder dist has widget.zip"),
        ("dist/WIDGET.ZIP", "folder dist has widget.zip"),
        ("dits/*.zip", "dits/*.zip is not there; the workspace has dist"),
        ("build/*.zip", "the workspace has no folder build; it has .secret, dangling, dist …"),
        ("dist/deep/*.exe", "matches no file; folder dist/deep has 1 file: notes.txt"),
        ("dist/*.exe", "folder dist has 4 files: .hidden.zip, Widget.tar.gz, widget.zip …"),
        ("empty/*", "folder empty has no files"),
        ("empty/zzz", "folder empty has no files"),
        ("dist", "dist is a folder: for the files in it write dist/*"),
        ("dist/", "for the files in it write dist/*"),
        ("dangling", "is a link to something that isn't there"),
        (r"dist\*.zip", "separated by /"),
        ("", "such as dist/*.zip"),
        ("  ", "such as dist/*.zip"),
        ("dist/\0", "without control characters"),
        ("dist/*.zip\n", "without control characters"),
    ],
)
def test_what_is_wrong_is_said(pattern: str, message: str, workspace: Path) -> None:
    (workspace / "dangling").symlink_to("nowhere")
    with pytest.raises(ValueError, match=re.escape(message)):
        artifacts.find(pattern, workspace)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cant_be_read_is_not_skipped(workspace: Path) -> None:
    (workspace / "dist/deep").chmod(0)
    try:
        with pytest.raises(ValueError, match="dist/deep: Permission denied"):
            artifacts.find("**/*.zip", workspace)
    finally:
        (workspace / "dist/deep").chmod(0o755)


def test_local(workspace: Path) -> None:
    content = os.urandom(3_000_001)  # more than one chunk
    path = workspace / "dist/widget.zip"
    path.write_bytes(content)
    file = artifacts.local(path, workspace)
    assert (file.path, file.shown_path, file.filename, file.size) == (path, "dist/widget.zip", "widget.zip", 3_000_001)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.md5 == hashlib.md5(content).hexdigest()


def test_an_empty_file(workspace: Path) -> None:
    path = workspace / "empty/file"
    path.touch()
    assert artifacts.local(path, workspace).size == 0


def test_a_file_that_went_away_or_is_a_folder(workspace: Path) -> None:
    for name in ("gone.zip", "dist"):
        with pytest.raises(ValueError, match=f"{name} can't be read"):
            artifacts.local(workspace / name, workspace)


@pytest.mark.parametrize(
    "name", [b"two\nlines.zip", b"\xff.zip", "setup\u202egpj.exe".encode(), "a\u2028b.zip".encode()]
)
def test_a_name_that_cant_be_sent(name: bytes, workspace: Path) -> None:
    path = workspace / os.fsdecode(name)
    path.touch()
    with pytest.raises(ValueError, match="rename it") as caught:
        artifacts.local(path, workspace)
    str(caught.value).encode()  # can be printed
