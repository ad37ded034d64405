"""ci_templates/azure/shipline.yml: the steps of a job, whose parameters are the inputs of the schema."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from generators import wrappers
from shipline import __version__
from shipline.ci.jenkins import camel_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.inputs.catalogue import Setting

_HEAD = """\
# Written by tools/generate.py from the schemas; change those and run `make generate`.
#
# Steps for a job of Azure Pipelines. How to use them: docs/how-to/azure-pipelines.md. Tested without a real agent.
# Pass a key as the macro of a secret variable: buildmasterApiKey: $(buildmasterKey).
parameters:
"""
_OWN = (
    (
        "image",
        f"ghcr.io/shipline/shipline:v{__version__}",
        "The image to run in, which needs Docker on a Linux agent. Empty: the program `shipline` on the agent's PATH.",
    ),
    ("workingDirectory", "$(System.DefaultWorkingDirectory)", "The folder to run in, within the sources."),
    ("condition", "succeeded()", "When the step runs."),
)
_DOCKER = r"""          # Names of variables only: Docker takes their values from this step. None is part of the script.
          mapfile -t names < <(compgen -e | grep -E '^(SHIPLINE|BUILD|SYSTEM)_|^TF_BUILD$|_(proxy|PROXY)$')
          exec docker run --rm --user "$UID:${GROUPS[0]}" --workdir "$PWD" "${names[@]/#/--env=}" \
            --volume "$SYSTEM_DEFAULTWORKINGDIRECTORY:$SYSTEM_DEFAULTWORKINGDIRECTORY" \
            --volume "$AGENT_TEMPDIRECTORY:$AGENT_TEMPDIRECTORY:ro" \
            "$IMAGE"
"""
_PROGRAM = """\
      # In bash the program replaces the shell, which would keep a cancel from it. In cmd.exe the first line is a label.
      - script: |
          :; exec shipline run
          shipline run
"""
_STEP = """\
        name: shipline
        displayName: Shipline
        condition: ${{ parameters.condition }}
        workingDirectory: ${{ parameters.workingDirectory }}
        env:
          SHIPLINE_INPUT_CI: azure
"""
_JOURNAL = """\
          ${{ if eq(parameters.journalStore, 'git') }}:
            SYSTEM_ACCESSTOKEN: $(System.AccessToken)
"""


def template() -> str:
    """The template. Every parameter becomes a variable of the step, and reaches no script."""
    variables = "".join(
        f"          {wrappers.given_as(leaf)}: ${{{{ parameters.{camel_case(leaf.name)} }}}}\n"
        for leaf in wrappers.listed()
    )
    return "".join(
        [
            _HEAD,
            *(_parameter(name, text, default, []) for name, default, text in _OWN),
            *map(_input, wrappers.listed()),
            "steps:\n",
            "  - ${{ if ne(parameters.image, '') }}:\n      - bash: |\n",
            _DOCKER,
            _STEP,
            "          IMAGE: ${{ parameters.image }}\n",
            variables,
            _JOURNAL,
            "  - ${{ if eq(parameters.image, '') }}:\n",
            _PROGRAM,
            _STEP,
            variables,
            _JOURNAL,
        ]
    )


def _input(leaf: Setting) -> str:
    text = wrappers.description(leaf)
    return _parameter(camel_case(leaf.name), text, wrappers.default(leaf), wrappers.allowed(leaf), leaf.title)


def _parameter(name: str, text: str, default: str, values: list[str], title: str = "") -> str:
    return "".join(_lines(name, text, default, values, title))


def _lines(name: str, text: str, default: str, values: list[str], title: str) -> Iterator[str]:
    for line in textwrap.wrap(text, 112, break_long_words=False, break_on_hyphens=False):
        yield f"  # {line}\n"
    yield f"  - name: {name}\n"
    if title:
        yield f"    displayName: {json.dumps(title, ensure_ascii=False)}\n"
    yield f"    type: string\n    default: {json.dumps(default)}\n"
    if values:
        yield f"    values: {json.dumps(values)}\n"
