"""The sizes and checksums of files, made by two threads if there is much to read."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from typing import TYPE_CHECKING, NamedTuple

from shipline.cancellation import SLICE_S, ProgressLine, cancel_token
from shipline.display import bad_character
from shipline.local_files import shown_path
from shipline.values import human_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


_CHUNK_BYTES = 1 << 20
_LARGE_BYTES = 1 << 24  # less is read in less time than threads are worth
_THREADS = 2


class Measures(NamedTuple):
    """A file's size in bytes and its digests in lower-case hex."""

    size: int
    sha256: str
    md5: str | None


def measure(
    paths: Iterable[Path], workspace: Path, *, md5: bool = True, progress: Callable[[str], None] = lambda _: None
) -> dict[Path, Measures | ValueError]:
    """Return the measures of each file, or why it can't be read or a link can't contain its name.

    Once this takes longer than two seconds, ``progress`` receives how far it is, and an empty text at the end.
    """
    algorithms = ("sha256", "md5") if md5 else ("sha256",)
    readings = {path: _readings(path, algorithms) for path in dict.fromkeys(paths)}
    every = [reading for of_file in readings.values() for reading in of_file]
    size = sum(of_file[0].expected for of_file in readings.values())
    if size < _LARGE_BYTES:
        for reading in every:
            reading.run()
    else:
        what = shown_path(every[0].path, workspace) if len(readings) == 1 else f"{len(readings)} files"
        _run_in_threads(every, f"reading {what} ({human_size(size)}) for the checksums", progress)
    return {path: _measures(shown_path(path, workspace), of_file) for path, of_file in readings.items()}


class _Reading:
    """One pass over a file that makes some of its digests; ``expected`` is its size in bytes before."""

    def __init__(self, path: Path, algorithms: Sequence[str], expected: int) -> None:
        self.path, self.expected, self.size = path, expected, 0
        self.error = ""
        self.hashes = [hashlib.new(algorithm, usedforsecurity=False) for algorithm in algorithms]

    def run(self) -> None:
        try:
            with self.path.open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    for digest in self.hashes:
                        digest.update(chunk)
                    self.size += len(chunk)
        except OSError as error:
            self.error = f"is unreadable: {error.strerror}"


def _readings(path: Path, algorithms: Sequence[str]) -> list[_Reading]:
    """One reading of a file, or, if it is large, one for each digest."""
    size = 0
    with contextlib.suppress(OSError):  # reading it reports the reason
        size = path.stat().st_size
    parts = [(algorithm,) for algorithm in algorithms] if size >= _LARGE_BYTES else [algorithms]
    return [_Reading(path, part, size) for part in parts]


def _measures(shown: str, readings: list[_Reading]) -> Measures | ValueError:
    if bad_character(shown):
        what = "a file name with control characters or bytes that aren't UTF-8 can't be linked: rename it"
        return ValueError(f"{shown!r}: {what}")
    if error := next((reading.error for reading in readings if reading.error), ""):
        return ValueError(f"{shown} {error}")
    if len({reading.size for reading in readings}) > 1:
        return ValueError(f"{shown} changed while Shipline read it: run Shipline after the job that writes it")
    sha256, *md5 = (digest.hexdigest() for reading in readings for digest in reading.hashes)
    return Measures(readings[0].size, sha256, md5[0] if md5 else None)


def _run_in_threads(readings: list[_Reading], what: str, progress: Callable[[str], None]) -> None:
    """Carry out the readings, two at a time. Raises CanceledError at once if the run is canceled."""
    waiting: queue.SimpleQueue[_Reading] = queue.SimpleQueue()
    ended: queue.SimpleQueue[_Reading] = queue.SimpleQueue()
    for reading in readings:
        waiting.put(reading)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                reading = waiting.get_nowait()
                reading.run()
                ended.put(reading)

    total = sum(reading.expected for reading in readings)

    def far(_: float) -> str:
        return f"{what}: {sum(reading.size for reading in readings) * 100 // total} %"

    with cancel_token.deferring(), ProgressLine(progress, far) as line:
        try:
            for _ in range(_THREADS):
                threading.Thread(target=work, daemon=True).start()
        except RuntimeError:  # a container may allow few threads
            with cancel_token.blocked(lambda: None):
                work()
        for _ in readings:
            while cancel_token.wait(ended, SLICE_S) is None:
                line.tick()
