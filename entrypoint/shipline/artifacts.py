"""The files that CI has built: found in the workspace, measured once."""

from __future__ import annotations

import hashlib
import os
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from shipline.record import dataclass
from shipline.validate import bad_character

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHUNK = 1 << 20
_SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file's facts. ``size`` is in bytes; the digests are lower-case hex."""

    path: Path
    shown_path: str  # relative to the workspace, with "/"
    filename: str
    size: int
    sha256: str
    md5: str


def find(pattern: str, workspace: Path, allowed: Sequence[Path] = ()) -> list[Path]:
    """The regular files that a path or glob names inside the workspace or an ``allowed`` folder, sorted.

    ``*``, ``?`` and ``[…]`` stay within a folder, ``**`` is any number of folders and follows no symbolic links. Hidden
    files and folders match only where the pattern names their dot. Raises ValueError if the pattern leaves those
    folders or matches nothing.
    """
    root, parts = _start(pattern, workspace, allowed)
    literal = root.joinpath(*parts)
    try:
        if literal.is_file():
            found = {literal}
        elif literal.is_dir():
            raise ValueError(f"{pattern} is a folder: for the files in it write {'/'.join((*parts, '*'))}")
        else:
            found = {path for path in _expand(root, parts) if path.is_file()}
    except OSError as error:
        raise ValueError(
            f"{pattern}: can't look into {_shown(Path(error.filename or literal), workspace)}: {error.strerror}"
        ) from None
    if not found:
        raise ValueError(_nothing(pattern, parts, root, workspace))
    roots = _roots(workspace, *allowed)
    for path in found:
        if not _is_in(_real(path), roots):
            raise ValueError(_outside(_shown(path, workspace)))
    return sorted(found)


def inside(name: str, workspace: Path, allowed: Sequence[Path] = ()) -> Path:
    """The regular file that a path names inside the workspace or an ``allowed`` folder.

    Raises ValueError for a path that leaves those, and FileNotFoundError.
    """
    root, parts = _start(name, workspace, allowed)
    path = root.joinpath(*parts)
    try:
        real = str(path.resolve())
    except (OSError, RuntimeError):
        raise ValueError(f"{name} is a link that leads to itself") from None
    if not _is_in(real, _roots(workspace, *allowed)):
        raise ValueError(_outside(name))
    if path.exists() and not path.is_file():
        raise ValueError(f"{name} is a {'folder' if path.is_dir() else 'device or pipe'}: expected a file")
    return path


def local(path: Path, workspace: Path) -> LocalFile:
    """The file's size and digests, from one read. Raises ValueError if it can't be read or its name can't be sent."""
    shown = _shown(path, workspace)
    if not _sendable(shown):
        raise ValueError(
            f"{shown!r}: a file name with control characters or bytes that aren't UTF-8 can't be linked: rename it"
        )
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sha256.update(chunk)
                md5.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise ValueError(f"{shown} can't be read: {error.strerror}") from None
    return LocalFile(path, shown, path.name, size, sha256.hexdigest(), md5.hexdigest())


def _real(path: Path) -> str:
    return os.path.realpath(path) if path.is_symlink() else f"{_real_folder(str(path.parent))}{os.sep}{path.name}"


# Folders are looked at once: there may be ten thousand files in them.
_real_folder = lru_cache(os.path.realpath)


@lru_cache
def _roots(*folders: Path) -> tuple[str, ...]:
    """Where they are, with a slash at their ends."""
    return tuple(_real_folder(str(folder)).rstrip(os.sep) + os.sep for folder in folders)


def _is_in(real: str, roots: tuple[str, ...]) -> bool:
    return (real + os.sep).startswith(roots)


def _outside(shown: str) -> str:
    return f"{shown} is a link to outside of the workspace; only files inside it are taken"


def _start(pattern: str, workspace: Path, allowed: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The folder to look in, and the parts of the pattern below it."""
    path = PurePosixPath(pattern)
    for folder in allowed:
        if path.is_relative_to(folder.as_posix()) and ".." not in path.parts:
            return folder, _parts(str(path.relative_to(folder.as_posix())))
    return workspace, _parts(pattern)


def _parts(pattern: str) -> tuple[str, ...]:
    if not pattern.strip() or not _sendable(pattern):
        raise ValueError("expected is a path or glob without control characters, such as dist/*.zip")
    if "\\" in pattern:
        raise ValueError(f"{pattern}: folders are separated by /, on Windows too")
    path = PurePosixPath(pattern)
    if path.is_absolute() or (":" in pattern and PureWindowsPath(pattern).drive) or ".." in path.parts:
        raise ValueError(
            f"{pattern} leaves the workspace: expected is a path relative to it, without .., or one in a folder that "
            "allow-folders names"
        )
    return tuple(part for i, part in enumerate(path.parts) if part != "**" or path.parts[i - 1 : i] != ("**",))


def _sendable(name: str) -> bool:
    """Whether a name has neither control characters, nor what makes it look like another one, nor surrogates.

    Surrogates stand for bytes that aren't UTF-8.
    """
    return not bad_character(name)


def _expand(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    if not parts:
        yield folder
        return
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _expand(folder, rest or ("*",))
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _expand(folder / entry.name, parts)
    elif _is_glob(head):
        for entry in _entries(folder):
            if fnmatchcase(entry.name, head) and (head.startswith(".") or not entry.name.startswith(".")):
                yield from _expand(folder / entry.name, rest)
    elif (folder / head).exists():
        yield from _expand(folder / head, rest)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return list(entries)


def _is_glob(part: str) -> bool:
    return any(char in part for char in "*?[")


def _nothing(pattern: str, parts: tuple[str, ...], root: Path, workspace: Path) -> str:
    """What to look at when nothing matched: the folder that was searched, and names that come near."""
    import difflib

    folder, rest = root, list(parts)
    while len(rest) > 1 and not _is_glob(rest[0]) and (folder / rest[0]).is_dir():
        folder /= rest.pop(0)
    entries = sorted(_entries(folder), key=lambda entry: entry.name)
    names = [entry.name for entry in entries]
    searched = "the workspace" if folder == workspace else f"folder {_shown(folder, workspace)}"
    if (folder / rest[0]).is_symlink():
        return f"{pattern} is a link to something that isn't there"
    near = difflib.get_close_matches(rest[0].lower(), {name.lower(): name for name in names}, n=1)
    if near and not _is_glob(rest[0]):
        name = next(name for name in names if name.lower() == near[0])
        return f"{pattern} is not there; {searched} has {name}"
    if len(rest) > 1 and not _is_glob(rest[0]):
        return f"{pattern}: {searched} has no folder {rest[0]}" + (
            f"; it has {_some(names)}" if names else "; it is empty"
        )
    files = [entry.name for entry in entries if entry.is_file()]
    if not files:
        return f"{pattern} matches no file; {searched} has no files" + (f", only {_some(names)}" if names else "")
    return f"{pattern} matches no file; {searched} has {len(files)} file{'s' * (len(files) != 1)}: {_some(files)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN_NAMES]) + (" …" if len(names) > _SHOWN_NAMES else "")


def _shown(path: Path, workspace: Path) -> str:
    try:
        return path.relative_to(workspace).as_posix()
    except ValueError:
        return path.as_posix()
