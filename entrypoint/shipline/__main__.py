"""`python -m shipline`, and the console script."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from shipline import startup


def program() -> None:
    """Ends the process with the exit code as soon as everything is written.

    Taking apart what was loaded would take the interpreter longer than a request takes.
    """
    _open_what_is_closed()
    startup.lighten()
    from shipline.cli import main

    code: str | int | None = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if not isinstance(code, int):
        sys.exit(code)
    os._exit(code)


def _open_what_is_closed() -> None:
    """A standard stream that the caller has closed (``2>&-``) is None, which nobody expects."""
    sys.stdin = sys.stdin or io.StringIO()
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()


if __name__ == "__main__":
    program()
