"""A project and its sandbox for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import fork_server
from job import fleet
from job.project import NOTES, Project
from shared_sandbox import shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shipline_sandbox.server import Running


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with shared(speed=60) as sandbox:
        yield sandbox


@pytest.fixture
def project(tmp_path: Path, sandbox: Running, request: pytest.FixtureRequest) -> Project:
    """Its runs are forked from a process that has loaded the program, unless the test is marked with ``processes``."""
    forks = None if request.node.get_closest_marker("processes") else fork_server.shared
    project = Project(tmp_path, sandbox, forks=forks)
    project.write("CHANGELOG.md", NOTES)
    project.write("dist/widget.zip", b"PK" + b"w" * 2046)
    sandbox.put_file("widget.zip", b"PK" + b"w" * 2046)
    project.config()
    return project


@pytest.fixture
def products(project: Project) -> Project:
    (project.path / "shipline.yml").unlink()
    fleet.make(project)
    return project


@pytest.fixture
def widget(tmp_path: Path) -> Path:
    """A project whose files are all there."""
    folder = tmp_path / "widget"
    (folder / "dist").mkdir(parents=True)
    (folder / "dist/widget.zip").write_bytes(b"PK")
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Widgets turn.\n")
    return folder
