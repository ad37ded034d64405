"""Products as the jobs of a CI system: a GitHub matrix, a GitLab child pipeline, a Jenkins map."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from shipline import __version__
from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MOST_INCLUDES = 150
"""GitLab docs, "GitLab application limits", maximum number of includes."""

MOST_JOBS = 256
"""GitHub docs, "Running variations of jobs in a workflow": what a matrix makes a workflow run."""

_TEMPLATE = "ci_templates/gitlab/shipline.yml"
# What the template takes of a resource group.
_NOT_IN_A_GROUP = re.compile(r"[^\w. /-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A product; ``version`` is empty if neither its config nor a tag says it."""

    product: str
    config: str
    version: str


def text(entries: Sequence[Entry]) -> str:
    """The config files, one a line."""
    return "".join(f"{entry.config}\n" for entry in entries)


def github(entries: Sequence[Entry]) -> str:
    """For ``strategy: matrix: ${{ fromJSON(…) }}``, on one line (GitHub docs, "Running variations of jobs")."""
    rows = [{"product": e.product, "config": e.config, "version": e.version} for e in entries]
    return _json({"include": rows}, separators=(",", ":"))


def jenkins(entries: Sequence[Entry]) -> str:
    """A map from a branch's name to what the step ``shipline`` takes."""
    return _json({entry.product: {"config": entry.config} for entry in entries}, indent=2)


def gitlab(
    entries: Sequence[Entry],
    *,
    include: str = "",
    needs: Sequence[str] = (),
    pipeline: str = "",
    say_version: bool = False,
    elsewhere: Iterable[str] = (),
) -> str:
    """A child pipeline that includes the template for each product (GitLab docs, "Downstream pipelines").

    ``include``: where the template comes from, see ``_source``. ``needs``: jobs of ``pipeline``, the parent, whose
    files the products need. ``elsewhere``: the products of other child pipelines for this tag. Without products it has
    a job that says so: GitLab refuses a pipeline without jobs.
    """
    if not entries:
        nothing = {"stage": "deploy", "script": ['echo "no product is left for this run"']}
        return _yaml({"shipline": nothing})
    source = _source(include)
    wanted = [{"pipeline": pipeline, "job": job} for job in needs]
    names = _job_names(entries, elsewhere)
    includes = [
        {**source, "inputs": _inputs(name, entry, wanted, say_version=say_version)}
        for name, entry in zip(names, entries, strict=True)
    ]
    return _yaml({"include": includes})


def _json(content: Mapping[str, Any], **layout: Any) -> str:
    """In which GitHub's runner finds no command of its own."""
    return json.dumps(content, **layout).replace("##[", "\\u0023#[") + "\n"


def _yaml(content: Mapping[str, Any]) -> str:
    import yaml

    dumped: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return dumped


def _source(include: str) -> dict[str, str]:
    """A URL, ``PROJECT@REF``, the path of a file in this repository; else this version's own."""
    if include.startswith(("https://", "http://")):
        return {"remote": include}
    if include.endswith((".yml", ".yaml")):
        return {"local": include}
    project, _, ref = (include or f"shipline/shipline@v{__version__}").partition("@")
    return {"project": project, **({"ref": ref} if ref else {}), "file": _TEMPLATE}


def _job_names(entries: Sequence[Entry], elsewhere: Iterable[str]) -> list[str]:
    """Each with a slug of its own: the cache that keeps a job's receipt is called after it."""
    slugs = Counter(_slug(f"shipline:{name}") for name in (*(entry.product for entry in entries), *elsewhere))
    names = []
    for entry in entries:
        name = f"shipline:{entry.product}"
        if slugs[_slug(name)] > 1:  # told apart in front, as a slug is cut at its end
            name = f"shipline:{hashlib.sha256(entry.config.encode()).hexdigest()[:8]}:{entry.product}"
        names.append(name)
    return names


def _slug(job: str) -> str:
    """GitLab docs, "Predefined CI/CD variables", CI_JOB_NAME_SLUG."""
    return re.sub(r"[^a-z0-9]", "-", job.lower())[:63].strip("-")


def _inputs(name: str, entry: Entry, needs: Sequence[Mapping[str, str]], *, say_version: bool) -> dict[str, Any]:
    given: dict[str, Any] = {
        "job-name": name,
        "config": entry.config.replace("$", "$$"),  # a variable otherwise
        "resource-group": _NOT_IN_A_GROUP.sub("-", f"shipline-{entry.product}"),
    }
    if needs:
        given["needs"] = list(needs)
    if say_version and entry.version:
        given["release-version"] = entry.version
    return given


FORMATS: Mapping[str, Callable[[Sequence[Entry]], str]] = {
    "text": text,
    "json": github,
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
}
