"""The image, as the CI systems start it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runners.container import STAND_IN, commit
from runners.user import KEYS, user_project
from shipline_sandbox.server import running

if TYPE_CHECKING:
    from pathlib import Path

    from runners.container import Engine

STARTS = {
    "as root": (),
    "as any user, without a home": ("--user", "12345:54321", "--env", "HOME="),
    "with a read-only root file system": ("--read-only", "--read-only-tmpfs=false"),
    "as any user, read-only": ("--user", "12345", "--read-only", "--read-only-tmpfs=false", "--env", "HOME="),
}


@pytest.mark.parametrize("options", STARTS.values(), ids=STARTS.keys())
def test_it_answers(engine: Engine, options: tuple[str, ...]) -> None:
    ended = engine.run("--version", options=options)
    assert ended.code == 0, ended
    assert ended.out.startswith("shipline, version ")
    assert ended.err == ""


def test_it_has_what_gitlab_and_jenkins_start_it_with(engine: Engine) -> None:
    ended = engine.run("-c", "command -v cat && command -v shipline", options=("--entrypoint", "sh"))
    assert ended.code == 0, ended


@pytest.mark.parametrize("module", ["pip", "setuptools", "hatchling", "shipline_sandbox"])
def test_it_carries_nothing_to_build_or_try_out_with(engine: Engine, module: str) -> None:
    for python in ("python", "/opt/shipline/bin/python"):
        ended = engine.run("-c", f"import {module}", options=("--entrypoint", python))
        assert f"No module named '{module}'" in ended.err


def test_no_bytecode_is_made_when_it_starts(engine: Engine) -> None:
    ended = engine.run(
        "-v", "-m", "shipline", "validate", "--help", options=("--entrypoint", "/opt/shipline/bin/python")
    )
    assert ended.code == 0, ended
    assert "# wrote" not in ended.err


def test_it_adds_at_most_25_mb_to_its_base(engine: Engine) -> None:
    assert engine.size(engine.image) - engine.size(STAND_IN) <= 25_000_000


@pytest.mark.parametrize("options", STARTS.values(), ids=STARTS.keys())
def test_it_reads_the_commits_of_a_workspace_that_belongs_to_somebody_else(
    engine: Engine, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """With nothing of git's but the one file that the image carries."""
    config = "release: {version: 1.0.0, notes: {from: commits}}\n"
    (tmp_path / "shipline.yml").write_text(
        f"{config}v3: {{url: https://api.example.com, product-id: p, platforms: [linux]}}\n"
    )
    commit(tmp_path)
    tmp_path.chmod(0o755)
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 1234, 1235)
    mount = ("--volume", f"{tmp_path}:/work:ro", "--workdir", "/work", "--env", "GIT_EXEC_PATH=/nowhere")
    ended = engine.run("validate", options=(*options, *mount))
    assert ended.code == 0, ended


def test_what_it_writes_belongs_to_the_workspaces_owner(engine: Engine, tmp_path: Path) -> None:
    with running(speed=60) as sandbox:
        files = user_project(sandbox)
        for name, content in files.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, 1234, 1235)
        keys = [part for name, value in KEYS.items() for part in ("--env", f"{name}={value}")]
        ended = engine.run("run", "--release-version", "1.4.0", options=("-v", f"{tmp_path}:/w", "-w", "/w", *keys))
    assert ended.code == 0, ended
    owners = {p.relative_to(tmp_path).as_posix(): (p.stat().st_uid, p.stat().st_gid) for p in tmp_path.rglob("*")}
    assert ".shipline/widget-1.4.0.json" in owners
    assert set(owners.values()) == {(1234, 1235)}
