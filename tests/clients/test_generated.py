"""Clients that generators make from the OpenAPI files create a release in each service of the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipline import schemas
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.nightly

HERE = Path(__file__).parent
SERVICES = ("buildmaster", "centercode", "v3")
CREATED = {
    ("buildmaster", "create-release", 200),
    ("buildmaster", "create-build", 200),
    ("centercode", "project-release", 201),
    ("v3", "create-release", 201),
}
PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"  # of the sandbox's first data


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


def run(*command: str | Path, folder: Path, **environ: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def created(sandbox: Running) -> set[tuple[str, str, int]]:
    return {(request["service"], request["operation"], request["status"]) for request in sandbox.requests()}


def test_openapi_python_client_leaves_nothing_out_and_creates_a_release(
    installed: Path, sandbox: Running, tmp_path: Path
) -> None:
    for service in SERVICES:
        source = schemas.path(service)
        generator = installed / "bin/openapi-python-client"
        # A warning, such as that of an operation without its response, ends it.
        run(generator, "generate", "--path", source, "--output-path", tmp_path / service, "--meta", "none",
            "--fail-on-warning", "--config", HERE / "generator.yml", folder=tmp_path)  # fmt: skip
        untyped = [
            file.name for file in (tmp_path / service).rglob("api/*/*.py") if "    body: Any" in file.read_text("utf-8")
        ]
        assert untyped == []
    run(installed / "bin/python", HERE / "create.py", sandbox.url, PRODUCT, folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert created(sandbox) == CREATED


def test_openapi_typescript_gives_types_that_create_a_release(
    installed: Path, sandbox: Running, tmp_path: Path
) -> None:
    tools = installed / "node_modules/.bin"
    for service in SERVICES:
        run(tools / "openapi-typescript", schemas.path(service), "--output", f"{service}.d.ts", folder=tmp_path)
    shutil.copy(HERE / "create.ts", tmp_path)
    options = {"strict": True, "target": "es2022", "lib": ["es2022", "dom", "dom.iterable"], "module": "commonjs"}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["create.ts"]}))
    run(tools / "tsc", folder=tmp_path)
    run("node", "create.js", sandbox.url, PRODUCT, folder=tmp_path)
    assert created(sandbox) == CREATED
