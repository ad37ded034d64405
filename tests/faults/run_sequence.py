"""What a cell comes to: a run that something happened to, the runs after it, and everything that is wrong in that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from faults.environment import Environment
    from job.project import Ended

_MOST_RUNS = 5


@dataclass
class RunSequence:
    """Problems are gathered, so that one doesn't hide the next; ``codes`` are the runs' exit codes."""

    environment: Environment
    clean: dict[str, list[Any]]
    codes: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def record(self, ended: Ended, expected: set[int]) -> None:
        """A run has ended."""
        which = f"run {len(self.codes) + 1}"
        self.codes.append(ended.code)
        if ended.code not in expected:
            self.problems.append(f"{which}: exit {ended.code}, expected {sorted(expected)}\n{ended.text}")
        if twice := self.environment.duplicates():
            self.problems.append(f"{which}: made twice: {', '.join(twice)}\n{ended.text}")
        if ended.code == 0:
            self.problems += self._differences(which)

    def _differences(self, which: str) -> list[str]:
        """After exit 0 everything is as after one clean run."""
        found = self.environment.objects()
        return [
            f"{which}: {kind}: {found[kind]}, after a clean run {wanted}"
            for kind, wanted in self.clean.items()
            if found[kind] != wanted
        ]

    def finish(self, expected: int, *, attempts: bool = True) -> None:
        """Run again without faults, and do what an exit 8 asks a person for, until nothing is left to do."""
        flags: list[str] = []
        self.environment.proxy.clear()
        while len(self.codes) < _MOST_RUNS:
            ended = self.environment.run(*flags, attempt=len(self.codes) + 1 if attempts else None)
            self.record(ended, {expected} if len(self.codes) == 1 else {0, 8})
            if ended.code != 8:
                return
            flags += self.environment.settle(ended)
        self.problems.append(f"exit 8 again and again: {self.codes}")

    def check(self, cell: pytest.Item) -> None:
        """Raises AssertionError with everything that is wrong, and the command that shows it again."""
        told = "\n\n".join(self.problems)
        again = f".venv/bin/python -m pytest --whole '{cell.nodeid}'"
        assert not self.problems, f"{told}\n\nexit codes: {self.codes}\nagain: {again}"
