"""Products as the jobs of a CI system: a GitHub matrix, a GitLab child pipeline, a Jenkins map."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shipline import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_INCLUDES = 150
"""GitLab docs, "GitLab application limits", maximum number of includes."""

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
) -> str:
    """A child pipeline that includes the template for each product (GitLab docs, "Downstream pipelines").

    ``include``: where the template comes from, see ``_source``. ``needs``: jobs of ``pipeline``, the parent, whose
    files the products need. Without products it has a job that says so: GitLab refuses a pipeline
    without jobs.
    """
    if not entries:
        nothing = {"stage": "deploy", "script": ['echo "no product is left for this run"']}
        return _yaml({"shipline": nothing})
    source = _source(include)
    wanted = [{"pipeline": pipeline, "job": job} for job in needs]
    includes = [{**source, "inputs": _inputs(entry, wanted, say_version=say_version)} for entry in entries]
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


def _inputs(entry: Entry, needs: Sequence[Mapping[str, str]], *, say_version: bool) -> dict[str, Any]:
    given: dict[str, Any] = {
        "job-name": f"shipline:{entry.product}",
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
