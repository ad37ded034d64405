"""What people do with a journal beside runs: try a git server, list the releases, and remove old ones."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from shipline.journal import entries, objects
from shipline.journal.remote import not_allowed

if TYPE_CHECKING:
    from shipline.journal.remote import Remote


def probe(remote: Remote, folder: str) -> str:
    """Write a ref, try to overwrite it as an overtaken run would, and remove it. Return what is wrong, or nothing.

    Raises what the remote raises.
    """
    remote.refs(folder)  # from then on the format of ids is known
    ref, null, at = f"{folder}{entries.PROBE}{secrets.token_hex(4)}", objects.null_id(remote.form), int(time.time())
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
    return sorted(entries.names(folder, remote.refs(folder)), key=entries.order)[::-1]


def remove(remote: Remote, ref: str, older_than: float) -> bool:
    """Remove a release, unless a run has written it since ``older_than`` (seconds since the epoch).

    Raises NotAuthorisedError if the server refuses that, and what the remote raises.
    """
    commit_id = remote.refs(ref).get(ref, "")
    if not commit_id or entries.read(remote, ref, commit_id).at >= older_than:
        return False
    removed = remote.push(ref, commit_id, objects.null_id(remote.form), b"")
    if removed.reason and remote.refs(ref).get(ref) == commit_id:
        raise not_allowed(remote.address, f"it responded: {removed.reason}", writing=ref)
    return removed.written
