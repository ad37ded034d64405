"""The body of an upload, read into a file before the transaction: a large one needs no memory and no lock."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from flask import g, request
from werkzeug.formparser import FormDataParser

from shipline_sandbox.answers import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.datastructures import FileStorage

_CHUNK = 1 << 20
_STREAMED = frozenset({"uploads.upload-release-file", "centercode.feedback.upload-file-attachment"})


@dataclass(frozen=True)
class Received:
    """An uploaded file, positioned at its start, with its size in bytes and its MD5."""

    file: IO[bytes]
    size: int
    md5: str

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.file.read(_CHUNK):
            yield chunk

    def parts(self, name: str) -> list[FileStorage]:
        """Return the files in a field of a form. Raises Refused (400) if the body isn't a form."""
        parser = FormDataParser(lambda *_, **__: _temporary(), silent=False)
        try:
            _, _, files = parser.parse(self.file, request.mimetype, self.size, request.mimetype_params)
        except ValueError:
            raise Refused(400, "The body is not a form.") from None
        return files.getlist(name)

    def part(self, name: str) -> Received:
        """Return the file in a field of a form. Raises Refused (400) if the body isn't a form or has no such file."""
        files = self.parts(name)
        if not files:
            raise Refused(400, f"The form has no file in the field {name}.")
        return measured(files[0].stream)


def is_streamed() -> bool:
    """Return whether the current request has a file as its body."""
    return request.endpoint in _STREAMED


def receive() -> Received:
    """Read the full body of the current request."""
    file = _temporary()
    while chunk := request.stream.read(_CHUNK):
        file.write(chunk)
    file.seek(0)
    return measured(file)


def _temporary() -> IO[bytes]:
    """Open a temporary file that the end of the request closes."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    g.opened.append(file)
    return file


def measured(file: IO[bytes]) -> Received:
    """Measure a file and return it, positioned at its start."""
    size, digest = 0, hashlib.md5(usedforsecurity=False)
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        digest.update(chunk)
    file.seek(0)
    return Received(file, size, digest.hexdigest())
