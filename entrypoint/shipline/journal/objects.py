"""Git's wire formats, as far as the journal needs them: pkt-lines, objects, and packs of a few of them.

Sources: git's gitprotocol-common, gitformat-pack and gitprotocol-pack.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

ObjectFormat = Literal["sha1", "sha256"]
FLUSH, DELIMITER = b"0000", b"0001"
FILE_NAME = "receipt.json"
_TYPES = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_NUMBERS = {name: number for number, name in _TYPES.items()}
_LENGTH = re.compile(rb"(?!0003)[0-9a-fA-F]{4}")
_LONGEST_REASON = 300
_MAX_OBJECT = 16 * 1024 * 1024  # bytes


class Commit(NamedTuple):
    """A write of the journal. ``receipt`` is the content of its one file; ``message`` ends without a line break."""

    id: str  # hexadecimal
    at: int  # seconds since the epoch
    message: str
    receipt: str


def packet(line: bytes) -> bytes:
    """Return a pkt-line: its length in four hexadecimal digits, and the line."""
    return b"%04x" % (len(line) + 4) + line


def packets(data: bytes) -> Iterator[bytes]:
    """Yield the content of each pkt-line; flush and delimiter packets are empty.

    Raises ValueError for what isn't a sequence of full pkt-lines.
    """
    position = 0
    while position < len(data):
        head = data[position : position + 4]
        if not _LENGTH.fullmatch(head):
            raise ValueError("the response isn't one of a git server")
        end = position + max(int(head, 16), 4)
        if end > len(data):
            raise ValueError("the git server's response is incomplete")
        yield data[position + 4 : end]
        position = end


def lines(data: bytes) -> list[str]:
    """Return the texts of a response that consists of pkt-lines, and ends with a flush packet.

    Raises ValueError for another one, and with the server's own words if it reports an error.
    """
    found = [packet.decode("utf-8", "replace").rstrip("\n") for packet in packets(data)]
    if not data.endswith(FLUSH):
        raise ValueError("the git server's response is incomplete")
    if error := next((line for line in found if line.startswith("ERR ")), None):
        raise ValueError(f"the git server reports: {error.removeprefix('ERR ')[:_LONGEST_REASON]}")
    return [line for line in found if line]


def bands(data: bytes) -> tuple[bytes, str]:
    """Return what a response's side-band packets carry: the data, and the server's messages for people.

    Raises ValueError for a response that is cut off, and with the server's own words if it reports an error.
    """
    content, messages = bytearray(), bytearray()
    for line in packets(data):
        if line[:1] == b"\1":
            content += line[1:]
        elif line[:1] == b"\2":
            messages += line[1:]
        elif line[:1] == b"\3" or line.startswith(b"ERR "):
            error = line.removeprefix(b"\3").removeprefix(b"ERR ").decode("utf-8", "replace").strip()
            raise ValueError(f"the git server reports: {error[:_LONGEST_REASON]}")
    return bytes(content), messages.decode("utf-8", "replace")


def null_id(form: ObjectFormat) -> str:
    """The id that means a ref that doesn't exist."""
    return "0" * (2 * hashlib.new(form, usedforsecurity=False).digest_size)


def commit(parent: str, message: str, receipt: str, at: int, form: ObjectFormat) -> tuple[str, bytes]:
    """Return the id of a new commit and a pack with it, its tree and its file.

    ``parent`` is the null id for a first commit; its objects aren't needed. ``at`` is in seconds since the epoch.
    """
    blob, tree_entry = receipt.encode(), f"100644 {FILE_NAME}\0".encode()
    tree = tree_entry + bytes.fromhex(_object_id("blob", blob, form))
    who = f"Shipline <shipline@localhost> {at} +0000"
    parents = f"parent {parent}\n" if parent.strip("0") else ""
    content = f"tree {_object_id('tree', tree, form)}\n{parents}author {who}\ncommitter {who}\n\n{message}\n".encode()
    return _object_id("commit", content, form), _pack((("commit", content), ("tree", tree), ("blob", blob)), form)


def read_commit(pack: bytes, commit_id: str, form: ObjectFormat) -> Commit:
    """Return the commit with this id from a pack that holds it and its file.

    Raises ValueError for a pack that is damaged or lacks them, and for objects larger than 16 MiB.
    """
    objects = _unpack(pack, form)
    try:
        content = objects[commit_id]
        tree = objects[content.split(b"\n")[0].removeprefix(b"tree ").decode()]
        receipt = objects[_entries(tree, form)[FILE_NAME.encode()]]
    except (KeyError, IndexError) as error:
        raise ValueError("the git server's pack lacks an object of the journal") from error
    return parse_commit(commit_id, content.decode(), receipt.decode())


def parse_commit(commit_id: str, content: str, receipt: str) -> Commit:
    """Return a commit from the content of its object. Raises ValueError if it has no date."""
    head, _, message = content.partition("\n\n")
    return Commit(commit_id, int(head.rpartition("> ")[2].split(" ")[0]), message.removesuffix("\n"), receipt)


def _entries(tree: bytes, form: ObjectFormat) -> Mapping[bytes, str]:
    """The ids of a tree's entries by their names."""
    size, found = hashlib.new(form, usedforsecurity=False).digest_size, {}
    while tree:
        head, _, tree = tree.partition(b"\0")
        found[head.partition(b" ")[2]], tree = tree[:size].hex(), tree[size:]
    return found


def _object_id(kind: str, content: bytes, form: ObjectFormat) -> str:
    return hashlib.new(form, b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def _pack(objects: Iterable[tuple[str, bytes]], form: ObjectFormat) -> bytes:
    entries = [_entry_head(_NUMBERS[kind], len(content)) + zlib.compress(content) for kind, content in objects]
    data = struct.pack("!4sLL", b"PACK", 2, len(entries)) + b"".join(entries)
    return data + hashlib.new(form, data, usedforsecurity=False).digest()


def _entry_head(number: int, size: int) -> bytes:
    """The type and size of an object in a pack: the size has 4 bits in the first byte and 7 in each further one."""
    head, first, size = bytearray(), number << 4 | size & 15, size >> 4
    while size:
        head.append(first | 128)
        first, size = size & 127, size >> 7
    head.append(first)
    return bytes(head)


def _unpack(pack: bytes, form: ObjectFormat) -> Mapping[str, bytes]:
    """The contents of a pack's objects by id. Objects that are stored as differences from others aren't needed."""
    size = hashlib.new(form, usedforsecurity=False).digest_size
    data, check = pack[:-size], pack[-size:]
    if data[:4] != b"PACK" or hashlib.new(form, data, usedforsecurity=False).digest() != check:
        raise ValueError("the git server's pack is damaged")
    objects, position = {}, 12
    for _ in range(int.from_bytes(data[8:12])):
        kind = _TYPES.get(data[position] >> 4 & 7)
        while data[position] & 128:
            position += 1
        inflate = zlib.decompressobj()
        try:
            content = inflate.decompress(data[position + 1 :], _MAX_OBJECT)
        except zlib.error as error:
            raise ValueError("the git server's pack is damaged") from error
        if kind is None or not inflate.eof:
            raise ValueError("the git server's pack holds an object that the journal can't read")
        objects[_object_id(kind, content, form)] = content
        position = len(data) - len(inflate.unused_data)
    return objects
