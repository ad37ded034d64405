"""The shared journal's repository that only git reaches: a path, and ssh; with a hostile configuration of the user."""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipline.errors import NotAuthorisedError, RefusedError, UnavailableError
from shipline.journal import entries
from shipline.journal.command_remote import CommandRemote
from shipline.journal.lease import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "refs/shipline/widget/"
REF = FOLDER + "1.4.0"
HOSTILE = {
    "push.gpgSign": "true",
    "push.pushOption": "ci.skip",
    "push.recurseSubmodules": "only",
    "push.followTags": "true",
    "push.default": "nothing",
    "commit.gpgSign": "true",
    "core.bare": "false",
    "color.ui": "always",
    "color.push": "always",
    "log.showSignature": "true",
    "i18n.logOutputEncoding": "latin1",
    "fetch.fsckObjects": "true",
    "fetch.prune": "true",
    "transfer.fsckObjects": "true",
    "core.logAllRefUpdates": "always",
    "init.defaultBranch": "not..a branch",
    "safe.bareRepository": "explicit",
    "alias.push": "!false",
    "remote.origin.promisor": "true",
    "remote.origin.partialclonefilter": "blob:none",
    "core.fsmonitor": "true",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own configuration, which no test sees."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return path


def bare(path: Path, form: str = "sha1") -> Path:
    subprocess.run(["git", "init", "-q", "--bare", f"--object-format={form}", path], check=True)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = tmp_path / "checkout"
    subprocess.run(["git", "init", "-q", path], check=True)
    return path


def journal(address: str, checkout: Path, retry_for: float = 3) -> Journal:
    remote = CommandRemote(address, checkout, retry_for)
    return Journal(remote, FOLDER, "1.4.0", "run 1", lease=60, retry_for=retry_for)


def refs(path: Path) -> list[str]:
    listed = subprocess.run(["git", "-C", path, "for-each-ref", "--format=%(refname)"], check=True, capture_output=True)
    return listed.stdout.decode().split()


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def through(held: Journal, again: Journal) -> None:
    """Write, read and remove, as runs and people do."""
    assert held.take(1, print) == ""
    held.note('{"ä": "é"}\n')
    held.write("Send a request")
    held.release()
    assert again.take(1, print) == '{"ä": "é"}\n'
    again.release()
    assert entries.releases(again.remote, again.folder) == ["1.4.0"]
    assert entries.probe(again.remote, again.folder) == ""


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_a_path(tmp_path: Path, checkout: Path, form: str) -> None:
    path = bare(tmp_path / "server.git", form)
    through(journal(str(path), checkout), journal(f"file://{path}", checkout))
    assert refs(path) == [REF]


def test_no_setting_of_the_user_takes_part_and_the_checkout_stays_as_it_is(
    tmp_path: Path, checkout: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bare(tmp_path / "server.git")
    for name in ("user/pre-push", "checkout/pre-push", "checkout/reference-transaction"):
        hook = tmp_path / "hooks" / name
        hook.parent.mkdir(parents=True, exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
    for name, value in {**HOSTILE, "core.hooksPath": str(tmp_path / "hooks/user")}.items():
        subprocess.run(["git", "config", "--file", home / ".gitconfig", name, value], check=True)
    for name in ("push.recurseSubmodules", "push.pushOption", "core.hooksPath", "core.worktree"):
        value = {"core.hooksPath": str(tmp_path / "hooks/checkout"), "core.worktree": str(checkout)}.get(name, "only")
        subprocess.run(["git", "config", "--file", checkout / ".git/config", name, value], check=True)
    for name, value in {
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "GIT_CONFIG_COUNT": "many",
        "GIT_PUSH_OPTION_COUNT": "1",
        "GIT_PUSH_OPTION_0": "ci.skip",
        "GIT_TRACE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    before = content(checkout)
    through(journal(str(path), checkout), journal(str(path), checkout))
    assert content(checkout) == before
    assert not (tmp_path / "ran").exists()
    monkeypatch.undo()
    assert refs(path) == [REF]


def test_a_hook_of_the_server_that_declines_is_exit_3(tmp_path: Path, checkout: Path) -> None:
    path = bare(tmp_path / "server.git")
    (path / "hooks").mkdir(exist_ok=True)
    (path / "hooks/pre-receive").write_text("#!/bin/sh\necho 'not you' >&2; exit 1\n")
    (path / "hooks/pre-receive").chmod(0o755)
    with pytest.raises(NotAuthorisedError, match="not you"):
        journal(str(path), checkout).take(1, print)


def test_a_path_without_a_repository_is_refused_at_once(tmp_path: Path, checkout: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(RefusedError, match=r"set journal\.remote"):
        journal(str(tmp_path / "nowhere.git"), checkout, 60).take(1, print)
    assert time.monotonic() - begun < 10


def test_of_two_runs_one_holds_it(tmp_path: Path, checkout: Path) -> None:
    path = bare(tmp_path / "server.git")
    first, second = (journal(str(path), checkout) for _ in range(2))
    first.take(1, print)
    second.remote.refs(FOLDER)
    second._head = "0" * 40
    assert not second._push("Take the journal", held=True)
    second._head = ""
    first.write("Send a request")


def test_a_push_that_was_applied_and_not_reported_is_settled(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bare(tmp_path / "server.git")
    held = journal(str(path), checkout)
    held.take(1, print)
    (path / "hooks").mkdir(exist_ok=True)
    (path / "hooks/post-receive").write_text("#!/bin/sh\nkill -9 $PPID\n")  # the connection ends without a report
    (path / "hooks/post-receive").chmod(0o755)
    held.write("Send a request")
    look = journal(str(path), checkout).read()
    assert look
    assert look.commit_id == held._head


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a repository behind a real ssh server."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not (sshd and shutil.which("ssh")):
        pytest.skip("needs openssh-server and openssh-client")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": str(folder / "host"),
        "AuthorizedKeysFile": str(folder / "authorized"),
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
        "PasswordAuthentication": "no",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    server = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "config"], stderr=subprocess.DEVNULL)
    known = (folder / "host.pub").read_text().rsplit(" ", 1)[0]
    (folder / "known").write_text(f"[127.0.0.1]:{port} {known}\n")
    command = f"ssh -F none -i {folder}/user -o IdentitiesOnly=yes -o UserKnownHostsFile={folder}/known"
    monkeypatch.setenv("GIT_SSH_COMMAND", command)
    path = bare(tmp_path / "server.git")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}{path}"
    server.terminate()
    server.wait(10)


def test_ssh(ssh: str, checkout: Path) -> None:
    through(journal(ssh, checkout, 10), journal(ssh, checkout, 10))


def test_a_key_that_the_server_does_not_accept_is_exit_3(
    ssh: str, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ssh/authorized").write_text("")
    with pytest.raises(NotAuthorisedError, match="Permission denied"):
        journal(ssh, checkout).take(1, print)
    monkeypatch.setenv("GIT_SSH_COMMAND", os.environ["GIT_SSH_COMMAND"].replace("/known", "/unknown"))
    with pytest.raises(RefusedError, match="Host key verification failed"):
        journal(ssh, checkout).take(1, print)


def test_a_server_that_is_down_is_tried_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "sh -c 'echo connect: Connection refused >&2; exit 255' --")
    with pytest.raises(UnavailableError, match="Connection refused"):
        journal("ssh://git@127.0.0.1/x.git", checkout, 1).take(1, print)
