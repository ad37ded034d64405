"""Runners of one CI system that work on one release: each has a workspace of its own, and what its store gives it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fork_server import ForkServer
from git_server import TOKEN, GitServer
from job.project import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from job.project import Project

CI_SYSTEMS = ("github", "gitlab", "jenkins", "none")
STORES = ("kept", "lost", "other", "journal")
_forks: dict[bool, list[ForkServer]] = {True: [], False: []}


def ci(system: str, run: int, attempt: int, job: str) -> dict[str, str]:
    """The variables of a job, or leg of a matrix (``job: [leg]``), of a CI run. Only GitHub counts attempts."""
    if system == "github":
        name, _, leg = job.partition(": ")
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": f"7{run}",
            "GITHUB_RUN_NUMBER": str(run),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_JOB": name,
            "SHIPLINE_MATRIX": leg or "null",
        }
    if system == "gitlab":
        names = {"GITLAB_CI": "true", "CI_PIPELINE_ID": f"7{run}", "CI_PIPELINE_IID": str(run), "CI_JOB_NAME": job}
        return names | {"CI_JOB_URL": "https://gitlab.example.com/a/-/jobs/1"}
    if system == "jenkins":
        return {"JENKINS_URL": "https://j.example.com", "JOB_NAME": "w", "BUILD_NUMBER": str(run), "STAGE_NAME": job}
    return {}


@dataclass
class Runners:
    """``run`` is one job on one runner; the receipt that it leaves is kept by its runner, or in the journal."""

    project: Project
    system: str
    store: str
    only_announces: bool = False  # to Centercode alone, which can't report what was posted
    ended: list[tuple[int, str]] = field(default_factory=list)  # exit codes and logs

    def run(
        self, *arguments: str, run: int = 1, attempt: int = 1, job: str = "release", by: str = "a", **environ: str
    ) -> Ended:
        """``by``: the runner. Its receipt is there if it has run before, unless the store has lost it."""
        with _lent(hasten=self.store != "journal") as forks:
            receipt = f"runners/{by}.json"
            (self.project.path / "runners").mkdir(exist_ok=True)
            variables = ci(self.system, run, attempt, job) | environ
            order = ("run", *arguments, "--receipt", receipt)
            ended = Ended(*forks.run(order, self.project.path, self.project._environ(variables)))
        shown = (line for line in ended.text.splitlines() if not line.startswith("::add-mask::"))
        self.ended.append((ended.code, "\n".join([f"$ {variables} {' '.join(order)}: exit {ended.code}", *shown])))
        return ended

    def start(self, *arguments: str, **more: Any) -> Background:
        return Background(self, arguments, more)

    def pass_on(self, one: str, other: str, prepared: str = "") -> None:
        """Give a runner what the store has of another's receipt. ``prepared``: an older copy, or another job's."""
        folder = self.project.path / "runners"
        (folder / f"{other}.json").unlink(missing_ok=True)
        source = {"kept": one, "other": prepared}.get(self.store)
        if source and (folder / f"{source}.json").exists():
            shutil.copy(folder / f"{source}.json", folder / f"{other}.json")

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.project.sandbox.admin("state")
        return state

    def check(self) -> None:
        """Nothing was announced twice or deployed beside itself, and each exit 8 names what to check."""
        log = "\n=====\n".join(text for _, text in self.ended)
        accepted = (r for r in self.project.changes() if r["operation"] == "project-release" and r["status"] < 300)
        posts = [(r["path"], r["body"]["releaseValue"]) for r in accepted]
        if repeated := len(posts) - len(set(posts)):  # the one case in which nothing can show it
            assert self.only_announces, log
            assert self.system != "github", log
            assert self.store != "journal", log
            warned = sum("this CI system doesn't count attempts" in text for _, text in self.ended[-2:])
            assert self.system == "none" or warned == repeated, log
        parents = [d for d in self.state()["buildmaster"]["deployments"] if d["parentId"] is None]
        for one in parents:
            beside = [d["id"] for d in parents if _overlap(one, d)]
            assert beside == [one["id"]], log
        for code, text in self.ended:
            assert code in (0, 5, 8) or "no build can be created in it" in text, log
            if code == 8:
                assert self.store != "journal", text
                assert "and check the releases of type" in text


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    same_build = all(one[name] == other[name] for name in ("buildId", "pipelineStageName"))
    never = "9999"
    return bool(
        same_build and one["createdOn"] < other.get("ended", never) and other["createdOn"] < one.get("ended", never)
    )


class Background:
    """A job that goes on while others run."""

    def __init__(self, runners: Runners, arguments: tuple[str, ...], more: dict[str, Any]) -> None:
        self._thread = threading.Thread(target=runners.run, args=arguments, kwargs=more, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()


@contextlib.contextmanager
def _lent(*, hasten: bool) -> Iterator[ForkServer]:
    """A server that no other run uses: each forks one process at a time."""
    idle = _forks[hasten]
    forks = idle.pop() if idle else ForkServer(hasten=hasten)
    try:
        yield forks
    finally:
        idle.append(forks)


def close() -> None:
    for idle in _forks.values():
        while idle:
            idle.pop().close()


@contextlib.contextmanager
def journal(project: Project, folder: Path, lease: str = "4s") -> Iterator[GitServer]:
    """A git server that keeps the journal, and the project as its checkout."""
    folder.mkdir()
    with GitServer(folder) as served:
        url = served.create()
        for command in (["init", "-q"], ["remote", "add", "origin", url]):
            subprocess.run(["git", "-C", project.path, *command], check=True)
        with (project.path / "shipline.yml").open("a") as config:
            config.write(f"\njournal: {{store: git, lease: {lease}}}\n")
        project.environ["SHIPLINE_JOURNAL_TOKEN"] = TOKEN
        yield served
