"""Git's wire formats, checked by git itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from shipline.journal import objects

if TYPE_CHECKING:
    from pathlib import Path

FORMS: list[objects.ObjectFormat] = ["sha1", "sha256"]


def git(folder: Path, *arguments: str, **more: Any) -> bytes:
    return subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, **more).stdout


@pytest.fixture(params=FORMS)
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    git(tmp_path, "init", "-q", "--bare", f"--object-format={request.param}")
    git(tmp_path, "config", "transfer.fsckObjects", "true")
    return tmp_path


def form(repository: Path) -> objects.ObjectFormat:
    return "sha256" if b"sha256" in git(repository, "rev-parse", "--show-object-format") else "sha1"


@pytest.mark.parametrize("receipt", ["", "{}\n", "é\u2028😀" * 50_000], ids=["empty", "short", "long"])
def test_git_accepts_what_is_written_and_reads_the_same(repository: Path, receipt: str) -> None:
    kind = form(repository)
    first, pack = objects.commit(objects.null_id(kind), 'Begin\n\n{"run": "Läufer"}', receipt, 1_800_000_000, kind)
    second, child = objects.commit(first, "Go on", receipt + "more", 1_800_000_001, kind)
    for data in (pack, child):
        git(repository, "index-pack", "--stdin", "--strict", input=data)
    git(repository, "update-ref", "refs/shipline/widget/1.0", second)
    assert git(repository, "fsck", "--strict", "--full", "--no-dangling") == b""
    assert git(repository, "show", f"{first}:receipt.json").decode() == receipt
    assert git(repository, "log", "--format=%H %ct", second).decode().splitlines() == [
        f"{second} 1800000001",
        f"{first} 1800000000",
    ]
    assert git(repository, "log", "-1", "--format=%B", first).decode().strip() == 'Begin\n\n{"run": "Läufer"}'


def test_packs_that_git_makes_are_read(repository: Path) -> None:
    kind = form(repository)
    made, pack = objects.commit(objects.null_id(kind), "Begin", "{}\n", 1_800_000_000, kind)
    git(repository, "unpack-objects", "-q", input=pack)
    listed = git(repository, "rev-list", "--objects", made)
    packed = git(repository, "pack-objects", "--stdout", "-q", input=b"\n".join(x[:64] for x in listed.split(b"\n")))
    assert objects.read_commit(packed, made, kind) == objects.Commit(made, 1_800_000_000, "Begin", "{}\n")


@pytest.mark.parametrize("spoil", [lambda p: p[:-1], lambda p: p[:40], lambda _: b"", lambda p: p[:30] + b"x" + p[31:]])
def test_a_damaged_pack_is_refused(spoil: Any) -> None:
    made, pack = objects.commit(objects.null_id("sha1"), "Begin", "{}", 1_800_000_000, "sha1")
    with pytest.raises(ValueError, match="damaged"):
        objects.read_commit(spoil(pack), made, "sha1")


def test_a_pack_of_something_else_is_refused() -> None:
    made, pack = objects.commit(objects.null_id("sha1"), "Begin", "{}", 1_800_000_000, "sha1")
    other, _ = objects.commit(made, "Go on", "{}", 1_800_000_000, "sha1")
    with pytest.raises(ValueError, match="lacks"):
        objects.read_commit(pack, other, "sha1")


@pytest.mark.parametrize("data", [b"<html>", b"0003", b"-001", b" 1ff", b"1_00", b"0", b"00", b"000", b"0009done"])
def test_what_is_no_sequence_of_packets_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="git server"):
        objects.lines(data)


def test_a_list_without_its_end_is_cut_off() -> None:
    with pytest.raises(ValueError, match="incomplete"):
        objects.lines(objects.packet(b"line\n"))
    assert objects.lines(objects.packet(b"line\n") + objects.FLUSH) == ["line"]


def test_an_error_of_the_server_is_reported() -> None:
    with pytest.raises(ValueError, match="reports: access denied"):
        objects.lines(objects.packet(b"ERR access denied\n") + objects.FLUSH)
    with pytest.raises(ValueError, match="reports: not our ref"):
        objects.bands(objects.packet(b"ERR not our ref") + objects.FLUSH)
    with pytest.raises(ValueError, match="reports: no space"):
        objects.bands(objects.packet(b"\3no space\n") + objects.FLUSH)
