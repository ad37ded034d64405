"""The writes of a journal, the names of its releases, and what people do with it: try a git server, remove releases."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import version as versions
from shipline.journal import objects
from shipline.journal.remote import Remote, not_allowed, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.journal.objects import Commit


PROBE = "probe-"
"""The names of refs that aren't releases begin with it; no version does."""


class JournalEntry(NamedTuple):
    """A write: which run made it (for people), whether it goes on, its lease in seconds, and the receipt's JSON.

    ``at`` is when its runner wrote it, in seconds since the epoch.
    """

    commit_id: str
    at: int
    run: str
    held: bool
    lease: float
    receipt: str

    @classmethod
    def of(cls, commit: Commit) -> JournalEntry:
        """Raises ValueError for a commit that isn't a write of this format."""
        try:
            data: dict[str, Any] = json.loads(commit.message.partition("\n\n")[2])
            return cls(
                commit.id, commit.at, str(data["run"]), data["held"] is True, float(data["lease"]), commit.receipt
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"the commit {commit.id} isn't a write of the journal") from error


def read(remote: Remote, ref: str, commit_id: str) -> JournalEntry:
    """Return a write. Raises UnavailableError if it is gone or isn't one, and what the remote raises."""
    try:
        return JournalEntry.of(remote.read(ref, commit_id))
    except ValueError as error:
        raise unavailable(remote.address, f"{ref}: {error}") from None


def release_names(folder: str, refs: Iterable[str]) -> set[str]:
    """Return the names of the releases among a folder's refs."""
    return {ref.removeprefix(folder) for ref in refs if not ref.startswith(folder + PROBE)}


def sort_key(name: str) -> tuple[bool, Any]:
    """Return a key that sorts releases by their versions, and other names before them."""
    version = versions.parsed(name)
    return (True, version.order) if version else (False, name)


def probe(remote: Remote, folder: str) -> str:
    """Write a ref, try to overwrite it as an overtaken run would, and remove it. Return what is wrong, or nothing.

    Raises what the remote raises.
    """
    remote.refs(folder)  # from then on the format of ids is known
    ref, null, at = f"{folder}{PROBE}{secrets.token_hex(4)}", objects.null_id(remote.form), int(time.time())
    first, second = (objects.commit(null, secrets.token_hex(8), "", at, remote.form) for _ in range(2))
    written = remote.push(ref, null, *first)
    if not written.written or remote.refs(ref).get(ref) != first[0]:
        return f"the server didn't keep a ref that it was sent ({written.reason or 'without a reason'})"
    try:
        overtaken_run = remote.push(ref, null, *second)
    finally:
        removed = remote.push(ref, remote.refs(ref).get(ref, null), null, b"")
    if overtaken_run.written:
        return "the server replaced a ref although its old value was wrong"
    return "" if removed.written else f"the server doesn't remove refs ({removed.reason}): {ref} remains"


def releases(remote: Remote, folder: str) -> list[str]:
    """Return the versions in the journal, the newest first."""
    return sorted(release_names(folder, remote.refs(folder)), key=sort_key)[::-1]


def remove(remote: Remote, ref: str, older_than: float) -> bool:
    """Remove a release, unless a run has written it since ``older_than`` (seconds since the epoch).

    Raises NotAuthorisedError if the server refuses that, and what the remote raises.
    """
    commit_id = remote.refs(ref).get(ref, "")
    if not commit_id or read(remote, ref, commit_id).at >= older_than:
        return False
    removed = remote.push(ref, commit_id, objects.null_id(remote.form), b"")
    if removed.reason and remote.refs(ref).get(ref) == commit_id:
        raise not_allowed(remote.address, f"it responded: {removed.reason}", writing=ref)
    return removed.written
