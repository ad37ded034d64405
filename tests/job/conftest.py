"""A project and its sandbox for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from job.project import NOTES, Project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=60) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, sandbox: Running) -> Project:
    project = Project(tmp_path, sandbox)
    project.write("CHANGELOG.md", NOTES)
    project.write("dist/widget.zip", b"PK" + b"w" * 2046)
    sandbox.put_file("widget.zip", b"PK" + b"w" * 2046)
    project.config()
    return project
