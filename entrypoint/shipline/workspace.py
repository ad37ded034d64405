"""What is written into the user's workspace stays its owner's, and one run at a time writes it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from shipline.errors import InvalidInputError, Problem, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the receipt for one run.

    The lock is the system's, so it ends with the process that holds it, however that ends. Raises RefusedError while
    another run on this machine holds it, and InvalidInputError if no receipt can be written there.
    """
    if not path.name or path.is_dir():
        raise InvalidInputError([Problem("receipt", "", f"expected the path of a file, found the folder {path}")])
    beside = path.with_name(f".{path.name}.lock")
    try:
        make_folder(path.parent)
        file = beside.open("a")
        give_to_owner_of(path.parent, beside)
    except OSError as error:
        raise InvalidInputError(
            [Problem(str(path), "", f"no receipt can be written there: {error.strerror}")]
        ) from None
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise RefusedError(
                f"another run is using the receipt {path}", todo="wait until it has ended, then run again"
            ) from None
        yield


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def replace(path: Path, text: str, *, durable: bool = False) -> None:
    """Write a file that is never seen half done. ``durable``: when this returns, it also outlives a loss of power.

    Raises OSError, and ValueError for text that UTF-8 can't hold.
    """
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        give_to_owner_of(path.parent, draft)
        draft.replace(path)
    except (OSError, ValueError):
        draft.unlink(missing_ok=True)
        raise
    if durable:
        _keep(path.parent)


def _keep(folder: Path) -> None:
    """A folder's entries are its own data. Not every system or file system lets a folder be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The folder and those above it; each belongs to the owner of the one it is in."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        give_to_owner_of(folder.parent, folder)


def give_to_owner_of(folder: Path, made: Path) -> None:
    """In a container that runs as root, what is written into a mounted workspace must stay its owner's."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        owner = folder.stat()
        os.chown(made, owner.st_uid, owner.st_gid)
