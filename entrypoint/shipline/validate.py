"""The tree against schemas/pipeline.schema.json, and against what no text may hold."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from shipline import catalogue
from shipline.wording import flaws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.document import Node, Path, Place, Problems

# What changes the order of the text around it (Unicode Standard Annex 9, sections 2.1, 2.2, 2.4 and 2.5).
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def check(root: Node, empty: Mapping[Path, Place], problems: Problems) -> frozenset[Path]:
    """Report every error. Returns the paths of values that can't be used.

    ``empty`` are the settings that hold nothing but ``""``, which is unset: a required one is missing at that place.
    """
    unusable = set(_check_characters(root, problems))
    for flaw in flaws(root, empty):
        if flaw.path not in unusable:
            problems.add(flaw.place, flaw.path, flaw.what)
        if flaw.of_value:
            unusable.add(flaw.path)
    return frozenset(unusable)


def bad_character(text: str, *, multiline: bool = False) -> str:
    """What is wrong with a character of ``text``, and where; empty if nothing is."""
    if text.isprintable():
        return ""
    for index, char in enumerate(text, start=1):
        if char.isprintable() or (multiline and char in "\n\t\r"):
            continue
        category = unicodedata.category(char)
        if char == "\n":
            return f"has a line break (character {index}), expected one line"
        if category in {"Cc", "Zl", "Zp"} or _REORDERING.match(char):
            return f"has the control character U+{ord(char):04X} (character {index}): remove it"
        if category == "Cs":
            return f"isn't UTF-8 (character {index})"
    return ""


def _check_characters(root: Node, problems: Problems) -> Iterator[Path]:
    for path, node in root.walk():
        for key, place in node.keys.items():
            if what := bad_character(key):
                problems.add(place, (*path, key), f"the name {what}")
                yield (*path, key)
        if isinstance(node.value, str):
            leaf = catalogue.at(path)
            if what := bad_character(node.value, multiline=leaf is not None and leaf.multiline):
                problems.add(node.place, path, what)
                yield path
