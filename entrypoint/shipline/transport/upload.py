"""A file as the body of a request, read while it is sent: the file alone, or the one part of a multipart form."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from shipline.errors import RefusedError
from shipline.values import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Bytes that are sent at once: as fast as larger ones, and a slow line has time for each of them.
_BLOCK = 1 << 17


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
    """Bytes of known length: requests sends Content-Length for what has ``__len__``, and streams what can be iterated.

    ``sent`` counts the bytes of the file, without the form's own lines, that were read so far, of ``size``.
    """

    def __init__(self, upload: Upload) -> None:
        self._file = upload.path.open("rb", buffering=0)
        self.content_type = "application/octet-stream"
        self._before = self._after = b""
        if upload.field:
            boundary = secrets.token_hex(16)
            self.content_type = f"multipart/form-data; boundary={boundary}"
            name = "".join({'"': "%22", "\r": "%0D", "\n": "%0A"}.get(c, c) for c in upload.name or upload.path.name)
            disposition = f'Content-Disposition: form-data; name="{upload.field}"; filename="{name}"'
            self._before = f"--{boundary}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
            self._after = f"\r\n--{boundary}--\r\n".encode()
        self.size, self.sent = self._file.seek(0, 2), 0
        self._file.seek(0)
        self._began = time.monotonic()

    def __len__(self) -> int:
        return len(self._before) + self.size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        """The form's first lines, the file, the form's last lines.

        A file that grows is cut. Raises RefusedError if it became shorter.
        """
        yield self._before
        while left := self.size - self.sent:
            chunk = self._file.read(min(_BLOCK, left))
            if not chunk:
                what = f"{self._file.name} became shorter while it was sent"
                raise RefusedError(what, todo="run again once nothing writes to the file")
            self.sent += len(chunk)
            yield chunk
        yield self._after

    @property
    def cut_off(self) -> bool:
        """True if the server can't have the full file: a part of it was never read."""
        return self.sent < self.size

    def __str__(self) -> str:
        took = max(time.monotonic() - self._began, 0.001)  # the clock may have stood still
        speed = round(self.sent / took)
        return f"{human_size(self.sent)} of {human_size(self.size)}, {human_size(speed)}/s"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._file.close()
