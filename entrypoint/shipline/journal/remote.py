"""What the journal needs of a git server, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from shipline.errors import NotAuthorisedError, RefusedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.journal.objects import Commit, ObjectFormat


class Pushed(NamedTuple):
    """The result of a push: ``written``, or the server's reason why not (empty: no usable response)."""

    written: bool
    reason: str = ""


class Remote(Protocol):
    """A repository on a git server. Its methods raise the errors of this module, and CanceledError."""

    address: str  # for people; without credentials
    form: ObjectFormat  # known once a ref was looked up
    hurried: bool  # what is sent from now on may take a few seconds at most, also after a cancel

    def refs(self, prefix: str) -> Mapping[str, str]:
        """Return the commit ids of the refs whose names begin with ``prefix``, by name."""

    def read(self, ref: str, commit_id: str) -> Commit:
        """Return the commit that a ref pointed to a moment ago. Raises UnavailableError if it is gone since."""

    def push(self, ref: str, old: str, new: str, pack: bytes) -> Pushed:
        """Move a ref from ``old`` to ``new`` if it is at ``old``; a null id means "doesn't exist".

        Sends once, unless it provably wasn't applied.
        """


def not_allowed(address: str, why: str, *, writing: str = "") -> NotAuthorisedError:
    """Return the error for a repository that this run may not read, or may not write (the ref ``writing``)."""
    todo = (
        "on GitHub give the job `permissions: contents: write`; on GitLab allow job tokens to push (Settings,"
        " CI/CD, Job token permissions) or set SHIPLINE_JOURNAL_TOKEN to a project access token; elsewhere set"
        " SHIPLINE_JOURNAL_TOKEN to a token that may push to this repository"
    )
    if writing and not writing.startswith("refs/heads/"):
        todo += "; if the server accepts branches and tags only, set journal.ref to refs/heads/shipline"
    what = f"write {writing}" if writing else "read"
    return NotAuthorisedError(f"the journal's git server {address} doesn't let this run {what}", why=why, todo=todo)


def no_repository(address: str, why: str) -> RefusedError:
    """Return the error for an address at which there is no git repository that the journal can use."""
    return RefusedError(
        f"Shipline can't write the journal to {address}",
        why=why,
        todo="set journal.remote to the address of a git repository; nothing was sent that isn't in the journal",
    )


def unavailable(address: str, why: str) -> UnavailableError:
    """Return the error for a server that doesn't respond as a git server does; nothing was written."""
    return UnavailableError(
        f"the journal's git server {address} can't be used now",
        why=why,
        todo="check journal.remote, or run again later; nothing was sent that isn't in the journal",
    )


def overtaken(ref: str, holder: str) -> RefusedError:
    """Return the error for a run whose release another run has taken over."""
    return RefusedError(
        f"another run has taken over this release{f': {holder}' if holder else ''}",
        why=f"the journal {ref} has moved on, so this run sends nothing more",
        todo="check that run: it completes what this one left",
    )
