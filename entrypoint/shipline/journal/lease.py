"""The journal of one release on a git server: one run holds it at a time, and only the holder can write.

Each write is a child of the one before, and the server refuses a write whose parent is no longer the ref's value. So a
run that was overtaken can't record its next request, and sends nothing that isn't recorded, whatever it believes about
the time. A run takes over when it has itself seen the ref unchanged for the holder's lease: clocks aren't compared.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from shipline.cancellation import cancel_token
from shipline.errors import CanceledError, ShiplineError, TimedOutError, UnavailableError
from shipline.journal import entries, objects
from shipline.journal.remote import Remote, no_repository, not_allowed, overtaken, unavailable
from shipline.values import human_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shipline.journal.entries import JournalEntry


_LOOK_AGAIN_S = 10.0
_RETRY_S = 1.0
_REFUSED_FOR_S = 5.0
_HURRIED_S = 3.0
_HURRIED_RETRY_S = 0.3
_FRESH_TRIES = 3
_SEND_WITHIN = 0.5  # of the lease, from the beginning of the write before a request
_RENEW_AFTER = 1 / 3  # of the lease


class Journal:
    """The journal of one release: the ref ``folder`` + ``name``. ``run`` describes this run; times are in seconds."""

    def __init__(self, remote: Remote, folder: str, name: str, run: str, *, lease: float, retry_for: float) -> None:
        self.ref = folder + name
        self.newest = False  # the journal has other releases of the product, and all of them are older than this one
        self.taken_before = False  # another run had taken it before this one
        self.folder = folder
        self._others: dict[str, str] = {}  # the ids of the product's other releases, by their names
        self._name = name
        self.remote = remote
        self._run = run
        self._lease = lease
        self._retry_for = retry_for
        self._lock = threading.RLock()
        self._head = ""  # the last write, while this run holds the journal
        self._doubtful: set[str] = set()  # writes of this run that may still arrive
        self._receipt = ""
        self._written = 0.0  # when the last write that was accepted began, by the monotonic clock
        self._lost: ShiplineError | None = None

    @property
    def held(self) -> bool:
        """True while this run holds the journal, as far as it knows."""
        return bool(self._head) and self._lost is None

    @property
    def send_by(self) -> float:
        """Until when (monotonic clock) the request that was just recorded may be sent."""
        return self._written + _SEND_WITHIN * self._lease

    def read(self, known: JournalEntry | None = None) -> JournalEntry | None:
        """Return the last write, which may be ``known`` still; None if there is none. Raises what the remote raises."""
        while True:
            commit_id = self._list_releases()
            if not commit_id:
                return None
            if known is not None and known.commit_id == commit_id:
                return known
            try:
                return entries.read(self.remote, self.ref, commit_id)
            except UnavailableError:
                if self._current() == commit_id:
                    raise

    def _list_releases(self) -> str:
        refs = self.remote.refs(self.folder)
        others = entries.release_names(self.folder, refs) - {self._name}
        self._others = {name: refs[self.folder + name] for name in others}
        self.newest = bool(others) and all(entries.sort_key(name) < entries.sort_key(self._name) for name in others)
        return refs.get(self.ref, "")

    @property
    def others(self) -> list[str]:
        """The product's other versions in the journal, as they were when it was taken."""
        return list(self._others)

    def receipt_of(self, other: str) -> str:
        """The receipt of another version. Raises what the remote raises."""
        with self._lock:
            return entries.read(self.remote, self.folder + other, self._others[other]).receipt

    def take(self, timeout: float, progress: Callable[[str], None]) -> str:
        """Take the journal, and return the receipt in it; empty: nothing was recorded yet.

        Waits up to ``timeout`` seconds for another run. Raises TimedOutError, and what the remote raises.
        """
        found: JournalEntry | None = None
        since = begun = time.monotonic()
        while True:
            seen = self.read(found)
            if seen is not found:
                found, since = seen, time.monotonic()
                if found is not None and found.held:
                    progress(f"waiting for another run of this release to end: {found.run}")
            now = time.monotonic()
            if found is None or not found.held or now - since > found.lease:
                if self._take_over(found):
                    return self._receipt
            elif now - begun > timeout:
                raise TimedOutError(
                    f"another run works on this release: {found.run}",
                    why=f"it has held the journal {self.ref} all the {human_duration(timeout)} that this run waited",
                    todo="wait until that run has ended, then run again",
                )
            else:
                cancel_token.sleep(min(_LOOK_AGAIN_S, found.lease / 10))

    def _take_over(self, found: JournalEntry | None) -> bool:
        """Take the journal over from ``found``; False if another run was faster."""
        self.taken_before = found is not None
        self._head = found.commit_id if found else objects.null_id(self.remote.form)
        self._receipt = found.receipt if found else ""
        try:
            if self._push("Take the journal", held=True):
                self._check_first_write()
                return True
        except (CanceledError, UnavailableError):
            with contextlib.suppress(ShiplineError):  # it may have arrived, or still arrive
                self.release(hurried=True)
            raise
        except ShiplineError:
            self._head = ""
            raise
        self._head = ""
        self._doubtful.clear()
        return False

    def _check_first_write(self) -> None:
        """Some servers report success and keep another's commit, or nothing: read once what they kept."""
        if self._current() != self._head:
            raise no_repository(self.remote.address, f"the server reported that it had written {self.ref}, and had not")

    def note(self, receipt: str) -> None:
        """Keep a newer receipt for the next write, which may be a renewal."""
        self._receipt = receipt

    def write(self, subject: str) -> None:
        """Record the receipt that was noted last.

        Raises RefusedError (exit 4) if another run has taken over, and UnavailableError if it can't be recorded.
        """
        with self._lock:
            for _ in range(_FRESH_TRIES):
                if self._lost is not None:
                    raise self._lost
                if not self._push(subject, held=True):
                    self._raise_overtaken()
                if time.monotonic() < self._written + _SEND_WITHIN / 2 * self._lease:
                    return
            raise unavailable(
                self.remote.address,
                f"a write took more than {_SEND_WITHIN / 2:.0%} of journal.lease ({human_duration(self._lease)})",
            )

    def release(self, *, hurried: bool = False) -> None:
        """Record the receipt that was noted last and give the journal back, also after a cancel: then in seconds.

        Makes what of this run may still arrive fail. Raises what ``write`` raises.
        """
        with self._lock:
            self.remote.hurried = hurried or cancel_token.canceled
            try:
                self._give_back()
            except CanceledError:  # while it waited for the server
                self.remote.hurried = True
                self._give_back()
            finally:
                self._head = ""

    def _give_back(self) -> None:
        if self.held and not self._push("Give the journal back", held=False):
            self._raise_overtaken()

    def _raise_overtaken(self) -> NoReturn:
        found = None if self.remote.hurried else self.read()
        run = found.run if found else "its journal was deleted"
        self._lost = overtaken(self.ref, "" if self.remote.hurried else run)
        raise self._lost

    def _push(self, subject: str, *, held: bool) -> bool:
        """Move the ref from this run's last write to a new one; False if it has another value by now."""
        data = {"run": self._run, "held": held, "lease": self._lease, "nonce": secrets.token_hex(8)}
        message = f"{subject}\n\n{json.dumps(data, ensure_ascii=False)}"
        begun = since = time.monotonic()
        at, why = int(time.time()), ""
        limit = _HURRIED_S if self.remote.hurried else self._retry_for
        failure = unavailable(self.remote.address, "the responses to this run's writes were lost")
        while True:
            # On the same parent it is the same commit again: whichever copy arrives first, a late one changes nothing.
            new, pack = objects.commit(self._head, message, self._receipt, at, self.remote.form)
            self._doubtful.add(new)
            try:
                result = self.remote.push(self.ref, self._head, new, pack)
                if self.remote.hurried and time.monotonic() - begun > limit:
                    raise failure
                head = new if result.written else self._current()
            except UnavailableError as error:
                failure = error
            else:
                if head == new:
                    # The lease counts from the first try: what arrived may be that one.
                    self._head, self._written = new, since
                    self._doubtful.clear()
                    return True
                if head != self._head:
                    if head not in self._doubtful:
                        return False
                    self._head, since = head, time.monotonic()  # an earlier write of this run that arrived late
                    continue
                if result.reason:  # it refuses the write; but a lock in the repository may have been the cause
                    why, limit = result.reason, min(limit, _REFUSED_FOR_S)
            if time.monotonic() - begun > limit:
                raise not_allowed(self.remote.address, self._refusal(why), writing=self.ref) if why else failure
            if self.remote.hurried:
                time.sleep(_HURRIED_RETRY_S)  # what was canceled ends the other sleep
            else:
                cancel_token.sleep(_RETRY_S)

    def _refusal(self, why: str) -> str:
        """What the server responded, and a ref that is in the way: no name may be a folder of another one."""
        folders = {self.ref[:at] for at, letter in enumerate(self.ref) if letter == "/"}
        near = self.remote.refs("/".join(self.ref.split("/")[:2]))
        other = next((name for name in near if name in folders or name.startswith(f"{self.ref}/")), None)
        return f"it responded: {why}" + (f"; the ref {other} is in the way of {self.ref}" if other else "")

    def _current(self) -> str:
        return self.remote.refs(self.ref).get(self.ref, objects.null_id(self.remote.form))

    @contextlib.contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew the lease in the background, while this run holds the journal and writes nothing."""
        ended = threading.Event()
        cancel_token.defer()
        threading.Thread(target=self._renew, args=(ended,), daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _renew(self, ended: threading.Event) -> None:
        pause = self._lease * _RENEW_AFTER
        while not ended.wait(max(self._written + pause - time.monotonic(), _RETRY_S)):
            with self._lock, contextlib.suppress(ShiplineError):
                if self.held and not ended.is_set() and time.monotonic() - self._written > pause:
                    self.write("Renew the lease")
