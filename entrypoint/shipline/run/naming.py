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
    text = name(pipeline)
    safe = "".join(c if (c.isascii() and c.isalnum()) or c in ".-" else "-" for c in text.lower())
    lost_letters = any(c.isalnum() and not c.isascii() for c in text)
    if len(safe) <= _MAX_SLUG_LENGTH and not lost_letters:
        return safe
    return f"{safe[:_MAX_SLUG_LENGTH]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def name(pipeline: Pipeline) -> str:
    """The application (``id:`` and its id without a name), else a project or product id; empty if it has a problem."""
    builder = pipeline.buildmaster
    if builder:
        return builder.application or (f"id:{builder.application_id}" if builder.application_id else "")
    names = [*(target.project for target in pipeline.centercode), *(target.product_id for target in pipeline.v3)]
    return names[0] if names else ""


def identity(pipeline: Pipeline) -> dict[str, str]:
    """What a receipt belongs to. ``name`` distinguishes what has one slug; older receipts don't have it."""
    return {
        "of": slug(pipeline),
        "name": name(pipeline).casefold(),
        "version": pipeline.version.text,
        "buildmaster": pipeline.buildmaster.url if pipeline.buildmaster else "",
    }
