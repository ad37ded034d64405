from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from shipline import local_files

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
    return [path.relative_to(workspace).as_posix() for path in local_files.find(pattern, workspace)]


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
        local_files.find(pattern, workspace)


@pytest.mark.parametrize("pattern", ["out.zip", "*.zip", "folder/outside.zip", "folder/*.zip"])
def test_a_link_to_outside_is_refused(pattern: str, workspace: Path) -> None:
    (workspace / "out.zip").symlink_to("../outside.zip")
    (workspace / "folder").symlink_to("..", target_is_directory=True)
    with pytest.raises(ValueError, match="link to outside"):
        local_files.find(pattern, workspace)


def test_an_allowed_folder_outside_is_looked_into(workspace: Path, tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    (builds / "deep").mkdir(parents=True)
    (builds / "deep/far.zip").write_bytes(b"PK")
    assert local_files.find(f"{builds}/**/*.zip", workspace, [builds]) == [builds / "deep/far.zip"]
    assert local_files.inside(f"{builds}/deep/far.zip", workspace, [builds]) == builds / "deep/far.zip"
    assert local_files.shown_path(builds / "deep/far.zip", workspace) == f"{builds}/deep/far.zip"
    (workspace / "far.zip").symlink_to(builds / "deep/far.zip")
    assert local_files.find("far.zip", workspace, [builds]) == [workspace / "far.zip"]


@pytest.mark.parametrize("pattern", ["{}/../outside.zip", "{}-other/x.zip", "{}/out.zip"])
def test_an_allowed_folder_opens_no_other(pattern: str, workspace: Path, tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    builds.mkdir()
    (builds / "out.zip").symlink_to(tmp_path / "outside.zip")
    with pytest.raises(ValueError, match=r"leaves the workspace|link to outside"):
        local_files.find(pattern.format(builds), workspace, [builds])


def test_what_is_missing_in_an_allowed_folder_is_said(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "builds").mkdir()
    with pytest.raises(ValueError, match=rf"folder {tmp_path}/builds has no files"):
        local_files.find(f"{tmp_path}/builds/*.zip", workspace, [tmp_path / "builds"])


@pytest.mark.parametrize("pattern", ["dist/widget.zip", "**/top.zip", "dist/deep/er/*"])
def test_an_absolute_path_inside_the_workspace_is_found(pattern: str, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workspace, target_is_directory=True)
    found = names(pattern, workspace)
    assert found == names(f"{workspace}/{pattern}", workspace) != []
    # The workspace as the program knows it may have another spelling than the real one.
    for spelled in (workspace, tmp_path / "link"):
        linked = local_files.find(f"{spelled}/{pattern}", tmp_path / "link")
        assert [path.relative_to(tmp_path / "link").as_posix() for path in linked] == found
    assert local_files.inside(f"{workspace}/dist/widget.zip", workspace) == workspace / "dist/widget.zip"


@pytest.mark.parametrize("pattern", ["{}/../outside.zip", "{}-other/x.zip", "{}/out.zip"])
def test_an_absolute_path_opens_nothing_outside(pattern: str, workspace: Path, tmp_path: Path) -> None:
    (workspace / "out.zip").symlink_to(tmp_path / "outside.zip")
    with pytest.raises(ValueError, match=r"leaves the workspace|link to outside"):
        local_files.find(pattern.format(workspace), workspace)


def test_a_files_own_name_wins_over_what_patterns_cant_do(workspace: Path) -> None:
    for name in ("dist/a{1,2}.zip", "dist/!(a).zip", "dist/a, b/c.zip"):
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_bytes(b"x")
        assert names(name, workspace) == [name]
    assert names("dist/*{1,2}.zip", workspace) == ["dist/a{1,2}.zip"]
    assert "dist/Widget.tar.gz" in names("dist/[!a]*", workspace)


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
        ("build/*.zip", "the workspace has no folder build; it has .secret, dangling, dist and "),
        ("dist/deep/*.exe", "matches no file; folder dist/deep has 1 file: notes.txt"),
        ("dist/*.exe", "folder dist has 4 files: .hidden.zip, Widget.tar.gz, widget.zip and "),
        ("empty/*", "folder empty has no files"),
        ("empty/zzz", "folder empty has no files"),
        ("dist", "dist is a folder: for the files in it write dist/*"),
        ("dist/", "for the files in it write dist/*"),
        ("dangling", "is a link to a missing file"),
        (r"dist\*.zip", "separated by /"),
        ("", "such as dist/*.zip"),
        ("  ", "such as dist/*.zip"),
        ("dist/\0", "without control characters"),
        ("dist/*.zip\n", "without control characters"),
        ('"dist/*.zip"', "without the quotes"),
        ("'dist/widget.zip'", "without the quotes"),
        ("dist/*.{zip,exe}", "braces aren't supported: write a pattern for each alternative"),
        ("dist/widget{1..3}.zip", "braces aren't supported"),
        ("!dist/*.exe", "! (leave out) isn't supported"),
        ("dist/!(widget).zip", "parentheses"),
        ("dist/@(a|b).zip", "parentheses"),
        ("dist/+(a|b).zip", "parentheses"),
        ("dist/widget.zip,dist/top.zip", "a comma doesn't separate files: write one a line"),
        ("dist/a, b.exe", "folder dist has 4 files"),
    ],
)
def test_what_is_wrong_is_said(pattern: str, message: str, workspace: Path) -> None:
    (workspace / "dangling").symlink_to("nowhere")
    with pytest.raises(ValueError, match=re.escape(message)):
        local_files.find(pattern, workspace)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cant_be_read_is_not_skipped(workspace: Path) -> None:
    (workspace / "dist/deep").chmod(0)
    try:
        with pytest.raises(ValueError, match="dist/deep: Permission denied"):
            local_files.find("**/*.zip", workspace)
    finally:
        (workspace / "dist/deep").chmod(0o755)
