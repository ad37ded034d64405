"""Versions from the tag to the services, and older versions after newer ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from job.project import Ended, Project


def release(project: Project, version: str, *more: str) -> Ended:
    builds = "buildmaster:" in (project.path / "shipline.yml").read_text()
    number = ("--buildmaster-build-number", version) if builds else ()
    return project.shipline("run", "--release-version", version, *number, "--release-notes-text", "x", *more)


def reads(project: Project) -> list[dict[str, Any]]:
    return [r for r in project.sandbox.requests() if r["operation"] in ("get-releases", "list-releases")]


@pytest.mark.parametrize(
    ("version", "in_v3", "channel"),
    [("1.4.0rc2", "1.4.0.2", "rc"), ("2024.11.3", "2024.11.3", "stable"), ("1.5.0-beta.3", "1.5.0.3", "beta")],
)
def test_version_gets_to_each_service(project: Project, version: str, in_v3: str, channel: str) -> None:
    ended = release(project, f"v{version}", "--buildmaster-build-number", "7")
    assert ended.code == 0, ended.text
    assert ended.outputs["buildmaster-release-number"] == version
    state = project.sandbox.admin("state")
    assert [(r["version"], r["channel"]) for r in state["v3"]["releases"]] == [(in_v3, channel)]
    assert [r["releaseValue"] for r in state["centercode"]["releases"]] == [version]


@pytest.mark.parametrize("version", ["1.4.0.dev3", "20241103", "1.4.0.post1", "1.4.0-SNAPSHOT"])
def test_version_that_v3_can_not_hold_stops_only_a_job_with_v3(project: Project, version: str) -> None:
    ended = release(project, version)
    assert ended.code == 2
    assert f"v3.version: {version} " in ended.err
    assert "set v3.version" in ended.err
    assert project.sandbox.requests() == []
    project.without("v3")
    ended = release(project, version)
    assert ended.code == 0, ended.text


def test_older_version_is_not_announced_after_a_newer_one(project: Project) -> None:
    assert release(project, "1.5.0").code == 0
    before = project.operations()
    ended = release(project, "1.4.1")
    assert ended.code == 5
    assert ended.outputs["result"] == "superseded"
    assert ended.outputs["failed-step"] == "release"
    assert "1.5.0 is newer than 1.4.1, and already announced: BuildMaster has deployed release 1.5.0" in ended.err
    assert "set release.if-older to announce" in ended.line("NEXT:")
    assert project.operations() == before
    plan = project.shipline("plan", "--release-version", "1.4.1", "--release-notes-text", "x")
    assert "1.5.0 is newer than 1.4.1" in plan.text
    ended = release(project, "1.4.1", "--release-if-older", "announce")
    assert ended.code == 0, ended.text


def test_v3_alone_shows_that_a_newer_version_is_published(project: Project) -> None:
    project.without("buildmaster", "centercode")
    assert release(project, "1.5.0").code == 0
    ended = release(project, "1.4.1")
    assert ended.code == 5, ended.text
    assert ended.outputs["failed-step"] == "publish:v3"
    assert "already announced: v3 has published it in channel stable (id " in ended.err
    assert release(project, "1.4.1", "--v3-channel", "lts").code == 0
    assert release(project, "1.4.1", "--v3-platforms", "macos").code == 0


def test_newer_draft_or_unfinished_release_is_not_announced_yet(project: Project) -> None:
    assert release(project, "1.5.0", "--steps", "build").code == 0
    assert (
        release(project, "1.5.0", "--steps", "publish", "--v3-state", "draft", "--buildmaster-timeout", "1s").code == 6
    )
    project.without("buildmaster", "centercode")
    assert release(project, "1.6.0", "--v3-state", "draft").code == 0
    project.config()
    ended = release(project, "1.4.1")
    assert ended.code == 0, ended.text


def test_stable_version_is_not_older_than_a_pre_release_but_a_pre_release_is_older_than_its_final(
    project: Project,
) -> None:
    assert release(project, "1.5.0-beta.10").code == 0
    assert release(project, "1.4.1").code == 0
    assert release(project, "1.5.0-beta.2").code == 5
    assert release(project, "1.5.0-rc.1").code == 0
    assert release(project, "1.5.0").code == 0
    assert release(project, "1.5.0-rc.2").code == 5


def test_finished_run_of_an_older_version_still_goes_through(project: Project) -> None:
    assert release(project, "1.4.0").code == 0
    assert release(project, "1.5.0").code == 0
    before = project.operations()
    ended = release(project, "1.4.0")
    assert ended.code == 0, ended.text
    assert project.operations() == before


def test_comparison_costs_at_most_one_request_a_service(project: Project) -> None:
    assert release(project, "1.4.0").code == 0
    compared = [r for r in reads(project) if {"published", "status"} & {*r["query"], *(r["body"] or ())}]
    assert [r["operation"] for r in compared] == ["list-releases"]  # the step `release` needs all of BuildMaster's
    project.without("v3")
    assert release(project, "1.4.0", "--receipt", "other.json", "--steps", "publish").code == 0
    assert compared == [r for r in reads(project) if {"published", "status"} & {*r["query"], *(r["body"] or ())}]
    count = len(reads(project))
    assert release(project, "1.4.1", "--release-if-older", "announce").code == 0
    assert len(reads(project)) == count + 2
