"""Who holds the journal of a release, on a git server that a few lines stand for."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from shipline.cancellation import cancel_token
from shipline.errors import CanceledError, RefusedError, TimedOutError, UnavailableError
from shipline.journal import lease, objects
from shipline.journal.lease import Journal
from shipline.journal.remote import Pushed
from shipline.run.shared_journal import ref_part

FOLDER = "refs/shipline/widget/"
REF = FOLDER + "1.4.0"
Fate = Callable[["Server", Callable[[], bool]], Pushed | None]


class Server:
    """Compares and swaps; ``fates`` are those of the next pushes, each of which gets what would apply it."""

    address, hurried = "server", False
    form: objects.ObjectFormat = "sha1"

    def __init__(self) -> None:
        self.heads: dict[str, str] = {}
        self.commits: dict[str, objects.Commit] = {}
        self.fates: list[Fate] = []
        self.log: list[str] = []
        self.read_fails = 0

    def refs(self, prefix: str) -> dict[str, str]:
        return {name: head for name, head in self.heads.items() if name.startswith(prefix)}

    def read(self, ref: str, commit_id: str) -> objects.Commit:
        del ref
        if self.read_fails:
            self.read_fails -= 1
            raise UnavailableError("it has moved")
        return self.commits[commit_id]

    def push(self, ref: str, old: str, new: str, pack: bytes) -> Pushed:
        self.commits[new] = objects.read_commit(pack, new, self.form)
        self.log.append(self.commits[new].message.partition("\n")[0])

        def apply() -> bool:
            if self.heads.get(ref, objects.null_id(self.form)) != old:
                return False
            self.heads[ref] = new
            return True

        fate = self.fates.pop(0) if self.fates else None
        done = fate(self, apply) if fate else None
        if done is not None:
            return done
        written = apply()
        return Pushed(written, "" if written else "failed to update ref")


def lost(server: Server, apply: Callable[[], bool]) -> Pushed:
    del server
    apply()
    return Pushed(written=False)


def cut(server: Server, apply: Callable[[], bool]) -> Pushed:
    del server, apply
    return Pushed(written=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(lease, "_RETRY_S", 0.01)
    return Server()


def journal(server: Server, run: str = "run 1", seconds: float = 60, retry_for: float = 0.5) -> Journal:
    return Journal(server, FOLDER, "1.4.0", run, lease=seconds, retry_for=retry_for)


def entry(server: Server) -> dict[str, object]:
    found: dict[str, object] = json.loads(server.commits[server.heads[REF]].message.partition("\n\n")[2])
    return found


def test_equal_writes_in_the_same_second_are_different_commits(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease.time, "time", lambda: 1_800_000_000.0)
    first, second = (journal(server) for _ in range(2))
    for each in (first, second):
        each._head = objects.null_id("sha1")
    assert first._push("Take the journal", held=True)
    assert not second._push("Take the journal", held=True)


def test_an_overtaken_run_ends_before_its_next_request(server: Server) -> None:
    first, second = journal(server, seconds=0.2), journal(server, "run 2")
    first.take(1, print)
    second.take(5, print)
    with pytest.raises(RefusedError, match="run 2") as raised:
        first.write("Send a request")
    assert raised.value.exit_code == 4
    with pytest.raises(RefusedError):
        first.write("Send another")
    second.write("Send a request")
    first.release()  # it has nothing to give back
    assert entry(server)["run"] == "run 2"


def test_a_run_that_writes_is_waited_for(server: Server) -> None:
    told: list[str] = []
    first, second = journal(server, seconds=1), journal(server, "run 2")
    first.take(1, print)
    with first.renewed(), pytest.raises(TimedOutError, match="run 1"):
        second.take(3, told.append)
    assert told[0] == "waiting for another run of this release to end: run 1"
    assert "Renew the lease" in server.log


def test_the_silence_is_what_this_run_has_seen_itself(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is an hour old by its own date says nothing: clocks differ."""
    monkeypatch.setattr(lease.time, "time", lambda: 1.0)
    journal(server, seconds=0.6).take(1, print)
    begun = time.monotonic()
    journal(server, "run 2").take(5, print)
    assert time.monotonic() - begun >= 0.6


def test_a_lost_response_is_settled_by_reading(server: Server) -> None:
    server.fates = [lost]
    held = journal(server)
    assert held.take(1, print) == ""
    server.fates = [lost]
    held.write("Send a request")
    server.fates = [lost]
    held.release()
    assert server.log == ["Take the journal", "Send a request", "Give the journal back"]
    assert entry(server)["held"] is False


def test_the_same_commit_is_pushed_again(server: Server) -> None:
    held = journal(server)
    held.take(1, print)
    server.fates = [cut, cut]
    held.write("Send a request")
    assert server.log.count("Send a request") == 3
    assert sum(c.message.startswith("Send a request") for c in server.commits.values()) == 1


def test_the_lease_counts_from_the_first_try(server: Server) -> None:
    """What another run saw is when the first copy arrived, not when the second was sent."""
    held = journal(server, seconds=60, retry_for=5)
    held.take(1, print)

    def late(_: Server, apply: Callable[[], bool]) -> Pushed:
        server.fates = [lambda _server, _apply: (time.sleep(0.3), apply(), None)[-1]]
        return Pushed(written=False)

    server.fates = [late]
    begun = time.monotonic()
    held.write("Send a request")
    assert held.send_by < begun + 30.2


def test_a_slow_write_is_renewed_before_the_request(server: Server) -> None:
    held = journal(server, seconds=1)
    held.take(1, print)

    def slow(_: Server, apply: Callable[[], bool]) -> Pushed:
        time.sleep(0.4)
        return Pushed(apply())

    server.fates = [slow]
    held.write("Send a request")
    assert server.log.count("Send a request") == 2
    assert held.send_by > time.monotonic()
    server.fates = [slow, slow, slow]
    with pytest.raises(UnavailableError, match=r"journal\.lease"):
        held.write("Send a request")


def test_a_late_copy_of_a_given_up_write_does_not_confuse_the_release(server: Server) -> None:
    held = journal(server, retry_for=0.1)
    held.take(1, print)
    copies: list[Callable[[], bool]] = []

    def under_way(_: Server, apply: Callable[[], bool]) -> Pushed:
        copies.append(apply)
        return Pushed(written=False)

    server.fates = [under_way] * 1000
    with pytest.raises(UnavailableError):
        held.write("Send a request")
    server.fates = [lambda _server, _apply: (copies[0](), None)[-1]]
    held.release()
    assert entry(server)["held"] is False
    assert not any(apply() for apply in copies)


def test_a_journal_that_could_not_be_taken_is_withdrawn(server: Server) -> None:
    copies: list[Callable[[], bool]] = []

    def under_way(_: Server, apply: Callable[[], bool]) -> Pushed:
        copies.append(apply)
        return Pushed(written=False)

    tries = 0

    def later(_: Server, apply: Callable[[], bool]) -> Pushed | None:
        nonlocal tries
        tries += 1
        return under_way(server, apply) if "Give" not in server.log[-1] else None

    server.fates = [later] * 1000
    with pytest.raises(UnavailableError):
        journal(server, retry_for=0.1).take(1, print)
    assert tries
    assert not any(apply() for apply in copies)
    assert entry(server)["held"] is False


def test_a_write_that_moves_while_it_is_read_is_looked_up_again(server: Server) -> None:
    first = journal(server)
    first.take(1, print)
    second = journal(server, "run 2")
    real = server.read

    def moving(ref: str, commit_id: str) -> objects.Commit:
        server.read = real  # type: ignore[method-assign]
        first.release()
        return Server.read(moved, ref, commit_id)

    moved = Server()
    moved.read_fails = 1
    server.read = moving  # type: ignore[method-assign]
    assert second.take(1, print) == ""


def test_a_cancel_gives_the_journal_back_in_seconds(server: Server) -> None:
    held = journal(server)
    held.take(1, print)
    with held.renewed():
        cancel_token.defer()
        cancel_token.cancel(15)
        try:
            begun = time.monotonic()
            with pytest.raises(CanceledError):
                cancel_token.sleep(60)
            held.release()
        finally:
            cancel_token.reset()
    assert time.monotonic() - begun < 1
    assert entry(server)["held"] is False


def unavailable(server: Server, apply: Callable[[], bool]) -> Pushed:
    del server, apply
    raise UnavailableError("no connection")


def test_the_last_write_is_tried_again_while_the_server_is_unavailable(server: Server) -> None:
    held = journal(server)
    held.take(1, print)
    server.fates = [unavailable, unavailable]
    held.release()
    assert server.log.count("Give the journal back") == 3
    assert entry(server)["held"] is False
    held = journal(server, retry_for=0.1)
    held.take(1, print)
    server.fates = [unavailable] * 1000
    with pytest.raises(UnavailableError, match="no connection"):
        held.release()


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_cancel_does_not_end_the_tries_of_the_last_write(server: Server, when: str) -> None:
    held = journal(server, retry_for=60)
    held.take(1, print)

    def canceling(_: Server, apply: Callable[[], bool]) -> Pushed:
        del apply
        cancel_token.cancel(15)
        return Pushed(written=False)

    cancel_token.defer()
    try:
        if when == "before":
            cancel_token.cancel(15)
            server.fates = [cut, unavailable]
        else:
            server.fates = [canceling, cut]
        held.release()
    finally:
        cancel_token.reset()
    assert entry(server)["held"] is False


def test_a_wait_ends_with_a_cancel(server: Server) -> None:
    journal(server).take(1, print)
    threading.Timer(0.3, cancel_token.cancel, [15]).start()
    cancel_token.defer()
    begun = time.monotonic()
    try:
        with pytest.raises(CanceledError):
            journal(server, "run 2").take(60, print)
    finally:
        cancel_token.reset()
    assert time.monotonic() - begun < 2
    assert entry(server)["run"] == "run 1"


@pytest.mark.parametrize(
    ("others", "proves"),
    [([], False), (["1.3.0"], True), (["1.5.0"], False), (["1.3.0", "1.5.0"], False), (["probe-1"], False)],
)
def test_only_a_journal_of_older_releases_shows_that_this_one_was_never_begun(
    server: Server, others: list[str], *, proves: bool
) -> None:
    server.heads = {FOLDER + name: "1" * 40 for name in others}
    held = journal(server)
    held.read()
    assert held.newest is proves


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("1.4.0+build.1", "1.4.0+build.1"),
        ("1..2", "1-.2"),
        ("widget.lock", "widget-lock"),
        (".widget.", "-widget-"),
        ("a@{b", "a--b"),
        ("Ä b~^:?*[\\c", "--b-------c"),
        ("...", "---"),
    ],
)
def test_names_become_one_part_of_a_ref(name: str, part: str) -> None:
    assert ref_part(name) == part
    subprocess.run(["git", "check-ref-format", f"refs/shipline/{part}"], check=True)
