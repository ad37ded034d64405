"""The number of a build that the config doesn't number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from shipline.ci.facts import Facts
from shipline.errors import RefusedError
from shipline.run.results import RunValues
from shipline.run.steps.create_build import CreateBuild, build_record
from shipline.services.buildmaster import BuildMaster
from unit.responding_server import Server, StepRun, job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("settings", "run_number", "number"),
    [
        ("", "412", "412"),
        ("", "", None),
        ("build-number: '7'", "412", "7"),
        ("build-number: 'ci-{run_number}'", "412", "ci-412"),
        ("build-id: 5", "412", None),
    ],
)
def test_it_is_the_ci_runs_number(tmp_path: Path, settings: str, run_number: str, number: str | None) -> None:
    facts = Facts(ci="gitlab", run_id="77", run_number=run_number)
    builder = job(tmp_path, facts=facts, buildmaster=settings).pipeline.buildmaster
    assert builder is not None
    assert (builder.build_number, builder.numbered_by_run) == (number, number == "412")


@pytest.mark.parametrize(
    ("identity", "run_id", "found"),
    [
        ("412", "77", (True, True)),
        ("411", "77", (False, True)),  # another run's build: a job that creates none goes on with it
        ("run 77", "77", (True, True)),  # an older version let BuildMaster number it
        ("run 76", "77", (False, True)),
    ],
)
def test_a_recorded_build_belongs_to_the_run_that_made_it(
    tmp_path: Path, identity: str, run_id: str, found: tuple[bool, bool]
) -> None:
    one = job(tmp_path, facts=Facts(ci="gitlab", run_id=run_id, run_number="412"), buildmaster="")
    one.receipt.begin("build", f"build|https://bm.widget.test|Widget|1.4.0|{identity}")
    settings = one.pipeline.buildmaster
    assert settings is not None
    assert tuple(build_record(one, settings, may_create=may) is not None for may in (True, False)) == found


class Building(StepRun):
    """The step ``build`` of a run whose release has a build 412, from 10:00."""

    def __init__(self, folder: Path, server: Server, settings: str = "", *, may_create: bool = True, **facts: Any):
        server.answers["LIST /api/releases/builds?"] = [
            {"id": 5, "buildNumber": "412", "status": "active", "releaseId": 2, "createdOn": "2026-11-02T10:00:00Z"}
        ]
        known = Facts(ci="x", run_id="77", run_number="412")._replace(**facts)
        super().__init__(folder, server.url, facts=known, buildmaster=settings)
        self.job.values = RunValues(release_id=2, release_number="1.4")
        builder = self.job.pipeline.buildmaster
        assert builder is not None
        self.step = CreateBuild(builder, BuildMaster(builder, self.job.pipeline.network), may_create=may_create)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


@pytest.mark.parametrize("may_create", [True, False])
def test_a_build_with_its_number_that_is_older_than_the_run_is_another_s(
    tmp_path: Path, server: Server, *, may_create: bool
) -> None:
    began = datetime(2026, 11, 2, 11, 1, tzinfo=UTC)
    with pytest.raises(RefusedError) as refused:
        Building(tmp_path, server, may_create=may_create, began=began, run_attempt=2).act()
    assert refused.value.what == "build 412 (id 5) has the number of this CI run, and isn't its build"
    assert "created on 2026-11-02 at 10:00 UTC" in refused.value.why
    assert "ci-{run_number}" in refused.value.todo
    meant = Building(tmp_path, server, "build-number: '412'", began=began)
    assert meant.act() == "uses build 412 (id 5, active)"


@pytest.mark.parametrize(
    ("facts", "may_create", "warns"),
    [
        ({}, True, True),  # a first attempt, or one that nothing counts
        ({"run_attempt": 1, "began": datetime(2026, 11, 2, 10, 59, tzinfo=UTC)}, True, True),  # clocks differ
        ({"run_attempt": 2}, True, False),
        ({}, False, False),  # another job of this run has created it
    ],
)
def test_a_build_with_its_number_that_no_receipt_shows_is_not_used_silently(
    tmp_path: Path, server: Server, facts: dict[str, Any], *, may_create: bool, warns: bool
) -> None:
    run = Building(tmp_path, server, may_create=may_create, **facts)
    decision = run.step.decide(run.job)
    assert decision.reuse == "uses build 412 (id 5, active)"
    expected = "build 412 (id 5) exists, and no receipt shows that this run created it"
    assert [warning.partition(":")[0] for warning in decision.warnings] == [expected] * warns
    run.job.receipt.begin("build", run.step.key(run.job)).made = decision.made.to_made()
    assert run.step.decide(run.job).warnings == ()
