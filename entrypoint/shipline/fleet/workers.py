"""Products side by side: a thread for each, a log of its own for each thread, and one end for all of them."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

from shipline import cancellation
from shipline.cancellation import cancel_token
from shipline.ci.system import System
from shipline.errors import CanceledError, Problem
from shipline.reporting.console import Console
from shipline.run.outcome import Outcome

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable, Iterator

    from shipline.ci.facts import Review
    from shipline.fleet.conflicts import ResolvedProduct


_GRACE_S = 0.7  # CI systems kill the process soon after a signal
_ANOTHER_FAILED = "stopped before its next request, as another product has failed (--fail-fast)"


class Workers:
    """A thread for each product.

    ``carry_out`` runs in the thread and must not raise. ``outcomes`` has what it returns, by the product's name.
    Products are taken out of ``waiting``, so that the memory of those that have ended is free. Those that remain
    weren't started.
    """

    def __init__(
        self,
        waiting: deque[ResolvedProduct],
        carry_out: Callable[[ResolvedProduct, ProductConsole], Outcome],
        console: Console,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._waiting = waiting
        self._carry_out = carry_out
        self._console = console
        self._running: dict[str, ProductConsole] = {}
        self._ended: queue.SimpleQueue[tuple[str, Outcome] | None] = queue.SimpleQueue()

    def run(self, *, parallel: int, fail_fast: bool) -> int:
        """Carry out the products, at most ``parallel`` at a time. Return 0, or the exit code of a cancel.

        With ``fail_fast`` the first failure stops the others before their next request.
        """
        cancel_token.defer()
        try:
            while True:
                parallel = self._start(parallel)
                if not self._running:
                    return 0
                item = cancel_token.wait(self._ended)
                if item is not None and self._settle(*item).exit_code and fail_fast:
                    parallel = 0
                    cancel_token.stop(_ANOTHER_FAILED)
        except CanceledError as error:
            self._abandon(error)
            return error.exit_code
        finally:
            cancellation.ignore()

    def _start(self, parallel: int) -> int:
        """Start products until ``parallel`` run. Return this number, or how many threads the system allows."""
        while self._waiting and len(self._running) < parallel:
            resolved = self._waiting[0]
            log = ProductConsole(self._console, resolved.product.name)
            try:
                threading.Thread(target=self._work, args=(resolved, log), daemon=True).start()
            except RuntimeError:
                if not self._running:
                    raise
                return len(self._running)
            self._running[resolved.product.name] = log
            self._waiting.popleft()
        return parallel

    def _work(self, resolved: ResolvedProduct, log: ProductConsole) -> None:
        self._ended.put((resolved.product.name, self._carry_out(resolved, log)))

    def _settle(self, name: str, outcome: Outcome) -> Outcome:
        self.outcomes[name] = outcome
        del self._running[name]
        return outcome

    def _abandon(self, error: CanceledError) -> None:
        """Give the canceled threads time to write their receipts, and silence those that don't end."""
        cancel_token.end_blocked()
        deadline = time.monotonic() + _GRACE_S
        with contextlib.suppress(queue.Empty):
            while self._running:
                item = self._ended.get(timeout=max(deadline - time.monotonic(), 0))
                if item is not None:  # the cancel token's, to wake this thread
                    self._settle(*item)
        for name, log in self._running.items():
            log.silent = True
            self.outcomes[name] = Outcome.ended_early(error)


class ProductConsole(Console):
    """The log of one product: whole entries in the streams of ``above``, each line with the product's name."""

    def __init__(self, above: Console, product: str) -> None:
        vars(self).update(vars(above))
        self.system = _ProductSystem(above.system, product)
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

    def event(self, source: object = None, **fields: Any) -> None:
        super().event(source, **fields, product=self._product)

    def note(self, **fields: Any) -> None:
        with self.lock:
            super().note(**{**fields, "product": self._product})

    def outputs(self, outcome: Outcome) -> None:
        """Write nothing: readers would take them for the outputs of the command. The receipt has them."""


class ThreadLog(threading.local):
    """The log of the product that this thread carries out: the thread's requests are logged there."""

    console: Console

    def progress(self, text: str) -> None:
        self.console.progress(text)

    def warning(self, text: str) -> None:
        self.console.warning(text)


thread_log = ThreadLog()


class _ProductSystem(System):
    """A CI system whose messages name the product. It folds no parts of the log: those of several would overlap."""

    def __init__(self, system: System, product: str) -> None:
        super().__init__(system.environ, system.workspace)
        self._system, self._product, self.longest_shown = system, product, system.longest_shown

    def review(self) -> Review | None:
        return self._system.review()

    def escape_commands(self, text: str) -> str:
        return self._system.escape_commands(text)

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        return self._system.masks(forms)

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        return self._system.problems(problems)

    def warning(self, text: str) -> str:
        return self._system.warning(f"{self._product}: {text}")

    def error(self, title: str, text: str) -> str:
        return self._system.error(f"{self._product}: {title}", text)
