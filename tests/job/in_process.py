"""The program in this process: for tools that change its code while the tests run, and for nothing else."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING
from unittest import mock

from shipline import cancellation, redaction
from shipline.cli.main import main
from shipline.transport import rate_limit, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


def run(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the console script, as if started in ``folder``."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _as_at_the_start(),
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch.object(sys, "argv", ["shipline", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except Exception:  # noqa: BLE001 - as the interpreter does
            traceback.print_exc()
            code = 1
    return code, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def _as_at_the_start() -> Iterator[None]:
    """Nothing of what an earlier run left in the process, and nothing left by this one."""
    redaction.redact.__init__()  # type: ignore[misc]
    rate_limit.pacer.__init__()  # type: ignore[misc]
    cancellation.cancel_token.__init__()  # type: ignore[misc]
    settings.ca_bundle.cache_clear()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    logs = [logging.getLogger(name) for name in ("shipline.http", "shipline.answers")]
    before = [(log.handlers[:], log.level) for log in logs]
    try:
        yield
    finally:
        for log, (shown, level) in zip(logs, before, strict=True):
            log.handlers, log.level = shown, level
        for number, handler in handlers.items():
            signal.signal(number, handler)
