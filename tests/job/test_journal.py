"""The shared journal on a real git server: runs without each other's workspace act as one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from git_server import TOKEN, GitServer
from job import runners
from job.situations import announced, github, stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Project

ROOT = Path(__file__).parents[2]
REF = "refs/shipline/widget/1.4.0"


@pytest.fixture
def server(tmp_path: Path, project: Project) -> Iterator[GitServer]:
    """The git server; a slow machine doesn't renew the lease."""
    with runners.journal(project, tmp_path / "git", lease="1m") as served:
        yield served


def forget(project: Project) -> None:
    """What another runner has: no receipt."""
    shutil.rmtree(project.path / ".shipline")


def test_another_runner_knows_what_was_done(project: Project, server: GitServer) -> None:
    assert project.shipline("run", **github(project, 1)).code == 0
    forget(project)
    again = project.shipline("run", **github(project, 2))
    assert again.code == 0, again.text
    assert announced(project) == 1
    assert server.refs().keys() == {REF}
    assert TOKEN not in again.text.replace(f"::add-mask::{TOKEN}\n", "")


def test_each_request_is_recorded_before_it_is_sent(project: Project, server: GitServer) -> None:
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    sent = len([r for r in project.changes() if r["status"] < 300])
    assert server.pushes() == sent + 2  # to take the journal, and at the end


@pytest.mark.parametrize("receipt", ["kept", "lost"])
def test_the_receipt_on_the_runner_shows_what_the_last_write_did_not(
    project: Project, tmp_path: Path, receipt: str
) -> None:
    """Centercode accepts the announcement, and the server no longer accepts what comes after it."""
    own, order = project.path / "own.json", ("run", "--receipt", "own.json")
    project.without("buildmaster", "v3")
    with runners.journal(project, tmp_path / "git", lease="2s") as server:
        server.before = lambda request: 403 if "receive-pack" in request["PATH_INFO"] and announced(project) else None
        first = project.shipline(*order)
        assert first.code == 0, first.text
        assert "Shipline couldn't release the journal" in first.text
        server.before = lambda _: None
        if receipt == "lost":
            own.unlink()
        again = project.shipline(*order)
        assert again.code == (0 if receipt == "kept" else 8), again.text
        assert announced(project) == 1


def test_a_receipt_of_another_product_is_not_replaced(project: Project, server: GitServer) -> None:
    own, order = project.path / "own.json", ("run", "--receipt", "own.json")
    assert project.shipline(*order).code == 0
    theirs = own.read_text().replace('"name": "widget"', '"name": "widget!"')
    own.write_text(theirs)
    ended = project.shipline(*order)
    assert ended.code == 2
    assert "(widget!): set the input receipt (--receipt) to another path" in ended.err
    assert own.read_text() == theirs


def test_a_second_run_waits_for_the_first(project: Project, server: GitServer) -> None:
    first = project.start("run", **github(project, 1))
    while not server.pushes():
        time.sleep(0.05)
    second = project.start("run", "--receipt", "elsewhere.json", **github(project, 1, "71"))
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, out + err
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, out + err
    assert announced(project) == 1
    assert project.operations().count("deploy-build") == 2


def test_the_journal_shows_a_receipt_without_a_key(project: Project, server: GitServer) -> None:
    assert project.shipline("run").code == 0
    command = ["git", "-C", server.folder / "widget.git", "show", f"{REF}:receipt.json"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(text)["result"] == "succeeded"
    assert json.loads(text) == project.receipt()


def test_no_permission_ends_the_run_before_anything_is_sent(project: Project, server: GitServer) -> None:
    ended = project.shipline("run", SHIPLINE_JOURNAL_TOKEN="another-token")
    assert ended.code == 3
    assert "contents: write" in ended.text
    assert project.operations() == []


def of_ci(system: str, address: str) -> dict[str, str]:
    """What a CI system with this git server gives to its jobs."""
    if system == "github":
        return {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": address, "GITHUB_TOKEN": TOKEN}
    return {"GITLAB_CI": "true", "CI_SERVER_URL": address, "CI_JOB_TOKEN": TOKEN}


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_without_another_the_ci_system_s_own_token_is_used_and_not_shown(
    project: Project, server: GitServer, system: str
) -> None:
    del project.environ["SHIPLINE_JOURNAL_TOKEN"]
    ended = project.shipline("run", "--verbose", **of_ci(system, server.url))
    assert ended.code == 0, ended.text
    assert server.refs().keys() == {REF}
    assert TOKEN not in "\n".join(line for line in ended.text.splitlines() if not line.startswith("::add-mask::"))
    assert system == "gitlab" or f"::add-mask::{TOKEN}\n" in ended.text


@pytest.mark.parametrize("system", ["github", "gitlab"])
@pytest.mark.parametrize("address", ["https://git.example.com", "http://127.0.0.1:1", "http://127.0.0.1"])
def test_the_ci_system_s_token_goes_to_its_own_server_alone(
    project: Project, server: GitServer, system: str, address: str
) -> None:
    del project.environ["SHIPLINE_JOURNAL_TOKEN"]
    ended = project.shipline("run", **of_ci(system, address))
    assert ended.code == 3, ended.text
    assert {status for _, _, status in server.requests} == {401}
    assert project.operations() == []


def test_the_commands_show_list_and_prune_it(project: Project, server: GitServer) -> None:
    assert "no records yet" in project.shipline("journal", "show").out
    assert project.shipline("run").code == 0
    assert '"result": "succeeded"' in project.shipline("journal", "show", "1.4.0").out
    assert project.shipline("journal", "list").out.splitlines()[-1] == "1.4.0"
    pruned = project.shipline("journal", "prune", "--keep", "0")
    assert pruned.out.splitlines()[-1] == "0 releases removed"  # none of the last 30 days
    assert server.refs().keys() == {REF}


def test_doctor_tries_it_and_leaves_nothing_behind(project: Project, server: GitServer) -> None:
    ended = project.shipline("doctor")
    assert "refuses overtaken writes" in ended.out, ended.text
    assert server.refs() == {}


def test_an_older_version_is_not_announced_after_one_that_the_journal_has_recorded(
    project: Project, server: GitServer
) -> None:
    project.without("buildmaster", "v3")
    notes = ("--release-notes-text", "x")
    assert project.shipline("run", "--release-version", "1.5.0", *notes).code == 0
    older = project.shipline("run", "--release-version", "1.4.0", *notes)
    assert older.code == 5, older.text
    assert "1.5.0 is newer than 1.4.0, and already announced: the journal has recorded it" in older.err
    allowed = project.shipline("run", "--release-version", "1.4.0", *notes, "--release-if-older", "announce")
    assert allowed.code == 0, allowed.text


def test_an_attempt_that_died_before_it_sent_anything_has_announced_nothing(
    project: Project, server: GitServer
) -> None:
    project.without("buildmaster", "v3")
    first = project.start("run", **github(project, 1))
    while not server.pushes():
        time.sleep(0.01)
    first.kill()
    first.communicate()
    assert announced(project) == 0
    again = project.shipline("run", "--receipt", "elsewhere.json", **github(project, 2))
    assert again.code == 0, again.text
    assert announced(project) == 1


@pytest.mark.processes
def test_a_cancel_gives_the_journal_back(project: Project, server: GitServer) -> None:
    stages(project, executing_seconds=1e9)
    run = project.start("run", **github(project, 1))
    while "deploy-build" not in project.operations():
        time.sleep(0.05)
    begun = time.monotonic()
    ended = project.cancel(run)
    assert (ended.code, time.monotonic() - begun < 3) == (143, True), ended.text
    assert "written by" in project.shipline("journal", "show", "1.4.0").out


def test_a_run_that_waits_for_another_can_be_canceled(project: Project, server: GitServer) -> None:
    stages(project, executing_seconds=1e9)
    first = project.start("run", **github(project, 1))
    while "deploy-build" not in project.operations():
        time.sleep(0.05)
    second = project.start("run", "--receipt", "elsewhere.json", **github(project, 1, "71"))
    assert second.stdout
    while "waiting for another run" not in second.stdout.readline():
        pass
    begun = time.monotonic()
    assert project.cancel(second).code == 143
    assert time.monotonic() - begun < 3
    assert "held by" in project.shipline("journal", "show", "1.4.0").out
    project.cancel(first)


def test_the_commands_of_its_page_work(project: Project, server: GitServer) -> None:
    """docs/how-to/shared-journal.md: with its config (the fixture's), each command ends well."""
    page = (ROOT / "docs/how-to/shared-journal.md").read_text(encoding="utf-8")
    commands = re.findall(r"^shipline (journal [^#\n]+)", page, re.MULTILINE)
    assert len(commands) == 3
    assert project.shipline("run").code == 0
    for command in commands:
        ended = project.shipline(*command.split())
        assert ended.code == 0, ended.text
