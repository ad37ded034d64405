"""Fixtures for tests that need real runners; skipped unless `tests/runners/engine` has set one up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners.act import Act
from runners.container import LONGEST, Engine, checkout, commit

HERE = Path(__file__).parent
IMAGE = "ghcr.io/shipline/shipline:v0.1.0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(3 * LONGEST))


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
    Engine().podman("build", "--quiet", "--tag", image, str(project))
    return Engine(image)


@pytest.fixture(scope="session")
def action(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a release's tag has it: its action runs the image, which needn't be built for each job."""
    engine.podman("tag", engine.image, IMAGE)
    folder = tmp_path_factory.mktemp("action") / "shipline"
    checkout(folder, "action.yml", "native", "entrypoint", "sandbox", "schemas", "requirements")
    text = (folder / "action.yml").read_text(encoding="utf-8")
    assert "IMAGE: Dockerfile" in text
    (folder / "action.yml").write_text(text.replace("IMAGE: Dockerfile", f"IMAGE: {IMAGE}"))
    commit(folder)
    return folder


@pytest.fixture
def act(engine: Engine, action: Path, tmp_path: Path) -> Act:
    """GitHub's workflows on this machine."""
    return Act(os.environ["SHIPLINE_ACT"], engine, action, tmp_path)
