"""``shipline journal show|list|prune``: what the shared journal holds, and removing old releases from it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from shipline.cli import lazy, options
from shipline.display import counted
from shipline.errors import Problem, invalid_input
from shipline.values import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.journal.lease import Journal
    from shipline.reporting.delivery import CommandContext


_YOUNG_S = 30 * 24 * 3600  # never removed


@click.group()
def journal() -> None:
    """List the releases in the shared journal, or remove old ones."""


_command = partial(journal.command, cls=lazy.LazyCommand, options=options.settings)


@_command()
@click.argument("version", default="", metavar="[VERSION]")
def show(*, version: str, **given: Any) -> None:
    """Print the receipt of a release (default: this run's version)."""
    _call(_show, given | ({"release-version": version} if version else {}))


@_command("list")
def list_(**given: Any) -> None:
    """List the releases in the journal."""
    _call(_list, given)


@_command()
@click.option("--keep", default=50, show_default=True, help="how many releases to keep")
def prune(*, keep: int, **given: Any) -> None:
    """Remove the oldest releases, but none of the last 30 days."""
    _call(partial(_prune, keep), given)


def _call(action: Callable[[CommandContext], int], given: Mapping[str, Any]) -> None:
    from shipline.cli import job

    raise SystemExit(job.main("journal", job.flags_of(given), action))


def _opened(context: CommandContext, *needed: str) -> Journal:
    """The journal that the settings name. Raises InvalidInputError if they name none.

    Only problems of the journal's and the network's settings, and of those in the sections ``needed``, matter.
    """
    from shipline.cli import common
    from shipline.pipeline import resolve
    from shipline.run import shared_journal

    def matters(problem: Problem) -> bool:
        return problem.path.partition(".")[0] in ("journal", "network", *needed)

    found = shared_journal.journal_of(resolve.load(common.sources_of(context, need_keys=False), matters).pipeline)
    if found is None:
        what = "there is no shared journal: expected store: git in the section journal"
        raise invalid_input("journal", what, path="journal.store")
    return found


def _show(context: CommandContext) -> int:
    opened, console = _opened(context, "release"), context.console
    found = opened.read()
    if found is None:
        console.line(f"{opened.ref}: no records yet")
        console.event(event="journal", ref=opened.ref, receipt=None)
        return 0
    at = utc(datetime.fromtimestamp(found.at, UTC))
    console.line(f"{opened.ref}: {'held' if found.held else 'written'} by {found.run} at {at}")
    console.line(found.receipt.rstrip() or "(no request yet)")
    receipt = json.loads(found.receipt) if found.receipt else None
    console.event(event="journal", ref=opened.ref, held=found.held, run=found.run, at=at, receipt=receipt)
    return 0


def _list(context: CommandContext) -> int:
    from shipline.journal import entries

    opened = _opened(context)
    versions = entries.releases(opened.remote, opened.folder)
    for version in versions:
        context.console.line(version)
        context.console.event(event="release", version=version)
    if not versions:
        context.console.line("the journal has no releases yet")
    return 0


def _prune(keep: int, context: CommandContext) -> int:
    from shipline.journal import entries

    opened = _opened(context)
    removed = 0
    for version in entries.releases(opened.remote, opened.folder)[max(keep, 1) :]:
        if entries.remove(opened.remote, opened.folder + version, older_than=time.time() - _YOUNG_S):
            context.console.line(f"removed {version}")
            context.console.event(event="removed", version=version)
            removed += 1
    context.console.line(f"{counted(removed, 'release')} removed")
    return 0
