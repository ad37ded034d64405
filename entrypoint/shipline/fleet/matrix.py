"""`shipline matrix`: print the products that a tag releases in the form that a CI system turns into jobs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections import Counter
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import __version__
from shipline.ci import detect
from shipline.ci import system as ci_system
from shipline.display import escape_json, one_line, printable
from shipline.errors import InvalidInputError, Problem, bug, invalid_input
from shipline.fleet import conflicts, products
from shipline.inputs.document import Problems
from shipline.inputs.sources import Inputs
from shipline.pipeline import resolve
from shipline.redaction import redact
from shipline.reporting.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shipline.fleet.products import Selected


_MAX_INCLUDES = 150  # GitLab docs, "GitLab application limits", maximum number of includes
_MAX_JOBS = 256  # of a workflow's matrix: GitHub docs, "Running variations of jobs in a workflow"
_TEMPLATE = "ci_templates/gitlab/shipline.yml"
_NOT_IN_RESOURCE_GROUP = re.compile(r"[^\w. /-]", re.ASCII)  # characters that the template refuses


class MatrixOptions(NamedTuple):
    """The options of the command line; empty if unset. ``include`` and ``needs`` are for GitLab."""

    configs: Sequence[str] = ()
    tag: str = ""  # replaces the tag that the CI system reports
    shard: str = ""
    form: str = ""
    include: str = ""
    needs: Sequence[str] = ()


class MatrixRow(NamedTuple):
    """A product. ``version`` is empty if neither its config nor the tag has one."""

    product: str
    config: str
    version: str


def main(wanted: MatrixOptions) -> int:
    """Print the products of the config files and return the exit code. Needs no key and no network."""
    inputs = Inputs.read({"config": "\n".join(wanted.configs), "shard": wanted.shard}, os.environ)
    system = detect.system("", inputs.environ, Path.cwd())
    console = Console(system, out=sys.stderr)  # standard output has only the matrix
    try:
        _print(wanted, inputs, system, console)
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        console.error(failure := bug(error))
        return failure.exit_code
    return 0


def _print(wanted: MatrixOptions, inputs: Inputs, detected: ci_system.System, console: Console) -> None:
    options = inputs.options()
    system = detect.system(options["ci"], inputs.environ, Path.cwd()) if "ci" in options else detected
    facts = system.facts()
    sources = resolve.Sources(
        inputs=inputs,
        config=options.get("config", "").strip() or None,
        stdin=None,
        facts=facts._replace(tag=wanted.tag, tag_hint="") if wanted.tag else facts,
        workspace=Path.cwd(),
        need_keys=False,
    )
    if sources.config == "-":
        raise invalid_input("config", "expected config files: jobs can't read this standard input")
    selected = products.select(sources, shard=options.get("shard", ""), ci_shard=detect.shard(inputs.environ))
    for text in selected.left_out:
        console.line(one_line(text))
    rows = _rows(selected, sources)
    _refuse_keys((*chain.from_iterable(rows), wanted.include, *wanted.needs))
    form = wanted.form or (system.name if system.name in ("gitlab", *_FORMATS) else "text")
    if form == "gitlab":
        text = _gitlab(rows, wanted, pipeline=facts.run_id, elsewhere=[product.name for product in selected.elsewhere])
        if len(rows) > _MAX_INCLUDES:
            limit = f"GitLab takes {_MAX_INCLUDES} of them a pipeline unless its administrator allows more"
            console.warning(f"{len(rows)} products are as many includes, and {limit}: make several by --shard")
    else:
        text = _FORMATS[form](rows)
    if len(rows) > _MAX_JOBS and "github" in (form, system.name):
        limit = f"GitHub takes {_MAX_JOBS} of them from a matrix"
        console.warning(f"{len(rows)} products are as many jobs, and {limit}: make several by --shard")
    sys.stdout.write(text)
    if system.name == "github":
        system.outputs({"matrix": _github(rows).strip()})


def _rows(selected: Selected, sources: resolve.Sources) -> list[MatrixRow]:
    """Return a row for each product. Raises InvalidInputError for a wrong version and for conflicts."""
    rows: list[MatrixRow] = []
    problems: list[Problem] = []
    for product in selected.products:
        try:
            version = resolve.version_of(replace(sources, config=product.config))
        except InvalidInputError as error:
            problems += error.problems
        else:
            rows.append(MatrixRow(product.name, product.config, version))
    given = sources.inputs.settings(Problems())
    own, others = (list(conflicts.identifiable(some, sources)) for some in (selected.products, selected.elsewhere))
    problems += dict.fromkeys(conflicts.find(own, given, None, others))
    if problems:
        raise InvalidInputError(problems)
    return rows


def _refuse_keys(texts: Iterable[str]) -> None:
    """Raise InvalidInputError for a text with a key: the jobs couldn't use it with a mask."""
    if problems := [
        Problem(source, "", f"is part of {printable(text)}, which the jobs need: choose another key or another name")
        for text in texts
        if (source := redact.source_in(text))
    ]:
        raise InvalidInputError(problems)


def _text(rows: Sequence[MatrixRow]) -> str:
    """Return the paths of the config files, one in each line."""
    return "".join(f"{row.config}\n" for row in rows)


def _github(rows: Sequence[MatrixRow]) -> str:
    """Return one line for ``strategy: matrix: ${{ fromJSON(…) }}``.

    Source: GitHub docs, "Running variations of jobs in a workflow".
    """
    return escape_json(json.dumps({"include": [row._asdict() for row in rows]}, separators=(",", ":"))) + "\n"


def _jenkins(rows: Sequence[MatrixRow]) -> str:
    """Return a map from a branch's name to the parameters of the step ``shipline``."""
    return escape_json(json.dumps({row.product: {"config": row.config} for row in rows}, indent=2)) + "\n"


_FORMATS: Mapping[str, Callable[[Sequence[MatrixRow]], str]] = {
    "text": _text,
    "json": _github,
    "github": _github,
    "jenkins": _jenkins,
}


def _gitlab(rows: Sequence[MatrixRow], wanted: MatrixOptions, pipeline: str, elsewhere: Sequence[str]) -> str:
    """Return a child pipeline that includes the template once for each product.

    ``wanted.needs``: jobs of the parent ``pipeline`` whose files the products need. ``elsewhere``: the products in
    other child pipelines for this tag. Without products, one job says so: GitLab refuses a pipeline without jobs.
    Source: GitLab docs, "Downstream pipelines".
    """
    import yaml

    source = _template_source(wanted.include)
    needs = [{"pipeline": pipeline, "job": job} for job in wanted.needs]
    includes = [
        {**source, "inputs": _gitlab_inputs(job_name, row, needs, with_version=bool(wanted.tag))}
        for job_name, row in zip(_gitlab_job_names(rows, elsewhere), rows, strict=True)
    ]
    nothing = {"shipline": {"stage": "deploy", "script": ['echo "this run has no products"']}}
    content = {"include": includes} if rows else nothing
    dumped: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return dumped


def _template_source(include: str) -> dict[str, str]:
    """Return the entry for a URL, for a path in this repository, or for ``PROJECT@REF``; by default this version's."""
    if include.startswith(("https://", "http://")):
        return {"remote": include}
    if include.endswith((".yml", ".yaml")):
        return {"local": include}
    project, _, ref = (include or f"shipline/shipline@v{__version__}").partition("@")
    return {"project": project, **({"ref": ref} if ref else {}), "file": _TEMPLATE}


def _gitlab_inputs(
    job_name: str, row: MatrixRow, needs: Sequence[Mapping[str, str]], *, with_version: bool
) -> dict[str, Any]:
    given: dict[str, Any] = {
        "job-name": job_name,
        "config": row.config.replace("$", "$$"),  # GitLab would expand a variable
        "resource-group": _NOT_IN_RESOURCE_GROUP.sub("-", f"shipline-{row.product}"),
    }
    if needs:
        given["needs"] = list(needs)
    if with_version and row.version:
        given["release-version"] = row.version
    return given


def _gitlab_job_names(rows: Sequence[MatrixRow], elsewhere: Iterable[str]) -> list[str]:
    """Return job names with unique slugs: the cache that keeps a job's receipt is named after the slug."""
    slugs = Counter(_slug(f"shipline:{name}") for name in (*(row.product for row in rows), *elsewhere))
    names = []
    for row in rows:
        name = f"shipline:{row.product}"
        if slugs[_slug(name)] > 1:  # made unique at the front, as GitLab cuts a slug at its end
            name = f"shipline:{hashlib.sha256(row.config.encode()).hexdigest()[:8]}:{row.product}"
        names.append(name)
    return names


def _slug(job: str) -> str:
    """Source: GitLab docs, "Predefined CI/CD variables", CI_JOB_NAME_SLUG."""
    return re.sub(r"[^a-z0-9]", "-", job.lower())[:63].strip("-")
