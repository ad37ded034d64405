"""`shipline status [VERSION]`: one table of where a version, or the newest few, of one or many products are."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from shipline.cli import lazy
from shipline.display import one_line
from shipline.errors import InvalidInputError, RefusedError, ShiplineError
from shipline.inputs.parsing import is_fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shipline.pipeline.model import Pipeline
    from shipline.pipeline.resolve import Sources
    from shipline.reporting.console import Console
    from shipline.reporting.delivery import Context
    from shipline.run.status import Place


_NEWEST = 5
_ANY = "0.0.0"  # to find the names that don't depend on a version
# Problems of these settings don't matter: nothing is built, linked or written.
_UNUSED = re.compile(
    r"(artifacts|notify)\b|release\.(?!version)|buildmaster\.(build-number|variables|deploy-variables|start-time)\b"
    r"|centercode(\[\d+\])?\.(api-key|key-env)\b"  # Centercode can't report releases
    r"|(v3|centercode)(\[\d+\])?\.(title|subtitle|notes|artifacts|attach|bucket-files|links|end-date)\b"
)
_HEAD = ("product", "version", "service", "where", "build", "state", "since (UTC)")


class _Row(NamedTuple):
    product: str
    version: str
    places: Sequence[Place]


def command(options: Callable[[], Iterable[click.Parameter]]) -> click.Command:
    """The command; ``options`` are those of the main job."""
    return lazy.LazyCommand(
        "status",
        options=options,
        help="Show where a version is: stages, drafts, customers, testers. Without a version, show the newest few.",
        callback=_call,
        params=[click.Argument(["version"], default="", metavar="[VERSION]")],
    )


def _call(*, version: str = "", **given: Any) -> None:
    from shipline.cli import job

    flags = job.flags_of(given)
    version = version or flags.pop("release-version", "")
    raise SystemExit(job.main("status", flags, lambda context: _main(context, flags, version)))


def _main(context: Context, flags: Mapping[str, str], version: str) -> int:
    """Show the table. Returns 0 if the version is everywhere, else 4; of the newest few, 4 only without any."""
    from shipline.cli.job import sources_of
    from shipline.inputs.sources import Inputs
    from shipline.reporting.console import show_log
    from shipline.run import naming, status

    def of(sources: Sources, version: str) -> Pipeline:
        inputs = Inputs({**flags, "release-version": version}, os.environ)
        return _resolved(replace(sources, inputs=inputs))

    if context.verbose:
        show_log(context.console, requests=True)
    rows, codes = [], set()
    for product, one in _products(sources_of(context, need_keys=True)):
        try:
            chosen = [version] if version else status.newest(of(one, _ANY), _NEWEST)
            for pipeline in [of(one, text) for text in chosen]:
                given = context.options.get("receipt")
                places = status.places(pipeline, Path(given) if given else naming.default_path(pipeline))
                rows.append(_Row(product or naming.slug(pipeline), pipeline.version.text, places))
        except ShiplineError as error:
            if not product:
                raise
            context.console.error(error, product)
            codes.add(error.exit_code)
    everywhere = bool(rows) and all(place.reached for row in rows for place in row.places)
    missing = 0 if everywhere or (rows and not version) else RefusedError.exit_code
    code = max(codes, default=missing)
    _show(rows, code, context.console)
    return code


def _products(sources: Sources) -> list[tuple[str, Sources]]:
    if not is_fleet(sources.config):
        return [("", sources)]
    from shipline.fleet import products

    found = products.select(sources, shard="").products
    return [(product.name, replace(sources, config=product.config)) for product in found]


def _resolved(sources: Sources) -> Pipeline:
    """Return the pipeline. Raises InvalidInputError for the settings that matter here."""
    from shipline.inputs.document import Problems
    from shipline.pipeline import resolve

    problems = Problems()
    resolved = resolve.read(sources, problems)
    try:
        problems.raise_any()
    except InvalidInputError as error:
        wrong = [problem for problem in error.problems if not _UNUSED.match(problem.path)]
        if wrong:
            raise InvalidInputError(wrong) from None
    assert resolved is not None  # noqa: S101 - a file that can't be read is a problem
    return resolved.pipeline


def _show(rows: Sequence[_Row], code: int, console: Console) -> None:
    described = [
        {"product": row.product, "version": row.version, "places": [place._asdict() for place in row.places]}
        for row in rows
    ]
    for note in dict.fromkeys(place.note for row in rows for place in row.places if place.note):
        console.warning(note)
    console.event(event="status", exit_code=code, releases=described)
    if not rows:
        console.line("no version is known: nothing was released yet")
        return
    table = [_HEAD, *((row.product, row.version, *_cells(place)) for row in rows for place in row.places)]
    lines = [[one_line(cell) for cell in line] for line in table]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        console.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(place: Place) -> tuple[str, ...]:
    return place.service, place.where, place.build, place.state, place.at[:19].replace("T", " ")
