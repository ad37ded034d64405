"""Which versions that are announced already make this one too old to announce."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shipline import version
from shipline.errors import SupersededError
from shipline.run.step import Job  # noqa: TC001 - cast at run time
from shipline.run.steps import supersession
from shipline.services.buildmaster import Deployment, Release


def job(text: str, if_older: str = "fail") -> Job:
    return cast("Job", SimpleNamespace(pipeline=SimpleNamespace(version=version.parse(text), if_older=if_older)))


def release(number: str, status: str = "deployed") -> Release:
    return Release(1, number, number, status, "Widget", 1, "")


def is_older(text: str, number: str, *others: Release) -> bool:
    try:
        supersession.check_newer_releases(job(text), number, others)
    except SupersededError:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("1.4.1", "1.5.0"),
        ("1.4.1", "v1.5.0"),
        ("1.4.1", "1.4.2.1"),
        ("1.4.0", "1.4.0.post1"),
        ("1.5.0-beta.2", "1.5.0-beta.10"),
        ("1.5.0-beta.2", "1.5.0"),
        ("1.5.0rc2", "1.5.0-rc3"),
        ("2024.11.3", "2024.11.10"),
        ("20241103", "20241104"),
    ],
)
def test_newer_release_that_is_deployed_counts(text: str, other: str) -> None:
    assert is_older(text, text, release("0.1"), release(other))
    assert not is_older(text, text, release(other, "active"), release(other, "canceled"))
    assert not is_older(text, text)


@pytest.mark.parametrize(
    ("text", "number", "other"),
    [
        ("1.4.1", "1.4.1", "1.4.0"),
        ("1.4.1", "1.4.1", "1.4.1"),
        ("1.4.1", "1.4.1", "1.5.0-beta.1"),  # not in the stable channel
        ("1.5.0-beta.3", "1.5.0-beta.3", "1.5.0-rc.1"),
        ("1.4.1", "1.4.1", "Next"),
        ("1.4.1", "1.4.1", "20241103"),  # another scheme
        ("1.4.1", "9.0", "9.1"),  # releases that aren't named after versions
        ("1.4.1", "Spring", "1.5.0"),
        ("1.4.1", "1.4", "1.4"),
    ],
)
def test_other_releases_do_not_count(text: str, number: str, other: str) -> None:
    assert not is_older(text, number, release(other))


def test_release_that_is_named_after_a_part_of_the_version_is_compared() -> None:
    assert is_older("1.4.1", "1.4", release("1.5"))


def test_newest_version_is_named() -> None:
    with pytest.raises(SupersededError, match=r"1\.10\.0 is newer than 1\.4\.1.*deployed release 1\.10\.0"):
        supersession.check_newer_releases(job("1.4.1"), "1.4.1", [release("1.9.0"), release("1.10.0")])


@pytest.mark.parametrize(
    ("own", "published", "older"),
    [("1.4.1", "1.5", True), ("1.4", "1.4.0", False), ("1.5.0.3", "1.5.0.10", True), ("1.5.0", "latest", False)],
)
def test_what_v3_has_published(own: str, published: str, older: bool) -> None:
    target = cast("Any", SimpleNamespace(version=own, channel="stable"))
    client = cast("Any", SimpleNamespace(published=lambda _: [SimpleNamespace(version=published, id="r1")]))
    if not older:
        supersession.check_newer_published(target, client.published(target))
        return
    with pytest.raises(SupersededError, match=r"channel stable \(id r1\)"):
        supersession.check_newer_published(target, client.published(target))


def test_builds_in_the_last_stage_are_requested_again_once_the_run_has_changed_something() -> None:
    earlier = Deployment(1, "succeeded", "Testing", 4, "6", 2, None)
    answers = iter([[earlier], [earlier, Deployment(2, "succeeded", "Testing", 6, "8", 2, None)]])
    client = cast("Any", SimpleNamespace(stage_deployments=lambda *_: next(answers)))
    pipeline = SimpleNamespace(version=version.parse("1.4.0"), centercode=("any",), steps={"publish"})
    values = SimpleNamespace(release_id=2, release_number="1.4.0", build_id=None)
    evidence = SimpleNamespace(note_release=lambda _: None)
    receipt = SimpleNamespace(named=lambda _: None)
    run = cast("Any", SimpleNamespace(pipeline=pipeline, values=values, evidence=evidence, receipt=receipt, changes=0))
    others = supersession.OtherBuilds(client, "Testing")
    others.note_earlier(run)  # in the plan
    run.changes, values.build_id = 3, 5
    with pytest.raises(SupersededError, match="build 8 of the release has succeeded in Testing"):
        others.check(run)


def test_comparison_is_repeated_only_after_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    comparison = supersession.Comparison()
    assert comparison.due(job("1.4.0"))
    now += 299
    assert not comparison.due(job("1.4.0"))
    now += 2
    assert comparison.due(job("1.4.0"))


def test_comparison_is_left_out_where_older_versions_are_announced() -> None:
    assert not supersession.Comparison().due(job("1.4.0", "announce"))


@pytest.mark.parametrize(
    ("setting", "statuses", "accepted"),
    [
        ("accept", ["succeeded"], True),
        ("accept", ["failed", "warned"], True),
        ("accept", ["succeeded", "failed"], False),
        ("accept", [], False),
        ("refuse", ["succeeded"], False),
    ],
)
def test_rejected_build_is_accepted_only_after_its_last_stage(
    setting: str, statuses: list[str], accepted: bool
) -> None:
    found = [Deployment(n, status, "Testing", 5, "7", 2, None) for n, status in enumerate(statuses)]
    client = cast("Any", SimpleNamespace(deployments=lambda _, stage: found if stage == "Testing" else []))
    settings = cast("Any", SimpleNamespace(rejected=setting, stages=("Integration", "Testing")))
    assert supersession.accepts_rejection(client, settings, 5) is accepted
