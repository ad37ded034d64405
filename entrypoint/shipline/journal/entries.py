"""The writes of a journal, and the names of its releases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import version as versions
from shipline.journal.remote import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.journal.objects import Commit
    from shipline.journal.remote import Remote


PROBE = "probe-"
"""The names of refs that aren't releases begin with it; no version does."""


class Entry(NamedTuple):
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
    def of(cls, commit: Commit) -> Entry:
        """Raises ValueError for a commit that isn't a write of this format."""
        try:
            data: dict[str, Any] = json.loads(commit.message.partition("\n\n")[2])
            return cls(
                commit.id, commit.at, str(data["run"]), data["held"] is True, float(data["lease"]), commit.receipt
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"the commit {commit.id} isn't a write of the journal") from error


def read(remote: Remote, ref: str, commit_id: str) -> Entry:
    """Return a write. Raises UnavailableError if it is gone or isn't one, and what the remote raises."""
    try:
        return Entry.of(remote.read(ref, commit_id))
    except ValueError as error:
        raise unavailable(remote.address, f"{ref}: {error}") from None


def names(folder: str, refs: Iterable[str]) -> set[str]:
    """Return the names of the releases among a folder's refs."""
    return {ref.removeprefix(folder) for ref in refs if not ref.startswith(folder + PROBE)}


def order(name: str) -> tuple[bool, Any]:
    """Return a key that sorts releases by their versions, and other names before them."""
    try:
        return True, versions.parse(name).order
    except ValueError:
        return False, name
