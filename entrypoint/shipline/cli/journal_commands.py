"""``shipline journal show|list|prune``: what the shared journal holds, and removing old releases from it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from shipline.cli import lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shipline.journal.lease import Journal
    from shipline.pipeline.model import Pipeline
    from shipline.reporting.delivery import Context


_YOUNG_S = 30 * 24 * 3600  # never removed


def group(options: Callable[[], Iterable[click.Parameter]]) -> click.Group:
    """The commands; ``options`` are those of the main job, with the address of the journal."""
    commands = click.Group("journal", help="List the releases in the shared journal, or remove old ones.")
    version = click.Argument(["version"], default="", metavar="[VERSION]")
    keep = click.Option(["--keep"], default=50, show_default=True, help="how many releases to keep")
    for name, text, action, more in (
        ("show", "Print the receipt of a release (default: this run's version).", _show, [version]),
        ("list", "List the releases in the journal.", _list, []),
        ("prune", "Remove the oldest releases, but none of the last 30 days.", _prune, [keep]),
    ):
        callback = _callback(action)
        commands.add_command(lazy.LazyCommand(name, options=options, help=text, callback=callback, params=[*more]))
    return commands


def _callback(action: Callable[..., int]) -> Callable[..., None]:
    def call(*, version: str = "", keep: int = 0, **given: Any) -> None:
        from shipline.cli import job

        if version:
            given["release-version"] = version
        raise SystemExit(job.main("journal", job.flags_of(given), lambda context: action(context, keep)))

    return call


def _journal(context: Context, *, any_version: bool = False) -> tuple[Pipeline, Journal]:
    """The journal that the settings name. Raises InvalidInputError if they name none."""
    from shipline.cli.job import sources_of
    from shipline.errors import InvalidInputError, Problem
    from shipline.inputs.document import Problems
    from shipline.pipeline import resolve
    from shipline.run import shared_journal

    problems = Problems()
    resolved = resolve.read(sources_of(context, need_keys=False), problems)
    needed = {"journal", "network", *(() if any_version else ("release",))}
    if resolved is None or any(path[:1] and path[0] in needed for path in problems.paths):
        problems.raise_any()
    journal = shared_journal.of(resolved.pipeline) if resolved else None
    if resolved is None or journal is None:
        what = "there is no shared journal: expected store: git in the section journal"
        raise InvalidInputError([Problem("journal", "journal.store", what)])
    return resolved.pipeline, journal


def _show(context: Context, keep: int) -> int:
    del keep
    _, journal = _journal(context)
    found = journal.look()
    console = context.console
    if found is None:
        console.line(f"{journal.ref}: no records yet")
        console.event(event="journal", ref=journal.ref, receipt=None)
        return 0
    console.line(f"{journal.ref}: {'held' if found.held else 'written'} by {found.run} at {_time(found.at)}")
    console.line(found.receipt.rstrip() or "(no request yet)")
    receipt = json.loads(found.receipt) if found.receipt else None
    console.event(event="journal", ref=journal.ref, held=found.held, run=found.run, at=_time(found.at), receipt=receipt)
    return 0


def _list(context: Context, keep: int) -> int:
    from shipline.journal import entries

    del keep
    _, journal = _journal(context, any_version=True)
    versions = entries.releases(journal.remote, journal.folder)
    for version in versions:
        context.console.line(version)
        context.console.event(event="release", version=version)
    if not versions:
        context.console.line("the journal has no releases yet")
    return 0


def _prune(context: Context, keep: int) -> int:
    from shipline.journal import entries

    _, journal = _journal(context, any_version=True)
    removed = 0
    for version in entries.releases(journal.remote, journal.folder)[max(keep, 1) :]:
        if entries.remove(journal.remote, journal.folder + version, older_than=time.time() - _YOUNG_S):
            context.console.line(f"removed {version}")
            context.console.event(event="removed", version=version)
            removed += 1
    context.console.line(f"{removed} release{'s' * (removed != 1)} removed")
    return 0


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
