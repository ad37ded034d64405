"""What a plan's page shows as announced now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from shipline import version
from shipline.errors import RefusedError
from shipline.run import announced
from shipline.run.step import Job  # noqa: TC001 - cast at run time


def test_a_damaged_record_of_another_version_does_not_fail_the_plan() -> None:
    def damaged(_: str) -> bool:
        raise RefusedError("the journal's 1.3.0 is damaged")

    receipt = SimpleNamespace(named=lambda _: None, other_versions=["1.3.0"], announced=damaged)
    target: Any = SimpleNamespace(name="centercode", project="WidgetPro", release_type="Firmware", skip="")
    pipeline = SimpleNamespace(
        version=version.parse("1.4.0"), steps={"publish"}, buildmaster=None, v3=(), centercode=(target,)
    )
    (change,) = announced.changes(cast("Job", SimpleNamespace(pipeline=pipeline, receipt=receipt)))
    assert change.where == "Centercode WidgetPro/Firmware"
    assert change.now == "not known: the journal's 1.3.0 is damaged"
