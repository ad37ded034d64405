"""The config file: from bytes to a tree of nodes that know their line and column. JSON is YAML."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from shipline.document import Node, Place, Problems, describe
from shipline.yaml_tree import Builder, StopError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024

# What YAML calls non-printable (section 5.1), less the byte order mark, which is taken off before.
# (All but what is printable would be the same, and takes ten times as long to compile.)
_NON_PRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE_PAIR = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"


def read(path: Path, name: str, problems: Problems) -> Node | None:
    """The tree of the file at ``path``, called ``name`` in messages; None, and a problem, if it can't be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else f"can't be read: {error.strerror}"
        problems.add(Place(name), (), f"{what}; expected the path of a config file, relative to the workspace")
        return None
    return parse(raw, name, problems)


def parse(raw: bytes, name: str, problems: Problems) -> Node | None:
    """The tree of ``raw`` (nothing: an empty mapping); None, and a problem, if it isn't a readable mapping."""
    try:
        text = _decoded(raw, name)
        root = Builder(name, problems).build(_json_as_yaml(text))
    except StopError as stop:
        problems.add(stop.place, (), stop.what)
        return None
    if root is None or (root.value is None and not root.written):
        return Node({}, Place(name, 1, 1))
    if not isinstance(root.value, dict):
        problems.add(root.place, (), f"expected settings such as release: and buildmaster:, found {describe(root)}")
        return None
    return root


def _decoded(raw: bytes, name: str) -> str:
    if len(raw) > MAX_BYTES:
        raise StopError(Place(name), f"is too large: expected at most {MAX_BYTES // 1024 // 1024} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _position(raw[: error.start].decode("utf-8-sig"), name)
        hint = " (it looks like UTF-16)" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else ""
        raise StopError(place, f"isn't UTF-8{hint}: save the file as UTF-8") from None
    if match := _NON_PRINTABLE.search(text):
        place = _position(text[: match.start()], name)
        raise StopError(place, f"control character U+{ord(match[0]):04X}: remove it")
    return text


def _position(before: str, name: str) -> Place:
    return Place(name, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _json_as_yaml(text: str) -> str:
    """JSON escapes characters beyond U+FFFF as two halves, which YAML doesn't know."""
    if text.lstrip()[:1] not in {"{", "["} or not re.search(_SURROGATE_PAIR, text):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return re.sub(_SURROGATE_PAIR, lambda pair: json.loads(f'"{pair[0]}"'), text)
