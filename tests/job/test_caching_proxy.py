"""A cache in front of BuildMaster that keeps every GET: Shipline decides by what the server itself responds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reverse_proxy import CachingProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Ended, Project

VARNISH = {"Age": "7", "Via": "1.1 varnish (Varnish/7.1)", "X-Varnish": "32770 3"}


@pytest.fixture
def cache(project: Project) -> Iterator[CachingProxy]:
    with CachingProxy(project.sandbox.url) as cache:
        yield cache


def release(project: Project, cache: CachingProxy, *more: str) -> Ended:
    return project.shipline("run", "--buildmaster-url", cache.url, *more)


def deployed(project: Project) -> list[str]:
    return [r["body"]["toStage"] for r in project.changes() if r["operation"] == "deploy-build"]


def test_a_deployment_ends_and_a_rerun_finds_everything(project: Project, cache: CachingProxy) -> None:
    ended = release(project, cache)
    assert ended.code == 0, ended.text
    assert release(project, cache).code == 0
    assert deployed(project) == ["Integration", "Testing"]


def test_a_rerun_without_its_receipt_deploys_nothing_again(project: Project, cache: CachingProxy) -> None:
    deploy = ("--steps", "build,deploy")
    assert release(project, cache, *deploy).code == 0
    ended = release(project, cache, *deploy, "--receipt", "other.json")
    assert ended.code == 0, ended.text
    assert deployed(project) == ["Integration", "Testing"]
    assert project.operations().count("create-build") == 1


def test_a_build_that_another_run_has_made_since_is_adopted(project: Project, cache: CachingProxy) -> None:
    """The look-up before it found nothing, and BuildMaster responds that the build exists already."""
    assert release(project, cache, "--steps", "build", "--buildmaster-build-number", "6").code == 0
    assert project.shipline("run", "--steps", "build", "--receipt", "a.json").code == 0  # not through the cache
    ended = release(project, cache, "--steps", "build", "--receipt", "b.json")
    assert ended.code == 0, ended.text
    assert project.operations().count("create-build") == 2


def test_doctor_names_the_cache_and_what_to_do(project: Project) -> None:
    with CachingProxy(project.sandbox.url, VARNISH) as cache:
        ended = project.shipline("doctor", "--buildmaster-url", cache.url)
    assert ended.code == 0, ended.text
    warned = [line for line in ended.out.splitlines() if line.startswith("warning   buildmaster: a cache responded to")]
    assert len(warned) == 1
    assert "Via: 1.1 varnish (Varnish/7.1)" in warned[0]
    assert "do: Shipline's lists go past it, as they are POSTs" in ended.text
