"""Publish the v3 draft that another run has made: the same step as a run's, but it creates nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.errors import RefusedError
from shipline.run.steps.publish_v3 import Blind, PublishV3

if TYPE_CHECKING:
    from shipline.run.records import StepRecord
    from shipline.run.results import TargetResult
    from shipline.run.step import Decision, Job


class PublishDraft(PublishV3):
    """Step ``publish:v3`` of ``shipline publish``."""

    def _new(self, job: Job, made: TargetResult) -> Decision[Blind]:
        t = self._target
        raise RefusedError(
            f"v3 has no release of version {t.version} in channel {t.channel} for {', '.join(t.platforms)}",
            todo="check the version and the target's channel and platforms; `shipline run` creates a release",
        )

    def _blind(self, job: Job, record: StepRecord | None) -> Decision[Blind]:
        raise RefusedError(f"{self._target.url} can't look releases up", todo="publish the draft by hand")
