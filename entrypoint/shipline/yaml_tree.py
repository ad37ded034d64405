"""YAML's events to a tree of nodes.

Scalars follow the core schema of YAML 1.2 (section 10.3.2), but only ``true`` and ``false`` are booleans. Only PyYAML's
events are used: its constructors follow YAML 1.1 (``on`` is true, ``12:30`` is 750), recurse, and expand aliases
without a limit.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any

import yaml

from shipline.document import Node, Place, Problems, Scalar, printable
from shipline.record import dataclass

MAX_NODES = 200_000
MAX_DEPTH = 50

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STR_TAGS = {"!", "tag:yaml.org,2002:str"}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_MAX_DIGITS = 400


class StopError(Exception):
    """Nothing after ``place`` can be read."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place = place
        self.what = what


def scalar(text: str) -> Scalar:
    """What a plain (unquoted) scalar stands for."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _INT.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text.replace(".i", "i").replace(".I", "i").replace(".n", "n").replace(".N", "N"))
    return text


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end hasn't come yet."""

    place: Place
    anchor: str | None
    entries: dict[str, Node] | None  # None: a list
    items: list[Node] = field(default_factory=list)
    keys: dict[str, Place] = field(default_factory=dict)
    key: str | None = None
    size: int = 1  # nodes, aliases written out
    height: int = 1

    def node(self) -> Node:
        if self.entries is None:
            return Node(tuple(self.items), self.place)
        return Node(self.entries, self.place, keys=self.keys)


class Builder:
    """Builds the tree from events, without recursion."""

    def __init__(self, name: str, problems: Problems) -> None:
        self._name = name
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}  # None: still open
        self._count = 0
        self._root: Node | None = None
        self._documents = 0

    def build(self, text: str) -> Node | None:
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error, text) from None
        except yaml.YAMLError:
            raise StopError(Place(self._name, 1, 1), "isn't YAML: expected lines such as `release:`") from None
        return self._root

    def _take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise StopError(self._at(event), "a second document begins here: expected one document a file")
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.CollectionStartEvent():
                self._begin(event)
            case yaml.CollectionEndEvent():
                self._end()
            case _:
                pass

    def _at(self, event: Any) -> Place:
        return Place(self._name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _scalar(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _STR_TAGS:
            self._tag(event)
        plain = event.implicit[0] and event.tag is None and event.style in {None, ""}
        if self._wants_key():
            self._key(event, event.value, merges=plain and event.value == "<<")
            return
        node = Node(scalar(event.value) if plain else event.value, self._at(event), written=event.value)
        self._anchor(event.anchor, node, 1, 0)
        self._place(node, 1, 0)

    def _key(self, event: Any, key: str, *, merges: bool) -> None:
        top, place = self._open[-1], self._at(event)
        if merges:
            raise StopError(place, "merge keys (<<) aren't supported: write the settings out")
        if key in top.keys:
            first = top.keys[key]
            self._problems.add(place, (), f"the key {printable(key)} is here twice, first in line {first.line}")
        top.keys.setdefault(key, place)
        top.key = key

    def _alias(self, event: Any) -> None:
        if self._wants_key():
            raise StopError(self._at(event), "an alias can't be a key: write the key out")
        name = printable(event.anchor)
        if event.anchor not in self._anchors:
            raise StopError(self._at(event), f"the alias *{name} stands for nothing: no &{name} before it")
        target = self._anchors[event.anchor]
        if target is None:
            raise StopError(self._at(event), f"the alias *{name} stands inside what it stands for")
        self._place(*target, at=self._at(event))

    def _begin(self, event: Any) -> None:
        place = self._at(event)
        if event.tag is not None and event.tag not in {"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}:
            self._tag(event)
        if self._wants_key():
            raise StopError(
                place, 'a key can\'t be a mapping or list; text that begins with { or [ is quoted: "{version}"'
            )
        if len(self._open) >= MAX_DEPTH:
            raise StopError(place, f"is nested too deeply: expected at most {MAX_DEPTH} levels")
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(place, event.anchor, {} if isinstance(event, yaml.MappingStartEvent) else None))

    def _end(self) -> None:
        done = self._open.pop()
        node = done.node()
        self._anchor(done.anchor, node, done.size, done.height)
        self._count -= done.size - 1  # counted one by one below; _place counts the whole
        self._place(node, done.size, done.height)

    def _anchor(self, anchor: str | None, node: Node, size: int, height: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, size, height)

    def _place(self, node: Node, size: int, height: int, at: Place | None = None) -> None:
        self._count += size
        if self._count > MAX_NODES:
            raise StopError(
                at or node.place, f"holds too many values, aliases written out: expected at most {MAX_NODES}"
            )
        if len(self._open) + height > MAX_DEPTH:
            raise StopError(at or node.place, f"is nested too deeply: expected at most {MAX_DEPTH} levels")
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        top.size += size
        top.height = max(top.height, height + 1)
        if top.entries is None:
            top.items.append(node)
        elif top.key is not None:
            top.entries.setdefault(top.key, node)
            top.key = None

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].entries is not None and self._open[-1].key is None

    def _tag(self, event: Any) -> None:
        self._problems.add(
            self._at(event), (), f"the tag {printable(event.tag)} isn't supported: expected plain values"
        )

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> StopError:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return StopError(Place(self._name, 1, 1), f"isn't YAML: {error.problem}")
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        hint = "expected lines such as `release:` with two spaces before what is in it"
        if line[mark.column : mark.column + 1] == "\t":
            hint = "YAML is indented by spaces, not tabs"
        elif re.search(r":\s+\{+[a-z0-9_]+\}+.", line):
            hint = 'text that begins with { is quoted: "{version} …"'
        elif line[mark.column : mark.column + 1] in {"@", "`", "%"} or "mapping values" in str(error.problem):
            hint = 'text that holds ": " or begins with a sign is quoted: "…"'
        return StopError(Place(self._name, mark.line + 1, mark.column + 1), f"isn't YAML ({error.problem}): {hint}")
