"""Three runners on one release with the shared journal: they start, are killed, stand still and lose connections.

What was made is read from the services' own records.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from faults import http1
from fork_server import ForkServer
from git_server import TOKEN, GitServer
from job.project import KEYS, NOTES, Project

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from shipline_sandbox.server import Running

LEASE_S = 4
_LASTS_S = 7.0
_EVENTS = 9
_MOST_RUNS = 6  # until everything is there, once nothing happens any more
_LIMITS = (
    f"--journal-lease={LEASE_S}s --buildmaster-timeout=40s --network-connect-timeout=2s --network-read-timeout=3s"
    " --network-retry-for=3s"
).split()


class Network(http1.Listener):
    """A runner's connections to the services and to git: the proxy that it goes through."""

    def __init__(self, services: str, git: str) -> None:
        super().__init__()
        self._names = {urlsplit(services).netloc: "services", urlsplit(git).netloc: "git"}
        self.cut: dict[str, str] = {}  # what happens to requests, by where they go

    def served(self, client: socket.socket) -> None:
        request = http1.request(client)
        host = request.split(b" ", 2)[1].decode().split("/")[2]
        how = self.cut.get(self._names[host], "")
        if how == "refused":
            return
        if how == "late":  # the client gives up before it arrives
            time.sleep(3.5)
        address, _, port = host.rpartition(":")
        answer = http1.ask((address, int(port)), request)
        if how != "lost":
            client.sendall(answer)


class Runner:
    """A machine with its own workspace; it runs one job at a time."""

    def __init__(self, folder: Path, number: int, sandbox: Running, git: str) -> None:
        self.number = number
        self.network = Network(sandbox.url, git)
        self.forks = ForkServer()
        self.folder = folder
        self.pid = 0
        self.codes: list[int] = []
        self.text = ""
        self._attempt = 0
        self._thread: threading.Thread | None = None
        project = Project(folder, sandbox)
        project.write("CHANGELOG.md", NOTES)
        project.write("dist/widget.zip", b"PK" + b"w" * 2046)
        project.config()
        with (folder / "shipline.yml").open("a") as config:
            config.write(f"\njournal: {{store: git, remote: '{git}'}}\n")

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, *flags: str) -> None:
        if not self.busy:
            self._thread = threading.Thread(target=self._run, args=flags)
            self._thread.start()

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _run(self, *flags: str) -> None:
        self._attempt += 1
        ours = ("SHIPLINE_", "INPUT_", "GITHUB_", "CI")
        environ = {k: v for k, v in os.environ.items() if not k.startswith(ours) and not k.lower().endswith("_proxy")}
        environ |= KEYS | {"SHIPLINE_JOURNAL_TOKEN": TOKEN, "HTTP_PROXY": self.network.url}
        environ |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.folder)}
        environ |= {"GITHUB_RUN_ID": str(70 + self.number), "GITHUB_RUN_ATTEMPT": str(self._attempt)}
        arguments = ["run", *_LIMITS, *flags]
        code, out, err = self.forks.run(arguments, self.folder, environ, started=self._started)
        self.pid = 0
        self.codes.append(code)
        out = "".join(line for line in out.splitlines(keepends=True) if "::add-mask::" not in line)
        self.text += f"\n== runner {self.number}, attempt {self._attempt}: exit {code}\n{out}{err}"
        self.last = out + err

    def _started(self, pid: int) -> None:
        self.pid = pid

    def signal(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def forget(self) -> None:
        """Lose the receipt, as a new machine does."""
        if not self.busy:
            shutil.rmtree(self.folder / ".shipline", ignore_errors=True)


class Schedule:
    """What happens to the runners of one seed, and the result."""

    def __init__(self, seed: int, sandbox: Running, git: GitServer, runners: list[Runner]) -> None:
        self.random = random.Random(seed)
        self.sandbox, self.git, self.runners = sandbox, git, runners
        self.told: list[str] = []
        self._begun = time.monotonic()

    def _tell(self, what: str) -> None:
        self.told.append(f"{time.monotonic() - self._begun:5.1f} s: {what}")

    def disturb(self) -> None:
        events: list[tuple[float, Callable[[], None]]] = []
        events += [(self.random.uniform(0, 2.5), partial(self._start, runner)) for runner in self.runners]
        for _ in range(_EVENTS):
            at, runner = self.random.uniform(0.3, _LASTS_S), self.random.choice(self.runners)
            events += self._event(at, runner)
        for at, act in sorted(events, key=lambda event: event[0]):
            time.sleep(max(0.0, self._begun + at - time.monotonic()))
            act()

    def _event(self, at: float, runner: Runner) -> list[tuple[float, Callable[[], None]]]:
        kind = self.random.choice(["start", "start", "kill", "kill", "pause", "pause", "git", "git", "services"])
        name = f"runner {runner.number}"
        if kind == "start":
            return [(at, lambda: self._start(runner))]
        if kind == "kill":
            again = at + self.random.choice([0.1, 1.0, 3.0])
            return [(at, lambda: self._signal(runner, signal.SIGKILL)), (again, lambda: self._start(runner))]
        if kind == "pause":
            end = at + self.random.choice([0.5, 2.5, LEASE_S + 1.5, 2 * LEASE_S + 1])
            return [
                (at, lambda: self._signal(runner, signal.SIGSTOP)),
                (end, lambda: self._signal(runner, signal.SIGCONT)),
            ]
        how = self.random.choice(["refused", "lost", "late"] if kind == "git" else ["refused", "lost"])
        end = at + self.random.choice([0.5, 1.5, 4.0])

        def cut(how: str) -> None:
            self._tell(f"{name}: connections to {kind} {how or 'work again'}")
            runner.network.cut[kind] = how

        return [(at, lambda: cut(how)), (end, lambda: cut(""))]

    def _start(self, runner: Runner) -> None:
        if not runner.busy:
            if self.random.random() < 0.5:
                runner.forget()
            self._tell(f"runner {runner.number} starts")
            runner.start()

    def _signal(self, runner: Runner, number: signal.Signals) -> None:
        if runner.pid:
            self._tell(f"runner {runner.number}: {number.name}")
            runner.signal(number)

    def settle(self) -> None:
        """Nothing happens any more: one runner goes on until all is done, and a person does what an exit 8 advises."""
        for runner in self.runners:
            runner.network.cut.clear()
            runner.signal(signal.SIGCONT)
        for runner in self.runners:
            runner.wait()
        runner, flags = self.random.choice(self.runners), list[str]()
        for _ in range(_MOST_RUNS):
            runner.start(*flags)
            runner.wait()
            if runner.codes[-1] == 0:
                return
            flags = []
            if runner.codes[-1] == 8:
                self.check("exit 8 is about something else than Centercode", holds="on-unknown" in runner.last)
                there = self.sandbox.admin("state")["centercode"]["releases"]
                flags = ["--centercode-on-unknown", "assume" if there else "resend"]
        self.check(holds=False, what="it comes to no end")

    def made(self) -> dict[str, int]:
        """How many of each there are, as the services have them."""
        state: dict[str, Any] = self.sandbox.admin("state")
        stages = Counter(d["pipelineStageName"] for d in state["buildmaster"]["deployments"] if d["parentId"] is None)
        return {
            "builds": len(state["buildmaster"]["builds"]),
            **{f"deployments to {stage}": stages[stage] for stage in ("Integration", "Testing")},
            "v3 releases": len(state["v3"]["releases"]),
            "announcements": len(state["centercode"]["releases"]),
        }

    def check(self, what: str, *, holds: bool) -> None:
        if not holds:
            texts = "".join(runner.text for runner in self.runners)
            raise AssertionError("\n".join([what, *self.told, texts, *self._journal()]))

    def _journal(self) -> list[str]:
        command = ["git", "-C", self.git.folder / "widget.git", "log", "--format=%h %s %b", "--all"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def play(seed: int, folder: Path, sandbox: Running) -> Schedule:
    """Carry out a schedule. Raises AssertionError, with all that happened, unless there is one of everything."""
    sandbox.put_file("widget.zip", b"PK" + b"w" * 2046)
    (folder / "git").mkdir()
    with GitServer(folder / "git") as git, contextlib.ExitStack() as stack:
        url = git.create()
        runners = []
        for number in range(3):
            (folder / str(number)).mkdir()
            runner = Runner(folder / str(number), number, sandbox, url)
            stack.enter_context(runner.network)
            stack.callback(runner.forks.close)
            runners.append(runner)
        schedule = Schedule(seed, sandbox, git, runners)
        try:
            schedule.disturb()
            schedule.settle()
        finally:
            for runner in runners:
                runner.signal(signal.SIGKILL)
                runner.wait()
        made = schedule.made()
        schedule.check(f"seed {seed}: {made}", holds=set(made.values()) == {1})
        return schedule
