"""GitHub workflows run by act (https://github.com/nektos/act), and what they left.

A workflow runs in a repository of a user; `uses: …/shipline@ref` in it is this project's work tree, and actions/cache a
stand-in that keeps its files in a folder of the test. Nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.container import LONGEST, STAND_IN, Engine, commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ACTIONS = Path(__file__).parent / "actions"
_USES = re.compile(r"uses:\s*[\"']?((?:[\w.-]+/)([\w.-]+))(?:/[\w./-]+)?@([\w./-]+)")
# On this machine, of an image that a workflow uses, and of a script in the job's container.
_EXIT = re.compile(r"^(?:exit status |exit with `FAILURE`: |exitcode ')(\d+)")
_ULIMITS = "--ulimit nofile=1024:1024 --ulimit nproc=500:500"
# A step of a workflow run in host mode inherits act's environment; a CI system's and our own would mislead it.
_FOREIGN = re.compile(r"SHIPLINE_|INPUT_|GITHUB_|RUNNER_|CI$|CI_|GITLAB_|JENKINS_|BUILD_|PYTEST_")


@dataclass(frozen=True)
class Ended:
    """What a workflow left. ``events`` are act's own log lines."""

    code: int
    events: list[dict[str, Any]]
    stderr: str

    @property
    def log(self) -> str:
        """What the steps printed, commands among it, as a person sees it: masked."""
        return _printed(self.events)

    def printed(self, step: str) -> str:
        """What the step with this id printed."""
        return _printed(self._of(step))

    @property
    def masks(self) -> list[str]:
        """What the steps asked to mask."""
        raw = [
            e["raw"].partition("add-mask::")[2].rstrip("\r\n") for e in self.events if e.get("command") == "add-mask"
        ]
        return [mask.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for mask in raw]

    def outcome(self, step: str) -> str:
        """success, failure, or skipped, of the step with this id."""
        results = [e["stepResult"] for e in self._of(step) if "stepResult" in e]
        return results[-1] if results else "skipped"

    def exit_code(self, step: str) -> int:
        """Of the program in the step with this id; act itself always ends with 1 when a step failed."""
        found = [_EXIT.search(e["msg"]) for e in self._of(step) if not e.get("raw_output")]
        return next((int(match[1]) for match in found if match), 0)

    def outputs(self, step: str) -> dict[str, str]:
        """What the step with this id put into GITHUB_OUTPUT."""
        return {e["name"]: e["arg"] for e in self._of(step) if e.get("command") == "set-output" and _whole(e)}

    @property
    def summary(self) -> str:
        """GITHUB_STEP_SUMMARY of all steps, in their order."""
        return "".join(e["content"] for e in self.events if e.get("command") == "summary")

    @property
    def annotations(self) -> list[dict[str, str]]:
        """Each with `level` (error, warning, notice), `message` and its properties (file, line, col, title …)."""
        levels = ("error", "warning", "notice")
        found = [e for e in self.events if e.get("command") in levels]
        return [{"level": e["command"], "message": e["arg"], **e.get("kvPairs", {})} for e in found]

    def _of(self, step: str) -> list[dict[str, Any]]:
        return [e for e in self.events if (e.get("stepID") or [None])[0] == step]

    def __str__(self) -> str:
        return f"exit {self.code}\n" + "\n".join(str(e["msg"]).rstrip() for e in self.events) + "\n" + self.stderr


def _printed(events: list[dict[str, Any]]) -> str:
    # A command's own line is `raw`, in which act masks nothing.
    return "".join(
        e["msg"] if e.get("raw_output") else e["raw"]
        for e in events
        if e.get("raw_output") or ("raw" in e and e["command"] != "add-mask")
    )


def _whole(event: dict[str, Any]) -> bool:
    """Not of a step inside a composite action, whose `stepID` is a path such as ["ship", "run"]."""
    return len(event.get("stepID") or []) == 1


@dataclass
class Running:
    """act at work; ``finish`` it."""

    process: subprocess.Popen[bytes]
    engine: Engine
    out: Path
    err: Path
    before: set[str]

    def wait_for(self, text: str, timeout: float = LONGEST) -> None:
        """Until a step has printed ``text``."""
        end = time.monotonic() + timeout
        while text not in self._ended(0).log:
            assert self.process.poll() is None, (
                f"ended before it printed {text!r}:\n{self._ended(self.process.returncode)}"
            )
            assert time.monotonic() < end, f"{text!r} not printed in {timeout} s:\n{self._ended(-1)}"
            time.sleep(0.1)

    def cancel(self, number: int = signal.SIGINT) -> None:
        """The signal to the first process of the step, on this machine, as the real runner sends it; act sends none."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        for child in {int(pid) for task in tasks for pid in task.read_text().split()}:
            os.kill(child, number)

    def finish(self, timeout: float = LONGEST) -> Ended:
        """Everything it left, after its end or, killed, after ``timeout`` seconds."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        finally:
            left = containers(self.engine) - self.before
            if left:
                self.engine.podman("rm", "--force", "--depend", "--time", "0", *left)
        return self._ended(code)

    def _ended(self, code: int) -> Ended:
        lines = self.out.read_text(encoding="utf-8", errors="replace").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return Ended(code, events, self.err.read_text(encoding="utf-8", errors="replace"))


@dataclass
class Act:
    """Runs workflows. `uses: …/shipline@ref` means ``project``; ``folder`` takes repositories and caches."""

    binary: str
    engine: Engine
    project: Path
    folder: Path
    caches: Path = field(init=False)

    def __post_init__(self) -> None:
        self.caches = self.folder / "caches"
        self.caches.mkdir(parents=True, exist_ok=True)

    def repository(self, files: Mapping[str, str | bytes], name: str = "widget") -> Path:
        """A user's repository with these files, committed."""
        path = self.folder / name
        for file, content in files.items():
            target = path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        commit(path)
        return path

    def start(
        self,
        repository: Path,
        workflow: str,
        *,
        event: str = "push",
        payload: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        host: bool = False,
        options: tuple[str, ...] = (),
        known: Sequence[str] = (),
    ) -> Running:
        """Start ``workflow`` (its YAML) in ``repository`` for ``event`` with ``payload`` (the event's JSON).

        ``environ`` is set in the job: GITHUB_RUN_ATTEMPT and GITHUB_RUN_ID among it, where act knows only 1. ``host``
        runs the steps on this machine, which has Docker; the job's container has none. An image that a workflow uses
        by `docker://` gets no GITHUB_OUTPUT on this machine. ``known`` are other workflows that this one calls.
        """
        place = self.folder / f"act-{time.monotonic_ns()}"
        place.mkdir()
        (place / "event.json").write_text(json.dumps(dict(payload or {})))
        (repository / ".github/workflows").mkdir(parents=True, exist_ok=True)
        (repository / ".github/workflows/test.yml").write_text(workflow)
        commit(repository)
        command = [self.binary, event, "--json", "--rm", "--pull=false", "--no-cache-server"]
        command += ["--workflows", ".github/workflows/test.yml", "--eventpath", str(place / "event.json")]
        command += ["--container-daemon-socket", "-", "--action-cache-path", str(place / "actions")]
        command += ["--platform", f"ubuntu-latest={'-self-hosted' if host else STAND_IN}"]
        command += ["--container-options", f"{_ULIMITS} --volume {self.caches}:{self.caches}"]
        for name, value in {"ACT_CACHES": str(self.caches), **(environ or {})}.items():
            command += ["--env", f"{name}={value}"]
        own = (self.project / "action.yml").read_text(encoding="utf-8")
        for action, repo, ref in set(_USES.findall("\n".join([workflow, *known, own]))):
            local = self.project if repo == "shipline" else _ACTIONS / repo
            if local.is_dir():
                command += ["--local-repository", f"{action}@{ref}={local}"]
        inherited = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
        # Secrets by environment: a command line is everyone's to read, and act takes `--secret NAME` from there.
        for name in secrets or {}:
            command += ["--secret", name]
        before = containers(self.engine)
        out, err = place / "out", place / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*command, *options],
                cwd=repository,
                env={**inherited, **(secrets or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        return Running(process, self.engine, out, err, before)

    def run(self, repository: Path, workflow: str, *, timeout: float = LONGEST, **given: Any) -> Ended:
        """As ``start``, to the end."""
        return self.start(repository, workflow, **given).finish(timeout)


def containers(engine: Engine) -> set[str]:
    """The ids of act's containers, also those that a killed act left."""
    return set(engine.podman("ps", "--all", "--quiet", "--no-trunc", "--filter", "name=^act-").split())


def tagged(tag: str) -> dict[str, Any]:
    """The payload of a pushed tag."""
    return {"ref": f"refs/tags/{tag}", "repository": {"full_name": "acme/widget"}, "pusher": {"name": "octocat"}}
