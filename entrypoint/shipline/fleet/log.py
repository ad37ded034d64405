"""The log of one product among several that run at once: each of its lines says whose it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TextIO

from shipline.ci import System
from shipline.report import Console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shipline.errors import Problem


class ProductConsole(Console):
    """Writes to the streams of ``above``, a whole entry at a time. What a run hands over is told for all at once."""

    def __init__(self, above: Console, product: str) -> None:
        self.__dict__ |= vars(above)
        self._system = _Marked(above._system, product)  # noqa: SLF001 - the same class
        self._product = product
        self.warned = False
        self.silent = False  # nothing is written any more

    def _print(self, stream: TextIO, text: str) -> None:
        if not self.json:
            lines = text.strip("\n").split("\n") if text.strip("\n") else []
            text = "\n".join(f"{self._product} | {line}".rstrip() for line in lines)
        if text:
            super()._print(stream, text)

    def _write(self, stream: TextIO, line: str) -> None:
        if not self.silent:
            super()._write(stream, line)

    def event(self, **fields: Any) -> None:
        super().event(**fields, product=self._product)

    def note(self, **fields: Any) -> None:
        with self.lock:
            super().note(**{**fields, "product": self._product})

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Those of one product would be taken for all's; its receipt has them."""


class ThisThread(threading.local):
    """The log of the product that a thread is at: what the thread's requests log goes there."""

    console: Console

    def progress(self, text: str) -> None:
        self.console.progress(text)

    def warning(self, text: str) -> None:
        self.console.warning(text)


this_thread = ThisThread()


class _Marked(System):
    """A CI system without parts of the log to fold, which those of several products would cross."""

    def __init__(self, system: System, product: str) -> None:
        super().__init__(system.environ, system.workspace)
        self._system, self._product = system, product

    def neutral(self, text: str) -> str:
        return self._system.neutral(text)

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        return self._system.masks(forms)

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        return self._system.problems(problems)

    def warning(self, text: str) -> str:
        return self._system.warning(f"{self._product}: {text}")

    def error(self, title: str, text: str) -> str:
        return self._system.error(f"{self._product}: {title}", text)
