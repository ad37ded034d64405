"""Files that CI has built, found in the workspace and allowed folders."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from shipline.display import bad_character, counted, listed

_MAX_SHOWN_NAMES = 3
# What other tools' patterns can do and these can't, by a part of a pattern that matched nothing; and what to write.
_UNSUPPORTED = {
    r"""^["']|["']$""": "write it without the quotes",
    r"^!": "! (leave out) isn't supported: list the files to link, or choose among them with a target's artifacts",
    r"[?*+@!]\(": "patterns with parentheses, such as !(…) and @(…), aren't supported: write a pattern for each kind",
    r"\{[^}]*(,|\.\.)[^}]*\}": "braces aren't supported: write a pattern for each alternative, one a line",
    r",.*[/*]": "a comma doesn't separate files: write one a line",
}


def find(pattern: str, workspace: Path, allowed: Sequence[Path] = ()) -> list[Path]:
    """Return the regular files that a path or glob names inside the workspace or an ``allowed`` folder, sorted.

    ``*``, ``?`` and ``[…]`` match within a folder. ``**`` matches any number of folders, without symbolic links. Hidden
    files and folders match only patterns that contain their dot. Raises ValueError if the pattern leaves those folders
    or matches nothing.
    """
    root, parts = _start(pattern, workspace, allowed)
    literal = root.joinpath(*parts)
    try:
        if literal.is_file():
            found = [literal]
        elif literal.is_dir():
            raise ValueError(f"{pattern} is a folder: for the files in it write {'/'.join((*parts, '*'))}")
        else:
            found = sorted({path for path in _expand(root, parts) if path.is_file()})
    except OSError as error:
        raise ValueError(
            f"{pattern}: can't look into {shown_path(Path(error.filename or literal), workspace)}: {error.strerror}"
        ) from None
    if not found:
        raise ValueError(_describe_no_match(pattern, parts, root, workspace))
    roots = _roots(workspace, *allowed)
    for path in found:
        if not _is_in(_real(path), roots):
            raise ValueError(_outside(shown_path(path, workspace)))
    return found


def inside(name: str, workspace: Path, allowed: Sequence[Path] = ()) -> Path:
    """Return the path of a regular file inside the workspace or an ``allowed`` folder; it may not exist.

    Raises ValueError for a path that leaves those folders or names anything but a file.
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


def below(folder: str, name: str) -> str:
    """A path or pattern relative to ``folder`` (empty: the workspace) as one that is relative to the workspace."""
    return posixpath.normpath(posixpath.join(folder, name)) if folder and name.strip() else name


def shown_path(path: Path, workspace: Path) -> str:
    """Return the path relative to the workspace, or the full path of a file elsewhere, with ``/``."""
    shown, folder = path.as_posix(), workspace.as_posix().rstrip("/") + "/"
    return shown.removeprefix(folder)


def _real(path: Path) -> str:
    folder, name = os.path.split(path)
    return os.path.realpath(path) if os.path.islink(path) else f"{_real_folder(folder)}{os.sep}{name}"  # noqa: PTH114


# Each folder is resolved once: it may contain ten thousand files.
_real_folder = lru_cache(os.path.realpath)


@lru_cache
def _roots(*folders: Path) -> tuple[str, ...]:
    """Return the folders' real paths, with a slash at the end."""
    return tuple(_real_folder(str(folder)).rstrip(os.sep) + os.sep for folder in folders)


def _is_in(real: str, roots: tuple[str, ...]) -> bool:
    return (real + os.sep).startswith(roots)


def _outside(shown: str) -> str:
    return f"{shown} is a link to outside of the workspace; Shipline reads only files inside it"


def _start(pattern: str, workspace: Path, allowed: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """Return the folder to search, and the parts of the pattern below it."""
    parts = PurePosixPath(pattern).parts
    for folder, start in _starts(*allowed, workspace):
        if parts[: len(start)] == start:
            below = parts[len(start) :]
            return folder, _checked("/".join(below) or ".", below)
    return workspace, _checked(pattern, parts)


@lru_cache
def _starts(*folders: Path) -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """Return each folder with the parts of its path, and again with those of its real path."""
    spellings = ((folder, {folder.as_posix(), _real_folder(str(folder))}) for folder in folders)
    return tuple((folder, PurePosixPath(spelled).parts) for folder, spelled_so in spellings for spelled in spelled_so)


def _checked(pattern: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts of a pattern. Raises ValueError if it isn't a relative path below the folder."""
    if not pattern.strip() or bad_character(pattern):
        raise ValueError("expected a path or glob without control characters, such as dist/*.zip")
    if "\\" in pattern:
        raise ValueError(f"{pattern}: folders are separated by /, on Windows too")
    if pattern.startswith("/") or (":" in pattern and PureWindowsPath(pattern).drive) or ".." in parts:
        raise ValueError(
            f"{pattern} leaves the workspace: expected a path inside it, without .., or inside a folder that "
            "allow-folders names"
        )
    if "**" not in parts:
        return parts
    return tuple(part for i, part in enumerate(parts) if part != "**" or parts[i - 1 : i] != ("**",))


def _expand(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """Yield the paths below a folder that the parts of a pattern match."""
    if not parts:
        yield folder
        return
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _expand(folder, rest or ("*",))
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _expand(folder / entry.name, parts)
    elif is_glob(head):
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


def is_glob(text: str) -> bool:
    """True if a path, or a part of one, is a pattern."""
    return any(char in text for char in "*?[")


def _describe_no_match(pattern: str, parts: tuple[str, ...], root: Path, workspace: Path) -> str:
    """Describe why nothing matched: what patterns can't do, or the folder searched and the nearest names in it."""
    import difflib

    for unsupported, advice in _UNSUPPORTED.items():
        if re.search(unsupported, pattern):
            return f"{pattern} matches no file: {advice}"

    folder, rest = root, list(parts)
    while len(rest) > 1 and not is_glob(rest[0]) and (folder / rest[0]).is_dir():
        folder /= rest.pop(0)
    entries = sorted(_entries(folder), key=lambda entry: entry.name)
    names = [entry.name for entry in entries]
    searched = "the workspace" if folder == workspace else f"folder {shown_path(folder, workspace)}"
    if (folder / rest[0]).is_symlink():
        return f"{pattern} is a link to a missing file"
    near = difflib.get_close_matches(rest[0].lower(), {name.lower(): name for name in names}, n=1)
    if near and not is_glob(rest[0]):
        name = next(name for name in names if name.lower() == near[0])
        return f"{pattern} is not there; {searched} has {name}"
    if len(rest) > 1 and not is_glob(rest[0]):
        return f"{pattern}: {searched} has no folder {rest[0]}" + (
            f"; it has {listed(names, _MAX_SHOWN_NAMES)}" if names else "; it is empty"
        )
    files = [entry.name for entry in entries if entry.is_file()]
    if not files:
        return f"{pattern} matches no file; {searched} has no files" + (
            f", only {listed(names, _MAX_SHOWN_NAMES)}" if names else ""
        )
    return f"{pattern} matches no file; {searched} has {counted(len(files), 'file')}: {listed(files, _MAX_SHOWN_NAMES)}"
