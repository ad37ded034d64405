"""What a terminal shows beside plain lines: colours, and at its foot a line that says what a run is at."""

from __future__ import annotations

import _thread
import contextlib
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

from shipline.values import human_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

_ERASE = "\r\x1b[2K"
_EVERY = 1.0  # seconds
# ECMA-48, Select Graphic Rendition: red, yellow, green, bold.
_COLOURS = {"error": "31", "warning": "33", "DONE": "32", "NOT DONE": "33", "NEXT": "1"}


def can_erase(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal whose last line can be written again."""
    return stream.isatty() and environ.get("TERM", "") not in ("", "dumb")


def has_colours(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """no-color.org first, then force-color.org, else a person's ``terminal``."""
    return not environ.get("NO_COLOR") and (bool(environ.get("FORCE_COLOR")) or terminal)


def coloured(text: str) -> str:
    """``text`` with the word before its first colon in the colour that it has."""
    label, colon, rest = text.partition(":")
    colour = _COLOURS.get(label.strip("\n"))
    return f"\x1b[{colour}m{label}{colon}\x1b[0m{rest}" if colon and colour else text


class Live:
    """Made from a console's events; ``printable`` makes of foreign text one line without secrets.

    It is drawn once a second by a thread of its own until the result is known, and gives way to what is written
    ``above`` it.
    """

    def __init__(
        self, stream: TextIO, printable: Callable[[str], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._printable, self._clock = stream, printable, clock
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._step, self._what, self._limit = "", "", ""
        self._since = clock()
        self._done, self._all = 0, 0
        self._drawn = False
        # Not a threading.Thread, whose start is not whole where a signal meets it. A container may allow few.
        with contextlib.suppress(RuntimeError):
            _thread.start_new_thread(self._tick, ())

    def __call__(self, event: Mapping[str, Any]) -> None:
        with self._lock:
            match event["event"]:
                case "steps":
                    self._all = len(event["names"])
                case "step":
                    self._step, self._what, self._limit, self._since = event["name"], "", "", self._clock()
                case "waiting":
                    self._what, self._limit = event["status"], human_duration(event["limit"])
                case "progress":
                    self._what = self._what or event["text"]
                case "done":
                    self._step, self._done = "", self._done + 1
                case "result":
                    self._over.set()
                    self._erase()
                case _:
                    pass

    @contextlib.contextmanager
    def above(self) -> Iterator[None]:
        """Room for a line to be written."""
        with self._lock:
            self._erase()
            yield
            self._draw()

    def _tick(self) -> None:
        while not self._over.wait(_EVERY):
            with self._lock:
                self._erase()
                self._draw()

    def _erase(self) -> None:
        if self._drawn:
            self._write(_ERASE)
            self._drawn = False

    def _draw(self) -> None:
        if self._step and not self._over.is_set():
            self._write(self.line()[: shutil.get_terminal_size().columns - 1])
            self._drawn = True

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    def line(self) -> str:
        """``[2/5] deploy:Testing, executing, 42s of at most 30m``."""
        took = human_duration(self._clock() - self._since)
        parts = [self._step, self._what, f"{took} of at most {self._limit}" if self._limit else took]
        where = f"[{self._done + 1}/{self._all}] " if self._all else ""
        return where + self._printable(", ".join(part for part in parts if part))
