"""`shipline status [VERSION]`: one table of where a version, or the newest few, of one or many products are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shipline.cli.common import each_product, sources_of
from shipline.display import columns
from shipline.errors import RefusedError, ShiplineError
from shipline.pipeline import resolve
from shipline.reporting.console import Console, show_log
from shipline.reporting.delivery import CommandContext, deliver
from shipline.run.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shipline.pipeline.model import Pipeline
    from shipline.pipeline.resolve import Sources
    from shipline.run.status import PlaceState


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
    places: Sequence[PlaceState]


def main(context: CommandContext) -> int:
    """Show the table. Returns 0 if the version is everywhere, else 4; of the newest few, 4 only without any."""
    from shipline.run.naming import default_path, slug
    from shipline.run.status import newest, places

    def of(sources: Sources, version: str) -> Pipeline:
        inputs = context.inputs.with_flags({"release-version": version})
        return resolve.load(replace(sources, inputs=inputs), lambda problem: not _UNUSED.match(problem.path)).pipeline

    given, receipt = context.inputs.get("release-version"), context.options.get("receipt")
    version = given.text if given else ""
    if context.verbose:
        show_log(context.console, requests=True)
    rows, codes = [], set()
    for product, one in each_product(sources_of(context, need_keys=True)):
        try:
            chosen = [version] if version else newest(of(one, _ANY), _NEWEST)
            for pipeline in [of(one, text) for text in chosen]:
                found = places(pipeline, Path(receipt) if receipt else default_path(pipeline))
                rows.append(_Row(product or slug(pipeline), pipeline.version.text, found))
        except ShiplineError as error:
            if not product:
                raise
            context.console.error(error, product)
            codes.add(error.exit_code)
    everywhere = bool(rows) and all(place.reached for row in rows for place in row.places)
    missing = 0 if everywhere or (rows and not version) else RefusedError.exit_code
    code = max(codes, default=missing)
    _show(rows, code, context.console)
    deliver(context.console, Outcome(outputs={"result": "failed" if code else "succeeded"}))
    return code


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
    for line in columns([_HEAD, *((row.product, row.version, *_cells(p)) for row in rows for p in row.places)]):
        console.line(line)


def _cells(place: PlaceState) -> tuple[str, ...]:
    return place.service, place.where, place.build, place.state, place.at[:19].replace("T", " ")
