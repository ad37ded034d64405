"""action.yml, the GitHub Action in its container, and native/action.yml, its twin without one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline import catalogue, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.catalogue import Leaf

_HEAD = """\
# Written by tools/generate.py from the schemas; change those and run `make generate`.
name: Shipline{variant}
description: Deploy with BuildMaster and announce to testers (Centercode) and customers (v3), exactly once
author: The Shipline authors
branding:
  icon: send
  color: blue
"""

_DOCKER = """\
runs:
  using: docker
  image: Dockerfile
  env:
    SHIPLINE_INPUT_CI: github
"""

_NATIVE = """\
runs:
  using: composite
  steps:
    - id: shipline
      shell: bash
      run: |
        python=$(command -v python3 || command -v python)
        exec "$python" "$GITHUB_ACTION_PATH/launch.py"
      env:
        SHIPLINE_INPUT_CI: github
"""


def docker_action() -> str:
    """For Linux runners with Docker. Inputs arrive as INPUT_NAME-WITH-HYPHENS."""
    return "".join([_HEAD.format(variant=""), *_inputs(), *_outputs(values=False), _DOCKER])


def native_action() -> str:
    """For macOS and Windows runners and for hosts without Docker. Inputs are handed on as SHIPLINE_INPUT_…."""
    variables = (
        f"        {leaf.variable.replace('SHIPLINE_', 'SHIPLINE_INPUT_', 1)}: ${{{{ inputs.{leaf.name} }}}}\n"
        for leaf in _listed()
    )
    return "".join([_HEAD.format(variant=" (native)"), *_inputs(), *_outputs(values=True), _NATIVE, *variables])


def _listed() -> list[Leaf]:
    """The inputs that wrappers list: the everyday ones first."""
    every = [*catalogue.options(), *catalogue.settings()]
    shown = [leaf for leaf in every if leaf.shown != "file" and leaf.name != "ci"]
    return sorted(shown, key=lambda leaf: leaf.shown != "common")


def _inputs() -> Iterator[str]:
    yield "inputs:\n"
    for leaf in _listed():
        yield f"  {leaf.name}:\n    description: {_quoted(_description(leaf))}\n    required: false\n"
        # Only for what can't be in the config file: a default here would hide what that says.
        if leaf in catalogue.options() and leaf.default is not None:
            yield f"    default: {_quoted(_shown(leaf.default))}\n"


def _description(leaf: Leaf) -> str:
    parts = [leaf.description]
    if leaf.secret:
        parts.append(f"A secret; or the variable {leaf.variable}.")
    elif leaf.enum:
        parts.append(f"One of {', '.join(_shown(value) for value in leaf.enum)}.")
    elif leaf.kind in ("list", "artifacts"):
        parts.append("One a line" + (" or with commas." if leaf.commas else "."))
    elif leaf.kind == "map":
        parts.append("Lines of name=value.")
    if leaf.default is not None:
        parts.append(f"Default: {_shown(leaf.default)}.")
    return " ".join(parts)


def _outputs(*, values: bool) -> Iterator[str]:
    yield "outputs:\n"
    for name, schema in schemas.load("receipt")["properties"]["outputs"]["properties"].items():
        yield f"  {name}:\n    description: {_quoted(schema['description'])}\n"
        if values:
            yield f"    value: ${{{{ steps.shipline.outputs.{name} }}}}\n"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
