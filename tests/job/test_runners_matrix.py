"""Runners that don't share a workspace: whatever of a receipt they have, nothing is announced or deployed twice.

Each situation is tried with each store of the receipt (kept, lost, that of another job, the shared journal) in each CI
system. Services and git server are real ones over HTTP; what they hold at the end is what counts.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from job import runners as fleet
from job.runners import CI_SYSTEMS, STORES, Runners
from job.situations import announced, stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from job.project import Project

BUILD = ("--steps", "build,deploy")
PUBLISH = ("--steps", "publish")


@pytest.fixture(scope="module", autouse=True)
def _servers() -> Iterator[None]:
    yield
    fleet.close()


def two_jobs(runners: Runners) -> None:
    """One job deploys and another publishes, in a run after one whose receipts are gone; then both are retried."""
    runners.run(*BUILD, job="deploy", by="deploy")
    runners.pass_on("deploy", "publish", "deploy")
    assert runners.run(*PUBLISH, job="publish", by="publish").code == 0
    runners.pass_on("deploy", "deploy-2", "publish")
    runners.run(*BUILD, attempt=2, job="deploy", by="deploy-2")
    runners.pass_on("publish", "publish-2", "deploy-2")
    runners.run(*PUBLISH, attempt=2, job="publish", by="publish-2")
    assert announced(runners.project) == 1


def two_live_runs(runners: Runners, *, number: str = "7", zombie: bool = False) -> None:
    """Another run of this version begins while one waits for its deployment; with a re-run, CI gave up the first."""
    stages(runners.project, executing_seconds=100_000)
    numbers = ("--buildmaster-build-number", "7"), ("--buildmaster-build-number", number)
    runners.run(*numbers[0], "--steps", "build", job="prepare", by="prepare")
    runners.pass_on("prepare", "a", "prepare")
    first = runners.start(*numbers[0], by="a")
    while runners.project.operations().count("deploy-build") < 2:
        time.sleep(0.05)
    runners.pass_on("none", "b", "prepare")
    second = runners.start(*numbers[1], run=1 if zombie else 2, attempt=2 if zombie else 1, by="b")
    second.join(3)
    for _ in range(30):
        runners.project.sandbox.admin("clock", {"advance": 200_000})
        first.join(1)
        second.join(1)
        if first.ended and second.ended:
            break
    assert announced(runners.project) <= 1


def two_live_builds(runners: Runners) -> None:
    """Two runs of this version, each with a build of its own."""
    two_live_runs(runners, number="8")


def zombie_and_rerun(runners: Runners) -> None:
    two_live_runs(runners, zombie=True)


def matrix_legs(runners: Runners) -> None:
    """Two legs announce to release types of their own, with one cache key: each gets what the other has saved."""
    legs = {leg: (*PUBLISH, "--centercode-release-type", leg) for leg in ("Firmware", "Software")}
    runners.only_announces = True
    runners.run(*BUILD, job="deploy", by="deploy")
    for attempt in (1, 2):
        for leg, options in legs.items():
            saved = "Software" if leg == "Firmware" else "Firmware"
            runners.pass_on(saved if attempt == 2 else "deploy", leg, saved)
            variables = {"SHIPLINE_V3_WHEN": "never", "SHIPLINE_CENTERCODE_API_KEY": f"sandbox-{leg}"}
            job = f"publish: [{leg}]" if runners.system in ("github", "gitlab") else "publish"
            first = runners.run(*options, attempt=attempt, job=job, by=leg, **variables)
            assert first.code == 0 or attempt == 2, first.text


def older_after_newer(runners: Runners) -> None:
    """An older pipeline is run again after a newer release; its first run had been refused."""
    number = ("--release-version", "1.4.0")
    runners.run(*BUILD, *number, by="older")
    newer = ("--release-version", "1.5.0", "--release-notes-text", "x")
    assert runners.run(*newer, run=2, by="newer").code == 0
    runners.pass_on("older", "older-2", "older")
    assert runners.run(*number, attempt=2, by="older-2").code == 5
    assert [r["releaseValue"] for r in runners.state()["centercode"]["releases"]] == ["1.5.0"]


def retry_without_cache(runners: Runners) -> None:
    """A finished run is retried on a runner without its cache, twice."""
    runners.run("--steps", "build", job="prepare", by="prepare")
    runners.pass_on("prepare", "a", "prepare")
    assert runners.run(by="a").code == 0
    for attempt, runner in ((2, "b"), (3, "c")):
        runners.pass_on("a", runner, "prepare")
        runners.run(attempt=attempt, by=runner)
    assert announced(runners.project) == 1


SITUATIONS: list[Callable[[Runners], None]] = [
    two_jobs,
    two_live_runs,
    two_live_builds,
    zombie_and_rerun,
    matrix_legs,
    older_after_newer,
    retry_without_cache,
]


def cells() -> Iterator[object]:
    """The gate tries each situation in the CI system that counts attempts, and each store in one that doesn't."""
    for number, situation in enumerate(SITUATIONS):
        for store in STORES:
            for system in CI_SYSTEMS:
                in_gate = system == ("github", "gitlab", "jenkins", "none")[(number + STORES.index(store)) % 4]
                marks = () if in_gate else pytest.mark.nightly
                yield pytest.param(situation, store, system, marks=marks, id=f"{situation.__name__}-{store}-{system}")


@pytest.mark.parametrize(("situation", "store", "system"), list(cells()))
def test_nothing_goes_out_twice(
    situation: Callable[[Runners], None], store: str, system: str, project: Project, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        project.config(build_number="" if system != "none" else '  build-number: "7"')
        if store == "journal":
            stack.enter_context(fleet.journal(project, tmp_path / "git"))
        runners = Runners(project, system, store)
        situation(runners)
        runners.check()
