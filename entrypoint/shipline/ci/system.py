"""The base class of CI systems: each reads one system's facts and shows results in that system's way.

A file in this folder is a CI system: it defines one subclass of System. None communicates with a service.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from shipline.ci.facts import Facts, GitServer, Review
from shipline.redaction import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shipline.errors import Problem

_LOCATION = re.compile(r"(?P<file>.+):(?P<line>[0-9]+):(?P<column>[0-9]+)")


class System:
    """A CI system. The defaults are those of a plain terminal."""

    name: ClassVar[str] = "local"
    merges_streams: ClassVar[bool] = True  # standard output and standard error go to one log
    longest_shown = 0  # characters of a text that the log itself shows where a command highlights it
    root_variable: ClassVar[str] = ""  # names the repository's root; empty: the current folder is it

    def __init__(self, environ: Mapping[str, str], workspace: Path) -> None:
        self.environ = environ
        self.workspace = workspace
        self.wrong: list[Problem] = []

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        """True if this process runs in that system; only used if the wrapper doesn't name it."""
        return False

    @classmethod
    def shard(cls, environ: Mapping[str, str]) -> str:
        """Return which part of several products a job is for, such as ``2/4``; empty: the variables don't say."""
        return ""

    @property
    def debugging(self) -> bool:
        """True if the person who started the run requested details."""
        return False

    def facts(self) -> Facts:
        """Read the system's facts about this run."""
        return Facts(ci=self.name)

    def git_server(self, url: str, token: str) -> GitServer | None:
        """Return the system's git server, from the variables with its address and its token; None if one is unset."""
        address, secret = self.environ.get(url, ""), self.secret(token)
        return GitServer(address, secret) if address and secret else None

    def secret(self, variable: str) -> Secret | None:
        """Return the secret in a variable; None if it is unset."""
        text = self.environ.get(variable, "")
        return Secret(text, variable) if text else None

    def review(self) -> Review | None:
        """Return where the comments of this run's pull request or merge request are; None without one."""
        return None

    def escape_commands(self, text: str) -> str:
        """Return ``text``, which has no control characters, so that the system finds no command in it."""
        return text

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        """Yield lines that make the system hide these texts."""
        yield from ()

    def group(self, title: str) -> tuple[str, str]:
        """Return the lines that open and close a foldable part of the log; empty: none."""
        return "", ""

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        """Yield lines that show problems of the input in the system's own way; all text is printable.

        The default keeps them, for a system that shows a file of them with the outputs.
        """
        self.wrong += problems
        yield from ()

    def located(self, problem: Problem) -> tuple[str, str, str] | None:
        """Return the file of a problem, from the repository's root, its line and its column; None: it has no place."""
        found = _LOCATION.fullmatch(problem.place)
        if not found:
            return None
        root = Path(self.environ.get(self.root_variable) or self.workspace)
        path = self.workspace / found["file"]
        file = path.relative_to(root).as_posix() if path.is_relative_to(root) else found["file"]
        return file, found["line"], found["column"]

    def warning(self, text: str) -> str:
        """Return a line that highlights a warning; empty: the log's own line is enough."""
        return ""

    def error(self, title: str, text: str) -> str:
        """Return a line that highlights an error; empty: the log's own line is enough."""
        return ""

    def begin(self) -> None:
        """Remove the results that an earlier job left in the workspace. Called before a command that writes its own."""

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Pass the outputs to later steps or jobs."""

    def links(self, links: Mapping[str, str]) -> None:
        """Show addresses of what the run made beside the run, each with its label."""

    def receipts(self, paths: Iterable[str]) -> None:
        """Show the receipts of several products beside the run; a single one is among its outputs."""

    @property
    def shows_summary(self) -> bool:
        """True if the system has a place for a summary: then ``summary`` is written."""
        return type(self).summary is not System.summary

    def summary(self, markdown: str) -> None:
        """Show a page of Markdown beside the run."""

    def write(self, path: str, text: str) -> Path:
        """Write a file, and its folder; ``path`` is relative to the workspace. Returns the full path."""
        file = (self.workspace / path).absolute()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        return file

    def results(self, outputs: Mapping[str, str]) -> Iterator[str]:
        """Yield lines that pass on the outputs, which are printable, and the files written before."""
        yield from ()


def break_commands(pattern: re.Pattern[str], text: str) -> str:
    """Put a blank behind each match of the pattern, which begins a command."""
    return pattern.sub(r"\g<0> ", text)
