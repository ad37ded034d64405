"""`shipline matrix`: the products that a tag releases, in the form that a CI system makes jobs of."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shipline import ci, inputs, resolve
from shipline.document import Problems
from shipline.errors import InvalidInputError, Problem, ShiplineError, bug
from shipline.fleet import jobs, outlines, products
from shipline.fleet.jobs import Entry
from shipline.record import dataclass
from shipline.report import Console, one_line
from shipline.resolution import conflicts
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shipline.fleet.products import Selected


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says; empty: unset. ``include`` and ``needs`` are for GitLab."""

    configs: Sequence[str] = ()
    tag: str = ""  # in place of the one that the CI system tells
    shard: str = ""
    form: str = ""
    include: str = ""
    needs: Sequence[str] = ()


def main(wanted: Wanted) -> int:
    """Print the products of these config files; the exit code. Needs no key and no network."""
    inputs.mask({}, os.environ)
    system = ci.system("", os.environ, Path.cwd())
    console = Console(system, out=sys.stderr)  # standard output is the answer's
    try:
        _print(wanted, system, console)
    except ShiplineError as error:
        console.error(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        console.error(bug(error))
        return 1
    return 0


def _print(wanted: Wanted, detected: ci.System, console: Console) -> None:
    given = {"config": "\n".join(wanted.configs), "shard": wanted.shard}
    options = inputs.options({name: text for name, text in given.items() if text}, os.environ)
    system = ci.system(options["ci"], os.environ, Path.cwd()) if "ci" in options else detected
    facts = system.facts()
    sources = resolve.Sources(
        flags={},
        environ=os.environ,
        config=options.get("config", "").strip() or None,
        stdin=None,
        facts=replace(facts, tag=wanted.tag, tag_hint="") if wanted.tag else facts,
        workspace=Path.cwd(),
        need_keys=False,
    )
    if sources.config == "-":
        raise InvalidInputError([Problem("config", "", "expected config files: jobs can't read this standard input")])
    selected = products.select(sources, shard=options.get("shard", ""), ci_shard=system.shard)
    for text in selected.left_out:
        console.line(one_line(text))
    entries = _entries(selected, sources)
    form = wanted.form or (system.name if system.name in jobs.FORMATS else "text")
    if form == "gitlab":
        text = jobs.gitlab(
            entries,
            include=wanted.include,
            needs=wanted.needs,
            pipeline=facts.run_id,
            say_version=bool(wanted.tag),
            elsewhere=[product.name for product in selected.elsewhere],
        )
        if len(entries) > jobs.MOST_INCLUDES:
            limit = f"GitLab takes {jobs.MOST_INCLUDES} of them a pipeline unless its administrator allows more"
            console.warning(f"{len(entries)} products are as many includes, and {limit}: make several by --shard")
    else:
        text = jobs.FORMATS[form](entries)
    if len(entries) > jobs.MOST_JOBS and "github" in (form, system.name):
        limit = f"GitHub takes {jobs.MOST_JOBS} of them from a matrix"
        console.warning(f"{len(entries)} products are as many jobs, and {limit}: make several by --shard")
    sys.stdout.write(redact(text))
    if system.name == "github":
        system.outputs({"matrix": jobs.github(entries).strip()})


def _entries(selected: Selected, sources: resolve.Sources) -> list[Entry]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    for product in selected.products:
        try:
            version = resolve.version_of(replace(sources, config=product.config))
        except InvalidInputError as error:
            problems += error.problems
        else:
            entries.append(Entry(product.name, product.config, version))
    given = inputs.settings(sources.flags, sources.environ, Problems())
    mine, others = (outlines.of(some, sources) for some in (selected.products, selected.elsewhere))
    problems += conflicts.find([*mine], given, None, [*others])
    if problems:
        raise InvalidInputError(problems)
    return entries
