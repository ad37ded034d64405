"""`python -m shipline`, and the console script."""

from __future__ import annotations

import os
import sys

from shipline.cli import main


def program() -> None:
    """Ends the process with the exit code as soon as everything is written.

    Taking apart what was loaded would take the interpreter longer than a request takes.
    """
    code: str | int | None = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # the interpreter tells it
    if not isinstance(code, int):
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    program()
