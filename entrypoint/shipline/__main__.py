"""The program's entry: `python -m shipline`, and the console script."""

# ruff: noqa: E402 - the search path is set and signals are noted before anything else is imported
import os
import sys


def _leave_workspace() -> None:
    """Take the current folder and PYTHONPATH from the search path, but for what holds this program or Python itself.

    A file of the workspace must not run in a process that has the keys. What Python imports before this line, such as
    sitecustomize and, for ``-m``, contextlib, only ``python -I`` takes from nowhere else.
    """
    own = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - see above
    library = os.path.dirname(os.path.realpath(os.__file__))  # noqa: PTH120
    given = {_real(path) for path in ("", *os.environ.get("PYTHONPATH", "").split(os.pathsep))}
    kept = (own + os.sep, library + os.sep)
    sys.path[:] = [path for path in sys.path if _real(path) not in given or (_real(path) + os.sep).startswith(kept)]


def _real(path: str) -> str:
    """Return the folder that a path of any spelling means."""
    try:
        return os.path.realpath(path)
    except OSError:  # the current folder was deleted
        return path


_leave_workspace()

from shipline import early_signals

early_signals.note()

import contextlib
import gc
import io

_GARBAGE_THRESHOLD = 100_000  # objects: imports create many, and none of them is garbage


def program() -> None:
    """Carry out the command line, and end the process with its exit code as soon as everything is written.

    The interpreter would need longer to free what was loaded than a request takes.
    """
    _replace_closed_streams()
    _check_current_folder()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    from shipline.cli.main import main

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


def _check_current_folder() -> None:
    """End the process if its folder was deleted: nothing that Shipline reads or writes has a place then."""
    try:
        os.getcwd()  # noqa: PTH109 - pathlib would be imported for this alone
    except OSError as error:
        sys.stderr.write(
            f"error: the current folder can't be used: {error.strerror}\n"
            "  do: change to the folder of the project (was it deleted or replaced while this shell was in it?)\n"
        )
        sys.exit(2)


def _replace_closed_streams() -> None:
    """Replace each standard stream that the caller has closed (``2>&-``): Python leaves None, on which writes fail."""
    sys.stdin = sys.stdin or io.StringIO()
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()


if __name__ == "__main__":
    program()
