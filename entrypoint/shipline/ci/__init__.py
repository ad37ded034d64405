"""CI systems: each file reads one system's facts and shows results its way; none talks to a service.

A file in this folder is a CI system: it defines one subclass of System. ``local`` is what is left when no other fits.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import TYPE_CHECKING, ClassVar

from shipline.pipeline import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from shipline.errors import Problem

_OF_A_MATRIX = re.compile(r": \[.*]$", re.DOTALL)


class System:
    """What a CI system can do; the defaults are those of a plain terminal."""

    name: ClassVar[str] = "local"
    one_log: ClassVar[bool] = True  # standard output and error end up in one log

    def __init__(self, environ: Mapping[str, str], workspace: Path) -> None:
        self.environ = environ
        self.workspace = workspace

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        """Whether this process runs in that system: the fallback where the wrapper doesn't name it."""
        del environ
        return False

    @property
    def debugging(self) -> bool:
        """Whether the person who started the run asked for details."""
        return False

    @property
    def shard(self) -> str:
        """Which part of several products this job is for, such as ``2/4``; empty if the system doesn't say.

        GitLab docs, "CI/CD YAML syntax reference", parallel: CI_NODE_INDEX counts from 1. Whatever runs such a job
        doesn't always say that it is GitLab (gitlab-ci-local), and two parts that each take all would do it twice.
        The jobs of a matrix are counted too, but differ by their variables already: they are called ``name: [a, b]``,
        the others ``name 2/4`` (or ``name: [2/4]``, by gitlab-ci-local).
        """
        index, total, job = (self.environ.get(f"CI_{name}", "") for name in ("NODE_INDEX", "NODE_TOTAL", "JOB_NAME"))
        part = f"{index}/{total}" if index and total else ""
        return "" if _OF_A_MATRIX.search(job) and not job.endswith(f": [{part}]") else part

    def facts(self) -> Facts:
        """What the system says about this run."""
        return Facts(ci=self.name)

    def neutral(self, text: str) -> str:
        """``text``, without control characters already, as it can't be taken for a command to the system."""
        return text

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        """Lines that tell the system to hide these texts."""
        del forms
        yield from ()

    def group(self, title: str) -> tuple[str, str]:
        """Lines that open and close a part of the log that can be folded; empty: none."""
        del title
        return "", ""

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        """Lines that show problems of the input where the system's users look for them; all text is printable."""
        del problems
        yield from ()

    def warning(self, text: str) -> str:
        """A line that makes a warning stand out; empty: the log's own does."""
        del text
        return ""

    def error(self, title: str, text: str) -> str:
        """Likewise an error."""
        del title, text
        return ""

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Hand the outputs to later steps or jobs."""

    def receipts(self, paths: Iterable[str]) -> None:
        """Show the receipts of several products beside the run; that of one is among its outputs."""
        del paths

    def summary(self, markdown: str) -> None:
        """Show a page of Markdown beside the run."""


def system(name: str, environ: Mapping[str, str], workspace: Path) -> System:
    """The system of that name, else the one that recognises the environment, else a plain terminal."""
    from shipline.ci import local

    modules = (m.name for m in pkgutil.iter_modules(__path__) if m.name != "local")
    candidates = (_class_in(module) for module in ([name] if name and name != "local" else modules if not name else ()))
    found = next((c for c in candidates if name or c.detect(environ)), local.Local)
    return found(environ, workspace)


def _class_in(module: str) -> type[System]:
    name = f"shipline.ci.{module}"
    content = vars(importlib.import_module(name)).values()
    return next(c for c in content if isinstance(c, type) and issubclass(c, System) and c.__module__ == name)
