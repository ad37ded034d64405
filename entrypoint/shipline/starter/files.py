"""All files of a first set-up, or none."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from shipline import workspace
from shipline.errors import InvalidInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the texts, by path below the folder, in place of what is there.

    Raises InvalidInputError, with nothing changed, where one can't be written.
    """
    made: list[Path] = []  # folders before what is in them
    drafts: dict[Path, Path] = {}
    name = ""
    try:
        for name, text in files.items():
            path = (folder / name).resolve()
            if path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            made += reversed([above for above in path.parents if not above.exists()])
            workspace.make_folder(path.parent)
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            made.append(draft)
            draft.write_text(text, encoding="utf-8", newline="\n")
            workspace.give_to_owner_of(path.parent, draft)
            drafts[draft] = path
        for draft, path in drafts.items():
            draft.replace(path)
    except OSError as error:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        what = f"can't be written: {error.strerror or error}; expected a folder that files can be written in"
        raise InvalidInputError([Problem(name, "", what)], todo="mend that and run again") from None
