"""A server that means harm: raw bytes for one request, decent answers for the others."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import TYPE_CHECKING, Any

from faults import http1
from faults.proxy import LISTS

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping

MEBIBYTE = 1 << 20


class Server(http1.Listener):
    """``answers`` maps "METHOD /path" (its beginning) to a case of answers/*.json; what nothing fits gets ``[]``."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        self._answers = {start: (case, encoded(case)) for start, case in answers.items()}
        self.asked: list[str] = []

    @property
    def changes(self) -> list[str]:
        return [
            asked for asked in self.asked if not asked.startswith(("GET", "HEAD")) and asked.split()[1] not in LISTS
        ]

    def served(self, client: socket.socket) -> None:
        client.settimeout(http1.PATIENCE)
        line = http1.request(client).partition(b"\r\n")[0].decode("latin-1")
        asked = line.rpartition(" ")[0]
        self.asked.append(asked)
        found = (answer for start, answer in self._answers.items() if asked.startswith(start))
        _say(client, *next(found, ({}, b"[]")))


def _say(client: socket.socket, case: Mapping[str, Any], body: bytes) -> None:
    if "raw" in case:
        client.sendall(case["raw"].encode("latin-1"))
        return
    headers = {"Content-Type": "application/json", "Connection": "close", **case.get("headers", {})}
    headers = {"Content-Length": str(len(body)), **headers}
    head = "".join(f"{n}: {v if isinstance(v, str) else _joined(v)}\r\n" for n, v in headers.items())
    client.sendall(f"HTTP/1.1 {case.get('status', 200)} {case.get('reason', 'X')}\r\n{head}\r\n".encode())
    if case.get("drip"):
        for byte in body:
            client.sendall(bytes([byte]))
            time.sleep(0.05)
    client.sendall(body)


def encoded(case: Mapping[str, Any]) -> bytes:
    """The bytes of a case's body: text, hex, JSON, a bomb, or pieces, each with how often it is repeated."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "json" in case:
        return json.dumps(case["json"]).encode()
    if "pieces" in case:
        body = _joined(case["pieces"]).encode()
    elif "bomb" in case:
        return _bomb(case["bomb"], case["mebibytes"])
    else:
        body = case.get("body", "").encode("utf-8", "surrogatepass")
    for coding in case.get("coded", ()):
        body = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    return body


def _joined(pieces: Iterable[tuple[str, int]]) -> str:
    return "".join(text * count for text, count in pieces)


def _bomb(coding: str, mebibytes: int) -> bytes:
    """A JSON text of so many MiB of blanks, in about a thousandth of that."""
    packer = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    blanks = b" " * MEBIBYTE
    return b"".join([*(packer.compress(blanks) for _ in range(mebibytes)), packer.flush()])
