"""Git: read-only commands in a folder's own repository.

The program git reads every kind of checkout (worktrees, alternates, new formats).
CI runners have it, and the image carries it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from shipline.cancellation import cancel_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from subprocess import Popen


_POLL_S = 0.2  # between two looks at the cancel token
# No command may wait, write, page, or run a program that the repository's configuration names.
_OPTIONS = ("--no-pager", "-c", "safe.directory=*")  # a container's user seldom owns the workspace
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
# Git sets these for hooks; they name another repository than the folder's (`git rev-parse --local-env-vars`).
_REPOSITORY_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG GIT_DIR GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE"
    " GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY GIT_PREFIX"
    " GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE"
)
# Other settings and output than those that a command was given.
_OVERRIDES = re.compile(r"GIT_(CONFIG_(PARAMETERS|COUNT|KEY_|VALUE_)|PUSH_OPTION|TRACE|CURL_VERBOSE)")


class MissingGitError(OSError):
    """This machine has no git."""


class Completed(NamedTuple):
    """A git command that ended. Bytes that aren't UTF-8 are replaced."""

    exit_code: int
    stdout: str
    stderr: str


def run(
    folder: Path,
    *arguments: str,
    stdin: str | bytes = "",
    timeout: float = 60,
    settings: Mapping[str, str] | None = None,
    shielded: bool = False,
) -> Completed:
    """Run a git command in the repository that ``folder`` is in, and return its result; ``timeout`` in seconds.

    ``settings`` override the configuration. ``shielded``: it runs although the run was canceled. Raises
    MissingGitError without git, TimeoutError, another OSError if git can't be started, and CanceledError.
    """
    import subprocess

    git = shutil.which("git")
    if git is None:
        raise MissingGitError
    command = [git, "-C", str(folder), *_OPTIONS, *arguments]
    pipe, text = subprocess.PIPE, stdin.encode() if isinstance(stdin, str) else stdin
    source = pipe if stdin else subprocess.DEVNULL
    # A group of its own: what git has started for an address would go on, and push, after git itself was killed.
    own_group = settings is not None and os.name == "posix"
    with subprocess.Popen(  # noqa: S603
        command, stdin=source, stdout=pipe, stderr=pipe, env=_environment(settings), start_new_session=own_group
    ) as process:
        try:
            if process.stdin is not None:
                # A thread writes it, as `communicate` can't continue to send a text after its timeout.
                threading.Thread(target=_write_input, args=(process.stdin, text), daemon=True).start()
                process.stdin = None
            stdout, stderr = _read(process, time.monotonic() + timeout, shielded=shielded)
        except BaseException:
            if own_group:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            raise
    return Completed(process.returncode, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))


def _environment(settings: Mapping[str, str] | None) -> dict[str, str]:
    removed = _REPOSITORY_VARIABLES.split()
    environ = {name: text for name, text in os.environ.items() if name not in removed} | _ENVIRONMENT
    if settings is None:
        return environ
    return {name: text for name, text in environ.items() if not _OVERRIDES.match(name)} | _configuration(settings)


def _configuration(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment that gives git these settings; a password in it is in no list of processes."""
    numbered = list(enumerate(settings.items()))
    environ = {f"GIT_CONFIG_KEY_{number}": name for number, (name, _) in numbered}
    environ |= {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in numbered}
    environ |= dict.fromkeys(("GIT_ASKPASS", "SSH_ASKPASS"), "true") | {"GCM_INTERACTIVE": "never"}
    return environ | {"GIT_CONFIG_COUNT": str(len(numbered))}


def _write_input(stdin: IO[bytes], text: bytes) -> None:
    """Write what git reads; it may end before it has read everything."""
    with suppress(OSError), stdin:
        stdin.write(text)


def _read(process: Popen[bytes], deadline: float, *, shielded: bool) -> tuple[bytes, bytes]:
    """Wait until the process ends, or raise CanceledError or TimeoutError."""
    from subprocess import TimeoutExpired

    while time.monotonic() < deadline:
        with suppress(TimeoutExpired):
            return process.communicate(timeout=_POLL_S)
        if not shielded:
            cancel_token.check()
    raise TimeoutError


def head(folder: Path) -> str:
    """Return the id of the checked-out commit; empty if git doesn't report it."""
    return output(folder, "rev-parse", "--verify", "--quiet", "HEAD") or ""


def output(folder: Path, *arguments: str) -> str | None:
    """Run a git command and return its output without blanks around it.

    None without git, outside of a repository, and if the command fails or takes longer than 10 s.
    """
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None  # without the start of a process
    try:
        completed = run(folder, *arguments, timeout=10)
    except OSError:
        return None
    return completed.stdout.strip() if completed.exit_code == 0 else None
