"""ci_templates/gitlab/shipline.yml: one job, whose inputs are those of the schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline import __version__, catalogue
from shipline.ci.gitlab import REPORT, REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.catalogue import Leaf

_HEAD = """\
# Written by tools/generate.py from the schemas; change those and run `make generate`.
#
# Keys are no inputs: set the masked variables SHIPLINE_BUILDMASTER_API_KEY, SHIPLINE_CENTERCODE_API_KEY and
# SHIPLINE_V3_TOKEN in the project's settings. $NAME in an input is expanded; write $$ for a $ that stays.
spec:
  inputs:
"""

_JOB = """\
---
# A keyword that is there only if its input is given stands in a hidden job whose name holds the input's value. If none
# is given, the second of two jobs has the same name and takes the place of the first.
".shipline:needs:$[[ inputs.needs ]]":
  needs: $[[ inputs.needs ]]
".shipline:needs:[]":
  interruptible: false
".shipline:rules:$[[ inputs.rules ]]":
  rules: $[[ inputs.rules ]]
".shipline:rules:[]":
  interruptible: false
".shipline:environment:$[[ inputs.environment ]]":
  environment: $[[ inputs.environment ]]
".shipline:environment:":
  interruptible: false
".shipline:resource-group:$[[ inputs.resource-group ]]":
  resource_group: $[[ inputs.resource-group ]]
".shipline:resource-group:":
  resource_group: shipline-$[[ inputs.buildmaster-application ]]

"$[[ inputs.job-name ]]":
  extends:
    - ".shipline:needs:$[[ inputs.needs ]]"
    - ".shipline:rules:$[[ inputs.rules ]]"
    - ".shipline:environment:$[[ inputs.environment ]]"
    - ".shipline:resource-group:$[[ inputs.resource-group ]]"
  stage: $[[ inputs.stage ]]
  image:
    name: $[[ inputs.image ]]
    entrypoint: [""]
  interruptible: false
  variables:
    SHIPLINE_INPUT_CI: gitlab
"""

_SCRIPT = f"""\
  script:
    - rm -rf {REPORTS} # those of a job before this one, which came with its artifacts
    - shipline run
  # A retried job goes on where it stopped.
  cache:
    key: shipline-$CI_COMMIT_REF_SLUG-$CI_JOB_NAME_SLUG
    paths: [.shipline/]
    when: always
  artifacts:
    when: always
    expose_as: Shipline
    paths: [{REPORTS}/]
    reports:
      dotenv: {REPORTS}/outputs.env
      annotations: {REPORTS}/annotations.json
"""

# Regular expressions are RE2's. What holds a $ is expanded later, and checked by the program then.
_REGEX = {
    "integer": r"^([0-9]+|.*\$.*)?$",
    "duration": r"^(([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?|.*\$.*)$",
    "url": r"^([Hh][Tt][Tt][Pp][Ss]?://[^/].*|.*\$.*)?$",
}
_REGEX_OF = {
    "receipt": r"^(\.shipline/.*)?$",
    "report": r"^(\.shipline-reports/.*)?$",
    "steps": r"^([\s,]*(build|deploy|publish))*[\s,]*$",
}


def template() -> str:
    """The template. Every input becomes a variable of the job, and reaches no script."""
    variables = (
        f"    {leaf.variable.replace('SHIPLINE_', 'SHIPLINE_INPUT_', 1)}: $[[ inputs.{leaf.name} ]]\n"
        for leaf in _listed()
    )
    return "".join([_HEAD, *_inputs_of_the_job(), *map(_input, _listed()), _JOB, *variables, _SCRIPT])


def _listed() -> list[Leaf]:
    """The inputs that wrappers list, without the secrets, which are masked variables; the everyday ones first."""
    every = [*catalogue.options(), *catalogue.settings()]
    shown = [leaf for leaf in every if leaf.shown != "file" and leaf.name != "ci" and not leaf.secret]
    return sorted(shown, key=lambda leaf: leaf.shown != "common")


def _inputs_of_the_job() -> Iterator[str]:
    yield _entry("job-name", "The job's name.", default="shipline", regex=r"^[^.].{0,254}$")
    yield _entry("stage", "The job's stage.", default="deploy", regex=".")
    yield _entry(
        "image",
        "The image with the program; runners without containers take it from PATH.",
        default=f"ghcr.io/shipline/shipline:v{__version__}",
        regex=".",
    )
    yield _entry("rules", "The job's rules. Without any it is in every pipeline for a branch or a tag.", default=[])
    yield _entry("needs", "The jobs to wait for. Without any it waits for the stages before its own.", default=[])
    yield _entry("environment", "The environment that the job deploys to.", default="")
    group = "Of the jobs with one group only one runs at a time. Letters, digits, spaces and ./_- are allowed in it."
    yield _entry("resource-group", f"{group} Default: shipline-APPLICATION.", default="", regex=r"^[\w${}. /-]{0,255}$")


def _input(leaf: Leaf) -> str:
    allowed = [_shown(value) for value in leaf.enum] or (["true", "false"] if leaf.kind == "boolean" else [])
    # Only what can't be in the config file has a default here: it would hide what that says.
    own = leaf in catalogue.options() and leaf.default is not None
    default = REPORT if leaf.name == "report" else _shown(leaf.default) if own else ""
    return _entry(
        leaf.name,
        _description(leaf),
        default=default,
        options=allowed if own or not allowed else ["", *allowed],
        regex=_REGEX_OF.get(leaf.name, _REGEX.get(leaf.kind, "")),
    )


def _description(leaf: Leaf) -> str:
    parts = [leaf.description]
    if leaf.kind == "boolean":
        parts.append('"true" or "false", in quotes.')
    elif leaf.kind in ("list", "artifacts"):
        parts.append("One a line" + (" or with commas." if leaf.commas else "."))
    elif leaf.kind == "map":
        parts.append("Lines of name=value.")
    if leaf.name == "receipt":
        parts.append("Only the folder .shipline is kept for a retried job.")
    if leaf.name == "report":
        parts = [f"Where the run report is written, an HTML page in the folder {REPORTS}. Default: {REPORT}."]
    if leaf.default is not None:
        parts.append(f"Default: {_shown(leaf.default)}.")
    return " ".join(parts)


def _entry(
    name: str, description: str, *, default: str | list[str], options: list[str] | None = None, regex: str = ""
) -> str:
    lines = [f"    {name}:", f"      type: {'array' if isinstance(default, list) else 'string'}"]
    lines.append(f"      description: {_quoted(description)}")
    lines.append(f"      default: {_quoted(default)}")
    if options:
        lines.append(f"      options: {_quoted(options)}")
    if regex:
        lines.append(f"      regex: {_quoted(regex)}")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
