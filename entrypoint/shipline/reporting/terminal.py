"""What a terminal shows in addition to plain lines: colors, and a status line at its foot."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

from shipline.values import human_duration

_ERASE = "\r\x1b[2K"
_REFRESH_S = 1.0
# ECMA-48, Select Graphic Rendition: red, yellow, green, bold.
_COLORS = {"error": "31", "warning": "33", "DONE": "32", "NOT DONE": "33", "NEXT": "1"}


def can_erase(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return True if ``stream`` is a terminal whose last line can be replaced."""
    return stream.isatty() and environ.get("TERM", "") not in ("", "dumb")


def has_colors(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return True if output may have colors: NO_COLOR decides (no-color.org), then FORCE_COLOR, then ``terminal``."""
    return not environ.get("NO_COLOR") and (bool(environ.get("FORCE_COLOR")) or terminal)


def colorize(text: str) -> str:
    """Return ``text`` with the label before its first colon in the label's color, if it has one."""
    label, colon, rest = text.partition(":")
    color = _COLORS.get(label.strip("\n"))
    return f"\x1b[{color}m{label}{colon}\x1b[0m{rest}" if colon and color else text


class StatusLine:
    """The current step, made from a console's events; ``printable`` turns foreign text into one line without secrets.

    After ``start`` a thread draws it once a second until the result is known. ``above`` removes it while other lines
    are written.
    """

    def __init__(
        self, stream: TextIO, printable: Callable[[str], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._printable, self._clock = stream, printable, clock
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._step, self._status, self._limit, self._ongoing = "", "", "", ""
        self._since = clock()
        self._done, self._total = 0, 0
        self._drawn = False

    def start(self) -> None:
        """Draw it once a second from now on."""
        with contextlib.suppress(RuntimeError):  # a container may allow few threads
            threading.Thread(target=self._refresh, name="status line", daemon=True).start()

    def show(self, text: str) -> None:
        """Draw how far something is, until it is empty."""
        with self._lock:
            self._ongoing = text
            self._erase()
            self._draw()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event of the console."""
        with self._lock:
            match event:
                case {"event": "steps", "names": names}:
                    self._total = len(names)
                case {"event": "step", "name": name}:
                    self._step, self._status, self._limit, self._since = name, "", "", self._clock()
                case {"event": "waiting", "status": status, "limit": limit}:
                    self._status, self._limit = status, human_duration(limit)
                case {"event": "progress", "text": text}:
                    self._status = self._status or text
                case {"event": "done"}:
                    self._step, self._done = "", self._done + 1
                case {"event": "result"}:
                    self._ended.set()
                    self._erase()
                case _:
                    pass

    @contextlib.contextmanager
    def above(self) -> Iterator[None]:
        """Remove the status line inside the ``with`` block, for other lines."""
        with self._lock:
            self._erase()
            yield
            self._draw()

    def _refresh(self) -> None:
        while not self._ended.wait(_REFRESH_S):
            with self._lock:
                self._erase()
                self._draw()

    def _erase(self) -> None:
        if self._drawn:
            self._write(_ERASE)
            self._drawn = False

    def _draw(self) -> None:
        if (self._step or self._ongoing) and not self._ended.is_set():
            self._write(self.line()[: shutil.get_terminal_size().columns - 1])
            self._drawn = True

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    def line(self) -> str:
        """Return the text, such as ``[2/5] deploy:Testing, executing, 42 s of at most 30 min``."""
        if self._ongoing:
            return self._printable(self._ongoing)
        took = human_duration(int(self._clock() - self._since))
        parts = [self._step, self._status, f"{took} of at most {self._limit}" if self._limit else took]
        count = f"[{self._done + 1}/{self._total}] " if self._total else ""
        return count + self._printable(", ".join(part for part in parts if part))
