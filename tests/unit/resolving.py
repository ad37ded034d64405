"""Resolves pipelines from the text of a config file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import ResolvedPipeline, Sources, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shipline.pipeline.model import Pipeline

FACTS = Facts(ci="gitlab", tag="v1.4.0", branch="feature/a b", sha="0123456789abcdef", run_number="7")
BUILDMASTER = "buildmaster: {url: https://bm.widget.test/sub/, application: Widget}\n"
V3 = "v3: {url: https://api.widget.test/v3/, product-id: p-1, platforms: [windows]}\n"
CENTERCODE = "centercode: {url: https://cc.widget.test, project: WidgetPro, release-type: Firmware}\n"
V3_LIST = """\
v3:
  - {url: https://api.widget.test/v3, product-id: p, platforms: [windows, linux]}
  - {url: "https://API.widget.test/", product-id: p, platforms: [linux, mac], channel: CHANNEL, when: WHEN}
"""
KEYS = {"SHIPLINE_BUILDMASTER_API_KEY": "a-buildmaster-key"}


def read(
    workspace: Path, text: str, *, facts: Facts = FACTS, environ: Mapping[str, str] | None = None, need: bool = False
) -> ResolvedPipeline:
    return load(Sources(Inputs.read({}, environ or {}), "-", text, facts, workspace, need))


def pipeline(workspace: Path, text: str, facts: Facts = FACTS) -> Pipeline:
    return read(workspace, text, facts=facts).pipeline


def problems(workspace: Path, text: str, facts: Facts = FACTS, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read(workspace, text, facts=facts, environ=environ, need=environ is not None)
    return [str(problem) for problem in caught.value.problems]
