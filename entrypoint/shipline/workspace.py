"""Files in the user's workspace: written atomically, owned by the workspace's owner, locked for one run at a time."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from shipline.errors import RefusedError, advice_on_writing, invalid_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from tempfile import TemporaryDirectory


def check_inside(path: Path, folder: Path) -> None:
    """Raise InvalidInputError if a link leads a path below the folder out of it, to files that aren't the job's."""
    for part in (path.parent, path):
        target = os.path.realpath(folder / part)
        if os.path.commonpath([target, os.path.realpath(folder)]) != os.path.realpath(folder):
            what = f"is a link to {target}, outside the workspace: Shipline keeps no receipt there"
            todo = "remove the link; to keep receipts elsewhere, set the input receipt"
            raise invalid_input(str(part), what, todo=todo)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the receipt for one run, with a lock of the operating system: it ends with the process.

    Raises RefusedError while another run on this machine holds it, and InvalidInputError if no receipt can be written
    there.
    """
    beside = path.with_name(f".{path.name or 'receipt'}.lock")
    try:
        if not path.name or (path.exists() and not path.is_file()):
            kind = "folder" if path.is_dir() else "device"
            raise invalid_input("receipt", f"expected the path of a file, found the {kind} {path}")
        make_folder(path.parent)
        if beside.is_symlink():
            beside.unlink()  # it may lead to a file that isn't ours
        file = beside.open("a")
        give_to_owner_of(path.parent, beside)
    except OSError as error:
        what = f"no receipt can be written there: {error.strerror}"
        raise invalid_input(str(path), what, todo=f"{advice_on_writing(error)}; then run again") from None
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
    """Write a file at once: no reader sees a part of it. ``durable``: afterwards it survives a loss of power.

    Raises OSError, and ValueError for text that UTF-8 can't encode.
    """
    make_folder(path.parent)
    draft = _draft(path)
    try:
        draft.unlink(missing_ok=True)  # a link there may lead to a file that isn't ours
        with draft.open("x", encoding="utf-8", newline="\n") as file:
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
        _sync(path.parent)


def _draft(path: Path) -> Path:
    """The file beside ``path`` that is written first."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def _sync(folder: Path) -> None:
    """Write a folder's entries to disk, where the system and the file system support it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it; each belongs to the owner of its parent."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        give_to_owner_of(folder.parent, folder)


def give_to_owner_of(folder: Path, path: Path) -> None:
    """Give a new file or folder to the owner of ``folder``: a container that runs as root writes to a mounted one."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def temporary_folder(command: str) -> TemporaryDirectory[str]:
    """Return a folder for a command's files. Raises InvalidInputError if none can be written."""
    import tempfile

    try:
        return tempfile.TemporaryDirectory(prefix=f"shipline-{command}-", ignore_cleanup_errors=True)
    except OSError as error:
        what = f"no temporary folder can be written ({error.strerror or error}): set TMPDIR to one that can"
        raise invalid_input(f"shipline {command}", what) from None


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write all texts, by path below the folder, replacing existing files.

    Raises InvalidInputError if one can't be written; then nothing has changed.
    """
    created: list[Path] = []  # folders before their contents
    drafts: dict[Path, Path] = {}
    name = ""
    try:
        for name, text in files.items():
            path = (folder / name).resolve()
            if path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            created += reversed([above for above in path.parents if not above.exists()])
            make_folder(path.parent)
            draft = _draft(path)
            created.append(draft)
            draft.write_text(text, encoding="utf-8", newline="\n")
            give_to_owner_of(path.parent, draft)
            drafts[draft] = path
        for draft, path in drafts.items():
            draft.replace(path)
    except OSError as error:
        for path in reversed(created):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        what = f"can't be written: {error.strerror or error}; expected a folder that files can be written in"
        raise invalid_input(name, what, todo="fix that and run again") from None
