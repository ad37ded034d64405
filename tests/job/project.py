"""The real program in a process of its own, against a sandbox served over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - a dataclass field
from typing import TYPE_CHECKING, Any

import pytest

import sample
from job import in_process
from sample import PRODUCT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fork_server import ForkServer
    from shipline_sandbox.server import Running

IN_PROCESS = "JOB_TESTS_IN_PROCESS" in os.environ
"""For `make mutants`, which can't follow the program into other processes."""

KEYS = {
    "SHIPLINE_BUILDMASTER_API_KEY": "sandbox-build+/=%'\"key",
    "SHIPLINE_CENTERCODE_API_KEY": "sandbox-center+/=%'\"key",
    "SHIPLINE_V3_TOKEN": "sandbox-v3.to+/=%'\"ken",
}
CONFIG = (
    "\n"
    + sample.config(
        build_number='  build-number: "7"',
        variables='  variables: {{Branch: main, Zip: "{{artifact_url}}"}}',
        subtitle="",
    ).replace("/widget/{{version}}", "")
    + "network: {{retry-for: 1s}}\n"
)

NOTES = """# Changelog

## 1.4.0

- Widgets **turn** <both> ways.
"""


LISTS = {"get-releases", "get-builds", "get-deployments"}  # of BuildMaster, by POST


def changes(request: dict[str, Any]) -> bool:
    """Whether a request of the sandbox's log asks a service to change something."""
    reads = request["method"] in ("GET", "HEAD") or request["operation"] in LISTS
    return not reads and request["service"] != "files"


@dataclass
class Ended:
    """What a process left: its exit code and everything it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def outputs(self) -> dict[str, str]:
        lines = (
            line.partition("=") for line in self.out.splitlines() if "=" in line and " " not in line.partition("=")[0]
        )
        return {name: value for name, _, value in lines}

    @property
    def events(self) -> list[dict[str, Any]]:
        """With --format json."""
        return [json.loads(line) for line in self.out.splitlines()]

    def line(self, start: str) -> str:
        return next(line for line in reversed(self.out.splitlines()) if line.startswith(start))


@dataclass
class Project:
    """A folder with a config, notes and artifacts, and the sandbox it releases to."""

    path: Path
    sandbox: Running
    environ: dict[str, str] = field(default_factory=dict)
    forks: ForkServer | None = None
    """Forks the process of each run; None: each run is a new process."""

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def config(self, text: str = CONFIG, **changes: str) -> None:
        """Write shipline.yml; ``changes`` replace or remove (empty) whole lines that begin with the key."""
        lines = text.format(url=self.sandbox.url, product=PRODUCT).splitlines()
        for key, line in changes.items():
            start = key.replace("_", "-") + ":"
            lines = [line if old.strip().startswith(start) else old for old in lines]
        self.write("shipline.yml", "\n".join(lines))

    def without(self, *sections: str) -> None:
        """Take whole sections out of the config."""
        kept, skipping = [], False
        for line in (self.path / "shipline.yml").read_text().splitlines():
            if line and not line.startswith(" "):
                skipping = line.partition(":")[0] in sections
            if not skipping:
                kept.append(line)
        self.write("shipline.yml", "\n".join(kept))

    def _environ(self, more: dict[str, str]) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SHIPLINE_", "INPUT_", "GITHUB_", "CI"))}
        return {**inherited, **KEYS, **self.environ, **more}

    def start(
        self,
        *arguments: str,
        by: Sequence[str] = ("-m", "shipline"),
        stdin: int | None = None,
        stderr: int = subprocess.PIPE,
        **environ: str,
    ) -> subprocess.Popen[str]:
        if IN_PROCESS:
            pytest.skip("needs a process of its own")
        return subprocess.Popen(
            [sys.executable, *by, *arguments],
            cwd=self.path,
            env=self._environ(environ),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def shipline(self, *arguments: str, **environ: str) -> Ended:
        if IN_PROCESS:
            ended = Ended(*in_process.run(arguments, self._environ(environ), self.path))
        elif self.forks and not self.forks.busy and not any(name.startswith("PYTHON") for name in environ):
            ended = Ended(*self.forks.run(arguments, self.path, self._environ(environ)))
        else:
            process = self.start(*arguments, **environ)
            out, err = process.communicate(timeout=60)
            ended = Ended(process.returncode, out, err)
        for key in KEYS.values():
            assert key not in ended.text
            assert key.partition("+")[2] not in ended.text
        return ended

    def cancel(self, process: subprocess.Popen[str], number: int = signal.SIGTERM) -> Ended:
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        return Ended(process.returncode, out, err)

    def receipt(self) -> dict[str, Any]:
        (path,) = (self.path / ".shipline").glob("*.json")
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded

    def changes(self) -> list[dict[str, Any]]:
        """The requests that asked the services to change something, in order."""
        return [r for r in self.sandbox.requests() if changes(r)]

    def operations(self) -> list[str]:
        return [r["operation"] for r in self.changes()]
