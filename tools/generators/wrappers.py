"""What the wrappers' lists of inputs have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline.inputs import catalogue

if TYPE_CHECKING:
    from shipline.inputs.catalogue import Setting


_NOT_LISTED = frozenset({"ci", "comment"})  # the wrapper sets the first; Shipline comments in GitHub and GitLab only


def listed() -> list[Setting]:
    """The inputs that wrappers list, the everyday ones first."""
    every = [*catalogue.options(), *catalogue.settings()]
    shown = (leaf for leaf in every if leaf.shown != "file" and leaf.name not in _NOT_LISTED)
    return sorted(shown, key=lambda leaf: leaf.shown != "common")


def default(leaf: Setting) -> str:
    """The default that a wrapper shows: only of what can't be in the config file, which it would hide otherwise."""
    return shown(leaf.default) if leaf in catalogue.options() and leaf.default is not None else ""


def allowed(leaf: Setting) -> list[str]:
    """The values to choose from; empty: any."""
    values = [shown(value) for value in leaf.enum] or (["true", "false"] if leaf.kind == "boolean" else [])
    return values if not values or default(leaf) else ["", *values]


def description(leaf: Setting) -> str:
    """The description of an input that is given as one text."""
    parts = [leaf.description]
    if leaf.kind in ("list", "artifacts"):
        parts.append(f"One a line{' or with commas' if leaf.commas else ''}, or a JSON array.")
    elif leaf.kind == "map":
        parts.append("Lines of name=value.")
    if leaf.default is not None and not default(leaf):
        parts.append(f"Default: {shown(leaf.default)}.")
    return " ".join(parts)


def given_as(leaf: Setting) -> str:
    """The variable by which a wrapper hands the input to the program."""
    return leaf.variable.replace("SHIPLINE_", "SHIPLINE_INPUT_", 1)


def shown(value: object) -> str:
    """A value as people write it."""
    return value if isinstance(value, str) else json.dumps(value)
