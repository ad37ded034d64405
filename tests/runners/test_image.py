"""The image, as the CI systems start it."""

from __future__ import annotations

import gzip
import os
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING

import pytest

from runners.container import commit
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


@pytest.fixture(scope="module")
def contents(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the image as a registry gets it (image.tar), and with its files (root.tar)."""
    folder = tmp_path_factory.mktemp("image")
    engine.podman("save", "--output", str(folder / "image.tar"), engine.image)
    container = engine.podman("create", engine.image).strip()
    engine.podman("export", "--output", str(folder / "root.tar"), container)
    engine.podman("rm", container)
    return folder


@pytest.mark.parametrize("options", STARTS.values(), ids=STARTS.keys())
def test_it_answers(engine: Engine, options: tuple[str, ...]) -> None:
    ended = engine.run("--version", options=options)
    assert ended.code == 0, ended
    assert ended.out.startswith("shipline, version ")
    assert ended.err == ""


def test_it_has_what_gitlab_and_jenkins_start_it_with(engine: Engine) -> None:
    script = "command -v shipline && echo ok | cat && nohup true && ps -o pid,args && sleep 0"
    ended = engine.run("-c", script, options=("--entrypoint", "sh"))
    assert ended.code == 0, ended


@pytest.mark.parametrize("module", ["pip", "setuptools", "hatchling"])
def test_it_carries_nothing_to_build_with(engine: Engine, module: str) -> None:
    for python in ("python", "/opt/shipline/bin/python"):
        ended = engine.run("-c", f"import {module}", options=("--entrypoint", python))
        assert f"No module named '{module}'" in ended.err


def test_no_bytecode_is_made_when_it_starts(engine: Engine) -> None:
    ended = engine.run(
        "-v", "-m", "shipline", "validate", "--help", options=("--entrypoint", "/opt/shipline/bin/python")
    )
    assert ended.code == 0, ended
    assert "# wrote" not in ended.err


def test_its_layers_take_at_most_28_mb_compressed(contents: Path) -> None:
    assert len(gzip.compress((contents / "image.tar").read_bytes(), 6)) <= 28_000_000


def test_only_root_can_write_its_files_and_none_runs_as_its_owner(contents: Path) -> None:
    with tarfile.open(contents / "root.tar") as files:
        members = [member for member in files if not member.issym()]
    assert {member.name for member in members if member.mode & 0o022} == {"tmp"}
    assert {member.name for member in members if member.mode & 0o6000 or member.uid or member.gid} == set()


def test_it_lists_the_debian_packages_that_it_has_files_of(contents: Path) -> None:
    with tarfile.open(contents / "root.tar") as files:
        listed = {name.rpartition("/")[2] for name in files.getnames() if name.startswith("var/lib/dpkg/status.d/")}
    assert {"base-files", "busybox-static", "ca-certificates", "git", "libc6", "libssl3"} <= listed
    assert {"apt", "bash", "dpkg", "perl-base"} & listed == set()


def test_it_rehearses_a_release_without_a_network(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "shipline.yml").write_text(
        "release: {version: 1.4.0, notes: {text: Hums}}\n"
        "buildmaster: {url: https://buildmaster.widget.test, application: Own, pipeline: Own, stages: [One]}\n"
        "centercode: {url: https://company.centercode.com, project: Own, release-type: Own}\n"
    )
    mount = ("--network", "none", "--volume", f"{tmp_path}:/work:ro", "--workdir", "/work")
    ended = engine.run("rehearse", options=mount)
    assert ended.code == 0, ended
    assert "The second run sent 0 requests" in ended.out


@pytest.mark.parametrize("options", STARTS.values(), ids=STARTS.keys())
def test_it_reads_the_commits_of_a_workspace_that_belongs_to_somebody_else(
    engine: Engine, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """With nothing of git's but the one file that the image carries."""
    config = "release: {version: 1.0.0, notes: {from: commits, first: true}}\n"
    (tmp_path / "shipline.yml").write_text(
        f"{config}v3: {{url: https://api.widget.test, product-id: p, platforms: [linux]}}\n"
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


def test_it_imports_nothing_of_the_workspace(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in ("json", "requests", "yaml", "shipline", "sitecustomize"):
        for folder in (tmp_path, tmp_path / "elsewhere"):
            (folder / f"{name}.py").write_text("raise SystemExit(99)\n")
    mount = ("--volume", f"{tmp_path}:/work:ro", "--workdir", "/work", "--env", "PYTHONPATH=/work/elsewhere:/work")
    for command in (("--entrypoint", "shipline"), ()):
        ended = engine.run("validate", options=(*mount, *command))
        assert ended.code == 2, ended
        assert "shipline.yml" in ended.out + ended.err


@pytest.mark.parametrize("milliseconds", [0, 25, 75, 200])
def test_it_loses_no_signal_that_arrives_while_it_starts(engine: Engine, milliseconds: int) -> None:
    """It would wait for its config on standard input, which never comes."""
    command = ["run", "--config", "-"]
    name = f"shipline-early-{milliseconds}"
    started = ["podman", "run", "--rm", "--interactive", "--name", name, engine.image, *command]
    with subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while engine.podman("ps", "--quiet", "--filter", f"name={name}", "--filter", "status=running") == "":
            assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(milliseconds / 1000)
        engine.podman("kill", "--signal", "TERM", name)
        assert process.wait(60) == 128 + 15
