from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING

import pytest

from shipline import cancellation, checksums
from shipline.cancellation import cancel_token
from shipline.errors import CanceledError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ten bytes are much to read."""
    monkeypatch.setattr(checksums, "_LARGE_BYTES", 10)
    yield
    cancel_token.reset()


def expected(content: bytes) -> tuple[int, str, str]:
    return len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()


def measured(path: Path) -> checksums.Measures:
    (found,) = checksums.measure([path], path.parent).values()
    assert isinstance(found, checksums.Measures), found
    return found


def refused(path: Path) -> str:
    (found,) = checksums.measure([path], path.parent).values()
    assert isinstance(found, ValueError), found
    return str(found)


def test_a_file_is_measured_in_chunks(tmp_path: Path) -> None:
    content = os.urandom(3_000_001)  # more than one chunk
    (tmp_path / "widget.zip").write_bytes(content)
    assert measured(tmp_path / "widget.zip") == expected(content)


def test_threads_make_the_digests_of_large_files(tmp_path: Path, large: None) -> None:
    contents = [os.urandom(size) for size in (0, 9, 10, 2_000_000, 3_000_001)]
    paths = [tmp_path / f"{len(content)}.zip" for content in contents]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    before = cancel_token.deferred  # an earlier test's
    found = checksums.measure([*paths, paths[-1]], tmp_path)
    assert found == {path: expected(content) for path, content in zip(paths, contents, strict=True)}
    assert cancel_token.deferred == before  # a signal ends what follows at once, as before


def test_digests_without_md5(tmp_path: Path, large: None) -> None:
    for name, content in (("small.zip", b"1"), ("large.zip", b"0123456789")):
        (tmp_path / name).write_bytes(content)
        assert checksums.measure([tmp_path / name], tmp_path, md5=False) == {
            tmp_path / name: (len(content), hashlib.sha256(content).hexdigest(), None)
        }


def test_digests_where_no_thread_can_be_started(tmp_path: Path, large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    (tmp_path / "widget.zip").write_bytes(b"0123456789")
    assert measured(tmp_path / "widget.zip") == expected(b"0123456789")


@pytest.fixture
def slow(large: None, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Readings that start only once the event is set; the first progress is due at once."""
    run, go_on = checksums._Reading.run, threading.Event()

    def wait(reading: checksums._Reading) -> None:
        assert go_on.wait(60)
        run(reading)

    monkeypatch.setattr(checksums._Reading, "run", wait)
    monkeypatch.setattr(cancellation, "_SILENT_S", 0.0)
    return go_on


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        ([b"0123456789"], "0.zip (10 bytes)"),
        ([b"0123456789", b"0123456789"], "2 files (20 bytes)"),
        ([b"01234", b"56789"], "2 files (10 bytes)"),
    ],
)
def test_progress_is_shown_until_the_end(
    tmp_path: Path, slow: threading.Event, contents: list[bytes], what: str
) -> None:
    shown: list[str] = []

    def progress(text: str) -> None:
        shown.append(text)
        slow.set()

    paths = [tmp_path / f"{number}.zip" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    found = checksums.measure(paths, tmp_path, progress=progress)
    assert list(found.values()) == [expected(content) for content in contents]
    assert shown[0].startswith(f"reading {what} for the checksums: 0 %, ")
    assert shown[-1] == ""


def test_a_cancel_ends_it_at_once(tmp_path: Path, slow: threading.Event) -> None:
    shown: list[str] = []

    def cancel(text: str) -> None:
        shown.append(text)
        cancel_token.cancel(15)

    (tmp_path / "widget.zip").write_bytes(b"0123456789")
    with pytest.raises(CanceledError):
        checksums.measure([tmp_path / "widget.zip"], tmp_path, progress=cancel)
    assert shown[-1] == ""
    slow.set()


def test_a_file_that_changes_meanwhile(tmp_path: Path, large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run, path = checksums._Reading.run, tmp_path / "widget.zip"
    one_by_one = threading.Lock()

    def append_after(reading: checksums._Reading) -> None:
        with one_by_one:
            run(reading)
            path.write_bytes(b"0123456789, and more")

    monkeypatch.setattr(checksums._Reading, "run", append_after)
    path.write_bytes(b"0123456789")
    assert refused(path).startswith("widget.zip changed while Shipline read it")


def test_a_file_that_went_away_or_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    for name in ("gone.zip", "dist"):
        assert refused(tmp_path / name).startswith(f"{name} is unreadable: ")


@pytest.mark.parametrize(
    "name", [b"two\nlines.zip", b"\xff.zip", "setup\u202egpj.exe".encode(), "a\u2028b.zip".encode()]
)
def test_a_name_that_cant_be_sent(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    path.touch()
    message = refused(path)
    assert "rename it" in message
    message.encode()  # can be printed
