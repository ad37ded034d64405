"""ci_templates/gitlab/shipline.yml: one job, whose inputs are those of the schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline import __version__
from shipline.ci.code_quality import FILE as CODE_QUALITY
from shipline.ci.gitlab import REPORT, REPORTS
from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.inputs.catalogue import Setting

_HEAD = """\
# Written by tools/generate.py from the schemas; change those and run `make generate`.
#
# Keys are no inputs: set the masked variables SHIPLINE_BUILDMASTER_API_KEY, SHIPLINE_CENTERCODE_API_KEY and
# SHIPLINE_V3_TOKEN in the project's settings. With _FILE after the name, a variable names a file with the key, as
# `secrets` provides it. $NAME in an input is expanded; write $$ for a $ that stays.
spec:
  inputs:
"""

_HIDDEN = """\
---
# A keyword that is set only if its input is given is in a hidden job whose name contains the input's value. Without a
# value, the second of two jobs has the same name and replaces the first.
".shipline:needs:$[[ inputs.needs ]]":
  needs: $[[ inputs.needs ]]
".shipline:needs:[]":
  interruptible: false
".shipline:rules:$[[ inputs.rules ]]":
  rules: $[[ inputs.rules ]]
".shipline:rules:[]":
  interruptible: false
".shipline:$[[ inputs.job-name ]]:environment:$[[ inputs.environment ]]":
  extends:
    - ".shipline:command:$[[ inputs.command ]]"
    - ".shipline:environment-action:$[[ inputs.environment-action ]]"
    - ".shipline:environment-tier:$[[ inputs.environment-tier ]]"
  environment:
    name: $[[ inputs.environment ]]
    url: $[[ inputs.environment-url ]]
".shipline:$[[ inputs.job-name ]]:environment:":
  interruptible: false
".shipline:environment-action:$[[ inputs.environment-action ]]":
  environment:
    action: $[[ inputs.environment-action ]]
".shipline:environment-action:":
  interruptible: false
".shipline:environment-tier:$[[ inputs.environment-tier ]]":
  environment:
    deployment_tier: $[[ inputs.environment-tier ]]
".shipline:environment-tier:":
  interruptible: false
".shipline:$[[ inputs.job-name ]]:resource-group:$[[ inputs.resource-group ]]":
  resource_group: $[[ inputs.resource-group ]]
".shipline:$[[ inputs.job-name ]]:resource-group:":
  resource_group: shipline-$[[ inputs.buildmaster-application ]]
"""

# A variable takes text and no boolean, and the default must not hide what the config file says.
_SWITCH = """\
".shipline:{name}:$[[ inputs.{name} ]]":
  variables:
    {variable}: "{other}"
".shipline:{name}:{default}":
  interruptible: false
"""

# Of the commands; GitLab takes one without an action for a deployment. The build that `retract` may deploy to a stage
# isn't that of the job's commit.
_ACTIONS = {"run": "", "promote": "", "publish": "", "retract": "access"}
_OTHER_ACTION = "verify"

_JOB = """\

"$[[ inputs.job-name ]]":
  extends:
    - ".shipline:needs:$[[ inputs.needs ]]"
    - ".shipline:rules:$[[ inputs.rules ]]"
    - ".shipline:$[[ inputs.job-name ]]:environment:$[[ inputs.environment ]]"
    - ".shipline:$[[ inputs.job-name ]]:resource-group:$[[ inputs.resource-group ]]"
{extends}\
  stage: $[[ inputs.stage ]]
  image:
    name: $[[ inputs.image ]]
    entrypoint: [""]
  interruptible: false
  variables:
    SHIPLINE_INPUT_CI: gitlab
{variables}\
"""

_SCRIPT = f"""\
  # No word of a shell: PowerShell and cmd.exe run it too.
  script: [shipline run]
  # A retried job continues where it stopped.
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
      codequality: {REPORTS}/{CODE_QUALITY}
"""

# Regular expressions are RE2's. What holds a $ is expanded later, and checked by the program then.
_REGEX = {
    "integer": r"^([0-9]+|.*\$.*)?$",
    "duration": r"^(([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?|.*\$.*)$",
    "url": r"^([Hh][Tt][Tt][Pp][Ss]?://[^/].*|.*\$.*)?$",
}
_EXAMPLES = {
    "integer": "7",
    "instant": "2027-03-01T08:00:00Z",
    "steps": "build, deploy",
    "artifacts": "dist/*.zip, 'dist/*.deb => https://dl.example.com/{filename}'",
}
_REGEX_OF = {
    "receipt": r"^(\.shipline/.*)?$",
    "report": r"^(\.shipline-reports/.*)?$",
}


def template() -> str:
    """The template. Every input becomes a variable of the job, and reaches no script."""
    switches = [leaf for leaf in _listed() if leaf.kind == "boolean"]
    hidden = (
        _SWITCH.format(
            name=leaf.name, variable=_variable(leaf), default=_shown(leaf.default), other=_shown(not leaf.default)
        )
        for leaf in switches
    )
    job = _JOB.format(
        extends="".join(f'    - ".shipline:{leaf.name}:$[[ inputs.{leaf.name} ]]"\n' for leaf in switches),
        variables="".join(map(_assignment, (leaf for leaf in _listed() if leaf.kind != "boolean"))),
    )
    head = [_HEAD, *_inputs_of_the_job(), *map(_input, _listed()), _HIDDEN, *_commands()]
    return "".join([*head, *hidden, job, _SCRIPT])


def _commands() -> Iterator[str]:
    """What each command does with the environment."""
    for command in catalogue.by_name()["command"].enum:
        action = _ACTIONS.get(str(command), _OTHER_ACTION)
        keyword = f"environment:\n    action: {action}" if action else "interruptible: false"
        yield f'".shipline:command:{command}":\n  {keyword}\n'


def _variable(leaf: Setting) -> str:
    return leaf.variable.replace("SHIPLINE_", "SHIPLINE_INPUT_", 1)


def _assignment(leaf: Setting) -> str:
    """The variable of an input. GitLab turns an array into text only within a longer text: here a line with its end."""
    block = "|\n      " if _is_list(leaf) else ""
    return f"    {_variable(leaf)}: {block}$[[ inputs.{leaf.name} ]]\n"


def _is_list(leaf: Setting) -> bool:
    return leaf.kind in ("list", "artifacts")


def _listed() -> list[Setting]:
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
    yield _entry(
        "environment",
        "The name of the environment that the job deploys to. GitLab has no type for a map: environment-url, "
        "environment-action and environment-tier are inputs of their own.",
        default="",
    )
    yield _entry(
        "environment-url",
        "The link of the environment, from the variables of the job or its outputs. Default: the build in BuildMaster.",
        default="$SHIPLINE_OUT_BUILDMASTER_URL",
        regex=".",
    )
    yield _entry(
        "environment-action",
        "What the job does with the environment. Only start is a deployment. Default: start for the commands run, "
        "promote and publish, access for retract, else verify.",
        default="",
        options=["", "start", "prepare", "verify", "access", "stop"],
    )
    yield _entry(
        "environment-tier",
        "The deployment tier. Default: what GitLab concludes from the environment's name.",
        default="",
        options=["", "production", "staging", "testing", "development", "other"],
    )
    group = "Of the jobs with one group only one runs at a time. Letters, digits, spaces and ./_- are allowed in it."
    yield _entry("resource-group", f"{group} Default: shipline-APPLICATION.", default="", regex=r"^[\w${}. /-]{0,255}$")


def _input(leaf: Setting) -> str:
    if _is_list(leaf) or leaf.kind == "boolean":
        return _entry(leaf.name, _description(leaf), default=[] if _is_list(leaf) else leaf.default)
    allowed = [_shown(value) for value in leaf.enum]
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


def _description(leaf: Setting) -> str:
    parts = [leaf.description]
    if leaf.kind == "boolean" and leaf not in catalogue.options():
        parts.append(f"{_shown(leaf.default)} leaves it to the config file.")
    elif _is_list(leaf):
        parts.append(f"A list, such as [{_EXAMPLES.get(leaf.name) or ', '.join(leaf.examples[0])}].")
    elif leaf.kind == "map":
        parts.append("GitLab has no type for a map: write lines of name=value after |.")
    elif leaf.kind in ("integer", "instant") or leaf.name.rpartition("-")[2] in ("version", "release", "number"):
        parts.append(f'Write it in quotes, "{_EXAMPLES.get(leaf.kind, "1.4")}": without them it is no text.')
    elif not all(isinstance(value, str) for value in leaf.enum):
        parts.append('Write "true" and "false" in quotes.')
    if leaf.name == "config":
        parts.append("A text: several paths are lines after |.")
    if leaf.name == "receipt":
        parts.append("Only the folder .shipline is kept for a retried job.")
    if leaf.name == "report":
        parts = [f"Where the run report is written, an HTML page in the folder {REPORTS}. Default: {REPORT}."]
    elif leaf.default is not None:
        parts.append(f"Default: {_shown(leaf.default)}.")
    return " ".join(parts)


def _entry(
    name: str, description: str, *, default: str | list[str] | bool, options: list[str] | None = None, regex: str = ""
) -> str:
    kind = {list: "array", bool: "boolean"}.get(type(default), "string")
    lines = [f"    {name}:", f"      type: {kind}"]
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
