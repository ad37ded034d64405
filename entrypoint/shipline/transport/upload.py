"""A file as the body of a request, read while it is sent: the file alone, or the one part of a multipart form."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Upload(NamedTuple):
    """A file to send. ``field`` is the form's field (RFC 7578); empty: the body is the file alone.

    ``name`` is the file name in the form. ``shown`` is the path in logs and fingerprints, which must be the same in
    every checkout.
    """

    path: Path
    field: str = ""
    name: str = ""
    shown: str = ""

    def opened(self) -> Body:
        """A body to send once. Raises OSError for a file that can't be read."""
        return Body(self)

    @property
    def size(self) -> int:
        """Bytes of the body, including the form's own lines. Raises OSError for a file that can't be read."""
        with self.opened() as body:
            return len(body)

    def __str__(self) -> str:
        return f"(the file {self.shown or self.path})"


class Body:
    """Bytes of known length: requests sends Content-Length for what has ``__len__``, and streams what has ``read``."""

    def __init__(self, upload: Upload) -> None:
        self._file: BinaryIO = upload.path.open("rb")
        self.content_type = "application/octet-stream"
        self._before = self._after = b""
        if upload.field:
            boundary = secrets.token_hex(16)
            self.content_type = f"multipart/form-data; boundary={boundary}"
            name = "".join({'"': "%22", "\r": "%0D", "\n": "%0A"}.get(c, c) for c in upload.name or upload.path.name)
            disposition = f'Content-Disposition: form-data; name="{upload.field}"; filename="{name}"'
            self._before = f"--{boundary}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
            self._after = f"\r\n--{boundary}--\r\n".encode()
        self._left = self._file.seek(0, 2)
        self._file.seek(0)
        self._length = len(self._before) + self._left + len(self._after)

    def __len__(self) -> int:
        return self._length

    @property
    def sent(self) -> int:
        """How many of its bytes were read so far."""
        return self._length - len(self._before) - self._left - len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(1 << 16):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the form's first lines, the file, or the form's last lines.

        A file that grows is cut. Raises OSError if it became shorter.
        """
        if size < 0:
            return b"".join(self)
        if self._before:
            chunk, self._before = self._before, b""
            return chunk
        if self._left:
            chunk = self._file.read(min(size, self._left))
            if not chunk:
                raise OSError(f"{self._file.name} became shorter while it was sent")
            self._left -= len(chunk)
            return chunk
        chunk, self._after = self._after, b""
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._file.close()
