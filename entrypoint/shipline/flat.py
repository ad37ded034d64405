"""Flat values: the text of a flag, input or variable to the node that the config file would have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipline.document import Node, Place, printable, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shipline.catalogue import Leaf

_URL = re.compile(r"https?://", re.IGNORECASE)
_INTEGER = re.compile(r"[0-9]{1,19}")


def node(leaf: Leaf, text: str, place: Place) -> Node:
    """What ``text`` stands for. Raises ValueError with what is wrong and what is expected."""
    return _READERS.get(leaf.kind, _text)(leaf, text, place)


def _text(_leaf: Leaf, text: str, place: Place) -> Node:
    return Node(text, place, written=text)


def _boolean(_leaf: Leaf, text: str, place: Place) -> Node:
    if text not in {"true", "false"}:
        raise ValueError(f"expected true or false, found {printable(text)}{suggest(text, ('true', 'false'))}")
    return Node(text == "true", place, written=text)


def _integer(_leaf: Leaf, text: str, place: Place) -> Node:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"expected a whole number, found {printable(text)}")
    return Node(int(text), place, written=text)


def _choice(leaf: Leaf, text: str, place: Place) -> Node:
    booleans = {str(value).lower(): value for value in leaf.enum if isinstance(value, bool)}
    return Node(booleans.get(text, text), place, written=text)


def _list(leaf: Leaf, text: str, place: Place) -> Node:
    return Node(tuple(Node(item, place, written=item) for item in _lines(text, commas=leaf.commas)), place)


def _map(_leaf: Leaf, text: str, place: Place) -> Node:
    entries: dict[str, Node] = {}
    for line in _lines(text):
        name, equals, value = line.partition("=")
        name, value = name.strip(), value.strip()
        if not equals:
            raise ValueError(f"expected lines such as name=value, found {printable(line)}")
        if name in entries:
            raise ValueError(f"{printable(name)} is given twice")
        entries[name] = Node(value, place, written=value)
    return Node(entries, place, keys=dict.fromkeys(entries, place))


def _artifacts(_leaf: Leaf, text: str, place: Place) -> Node:
    def entry(line: str) -> Node:
        path, arrow, url = (part.strip() for part in line.partition("=>"))
        if arrow and not (path and url):
            raise ValueError(f"expected PATH => URL, found {printable(line)}")
        if not arrow and _URL.match(line):
            path, url = "", line
        given = {name: Node(value, place, written=value) for name, value in (("path", path), ("url", url)) if value}
        return Node(given, place, keys=dict.fromkeys(given, place))

    return Node(tuple(entry(line) for line in _lines(text)), place)


def _lines(text: str, *, commas: bool = False) -> Iterator[str]:
    for line in re.split(r"[\n,]" if commas else r"\n", text):
        if item := line.strip():
            yield item


_READERS: dict[str, Callable[[Leaf, str, Place], Node]] = {
    "boolean": _boolean,
    "integer": _integer,
    "choice": _choice,
    "list": _list,
    "map": _map,
    "artifacts": _artifacts,
}
