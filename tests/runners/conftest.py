"""Fixtures for tests that need real runners; skipped unless `tests/runners/engine` has set one up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runners.act import Act
from runners.container import Engine, checkout

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as it lies in the work tree, in a repository of its own."""
    return checkout(tmp_path_factory.mktemp("project") / "shipline")


@pytest.fixture(scope="session")
def engine(project: Path) -> Engine:
    """The container engine, with the project's image built."""
    if os.environ.get("SHIPLINE_RUNNERS") != "1":
        pytest.skip('needs a container engine (Debian, root): eval "$(tests/runners/engine)"')
    image = "localhost/shipline:test"
    Engine().podman("build", "--quiet", "--tag", image, str(project), timeout=300)
    return Engine(image)


@pytest.fixture
def act(engine: Engine, project: Path, tmp_path: Path) -> Act:
    """GitHub's workflows on this machine."""
    return Act(os.environ["SHIPLINE_ACT"], engine, project, tmp_path)
