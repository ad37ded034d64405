"""What a release is called in its receipt's path, in the receipt, and in the shared journal."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from shipline import workspace

if TYPE_CHECKING:
    from shipline.pipeline.model import Pipeline


_MAX_SLUG_LENGTH = 100


def default_path(pipeline: Pipeline) -> Path:
    """The receipt's default path, relative to the workspace (the current folder).

    Raises InvalidInputError if it leads out of the workspace.
    """
    path = Path(".shipline") / f"{slug(pipeline)}-{pipeline.version.text}.json"
    workspace.check_inside(path, Path.cwd())
    return path


def slug(pipeline: Pipeline) -> str:
    """The application, else the Centercode project, else the v3 product id, as a file name of bounded length.

    Names that differ only in letters beyond ASCII, or in what is cut off, differ in a hash at the end.
    """
    name = _name(pipeline)
    safe = "".join(c if (c.isascii() and c.isalnum()) or c in ".-" else "-" for c in name.lower())
    lost_letters = any(c.isalnum() and not c.isascii() for c in name)
    if len(safe) <= _MAX_SLUG_LENGTH and not lost_letters:
        return safe
    return f"{safe[:_MAX_SLUG_LENGTH]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _name(pipeline: Pipeline) -> str:
    builder = pipeline.buildmaster
    if builder:
        return builder.application or f"id:{builder.application_id}"
    return pipeline.centercode[0].project if pipeline.centercode else pipeline.v3[0].product_id


def identity(pipeline: Pipeline) -> dict[str, str]:
    """What a receipt belongs to. ``name`` distinguishes what has one slug; older receipts don't have it."""
    return {
        "of": slug(pipeline),
        "name": _name(pipeline).casefold(),
        "version": pipeline.version.text,
        "buildmaster": pipeline.buildmaster.url if pipeline.buildmaster else "",
    }
