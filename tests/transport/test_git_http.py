"""The shared journal's repository behind http(s): real git servers, and those that respond with something else."""

from __future__ import annotations

import base64
import secrets
import stat
import time
from typing import TYPE_CHECKING

import pytest

from git_server import TOKEN, GitServer
from http_server import HttpServer, Reply
from shipline.errors import NotAuthorisedError, RefusedError, ShiplineError, UnavailableError
from shipline.journal import entries, objects
from shipline.journal.http_remote import HttpRemote
from shipline.journal.lease import Journal
from shipline.redaction import Secret
from shipline.transport.messages import Credential
from shipline.transport.settings import Network

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "refs/shipline/widget/"
REF = FOLDER + "1.4.0"


def remote(url: str, token: str = TOKEN, network: Network | None = None) -> HttpRemote:
    secret = Secret(base64.b64encode(f"x:{token}".encode()).decode(), "SHIPLINE_JOURNAL_TOKEN")
    credential = Credential(secret, "header", "Authorization", "Basic ")
    return HttpRemote(url, network or Network(retry_for=0.5), credential)


def journal(url: str, lease: float = 60, folder: str = FOLDER) -> Journal:
    return Journal(remote(url), folder, "1.4.0", f"run {secrets.token_hex(2)}", lease=lease, retry_for=3)


@pytest.fixture(params=[True, False], ids=["v2", "v0"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[GitServer]:
    with GitServer(tmp_path, version_2=request.param) as served:
        yield served


def hook(server: GitServer, name: str, text: str, repository: str = "widget.git") -> None:
    path = server.folder / repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_a_receipt_is_written_and_read_back(server: GitServer, form: str) -> None:
    url = server.create(form=form)
    first = journal(url)
    assert first.take(1, print) == ""
    first.note('{"ä": 1}\n')
    first.write("Send a request")
    first.release()
    second = journal(url)
    assert second.take(1, print) == '{"ä": 1}\n'
    assert server.refs() == {REF: second._head}
    unknown = form == "sha256" and not server._version_2  # an empty repository doesn't report its format
    assert server.pushes() == 4 + unknown


@pytest.mark.parametrize("setting", ["receive.denyNonFastForwards", "receive.fsckObjects", "core.logAllRefUpdates"])
def test_strict_repositories_accept_it(server: GitServer, setting: str) -> None:
    held = journal(server.create(**{setting: "true"}))
    held.take(1, print)
    held.write("Send a request")
    held.release()
    assert entries.probe(held.remote, held.folder) == ""
    assert server.refs().keys() == {REF}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_no_access_is_exit_3(server: GitServer, status: int) -> None:
    url = server.create()
    server.before = lambda _: status
    with pytest.raises(NotAuthorisedError, match=str(status)):
        journal(url).take(1, print)


@pytest.mark.parametrize(("status", "error"), [(500, UnavailableError), (503, UnavailableError), (410, RefusedError)])
def test_a_server_that_fails_is_unavailable(server: GitServer, status: int, error: type[ShiplineError]) -> None:
    url = server.create()
    server.before = lambda _: status
    with pytest.raises(error, match=str(status)):
        journal(url).take(1, print)


def test_reading_without_writing_is_exit_3_with_the_permission(server: GitServer) -> None:
    url = server.create()
    server.before = lambda environ: 403 if "receive-pack" in environ["PATH_INFO"] else None
    with pytest.raises(NotAuthorisedError, match=r"contents: write.*set journal.ref to refs/heads/shipline"):
        journal(url).take(1, print)
    assert server.refs() == {}


def test_the_words_of_a_hook_are_reported_at_once(server: GitServer) -> None:
    url = server.create()
    hook(server, "pre-receive", "echo 'You are not allowed to push' >&2; exit 1")
    begun = time.monotonic()
    with pytest.raises(NotAuthorisedError, match="declined: You are not allowed to push"):
        journal(url).take(1, print)
    assert time.monotonic() - begun < 2


def test_hidden_refs_are_exit_3(server: GitServer) -> None:
    url = server.create(**{"receive.hideRefs": "refs/shipline"})
    with pytest.raises(NotAuthorisedError, match="hidden ref"):
        journal(url).take(1, print)


def test_a_branch_is_accepted_where_other_refs_are_not(server: GitServer) -> None:
    url = server.create()
    hook(server, "update", 'case "$1" in refs/heads/*) ;; *) echo "branches and tags only" >&2; exit 1;; esac')
    with pytest.raises(NotAuthorisedError, match=r"branches and tags only.*set journal.ref to refs/heads/shipline"):
        journal(url).take(1, print)
    held = journal(url, folder="refs/heads/shipline/widget/")
    held.take(1, print)
    held.release()
    assert server.refs().keys() == {"refs/heads/shipline/widget/1.4.0"}


def test_a_ref_in_the_way_is_named(server: GitServer) -> None:
    url = server.create()
    other = journal(url, folder="refs/shipline/")
    other.take(1, print)
    with pytest.raises(NotAuthorisedError, match=r"the ref refs/shipline/1.4.0 is in the way"):
        journal(url, folder="refs/shipline/1.4.0/").take(1, print)


def test_a_lost_response_is_settled_by_reading(server: GitServer) -> None:
    url = server.create()
    held = journal(url)
    lost = []
    server.lose = lambda environ: "receive-pack" in environ["PATH_INFO"] and not lost and not lost.append(1)
    assert held.take(1, print) == ""
    lost.clear()
    held.write("Send a request")
    lost.clear()
    held.release()
    assert server.refs()[REF] == journal(url).read().commit_id  # type: ignore[union-attr]
    assert server.pushes() == 3


def test_a_push_that_never_arrived_is_sent_again(server: GitServer) -> None:
    url = server.create()
    held = journal(url)
    held.take(1, print)
    failed = []
    server.before = lambda environ: (
        500 if "receive-pack" in environ["PATH_INFO"] and not failed and not failed.append(1) else None
    )
    held.write("Send a request")
    assert server.refs()[REF] == held._head


def test_a_server_that_reports_what_it_did_not_do_is_noticed(server: GitServer) -> None:
    url = server.create()
    hook(server, "post-receive", f"git update-ref -d {REF}")
    with pytest.raises(RefusedError, match="had not"):
        journal(url).take(1, print)


def test_a_redirect_on_the_same_server_is_followed(server: GitServer) -> None:
    server.create()
    with HttpServer() as front:
        front.respond = lambda _: Reply(301, headers={"Location": f"{server.url}/widget.git/info/refs?service=x"})
        with pytest.raises(RefusedError, match=rf"redirects to {server.url}/widget.git"):
            journal(front.url + "/widget").take(1, print)
        assert server.requests == []
    with HttpServer(lambda r: Reply(301, headers={"Location": r.target.replace("widget/", "widget.git/")})) as front:
        asked = journal(front.url + "/widget")
        with pytest.raises(ShiplineError):
            asked.take(1, print)
        assert isinstance(asked.remote, HttpRemote)
        assert asked.remote.address == front.url + "/widget.git"


PAGE = "<!doctype html><title>Sign in</title>"
LIST = objects.packet(b"# service=git-upload-pack\n") + b"0000"


@pytest.mark.parametrize(
    "body",
    [PAGE, "", LIST, LIST + objects.packet(b"version 2\n"), LIST + objects.packet(b"ERR no\n") + b"0000", b"0003"],
    ids=["page", "nothing", "no list", "cut", "error", "no packet"],
)
def test_what_is_no_git_server_is_refused(body: str | bytes) -> None:
    data = body.encode() if isinstance(body, str) else body
    with (
        HttpServer(lambda _: Reply(200, data, {"Content-Type": "text/html"})) as server,
        pytest.raises(ShiplineError) as raised,
    ):
        journal(server.url + "/widget.git").take(1, print)
    assert raised.value.exit_code == (4 if body != LIST else 7)


def test_a_second_server_without_version_2_is_understood(tmp_path: Path) -> None:
    """A read-only request of version 2 that gets nothing isn't an empty journal."""
    with GitServer(tmp_path) as server:
        held = journal(server.create())
        held.take(1, print)
        server._version_2 = False
        with pytest.raises(UnavailableError):
            held.read()


def test_a_private_authority_is_trusted(tmp_path: Path, certified: tuple[ssl.SSLContext, str]) -> None:
    context, authority = certified
    with GitServer(tmp_path, ssl=context) as server:
        url = server.create()
        with pytest.raises(RefusedError, match="secure connection"):
            journal(url).take(1, print)
        network = Network(ca_bundle=authority, retry_for=1)
        held = Journal(remote(url, network=network), FOLDER, "1.4.0", "run", lease=60, retry_for=1)
        assert held.take(1, print) == ""


def test_a_wrong_token_is_exit_3(server: GitServer) -> None:
    url = server.create()
    with pytest.raises(NotAuthorisedError, match="401"):
        remote(url, "wrong").refs(FOLDER)
    with pytest.raises(NotAuthorisedError, match="no credentials"):
        HttpRemote(url, Network(retry_for=0.5), None).refs(FOLDER)
